/* staple - responses of OCSP for our own certificates. */
#ifndef WORKER_TLS_STAPLE_H
#define WORKER_TLS_STAPLE_H

#include <openssl/ssl.h>
#include <stdint.h>

struct tls;
struct tls_channel;

/* Where the host's certificates are stapled, clients that ask are served. */
void staple_install(SSL_CTX *ctx, const struct tls *tls, uint32_t host);
/* The handshake is over: what was stapled is not needed any more. */
void staple_done(struct tls_channel *channel);

#endif
