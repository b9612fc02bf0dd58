/* socket - a connection's socket, as OpenSSL reads and writes it. */
#ifndef WORKER_TLS_SOCKET_H
#define WORKER_TLS_SOCKET_H

#include <openssl/bio.h>

#include "shm/base/attr.h"

struct tls_socket;

/* Reads and writes socket, which stays the caller's; or NULL. */
NODISCARD BIO *socket_bio(struct tls_socket *socket);
/*
 * In a handshake that waits for the peer: has what came, and was not answered,
 * acknowledged at once.  Some write the end of their handshake in pieces, and
 * until the first is acknowledged Nagle's algorithm keeps the next one back,
 * for which our kernel would take 40 ms.
 */
void socket_hasten(struct tls_socket *socket);

#endif
