/*
 * checkers_pool - the processes of the pool; inner part of checkers.
 */
#ifndef MASTER_LOGIN_CHECKERS_POOL_H
#define MASTER_LOGIN_CHECKERS_POOL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "master/login/checkers.h"
#include "shm/base/attr.h"
#include "shm/ipc/link.h"

#define PAUSE_FIRST_MS                                         \
	100 /* before a checker that does not start is retried \
	     */

/* In memory that is wiped on fork; gone once a checker has it. */
struct credentials {
	uint8_t user[LOGIN_NAME_MAX_LEN];
	uint8_t password[LOGIN_PASSWORD_MAX];
};

struct checkers_login {
	TAILQ_ENTRY(checkers_login) queue;
	struct checkers *checkers;
	struct checker_process *process; /* NULL: it waits */
	checkers_handler handler;        /* NULL: nobody wants the answer */
	void *context;
	struct msg_check_login body;
	struct credentials *credentials;
	uint64_t due; /* of one that waits, in loop_now() */
};

struct checker_process {
	TAILQ_ENTRY(checker_process) list;
	struct checkers *checkers;
	struct link *link;
	pid_t pid;
	struct loop_timer *deadline;
	struct checkers_login *login; /* NULL: idle, or starting */
	uint32_t logins;              /* done */
	bool stale;                   /* replaced as soon as it is idle */
	bool reaped;                  /* its pid may be another's by now */
};

struct checkers {
	struct loop *loop;
	const struct settings *settings;
	int self_fd;
	TAILQ_HEAD(, checker_process) processes;
	size_t count;
	TAILQ_HEAD(, checkers_login) waiting;
	size_t nwaiting;
	uint64_t last_request;
	struct loop_timer *expiry; /* of the first login that waits */
	struct loop_timer *pause;  /* armed: no start before it is over */
	uint64_t pause_ms;
};

/* Of checkers.c: keeps the pool full and its processes at work. */
void checkers_work_on(struct checkers *checkers);

/* With the password in memory that is wiped on fork.  NULL: memory is short. */
NODISCARD struct checkers_login *checkers_login_new(
    const struct checkers_question *question);
/* The one end of every login: its owner is told, unless it has left. */
void checkers_finish(struct checkers_login *login,
    const struct checkers_answer *answer);
void checkers_finish_unanswered(struct checkers_login *login, const char *why);
void checkers_free_credentials(struct checkers_login *login);
NODISCARD uint64_t checkers_timeout_ms(const struct checkers *checkers);

/* Starts processes until there are as many as wanted, or none can be. */
void pool_fill(struct checkers *checkers);
/* Ends those that have served long enough, and those that are too many. */
void pool_trim(struct checkers *checkers);
/* An idle process that is to go on, or NULL. */
NODISCARD struct checker_process *pool_idle(const struct checkers *checkers);
/* Gives an idle process the login.  0, or -1: it does not listen. */
NODISCARD int pool_hand_over(struct checker_process *process,
    struct checkers_login *login);
NODISCARD int pool_send_settings(struct checker_process *process,
    const struct setting *setting);
/* Kills the process; its login, if it has one, is not answered: why. */
void pool_end(struct checker_process *process, const char *why);
/* The same for one that failed: logged, and replaced. */
void pool_failed(struct checker_process *process, const char *why);

#endif
