/*
 * psk - keys that are shared with clients, as lines of text.
 *
 * A line is an identity, a blank, and the key in hexadecimal.  The text lies in
 * secret memory; what is taken out of it is the caller's to wipe.
 */
#ifndef SHM_BASE_PSK_H
#define SHM_BASE_PSK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/base/attr.h"

#define PSK_IDENTITY_LEN_MAX 128 /* bytes */
#define PSK_KEY_MIN          16  /* bytes */
#define PSK_KEY_MAX          256

/* Points into the text; neither part is terminated. */
struct psk_line {
	const char *identity, *hex;
	size_t identity_len, hex_len;
};

/*
 * Takes the next line off the *len bytes at *text.  false: there is none, or
 * it is no such line, of which *len tells: it is 0 at the end only.
 */
NODISCARD bool psk_next(const char **text, size_t *len, struct psk_line *line);

/* The line of that identity; false: there is none. */
NODISCARD bool psk_find(const char *text, size_t len, const char *identity,
    struct psk_line *line);

/* The bytes of the line's key; 0: it is no key of a good length. */
NODISCARD size_t psk_key(const struct psk_line *line,
    uint8_t key[static PSK_KEY_MAX]);

#endif
