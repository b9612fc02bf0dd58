/*
 * listeners - the sockets that clients connect to.
 *
 * One SO_REUSEPORT socket for each address and worker slot, so that the kernel
 * spreads connections over the workers.  They belong to the master for as long
 * as the address is configured and go to each worker of the slot, one after
 * another: a connection that waits in a queue outlives the worker it waited
 * for.
 */
#ifndef MASTER_LISTENERS_H
#define MASTER_LISTENERS_H

#include <stddef.h>
#include <stdint.h>

#include "shm/base/attr.h"
#include "shm/board/start.h"
#include "shm/conf/conf.h"

struct listeners;

NODISCARD struct listeners *listeners_new(void);
/* Closes all and sets *listeners to NULL; NULL is allowed. */
void listeners_free(struct listeners **listeners);

/*
 * Opens what conf wants and is not open yet.  0, or -1 with a mistake (of the
 * file at path) for each address that cannot be had; then nothing has changed.
 */
NODISCARD int listeners_prepare(struct listeners *listeners,
    const struct conf *conf, const char *path, struct conf_errors *errors);

/*
 * conf is in force: closes what it does not want any more; the rest is set as
 * it says.
 */
void listeners_keep(struct listeners *listeners, const struct conf *conf);

/* It is not to be: closes all that was not there at the last listeners_keep().
 */
void listeners_undo(struct listeners *listeners);

/*
 * The sockets for the worker of slot: its own, and those of slots that conf
 * has no worker for.  *count is set; the caller frees the array, not the
 * descriptors.  NULL when memory is short.
 */
NODISCARD struct start_listener *listeners_for(const struct listeners
						   *listeners,
    const struct conf *conf, uint32_t slot, size_t *count);

#endif
