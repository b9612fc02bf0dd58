/*
 * pem_key - private keys from PEM text.
 *
 * What the library builds to decode a key costs ten times the decoding; it is
 * made once for a process here.  Only processes that may see keys call this.
 */
#ifndef SHM_BASE_PEM_KEY_H
#define SHM_BASE_PEM_KEY_H

#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>

#include "shm/base/attr.h"

/*
 * The first private key in the text, or NULL with the reason in the library's
 * queue of errors; *locked: a pass phrase is needed, and there is nobody to
 * ask.  The caller owns the key.
 */
NODISCARD EVP_PKEY *pem_key_read(const char *text, size_t len, bool *locked);

#endif
