/* pairs - certificates with their keys, for a context. */
#ifndef WORKER_TLS_PAIRS_H
#define WORKER_TLS_PAIRS_H

#include <openssl/ssl.h>

#include "shm/base/attr.h"

struct host_keys;
struct log_subject;

/* -1 when a pair cannot be used, logged with subject. */
NODISCARD int pairs_load(SSL_CTX *ctx, const struct host_keys *keys,
    const struct log_subject *subject);

#endif
