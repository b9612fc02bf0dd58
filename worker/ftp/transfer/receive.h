/*
 * receive - the bytes of an upload, from the data connection to a file.
 *
 * What is done with the file before and after is in store.c.
 */
#ifndef WORKER_FTP_TRANSFER_RECEIVE_H
#define WORKER_FTP_TRANSFER_RECEIVE_H

#include <stdbool.h>

#include "shm/base/attr.h"
#include "worker/ftp/state.h"

/* For small files: leads to step_store_small, or to step_store_create. */
extern const struct step step_gather;
/* Into transfer->work: leads to step_store_commit, or step_store_broken. */
extern const struct step step_receive;

/* transfer->work is there; before step_receive. */
void receive_begin(struct session *session);

/*
 * Whether more has come than RANG has room for, or, at the end, less: it has
 * been answered then.  What has been written stays, but nothing outside the
 * range is touched.
 */
NODISCARD bool receive_misses_range(struct session *session, enum flow *flow);

/* store.c */
extern const struct step step_store_small;  /* the file is in transfer->small */
extern const struct step step_store_create; /* it is too large for that */
extern const struct step step_store_commit; /* all of it is in transfer->work */
extern const struct step step_store_broken; /* the agent takes no more of it */

#endif
