/* launch - starting one process of the table, with all that it needs. */
#ifndef MASTER_LAUNCH_H
#define MASTER_LAUNCH_H

#include "master/supervise.h"

/*
 * A started process on post, entered in no list yet.  NULL, after logging why,
 * when it cannot be started.
 */
NODISCARD struct process *launch_process(struct post *post);

/* Sees to it that the directory is there that the keeper and workers need. */
void launch_mend_cache(const struct master *master);

/* Sends the settings of one generation, unless it has them. */
void launch_send_settings(struct process *process,
    const struct generation *generation);

/* Ready: tells it which of the settings it was sent are gone already. */
void launch_drop_settings(struct process *process);

#endif
