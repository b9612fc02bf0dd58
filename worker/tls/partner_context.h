/* partner_context - what a host has for exchanges with other servers. */
#ifndef WORKER_TLS_PARTNER_CONTEXT_H
#define WORKER_TLS_PARTNER_CONTEXT_H

#include <openssl/ssl.h>
#include <stdint.h>

#include "shm/base/attr.h"

struct log_subject;
struct partner_context;
struct tls;

/* NULL when it cannot be made, logged with subject. */
NODISCARD struct partner_context *partner_context_new(struct tls *tls,
    uint32_t host, const struct log_subject *subject);
void partner_context_free(struct tls *tls, struct partner_context **context);
/* For channels that play the client. */
NODISCARD SSL_CTX *partner_context_client(
    const struct partner_context *context);
/* Whom other servers are vouched for by; NULL: they are not verified. */
NODISCARD X509_STORE *partner_context_store(
    const struct partner_context *context);

#endif
