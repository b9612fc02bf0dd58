/*
 * early - TLS on data connections, begun before or after their command.
 *
 * Some clients connect and shake hands before they send RETR or STOR, and wait
 * a while for that.  So, while a session waits for a command, a passive data
 * connection under PROT P is accepted and its handshake run; how that ended is
 * kept until the command comes, and is then told as if it had happened after
 * it.  What else the client sends early is left where it is.
 *
 * Watching the listener costs something, and the command of most clients
 * follows at once: it is done only after a moment, which is longer where the
 * client was seen to wait for its command to be answered, and none where it was
 * seen not to.
 */
#ifndef WORKER_FTP_TRANSFER_EARLY_H
#define WORKER_FTP_TRANSFER_EARLY_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/base/attr.h"

struct early;
struct session;
struct stream;

/* How far the TLS handshake of a data connection is. */
enum shake {
	SHAKE_NONE,
	SHAKE_AGAIN, /* begun: stream_want() either, and wait */
	SHAKE_DONE,
	SHAKE_ASK,        /* done; tls_bound_pending(): see fxp_ask() */
	SHAKE_IMPOSSIBLE, /* it could not be begun */
	SHAKE_FAILED,
	SHAKE_UNBOUND,    /* done, but resumed no session of control */
	SHAKE_STRANGER,   /* done, but with another certificate than control */
	SHAKE_UNVERIFIED, /* the other server is not whom it should be */
	SHAKE_LATE        /* not done in tls.timeout_handshake */
};

/* client: we play the client, of another server. */
NODISCARD enum shake shake_begin(struct session *session, struct stream *stream,
    bool client);
/* Until it is not AGAIN; why it fails is logged where it is known. */
NODISCARD enum shake shake_run(struct stream *stream);
/* How it has ended, once the handshake is done. */
NODISCARD enum shake shake_verdict(struct stream *stream);

/* Milliseconds without a command, before early_run() is called; 0: now. */
NODISCARD uint64_t early_delay(const struct session *session);

/*
 * Accepts and shakes hands as far as that goes now.  true: more is armed, and
 * session_run() will be called.
 */
NODISCARD bool early_run(struct session *session);

/*
 * The command for the early connection (DATA_EARLY) came: *stream is the
 * caller's, NULL when it has failed; *since is when it was accepted.
 */
NODISCARD enum shake early_take(struct session *session, struct stream **stream,
    uint64_t *since);

void early_free(struct early **early); /* NULL is allowed */

#endif
