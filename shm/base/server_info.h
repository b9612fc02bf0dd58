/*
 * server_info - extensions of TLS from PEM text.
 *
 * Blocks as OpenSSL's own file format has them: "SERVERINFO FOR name" for
 * extensions up to TLS 1.2, "SERVERINFOV2 FOR name" with a context for each.
 */
#ifndef SHM_BASE_SERVER_INFO_H
#define SHM_BASE_SERVER_INFO_H

#include <openssl/types.h>
#include <stddef.h>

#include "shm/base/attr.h"

/*
 * Adds them to the certificate that ctx got last.  0, or -1 with a reason in
 * the library's queue of errors, if it has one.
 */
NODISCARD int server_info_use(SSL_CTX *ctx, const char *text, size_t len);

#endif
