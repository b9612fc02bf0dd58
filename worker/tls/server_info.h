/* server_info - extensions of TLS 1.2 that files give (tls.server_info). */
#ifndef WORKER_TLS_SERVER_INFO_H
#define WORKER_TLS_SERVER_INFO_H

#include <openssl/ssl.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/base/attr.h"

struct file_bytes;
struct tls;

/* Makes the extensions of all hosts known, at any time. */
void server_info_announce(struct tls *tls);
/* How many a context of the host knows. */
NODISCARD size_t server_info_count(const struct tls *tls, uint32_t host);
/* Adds those of file to a context; -1 when they cannot be used. */
NODISCARD int server_info_load(SSL_CTX *ctx, const struct tls *tls,
    const struct file_bytes *file);

#endif
