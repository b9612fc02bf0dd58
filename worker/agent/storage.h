/*
 * storage - which file systems do not hang.
 *
 * A worker is given descriptors of files on these only; what lies on others
 * (network, user space) goes through a pipe that the agent serves.
 */
#ifndef WORKER_AGENT_STORAGE_H
#define WORKER_AGENT_STORAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "shm/base/attr.h"

#define STORAGE_MAX 48 /* more than there are file systems in the table */

struct storage {
	unsigned long local[STORAGE_MAX]; /* magic numbers, see statfs(2) */
	size_t count;
};

/*
 * Takes note of the file systems with these names.  A name that is not known
 * is left out: its files then go through a pipe, which is always right.
 */
void storage_init(struct storage *storage, const char *const *names,
    size_t count);

/* Whether the open file is on one of them; O_PATH will do. */
NODISCARD bool storage_is_local(const struct storage *storage, int fd);

#endif
