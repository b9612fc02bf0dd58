/* partner - the other server of a data connection. */
#ifndef WORKER_TLS_PARTNER_H
#define WORKER_TLS_PARTNER_H

#include <openssl/ssl.h>
#include <stdbool.h>

#include "shm/base/attr.h"

struct partner;
struct tls_channel;
struct tls_fxp;

NODISCARD struct partner *partner_new(const struct tls_fxp *facts);
void partner_free(struct partner **partner); /* NULL is allowed */
NODISCARD bool partner_is_client(const struct tls_channel *channel);
/* The SSL for a channel that plays the client; NULL: logged. */
NODISCARD SSL *partner_ssl(const struct tls_channel *channel);
/* What the other server must show; -1 when that cannot be had. */
NODISCARD int partner_apply(struct tls_channel *channel);
/* After a handshake, as binding_check(), or PENDING. */
void partner_check(struct tls_channel *channel);

#endif
