/*
 * checksum - what tells whether two files are the same: CRC-32, MD5 and the
 * SHA family, of bytes that come one after the other.
 *
 * Each is used by one thread at a time.  They are made in the thread of the
 * loop, all else is for any.
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

/* Several of the same bytes. */
struct checksum_set;

/*
 * kinds: bits, 1 << kind; those that cannot be computed here are left out.
 * NULL when memory is short, or none is left.
 */
NODISCARD struct checksum_set *checksum_set_new(unsigned int kinds);
void checksum_set_free(struct checksum_set **set); /* NULL is allowed */
void checksum_set_add(struct checksum_set *set, const void *data, size_t len);

/* As checksum_end(); "" of a kind that the set has not. */
struct checksum_texts {
	char text[CHECKSUM_COUNT][CHECKSUM_TEXT_MAX];
};
NODISCARD int checksum_set_end(struct checksum_set *set,
    struct checksum_texts *texts);

#endif
