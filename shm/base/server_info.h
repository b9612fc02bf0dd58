/*
 * server_info - extensions of TLS from PEM text.
 *
 * Blocks as OpenSSL's own file format has them: "SERVERINFO FOR name" for
 * extensions up to TLS 1.2, "SERVERINFOV2 FOR name" with a context for each.
 */
#ifndef SHM_BASE_SERVER_INFO_H
#define SHM_BASE_SERVER_INFO_H

#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>

#include "shm/base/attr.h"
#include "shm/base/buf.h"

#define SERVER_INFO_MAX ((size_t)1024 * 1024) /* bytes of all blocks */

/* One extension; data points into what it was read from. */
struct server_info {
	unsigned int context; /* SSL_EXT_TLS1_2_SERVER_HELLO ... */
	unsigned int type;
	const unsigned char *data;
	size_t len;
};

/*
 * Appends all blocks, in the form of version 2.  0, or -1 when one cannot be
 * read or there is none.
 */
NODISCARD int server_info_read(struct buf *all, const char *text, size_t len);

/* Takes the first one off the *len bytes at *at; false: there is no whole one.
 */
NODISCARD bool server_info_next(const unsigned char **at, size_t *len,
    struct server_info *info);

/*
 * Adds them to the certificate that ctx got last.  0, or -1 with a reason in
 * the library's queue of errors, if it has one.
 */
NODISCARD int server_info_use(SSL_CTX *ctx, const char *text, size_t len);

#endif
