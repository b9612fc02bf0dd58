/*
 * binding - what ties a data connection to the login of its control connection.
 */
#ifndef WORKER_TLS_BINDING_H
#define WORKER_TLS_BINDING_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#include "shm/base/attr.h"

struct tls_channel;
struct tls_login;

#define BINDING_LEN 16

/* The session bears the binding of login, and its pre-shared key's owner. */
void binding_put(SSL_SESSION *session, const struct tls_login *login);
void binding_clear(SSL_SESSION *session);
/* false: the session bears none. */
NODISCARD bool binding_of(SSL_SESSION *session, uint8_t binding[BINDING_LEN]);
/* After a control handshake: takes over what a resumed session bears. */
void binding_adopt(struct tls_channel *channel);
/* After a data handshake: sets bound or unbound. */
void binding_check(struct tls_channel *channel);
/* Whether the configuration has any session do, or none. */
NODISCARD bool binding_relaxed(const struct tls_login *login);

#endif
