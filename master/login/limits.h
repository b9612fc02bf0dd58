/*
 * limits - how many sessions there are, by what they have in common.
 *
 * Counts are kept over all workers and generations: in all, by address, by
 * network, by host, and by user of a host.  What a session adds is noted in
 * its struct limits_hold, so that it can be given back exactly, whatever has
 * become of the configuration that it came in under.
 */
#ifndef MASTER_LOGIN_LIMITS_H
#define MASTER_LOGIN_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "master/login/table.h"
#include "shm/base/address.h"
#include "shm/base/attr.h"
#include "shm/conf/conf.h"
#include "shm/ipc/body.h"

struct limits_counter;

struct limits {
	struct table counters;
	uint32_t sessions;
};

/* What one session has been counted for; all zeroes = nothing. */
struct limits_hold {
	struct limits_counter *held[LIMIT_COUNT];
	bool entered;
	bool anonymous; /* the user */
};

/*
 * How a count is taken: a session that exists already (announced after a
 * restart) is counted however many there are.
 */
enum limits_how {
	LIMITS_ASK,
	LIMITS_COUNT
};

struct limits_user {
	const char *name;
	bool anonymous; /* all of them are one user, with a limit of its own */
};

void limits_init(struct limits *limits);
/* Every hold has been given back. */
void limits_free(struct limits *limits);

/*
 * Counts a new session of address on the host.  Returns LIMIT_NONE, or the
 * limit that refuses; then nothing is counted.
 */
NODISCARD enum limit limits_enter(struct limits *limits,
    struct limits_hold *hold, const struct conf *conf,
    const struct conf_host *host, const struct address *address,
    enum limits_how how);

/* The session goes over to host; when refused it stays where it was. */
NODISCARD enum limit limits_move(struct limits *limits,
    struct limits_hold *hold, const struct conf_host *host,
    enum limits_how how);

/*
 * The session logs in as the user, and is no other user's any more.  With
 * LIMITS_COUNT nothing can refuse it.
 */
enum limit limits_login(struct limits *limits, struct limits_hold *hold,
    const struct conf_host *host, const struct limits_user *user,
    enum limits_how how);

/* How many sessions there are on the host of this one; 0: it is not counted. */
NODISCARD uint32_t limits_of_host(const struct limits_hold *hold);

/* Whether both are sessions of the same user, who is not anonymous. */
NODISCARD bool limits_same_user(const struct limits_hold *a,
    const struct limits_hold *b);

/* The session is no user's any more. */
void limits_logout(struct limits *limits, struct limits_hold *hold);

/* Gives back everything that the session was counted for. */
void limits_leave(struct limits *limits, struct limits_hold *hold);

#endif
