/* trust - whom a host trusts to vouch for clients. */
#ifndef WORKER_TLS_TRUST_H
#define WORKER_TLS_TRUST_H

#include <openssl/ssl.h>
#include <stdint.h>

#include "shm/base/attr.h"

struct log_subject;
struct tls;
struct trust;

/*
 * The one of the host, shared; NULL when it cannot be made, logged
 * with subject.  To be given back.
 */
NODISCARD struct trust *trust_get(struct tls *tls, uint32_t host,
    const struct log_subject *subject);
/* NULL is allowed; sets *trust to NULL. */
void trust_put(struct tls *tls, struct trust **trust);
/* Files have been replaced: what was made of them is shared no more. */
void trust_renew(struct tls *tls);
/* The authorities and lists themselves. */
NODISCARD X509_STORE *trust_store(const struct trust *trust);
/* Clients of ctx are checked against it. */
NODISCARD int trust_install(const struct trust *trust, SSL_CTX *ctx);
/* DIGEST_LEN bytes: of authorities and lists. */
NODISCARD const uint8_t *trust_digest(const struct trust *trust);
/*
 * Issuers that clients have shown.  A session holds its client's certificate
 * and no other, so that these are needed to check it again.
 */
NODISCARD STACK_OF(X509) * trust_seen(const struct trust *trust);
/* A chain that was good. */
void trust_remember(struct trust *trust, STACK_OF(X509) * chain);

#endif
