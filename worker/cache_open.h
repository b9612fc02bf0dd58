/*
 * cache_open - opens an environment of the keeper's in a thread.
 *
 * Who opens one takes a lock that all its readers share.  A process that was
 * stopped with it, or has been taken over, must not hold up the loop: as long
 * as it does, there is nothing to be found, and that is all.  The pool has a
 * thread for each environment beyond those for files, so these do not wait.
 */
#ifndef WORKER_CACHE_OPEN_H
#define WORKER_CACHE_OPEN_H

#include <stdbool.h>
#include <uv.h>

#include "shm/cache/reader.h"

/* Embedded in what lives as long as the loop runs. */
struct cache_opener {
	uv_loop_t *loop;
	struct cache_reader *reader; /* NULL: there is none */
	uv_work_t work;
	struct cache_opening *opening; /* NULL: nothing is being opened */
	bool again;                    /* next, as soon as it is done */
	struct msg_cache_directory next;
};

void cache_opener_init(struct cache_opener *opener, uv_loop_t *loop,
    struct cache_reader *reader);

/* Another environment counts; one that is being opened now is left for it. */
void cache_open(struct cache_opener *opener,
    const struct msg_cache_directory *where);

#endif
