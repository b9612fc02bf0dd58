/*
 * broker - the worker's side of the login process.
 *
 * Every session is a client of the broker from its accept to its end.  Login
 * counts it against the limits, checks its password, and provides its agent.
 * When login is replaced, the broker announces all clients to the successor
 * (with their tokens) and repeats what was not answered; a client notices
 * nothing but the delay.  Login is not told at once that a session has ended,
 * see broker_places.h, and its channel to an agent may serve the next session,
 * see broker_agents.h.
 *
 * One question of each kind may be open for a client.  Handlers are called
 * from the loop, never from within the call that asked.
 */
#ifndef WORKER_BROKER_H
#define WORKER_BROKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/base/attr.h"
#include "shm/ipc/body.h"

struct broker;
struct link_uv;
struct worker;

struct broker_login {
	enum login_verdict verdict;
	enum limit limit; /* LOGIN_LIMIT */
	uint32_t policy;  /* LOGIN_ANONYMOUS */
	uint32_t uid, gid;
	uint64_t groups;   /* entries of `users` for its groups, as bits */
	const char *name;  /* of the account; valid during the call */
	const char *group; /* of its primary group, or "" */
};

struct broker_who {
	uint32_t count;               /* this session, too */
	const struct address *others; /* valid during the call */
	size_t nothers;
};

struct broker_handlers {
	/* The answer to broker_join() and broker_move(). */
	void (*verdict)(enum limit limit, void *context);
	void (*login)(const struct broker_login *login, void *context);
	/* fd: the session's channel to its agent, now the client's; or -1. */
	void (*agent)(int fd, int error, void *context);
	void (*who)(const struct broker_who *who, void *context);
};

/*
 * Embedded in the session, zeroed.  The session fills in the first five fields
 * before broker_join(); the others are the broker's.
 */
struct broker_client {
	const struct broker_handlers *handlers;
	void *context;
	uint64_t session;
	uint32_t host; /* where it is now; changed by broker_move() */
	struct address address;

	struct broker *broker; /* NULL: it has not joined, or left */
	struct broker_client *next, *previous; /* in a bucket of the table */
	struct broker_client *next_unsent, *previous_unsent;
	uint8_t *token; /* of the login; NULL: none */
	size_t token_len;
	uint64_t agent_request;               /* 0: no agent is asked for */
	uint8_t identity[LOGIN_IDENTITY_LEN]; /* with token */
	uint32_t agent_of; /* the connection to login that its agent is of */
	struct broker_question *question; /* the open login question */
	uint32_t settled_host; /* that login counts it for, when settled */
	uint32_t asked_host;   /* that the next verdict is about */
	uint32_t unsent;       /* what login has to be told, as bits */
	uint32_t sessions;     /* of its host, when login counted it there */
	/* The ended session whose place it has, while login knows that one. */
	uint64_t place;
	bool joining, settled, known;
	bool asks_who; /* and is not answered */
	bool user;     /* login counts one for it, or for its place */
};

/* NULL when memory is short.  Its first channel comes by broker_connect(). */
NODISCARD struct broker *broker_new(struct worker *worker);
/* All clients have left; sets *broker to NULL; NULL is allowed. */
void broker_free(struct broker **broker);
/* A channel to (a new) login; takes fd over. */
void broker_connect(struct broker *broker, int fd);

/*
 * Enters the session and asks whether it is within the limits.  True: it is,
 * since it takes the place of one that has ended; no verdict comes.
 */
NODISCARD bool broker_join(struct broker *broker, struct broker_client *client);
/* The session has moved to another virtual host; answered by verdict(). */
void broker_move(struct broker_client *client, uint32_t host);
/* Ends all questions and releases what login counts; NULL-safe, twice too. */
void broker_leave(struct broker_client *client);

/*
 * Asks login to check a password, or a certificate.  The bytes are copied into
 * wiped memory. 0, or -1: EMSGSIZE, longer than any account's can be (treat it
 * as denied); else memory is short.
 */
struct broker_credentials {
	const char *user;
	const char *password;
	/* Instead of a password: SHA-256 of one that was verified; or NULL. */
	const uint8_t *certificate;
	bool named; /* and it names the user */
	bool tls;
};
NODISCARD int broker_ask_login(struct broker_client *client,
    const struct broker_credentials *credentials);

/* Asks for a channel to an agent; the client is logged in. */
void broker_ask_agent(struct broker_client *client);
/* An agent that is on its way is not wanted any more: no answer comes. */
void broker_forget_agent(struct broker_client *client);

/* Asks which sessions there are of the client's account. */
void broker_ask_who(struct broker_client *client);
/* No answer is wanted any more. */
void broker_forget_who(struct broker_client *client);

/*
 * A channel to the client's agent on which nothing is open or under way, for
 * whoever logs in as the same account next; kept for ms at most.  Takes *link
 * over; *link stays the caller's when it cannot be kept.
 */
void broker_keep_agent(struct broker_client *client, struct link_uv **link,
    uint64_t ms);
/* Such a channel, the client's now; NULL: ask for one. */
NODISCARD struct link_uv *broker_kept_agent(struct broker_client *client);
/* Closes all that are kept: descriptors are short, or nobody comes.  NULL-safe.
 */
void broker_drop_agents(struct broker *broker);

/*
 * The client is not logged in any more (REIN): questions end, the token is
 * dropped, login counts it for no user.  It stays within the limits of its
 * host.
 */
void broker_logout(struct broker_client *client);

#endif
