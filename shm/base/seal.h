/*
 * seal - authenticated encryption of small records (AES-256-GCM).
 *
 * A sealed record is a 12-byte nonce, the ciphertext and a 16-byte tag.  The
 * associated data is authenticated, not contained.
 */
#ifndef SHM_BASE_SEAL_H
#define SHM_BASE_SEAL_H

#include <stddef.h>
#include <stdint.h>

#include "shm/base/attr.h"

#define SEAL_KEY_LEN  32
#define SEAL_OVERHEAD (12 + 16)

struct seal_data {
	const void *data;
	size_t len;
};

/*
 * Seals plain into out, which has room for plain.len + SEAL_OVERHEAD bytes.
 * Returns the length written, or 0 when the library fails.
 */
NODISCARD size_t seal_close(const uint8_t key[SEAL_KEY_LEN],
    struct seal_data associated, struct seal_data plain, uint8_t *out);

/*
 * Opens sealed into out (room for sealed.len - SEAL_OVERHEAD).  Returns the
 * length of the plain text, or -1 when the record is too short, was changed,
 * or was sealed with another key or other associated data.
 */
NODISCARD long seal_open(const uint8_t key[SEAL_KEY_LEN],
    struct seal_data associated, struct seal_data sealed, uint8_t *out);

#endif
