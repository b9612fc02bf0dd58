/*
 * stop - ending everything in order: workers, then keeper and login, the
 * logger last.
 */
#ifndef MASTER_STOP_H
#define MASTER_STOP_H

#include "master/master.h"
#include "shm/base/attr.h"

NODISCARD struct stop *stop_new(struct master *master);
/* Sets *stop to NULL; NULL is allowed. */
void stop_free(struct stop **stop);

/*
 * Begins to stop the server: transfers may finish within grace_ms, 0 = now.
 * A later call can only make it faster.
 */
void stop_begin(struct master *master, uint32_t grace_ms);

/* Told of every process that has ended. */
void stop_process_gone(struct master *master);

#endif
