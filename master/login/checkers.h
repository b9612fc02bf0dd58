/*
 * checkers - login's pool of checker processes and the queue before it.
 *
 * Each checker has one login at a time.  One that does not answer in time is
 * killed and replaced; the others go on meanwhile.
 */
#ifndef MASTER_LOGIN_CHECKERS_H
#define MASTER_LOGIN_CHECKERS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "master/login/account.h"
#include "master/login/settings.h"
#include "shm/base/attr.h"
#include "shm/base/loop.h"

#define CHECKERS_QUEUE_MAX 4096 /* logins that wait for a checker */

struct checkers;
struct checkers_login; /* one that is waiting or running */

struct checkers_question {
	uint32_t generation;
	uint32_t host;
	struct address address;
	bool tls;
	uint32_t proof; /* LOGIN_BY_CERTIFICATE ...: no password, then */
	const uint8_t *user;
	size_t user_len;
	const uint8_t *password;
	size_t password_len;
};

/* Valid during the handler. */
struct checkers_answer {
	enum login_verdict verdict;
	struct account account;
	const char *reason; /* for the log */
};

/* The login is over; the handler may ask again. */
typedef void (
    *checkers_handler)(const struct checkers_answer *answer, void *context);

/*
 * Starts nothing yet.  self_fd: the ftpsd binary, which stays the caller's.
 * NULL: memory is short.
 */
NODISCARD struct checkers *checkers_new(struct loop *loop,
    const struct settings *settings, int self_fd);
/* Ends all checkers; handlers are not called.  NULL is allowed. */
void checkers_free(struct checkers **checkers);

/* Settings came or went: tells all checkers, and starts as many as wanted. */
void checkers_settings_added(struct checkers *checkers,
    const struct setting *setting);
void checkers_settings_dropped(struct checkers *checkers, uint32_t generation);

/*
 * Hands the login to a checker, or queues it.  The password is copied to
 * memory that no child inherits.  NULL: the queue is full, or memory is short.
 */
NODISCARD struct checkers_login *checkers_ask(struct checkers *checkers,
    const struct checkers_question *question, checkers_handler handler,
    void *context);

/* Forgets the login: its handler will not be called.  Sets *login to NULL. */
void checkers_cancel(struct checkers_login **login);

/* A child has ended: true when it was a checker. */
bool checkers_reaped(struct checkers *checkers, pid_t pid, int status);

#endif
