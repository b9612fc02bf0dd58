/*
 * start - from the configuration's file to a server that serves.
 *
 * Nothing is done before the configuration is good.  But where there are so
 * many certificates that checking them takes a while, the server begins to
 * serve meanwhile; it is not said to be ready before all are checked, and
 * ends when one is bad.  First the logger is started, so that the others'
 * first words are not lost, then keeper and login, then the workers.
 */
#ifndef MASTER_START_H
#define MASTER_START_H

#include "master/configuration.h"
#include "master/master.h"
#include "shm/base/attr.h"

struct process;
struct start;

/* master->loop has to be there.  NULL with errno. */
NODISCARD struct start *start_new(struct master *master);
/* Gives up what still runs and sets *start to NULL; NULL is allowed. */
void start_free(struct start **start);

/*
 * Loads master->path.  The caller's, or NULL after the mistakes were told on
 * standard error.  What of it is still being checked has to live until
 * start_free().
 */
NODISCARD struct configuration *start_configuration(struct start *start);

/* Starts the first of the processes; the loop has to be run then. */
void start_processes(struct master *master);

/* While master->phase is MASTER_STARTING: one is ready, or gone. */
void start_process_ready(struct master *master, const struct process *process);
void start_process_gone(struct master *master, const struct process *process);

#endif
