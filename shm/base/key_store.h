/*
 * key_store - private keys by URI, out of OpenSSL's stores.
 *
 * What the library makes of a URI depends on the providers of the process (see
 * provider.h): "pkcs11:" is a token's key, "file:" a file in any form.
 */
#ifndef SHM_BASE_KEY_STORE_H
#define SHM_BASE_KEY_STORE_H

#include <openssl/types.h>
#include <stddef.h>

#include "shm/base/attr.h"

/*
 * Asked for a pass phrase: copies it to out, which has size bytes, and returns
 * its length, or -1.  The type that OpenSSL wants.
 */
typedef int (
    *key_store_phrase)(char *out, int size, int for_writing, void *context);

/* Where a key comes from. */
struct key_source {
	const char *uri; /* NULL: the bytes, in any form of a file */
	const char *data;
	size_t len;
	key_store_phrase phrase; /* NULL: there is nobody to ask */
	void *context;
};

/*
 * The first private key there, the caller's then, or NULL with the reason in
 * the library's queue of errors.
 */
NODISCARD EVP_PKEY *key_store_read(const struct key_source *source);

#endif
