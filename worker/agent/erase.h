/*
 * erase - removes a directory with all that is in it, piece by piece.
 *
 * Never through a symbolic link, nor on another file system; never what the
 * policy protects, nor an upload that is under way.  What cannot be removed is
 * left, and the rest goes nevertheless.
 */
#ifndef WORKER_AGENT_ERASE_H
#define WORKER_AGENT_ERASE_H

#include <stdint.h>

#include "shm/base/attr.h"
#include "worker/agent/jail.h"

#define ERASE_DEPTH_MAX   64      /* directories in each other */
#define ERASE_ENTRIES_MAX 1000000 /* looked at, in all of them */

struct erase;

struct erase_counts {
	uint64_t files, directories; /* removed; a link is a file */
	uint64_t failed; /* not removed; what they are in is not counted */
	int error;       /* why the first of these was not */
};

/* NULL with errno: ENOTDIR, or there is no such directory. */
NODISCARD struct erase *erase_new(const struct jail *jail, const char *path);

/* Does a piece of it: 1 there is more to do, 0 nothing more can be done. */
NODISCARD int erase_step(struct erase *erase);

NODISCARD const struct erase_counts *erase_counts(const struct erase *erase);

/* Ends it, at any time.  Sets *erase to NULL; NULL is allowed. */
void erase_free(struct erase **erase);

#endif
