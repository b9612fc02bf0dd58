/*
 * ascii - TYPE A: lines end in CR LF on the wire and in LF in files.
 *
 * Works block by block; what depends on the byte before a block's first, or
 * after its last, is kept in the struct.
 */
#ifndef WORKER_FTP_SYNTAX_ASCII_H
#define WORKER_FTP_SYNTAX_ASCII_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/base/attr.h"

struct ascii {
	bool cr; /* the last byte was a CR (receiving: it is held back) */
};

/*
 * File to wire: LF becomes CR LF; one that follows a CR stays.  out has room
 * for 2 * len bytes.  Returns how many it gives.
 */
NODISCARD size_t ascii_to_wire(struct ascii *ascii, const uint8_t *in,
    size_t len, uint8_t *out);

/*
 * Wire to file: CR LF becomes LF; any other CR stays.  out has room for
 * len + 1 bytes, and may not overlap in.  Returns how many it gives.
 */
NODISCARD size_t ascii_to_file(struct ascii *ascii, const uint8_t *in,
    size_t len, uint8_t *out);

/* The end of the wire: gives the CR that was held back (0 or 1 bytes). */
NODISCARD size_t ascii_end(struct ascii *ascii, uint8_t *out);

#endif
