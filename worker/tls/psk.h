/* psk - pre-shared keys. */
#ifndef WORKER_TLS_PSK_H
#define WORKER_TLS_PSK_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/base/attr.h"
#include "shm/base/psk.h"

struct conf_tls;
struct tls_channel;
struct tls_login;

/* The pre-shared key that a login began with. */
struct psk_owner {
	uint8_t tag[16]; /* of identity and key */
	uint8_t identity_len;
	char identity[PSK_IDENTITY_LEN_MAX]; /* not terminated */
};

/* Sets or clears the callbacks, for the settings of contexts.c. */
NODISCARD bool psk_set(SSL *ssl, const struct conf_tls *conf);
/*
 * Whether a new control connection may resume the session, as far as the key
 * goes that it began with: the host must still have that.
 */
NODISCARD bool psk_acceptable(const struct tls_login *login,
    SSL_SESSION *session);
/*
 * After a handshake: whether a key made it, and on control whose session was
 * resumed.
 */
void psk_adopt(struct tls_channel *channel);
/* Whose key the login began with; NULL: nobody's. */
NODISCARD const struct psk_owner *psk_owner(const struct tls_login *login);
/* What a session says of its owner; returns the length. */
#define PSK_OWNER_MAX (16 + PSK_IDENTITY_LEN_MAX)
size_t psk_write(const struct psk_owner *owner, uint8_t out[PSK_OWNER_MAX]);

#endif
