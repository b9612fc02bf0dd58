/* pem_dh - parameters of the Diffie-Hellman key exchange from PEM text. */
#ifndef SHM_BASE_PEM_DH_H
#define SHM_BASE_PEM_DH_H

#include <openssl/types.h>
#include <stddef.h>

#include "shm/base/attr.h"

/*
 * The first block of at least that many bits, or NULL; *most: the bits of the
 * largest one there is, 0: there is none that can be read.  The caller owns
 * the parameters.
 */
NODISCARD EVP_PKEY *pem_dh_read(const char *text, size_t len, int least_bits,
    int *most);

#endif
