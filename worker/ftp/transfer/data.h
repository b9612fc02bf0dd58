/*
 * data - where a session's next data connection comes from.
 *
 * PASV and EPSV make a listener, PORT and EPRT name a target; either serves
 * one transfer.  Only the client's own address is served, and other servers
 * that fxp.h allows: connections from others are dropped, and the real one is
 * still waited for.
 */
#ifndef WORKER_FTP_TRANSFER_DATA_H
#define WORKER_FTP_TRANSFER_DATA_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/base/address.h"
#include "shm/base/attr.h"

struct active;
struct early;
struct session;
struct stream;

enum data_mode {
	DATA_NONE,
	DATA_PASSIVE,
	DATA_EARLY, /* was passive; accepted before its command */
	DATA_ACTIVE
};

struct data {
	enum data_mode mode;
	int listener;          /* passive, until it is watched; else -1 */
	struct stream *watch;  /* of the listener, or of what connects */
	struct early *early;   /* DATA_EARLY, else NULL */
	struct active *active; /* a socket that is asked for, or NULL */
	struct address
	    *foreign;  /* active: of another server; NULL: the client's */
	uint16_t port; /* passive: ours; active: the client's */
	bool attended; /* passive: looked after before its command */
	bool client;   /* we play the client of TLS: CPSV */
};

void data_init(struct data *data);
/* Closes what there is; nothing is set up afterwards. */
void data_reset(struct data *data);
/*
 * The same when a reply follows.  An early connection may have cost the client
 * its TLS ticket: a fresh one goes with the reply.
 */
void data_drop(struct session *session);

/* Listens on the control connection's local address.  0, or an errno. */
NODISCARD int data_listen(struct session *session);
/*
 * The next data connection goes to this address, and port, of the client or of
 * another server.  0, or -1 when memory is short.
 */
NODISCARD int data_target(struct session *session,
    const struct address *target);

enum data_result {
	DATA_PENDING, /* the watch is armed: session_run() will be called */
	DATA_READY,   /* *stream is connected, the caller's; all else is gone */
	DATA_FAILED   /* with errno */
};

/* Accepts or connects, as was set up; not for DATA_EARLY. */
NODISCARD enum data_result data_poll(struct session *session,
    struct stream **stream);

/*
 * Has what comes next acknowledged at once.  The last word of a TLS handshake
 * is the client's; until that is acknowledged Nagle's algorithm keeps the
 * client from sending a small file, and our kernel would take 40 ms.
 */
void data_hasten(const struct stream *stream);

#endif
