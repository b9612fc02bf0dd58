/*
 * terms - how long a session may last: until somebody has logged in, then
 * without a transfer (timeouts.no_transfer) and in all (timeouts.session).
 *
 * One deadline serves all of them.  Sessions without such terms have none.
 */
#ifndef WORKER_FTP_TERMS_H
#define WORKER_FTP_TERMS_H

#include "worker/ftp/state.h"

/* Before anything else; deadline_clear(&session->term) ends it. */
void terms_init(struct session *session);

/* From now on timeouts.login counts. */
void terms_begin_login(struct session *session);

/*
 * The session's host is another one: what has passed of the login's time
 * counts there, too.  earlier: timeouts.login of the last one.
 */
void terms_move(struct session *session, uint32_t earlier);

/* Somebody has logged in. */
void terms_begin_session(struct session *session);

/*
 * Why the session has to end now, for the client, or NULL.  Of a session that
 * is logged in only between commands; a transfer is cut where session->overdue
 * says so.
 */
NODISCARD const char *terms_over(struct session *session);

#endif
