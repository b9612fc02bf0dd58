/*
 * relay - the agent moves the bytes of a file itself.
 *
 * Where a file system may hang, a worker must not touch it: it gets one end of
 * a pipe, and the agent moves the bytes between the other end and the file, a
 * piece a turn of the loop.  A file that hangs then holds up its own account
 * alone.
 */
#ifndef WORKER_AGENT_RELAY_H
#define WORKER_AGENT_RELAY_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/base/attr.h"
#include "shm/base/loop.h"

struct relay;

enum relay_way {
	RELAY_TO_PIPE, /* from the file, to its end */
	RELAY_TO_FILE  /* until the pipe's writer closes it */
};

/*
 * Called after each piece and at the end; it may free the relay.  It is never
 * called from within relay_new().
 */
typedef void (*relay_handler)(void *context);

struct relay_file {
	int fd;         /* the caller's; the relay uses a duplicate */
	uint64_t start; /* offset of the first byte */
};

/*
 * Begins.  *pipe_end is the worker's end, the caller's to send and close.
 * NULL with errno.
 */
NODISCARD struct relay *relay_new(struct loop *loop, enum relay_way way,
    const struct relay_file *file, int *pipe_end, relay_handler handler,
    void *context);

/* Closes its ends of file and pipe, sets *relay to NULL; NULL is allowed. */
void relay_free(struct relay **relay);

NODISCARD uint64_t relay_moved(const struct relay *relay);
/* Nothing more will be moved; then relay_error() is an errno, or 0. */
NODISCARD bool relay_ended(const struct relay *relay);
NODISCARD int relay_error(const struct relay *relay);

#endif
