/* digest - SHA-256 of a few pieces of memory. */
#ifndef SHM_BASE_DIGEST_H
#define SHM_BASE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "shm/base/seal.h"

#define DIGEST_LEN 32

/*
 * The SHA-256 of the pieces, one after the other.  Aborts when the library
 * cannot compute it, which happens only when memory is short.
 */
void digest_sha256(uint8_t out[DIGEST_LEN], const struct seal_data *pieces,
    size_t count);

#endif
