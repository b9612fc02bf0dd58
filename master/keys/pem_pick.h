/*
 * pem_pick - the blocks of one kind from PEM text, as text.
 *
 * What else a file holds, a private key say, goes no further.  Blocks are
 * found by their first and last lines; nothing looks into them.
 */
#ifndef MASTER_KEYS_PEM_PICK_H
#define MASTER_KEYS_PEM_PICK_H

#include <stddef.h>

#include "shm/base/attr.h"
#include "shm/base/buf.h"
#include "shm/board/start.h"

/*
 * Appends a line "# name" and the blocks of the kind that are in the text.
 * Their count, of which 0 appends nothing, or -1 with *why, and errno ENOBUFS
 * if out is full; then nothing was appended, either.
 */
NODISCARD int pem_pick(struct buf *out, enum host_file kind, const char *text,
    size_t len, const char *name, const char **why);

#endif
