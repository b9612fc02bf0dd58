/* hello - the ClientHello: which host is meant. */
#ifndef WORKER_TLS_HELLO_H
#define WORKER_TLS_HELLO_H

#include <openssl/ssl.h>

/* Versions as text, bit 0 the first; NULL behind the last. */
extern const char *const hello_versions[];

/* For SSL_CTX_set_client_hello_cb() and ..._servername_callback(). */
int hello_choose_host(SSL *ssl, int *alert, void *arg);
int hello_answer_name(SSL *ssl, int *alert, void *arg);

#endif
