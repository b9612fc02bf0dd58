/* peer - a client's certificate. */
#ifndef WORKER_TLS_PEER_H
#define WORKER_TLS_PEER_H

#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdbool.h>

#include "shm/base/attr.h"
#include "worker/tls/tls.h"

struct tls_channel;
struct tls_login;

#define TLS_SUBJECT_MAX 192 /* of a certificate, as text */

struct peer {
	struct tls_peer facts;
	X509 *certificate;
};

/* After a control handshake, keeps the client's certificate. */
void peer_note(struct tls_channel *channel);
void peer_free(struct peer **peer);
/* Whether ssl, of a data connection, shows the certificate of login, if any. */
NODISCARD bool peer_is_same(const struct tls_login *login, const SSL *ssl);
/* The subject as text; "" for none.  Returns out. */
const char *peer_subject(const X509 *cert, char out[TLS_SUBJECT_MAX]);

#endif
