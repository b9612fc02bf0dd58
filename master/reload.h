/*
 * reload - going over to another configuration while sessions run.
 *
 * Everything is loaded and checked first; one mistake and nothing changes.
 * Then workers of the new generation start beside the old ones, and when all
 * of them are ready the old ones stop accepting and drain.  Requests that come
 * meanwhile are answered by one further reload.  There are two generations at
 * most: a third one ends the first before it begins.
 */
#ifndef MASTER_RELOAD_H
#define MASTER_RELOAD_H

#include "master/master.h"
#include "shm/base/attr.h"

NODISCARD struct reload *reload_new(struct master *master);
/* Gives up what is under way and sets *reload to NULL; NULL is allowed. */
void reload_free(struct reload **reload);

/* SIGHUP, or the control socket, which is told the result. */
void reload_request(struct master *master);

/* Whether one is under way. */
NODISCARD bool reload_is_busy(const struct reload *reload);

/* All workers of the current generation are ready. */
void reload_workers_ready(struct master *master);

/* A worker has ended: perhaps the last one of its generation. */
void reload_worker_gone(struct master *master);

#endif
