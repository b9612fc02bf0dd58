/*
 * contexts - what OpenSSL needs for each virtual host, made when it is first
 * used.
 */
#ifndef WORKER_TLS_CONTEXTS_H
#define WORKER_TLS_CONTEXTS_H

#include <stdint.h>

#include "shm/base/attr.h"

struct partner_context;
struct tls;
struct tls_channel;
struct tls_login;
struct trust;

NODISCARD int contexts_init(struct tls *tls);
void contexts_free(struct tls *tls);
/*
 * Gives the channel's SSL the certificates and the policy of its login's host.
 * -1 when there are none, logged.
 */
NODISCARD int contexts_apply(struct tls_channel *channel);

/* The same for a channel that plays the client. */
NODISCARD int contexts_apply_client(struct tls_channel *channel);

/*
 * What the present context of the login's host has for exchanges with other
 * servers, made when first needed; NULL when it cannot be, logged.
 */
NODISCARD const struct partner_context *contexts_partner(
    struct tls_login *login);

/* What the present context of the login's host trusts; NULL: nothing. */
NODISCARD struct trust *contexts_trust(const struct tls_login *login);

/* The host's context is built anew when it is next used. */
void contexts_forget(struct tls *tls, uint32_t host);

#endif
