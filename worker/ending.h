/*
 * ending - how a worker stops serving.
 *
 * By order of the master or because there is none any more.  It accepts
 * nothing, its sessions end by themselves, then those between transfers, then
 * all; when the last has gone the loop is stopped.
 */
#ifndef WORKER_ENDING_H
#define WORKER_ENDING_H

#include <stdbool.h>

#include "shm/base/attr.h"
#include "shm/ipc/body.h"

struct ending;
struct worker;

/* NULL when memory is short. */
NODISCARD struct ending *ending_new(struct worker *worker);
/* Sets *ending to NULL; NULL is allowed. */
void ending_free(struct ending **ending);

/* What the master ordered; a further order replaces the times of the first. */
void ending_order(struct ending *ending, const struct msg_stop *stop);

/* The master is dead: as an order to stop within grace_time. */
void ending_without_master(struct ending *ending);

/*
 * Login has cut us off and no other came: the same, so that the master starts
 * a worker that can take sessions.
 */
void ending_without_login(struct ending *ending);

/* Whether it ends because the master wants it to. */
NODISCARD bool ending_is_ordered(const struct ending *ending);

/* A session has gone: it may have been the last. */
void ending_check(struct ending *ending);

#endif
