/*
 * clear - TLS on the control connection ends, and the session goes on.
 *
 * Two steps that CCC and REIN have in common: each is run until it has come to
 * an end, and then goes on at next.  No command is read meanwhile (listening).
 */
#ifndef WORKER_FTP_CLEAR_H
#define WORKER_FTP_CLEAR_H

#include "worker/ftp/state.h"

/* Ends our side: all replies, and close_notify behind them. */
enum flow clear_ours(struct session *session, const struct step *next);

/*
 * Reads what the client has sent under TLS, which is kept, up to its
 * close_notify, or to where it goes on in clear without one.  Then there is no
 * TLS any more, and commands are read.
 */
enum flow clear_theirs(struct session *session, const struct step *next);

#endif
