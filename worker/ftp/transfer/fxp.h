/*
 * fxp - transfers between this server and another one, which a client of both
 * has arranged (FXP): PASV here, PORT there, and a file goes between them.
 *
 * Off unless allow_fxp is on; then fxp_peers says with whom.  Which of the
 * servers plays the client of TLS, SSCN and CPSV say.
 */
#ifndef WORKER_FTP_TRANSFER_FXP_H
#define WORKER_FTP_TRANSFER_FXP_H

#include <stdbool.h>

#include "shm/base/address.h"
#include "shm/base/attr.h"
#include "worker/ftp/state.h"

struct fxp;

/* Whether the session may arrange such transfers at all. */
NODISCARD bool fxp_allowed(const struct session *session);

/* Whether it may with a server at that address. */
NODISCARD bool fxp_is_peer(const struct session *session,
    const struct address *address);

/*
 * Whether another server may be at the other end of a data connection; what TLS
 * has to know of it then.  client: SSCN or CPSV says so of this one.
 */
NODISCARD bool fxp_describe(const struct session *session,
    const struct stream *stream, bool client, struct tls_fxp *facts);

/*
 * TLS of the transfer's data connection waits for the name of the other
 * server's address (tls_bound_pending()): asks for it.  true: wait for it, with
 * WAIT_ASK and WAIT_CLOCK.  After some time there is none.
 */
NODISCARD bool fxp_ask(struct session *session);

/* Nothing is asked any more; NULL is allowed. */
void fxp_free(struct fxp **fxp);

#endif
