/* alpn - the protocol that a client asks for. */
#ifndef WORKER_TLS_ALPN_H
#define WORKER_TLS_ALPN_H

#include <openssl/ssl.h>

/* For SSL_CTX_set_alpn_select_cb(). */
int alpn_select(SSL *ssl, const unsigned char **out, unsigned char *out_len,
    const unsigned char *offer, unsigned int len, void *arg);

#endif
