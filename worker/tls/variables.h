/* variables - what a log says of TLS; see variables.def. */
#ifndef WORKER_TLS_VARIABLES_H
#define WORKER_TLS_VARIABLES_H

#include <openssl/x509.h>
#include <stdbool.h>

#include "shm/base/attr.h"
#include "shm/base/buf.h"
#include "shm/conf/format.h"

struct tls_channel;
struct tls_login;

/* What is said of a certificate: TLS_CLIENT_name without the beginning. */
enum fact {
#define FTP(name, where, kind)
#define TLS(name, where, gate)
#define PAIR(name, client, server) FACT_##name,
#include "shm/conf/variables.def"
#undef FTP
#undef TLS
#undef PAIR
	FACT_COUNT
};

/* Appends it to out; false: the certificate does not say, or no memory. */
NODISCARD bool certificate_fact(const X509 *certificate, enum fact fact,
    struct buf *out);

/* Appends what a variable without a number says of channel; false: nothing. */
NODISCARD bool variables_put(const struct tls_channel *channel,
    enum variable variable, struct buf *out);

/* The group of the key exchange; NULL: there was none. */
const char *tls_group(const struct tls_channel *channel);

/* Frees what tls_keep() kept. */
void variables_forget(struct tls_login *login);

/* Appends the SHA-256 of the certificate in hexadecimal; false likewise. */
NODISCARD bool certificate_sha256(const X509 *certificate, struct buf *out);

#endif
