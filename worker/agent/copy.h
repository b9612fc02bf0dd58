/*
 * copy - a file made of others, piece by piece.
 *
 * The bytes stay in the kernel where it can move them, and are shared where the
 * file system can do that; holes stay holes.  The new file appears under its
 * name as an upload does, whole or not at all (upload.h).  A symbolic link is
 * followed where it names the one file to copy, and nowhere else.
 *
 * Files that are joined are appended to the target, if that is there, else it
 * is made; then they are removed.  What cannot be completed is cut off again.
 */
#ifndef WORKER_AGENT_COPY_H
#define WORKER_AGENT_COPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "shm/base/attr.h"
#include "shm/ipc/body.h"
#include "worker/agent/jail.h"

struct copy;

struct copy_request {
	const char *target;
	const char *sources; /* one after the other, each terminated */
	size_t count;        /* of them, FS_COPY_SOURCES_MAX at most */
	bool join;           /* else there is one */
	/* Of a new file, which gets what the first source has of it. */
	uint32_t mode;
	enum fs_durability durability;
};

/*
 * Looks at all files and begins the new one.  NULL with errno: ENOTUNIQ a file
 * is named twice, EISDIR, ELOOP and EOPNOTSUPP it is no regular file.
 */
NODISCARD struct copy *copy_new(struct jail *jail,
    const struct copy_request *request);

/* Does a piece of it: 1 there is more to do, 0 it is there, -1 with errno. */
NODISCARD int copy_step(struct copy *copy);

NODISCARD uint64_t copy_moved(const struct copy *copy);
/* How many sources, done with, could not be removed. */
NODISCARD uint32_t copy_left(const struct copy *copy);

/* Ends it, at any time.  Sets *copy to NULL; NULL is allowed. */
void copy_free(struct copy **copy);

#endif
