/* verify - what clients are asked for, and what is made of it. */
#ifndef WORKER_TLS_VERIFY_H
#define WORKER_TLS_VERIFY_H

#include <openssl/ssl.h>
#include <stdbool.h>

#include "shm/base/attr.h"

struct conf_tls;
struct tls_channel;

void verify_apply(SSL *ssl, const struct conf_tls *conf);
/*
 * Whether a new control connection may resume the session, as far as its
 * certificate goes: it must still be good.
 */
NODISCARD bool verify_session(struct tls_channel *channel,
    SSL_SESSION *session);
/* An error of the library's in words, and the key that may help, or NULL. */
NODISCARD const char *verify_explain(int error, const char **key);
/* A list that says nothing, where that is no reason to refuse. */
NODISCARD bool verify_without_list(const struct conf_tls *conf, int error);
/* Logs what happened, and the channel's reason. */
void verify_log(struct tls_channel *channel, const char *what);

#endif
