/*
 * score - what each worker is doing, for `ftpsctl status` and `tls info`.
 *
 * One memfd a worker slot, made by the master, which maps all of them
 * read-only; a worker maps its own writable.  The numbers are the worker's
 * word and nothing else: nobody takes a decision from them.
 */
#ifndef SHM_BOARD_SCORE_H
#define SHM_BOARD_SCORE_H

#include <stdint.h>

#include "shm/base/attr.h"

enum score_counter {
	SCORE_SESSIONS,  /* now */
	SCORE_LOGGED_IN, /* now */
	SCORE_TRANSFERS, /* now */
	SCORE_ACCEPTED,  /* ever, like all that follow */
	SCORE_LOGINS,
	SCORE_LOGINS_FAILED,
	SCORE_HANDSHAKES_FULL,
	SCORE_HANDSHAKES_RESUMED,
	SCORE_HANDSHAKES_FAILED,
	SCORE_DATA_FULL, /* handshakes of data connections */
	SCORE_DATA_RESUMED,
	SCORE_DATA_REFUSED,  /* not the control connection's session */
	SCORE_RESUMED_CACHE, /* control handshakes resumed from the cache */
	SCORE_RESUMED_TICKET,
	SCORE_FILES_SENT,
	SCORE_FILES_RECEIVED,
	SCORE_BYTES_SENT,
	SCORE_BYTES_RECEIVED,
	SCORE_REFUSED_SESSIONS, /* a client told 421, by limit */
	SCORE_REFUSED_ADDRESS,
	SCORE_REFUSED_NETWORK,
	SCORE_REFUSED_HOST,
	SCORE_REFUSED_USER,
	SCORE_REFUSED_HANDSHAKES,
	SCORE_ACCEPT_PAUSED,  /* times accept paused for want of descriptors */
	SCORE_NO_PORT,        /* none of passive.ports was free */
	SCORE_DATA_STRANGERS, /* connections from others to our data ports */
	SCORE_LINES_TOO_LONG,
	SCORE_LISTINGS_CUT, /* by a bound */
	SCORE_EXPANSIONS,
	SCORE_LOG_LOST,
	/*
	 * Handshakes of all connections, in detail: `ftpsctl tls info`.  What
	 * `ftpsctl status` shows stands before these.
	 */
	SCORE_TLS_1_0,
	SCORE_TLS_1_1,
	SCORE_TLS_1_2,
	SCORE_TLS_1_3,
	SCORE_FAILED_NO_TLS, /* what came was something else */
	SCORE_FAILED_VERSION,
	SCORE_FAILED_CIPHER, /* no cipher, group or signature in common */
	SCORE_FAILED_ALPN,
	SCORE_FAILED_CLIENT_CERTIFICATE,
	SCORE_FAILED_BY_CLIENT, /* it does not like what we are */
	SCORE_FAILED_CLOSED,
	SCORE_FAILED_GIVEN_UP, /* its time was over, or the server stopped */
	SCORE_FAILED_OTHER,
#define CIPHER(id, name) SCORE_CIPHER_##id,
#include "shm/board/cipher.def"
#undef CIPHER
	SCORE_CIPHER_OTHER,
	SCORE_COUNT
};

#define SCORE_STATUS   SCORE_TLS_1_0 /* the first that status leaves out */
#define SCORE_FAILURES SCORE_FAILED_NO_TLS
#define SCORE_CIPHERS  (SCORE_FAILED_OTHER + 1)

struct score;

/* Master: a fresh board; *fd is for the worker, the caller closes it. */
NODISCARD struct score *score_create(int *fd);
/* Worker: maps its board writable; fd stays the caller's.  NULL with errno. */
NODISCARD struct score *score_attach(int fd);
/* Unmaps it and sets *score to NULL; NULL is allowed. */
void score_free(struct score **score);

void score_add(struct score *score, enum score_counter counter, int64_t delta);
/* Negative values that a worker left are shown as 0. */
NODISCARD uint64_t score_get(const struct score *score,
    enum score_counter counter);
/* "sessions", "handshakes_resumed", ...: also the key in JSON. */
NODISCARD const char *score_name(enum score_counter counter);

#endif
