/* session - a worker's session, as login sees it. */
#ifndef MASTER_LOGIN_SESSION_H
#define MASTER_LOGIN_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "master/login/limits.h"
#include "master/login/table.h"
#include "master/login/token.h"
#include "master/login/verified.h"
#include "master/login/workers.h"
#include "shm/ipc/link.h"

struct workers {
	struct workers_parts parts;
	struct recall *recall;
	struct verified *verified;
	LIST_HEAD(, login_worker) list;
	struct table sessions;     /* by number */
	uint64_t recalled_for_who; /* loop_now(); 0: not yet */
};

/* A channel to a worker. */
struct login_worker {
	LIST_ENTRY(login_worker) list;
	struct workers *workers;
	struct link *link;
	uint32_t generation;
	struct token_owner owner;
	LIST_HEAD(, login_session) sessions;
	uint32_t nsessions;
	bool keeps;    /* places of ended sessions */
	bool recalled; /* it was asked to give them back */
};

/* A password that is being checked. */
struct login_pending {
	struct login_session *session;
	struct checkers_login *check;
	uint64_t request;
	uint32_t proof;                    /* of the request */
	uint32_t host;                     /* whose accounts are asked */
	char user[LOGIN_NAME_MAX_LEN + 1]; /* as typed, for the log */
	struct verified_key key;           /* what to find it by later */
};

struct login_session {
	struct table_node node;
	LIST_ENTRY(login_session) list; /* of the worker */
	struct login_worker *worker;
	uint64_t number;
	uint32_t host;
	struct address address;
	struct limits_hold hold;
	struct login_pending *pending; /* NULL: no login under way */
	bool asks_who;                 /* and is not answered yet */
};

/* NULL when the worker has no such session. */
NODISCARD struct login_session *session_find(const struct login_worker *worker,
    uint64_t number);

/*
 * Gives the place of an ended session to a new one, whose number must be the
 * worker's; place 0: nothing to do.  0, or -1: the worker breaks the rules.
 */
NODISCARD int session_renew(struct login_worker *worker, uint64_t place,
    uint64_t number);

/* Ends the session and gives back what it held. */
void session_end(struct login_session **session);

/* Forgets the login under way, if there is one. */
void session_cancel_login(struct login_session *session);

/*
 * Messages of a worker about its sessions: 0, or -1 when they break the rules.
 */
NODISCARD int session_on_open(struct login_worker *worker,
    const struct message *message);
NODISCARD int session_on_host(struct login_worker *worker,
    const struct message *message);
NODISCARD int session_on_renew(struct login_worker *worker,
    const struct message *message);
NODISCARD int session_on_close(struct login_worker *worker,
    const struct message *message);
NODISCARD int session_on_logout(struct login_worker *worker,
    const struct message *message);
NODISCARD int session_on_announce(struct login_worker *worker,
    const struct message *message);
NODISCARD int session_on_login(struct login_worker *worker,
    const struct message *message);
NODISCARD int session_on_agent(struct login_worker *worker,
    const struct message *message);

#endif
