/*
 * setup - how a fork of the master becomes a worker.
 */
#ifndef WORKER_SETUP_H
#define WORKER_SETUP_H

#include "shm/base/attr.h"
#include "shm/board/start.h"

/*
 * Descriptors, signals, log, limits, root directory, identity: afterwards this
 * is a process without rights.  0, or -1 after logging why.
 */
NODISCARD int setup_process(const struct worker_start *start);

/* No further process or thread; after those of the pool have started. */
NODISCARD int setup_last(void);

#endif
