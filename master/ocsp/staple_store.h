/*
 * staple_store - responses in files, so that they outlive the process.
 *
 * A file each, named by its key.  Nothing that is read from there is believed:
 * the caller verifies it once more.  Without a directory all is in vain, and
 * nothing fails.
 */
#ifndef MASTER_OCSP_STAPLE_STORE_H
#define MASTER_OCSP_STAPLE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/base/attr.h"
#include "shm/base/digest.h"

struct staple_store {
	int fd;        /* of the directory; -1: there is none */
	bool troubled; /* a file could not be written, and that was said */
};

/* Opens the directory in place of the one before; NULL: none. */
void staple_store_open(struct staple_store *store, const char *path);
void staple_store_close(struct staple_store *store);

/*
 * Reads the response of the key: its length, and when it was written; 0: there
 * is none, or one of more than size bytes.
 */
NODISCARD size_t staple_store_read(const struct staple_store *store,
    const uint8_t key[DIGEST_LEN], void *out, size_t size, uint64_t *written);

/* Writes it in the place of another, as a whole or not at all. */
void staple_store_write(struct staple_store *store,
    const uint8_t key[DIGEST_LEN], const void *data, size_t len);
void staple_store_remove(const struct staple_store *store,
    const uint8_t key[DIGEST_LEN]);

/* Removes all whose key nobody wants. */
typedef bool (
    *staple_store_wanted)(const uint8_t key[DIGEST_LEN], const void *context);
void staple_store_sweep(const struct staple_store *store,
    staple_store_wanted wanted, const void *context);

#endif
