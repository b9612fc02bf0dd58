/*
 * lean - a library context of OpenSSL in which there is little to find.
 *
 * Each full handshake decodes the public key of the server's certificate, for
 * which OpenSSL 3.0 tries every decoder and every kind of key that it knows:
 * a quarter of the client's instructions.  Here it knows EC and RSA keys, in
 * the one form that certificates have.  All else is the default provider's.
 */
#ifndef TESTS_BENCH_LOAD_LEAN_H
#define TESTS_BENCH_LOAD_LEAN_H

#include <openssl/types.h>

#include "shm/base/attr.h"

/* Makes the context, once; NULL when OpenSSL refuses.  It is never freed. */
NODISCARD OSSL_LIB_CTX *lean_context(void);

#endif
