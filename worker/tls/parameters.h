/* parameters - security level, ciphers and Diffie-Hellman parameters. */
#ifndef WORKER_TLS_PARAMETERS_H
#define WORKER_TLS_PARAMETERS_H

#include <openssl/ssl.h>

#include "shm/base/attr.h"

struct conf_tls;
struct host_keys;
struct log_subject;

/*
 * Sets them, and Diffie-Hellman parameters; -1 when they cannot be used, logged
 * with subject.
 */
NODISCARD int parameters_load(SSL_CTX *ctx, const struct conf_tls *conf,
    const struct host_keys *keys, const struct log_subject *subject);

#endif
