/*
 * checksum - what tells whether two files are the same: CRC-32, MD5 and the
 * SHA family, of bytes that come one after the other.
 *
 * Each is used by one thread at a time.  checksum_new() is for the thread of
 * the loop, all else is for any.
 */
#ifndef SHM_BASE_CHECKSUM_H
#define SHM_BASE_CHECKSUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/base/attr.h"

/* The first one is the default. */
enum checksum_kind {
	CHECKSUM_SHA256,
	CHECKSUM_SHA512,
	CHECKSUM_SHA1,
	CHECKSUM_MD5,
	CHECKSUM_CRC32,
	CHECKSUM_COUNT
};

#define CHECKSUM_TEXT_MAX 129 /* in hexadecimal digits, with the NUL */

struct checksum;

/* As IANA's "Hash Function Textual Names" has it: "SHA-256". */
NODISCARD const char *checksum_name(enum checksum_kind kind);
/* The one with this name, in any case; false: none. */
NODISCARD bool checksum_find(const char *name, enum checksum_kind *kind);

/*
 * Whether it can be computed here: with the FIPS module alone, MD5 cannot.  For
 * the thread of the loop.
 */
NODISCARD bool checksum_available(enum checksum_kind kind);

/* NULL with errno: ENOMEM, EOPNOTSUPP. */
NODISCARD struct checksum *checksum_new(enum checksum_kind kind);
void checksum_free(struct checksum **checksum); /* NULL is allowed */

void checksum_add(struct checksum *checksum, const void *data, size_t len);

/*
 * The sum of all that was added, in small letters; once.  -1 with errno when
 * the library has failed.
 */
NODISCARD int checksum_end(struct checksum *checksum,
    char text[CHECKSUM_TEXT_MAX]);

#endif
