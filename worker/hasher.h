/*
 * hasher - the checksum of a part of a file, computed off the loop.
 *
 * A thread of the pool reads a piece and adds it, a piece at a time, so that
 * the account's other work gets its turn in between.  What comes through a pipe
 * (the file system may hang, and the agent reads it) is read on the loop as it
 * comes, and added by a thread.
 */
#ifndef WORKER_HASHER_H
#define WORKER_HASHER_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/base/attr.h"
#include "shm/base/checksum.h"

struct hasher;
struct worker;

struct hasher_source {
	int fd;         /* -1: see bytes */
	bool pipe;      /* it begins at start */
	uint8_t *bytes; /* allocated, len of them */
	uint64_t start; /* in the file */
	uint64_t len;   /* what is hashed */
};

/* Called from the loop, never from within the call that began; once. */
typedef void (*hasher_handler)(void *context);

/*
 * Begins.  The source's descriptor or bytes are taken over; account is for the
 * pool's admission.  NULL with errno; the source is gone then, too.
 */
NODISCARD struct hasher *hasher_new(struct worker *worker, uint32_t account,
    const struct hasher_source *source, enum checksum_kind kind,
    hasher_handler handler, void *context);

/* No handler is called any more.  NULL is allowed. */
void hasher_free(struct hasher **hasher);

/* Bytes that have been hashed. */
NODISCARD uint64_t hasher_done(const struct hasher *hasher);

/*
 * After the handler was called: 0 and the sum, or an errno: EBUSY when the file
 * has changed meanwhile.
 */
NODISCARD int hasher_result(const struct hasher *hasher, const char **text);

#endif
