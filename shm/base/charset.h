/*
 * charset - names of files for clients that do not speak UTF-8.
 *
 * Only character sets in which text of ASCII is itself, and nothing else looks
 * like it, so that commands and line ends are what they seem.  Lines are
 * converted whole: what is no character of the set, or none of UTF-8, stays as
 * its bytes, so that every name comes back as it was sent; but where a set has
 * two forms of a character, one of them does for both.
 */
#ifndef SHM_BASE_CHARSET_H
#define SHM_BASE_CHARSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/base/attr.h"
#include "shm/base/buf.h"

struct charset;

/*
 * Loads what iconv(3) needs for the set, from outside of any root directory;
 * it stays for the life of the process and of those forked from it.  NULL:
 * unknown, or none that can be used.
 */
const struct charset *charset_open(const char *name);

/* One that has been opened, or NULL. */
NODISCARD const struct charset *charset_find(const char *name);

/* Whether it can be opened. */
NODISCARD bool charset_usable(const char *name);

/* Append the line in the other form.  0, or -1 when memory is short. */
NODISCARD int charset_to_utf8(const struct charset *charset,
    const uint8_t *line, size_t len, struct buf *out);
NODISCARD int charset_from_utf8(const struct charset *charset,
    const uint8_t *line, size_t len, struct buf *out);

/* Whether the line is the same in all sets. */
NODISCARD bool charset_is_ascii(const uint8_t *line, size_t len);

#endif
