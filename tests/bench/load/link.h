/*
 * link - one TCP connection, plain or with TLS; every call blocks.
 *
 * A call that waits longer than LINK_PATIENCE seconds fails.  Two contexts
 * serve the whole program: that of control connections hands out the sessions
 * it receives, that of data connections only resumes.
 */
#ifndef TESTS_BENCH_LOAD_LINK_H
#define TESTS_BENCH_LOAD_LINK_H

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "shm/base/attr.h"

#define LINK_PATIENCE 60

enum link_kind {
	LINK_CONTROL,
	LINK_DATA,
	LINK_KINDS
};

/*
 * What a control link gets from its peer.  A server may share with its other
 * processes only what a handshake issued, not what follows a transfer: so the
 * first one is for the next control connection.
 */
struct link_sessions {
	SSL_SESSION *first; /* of this connection, or NULL */
	SSL_SESSION *fresh; /* the newest, not yet used, or NULL */
	SSL_SESSION *spent; /* the last one used, or NULL */
};

struct link {
	int fd;     /* -1 when closed */
	SSL *ssl;   /* NULL while plain */
	char *host; /* asked for in the handshake, or NULL */
	bool ended; /* the peer's bytes have ended */
	bool clean; /* and it said so with close_notify */
};

struct link_setup {
	int tls_version;
	bool large;  /* bulk: one read fetches many records */
	bool idle;   /* thousands of links: hold no buffers between calls */
	bool status; /* the server's certificate's is asked for, by OCSP */
};

/* Makes the contexts.  Returns -1 when OpenSSL refuses. */
NODISCARD int link_begin(const struct link_setup *setup);

/*
 * Connects to an address from another one (INADDR_ANY: any).  On failure
 * nothing is open and errno says why.
 */
NODISCARD int link_connect(struct link *link, const struct sockaddr_in *to,
    in_addr_t from);

/*
 * The handshake, resuming a session unless it is NULL.  A control link leaves
 * new sessions in *sessions, which must outlive it.
 */
NODISCARD int link_secure(struct link *link, enum link_kind kind,
    SSL_SESSION *session, struct link_sessions *sessions);

/* Whether the handshake resumed its session. */
bool link_resumed(const struct link *link);

/* The name of the first cipher that was agreed on, or "". */
const char *link_cipher(void);

/* Reads some bytes; 0 at the end of the stream (see ended, clean). */
NODISCARD ssize_t link_read(struct link *link, void *data, size_t len);

/* Writes all. */
NODISCARD int link_write(struct link *link, const void *data, size_t len);

/* Says that nothing more will be written, in TLS and in TCP. */
void link_finish(struct link *link);

/* Waits for the end of the peer's bytes, which nobody wants to see. */
void link_drain(struct link *link);

/* Closes it; a closed one is left alone. */
void link_close(struct link *link);

/* Why the last call of this thread failed. */
void link_why(char *text, size_t size);

/*
 * Begins anew with the session for the next control connection, or NULL; it
 * remains the owner's.
 */
SSL_SESSION *link_renew(struct link_sessions *sessions);

/* The session for the next data connection, or NULL, likewise. */
SSL_SESSION *link_take(struct link_sessions *sessions);

/* Drops all. */
void link_forget(struct link_sessions *sessions);

#endif
