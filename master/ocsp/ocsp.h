/*
 * ocsp - the process that asks others about clients, and about us.
 *
 * Runs as ocsp_user, and only where the configuration has something to ask.
 * Takes questions from the workers, has them answered by children (child.h),
 * and gives responses that are worth it to the keeper.  It holds no keys, and
 * is not believed: a worker verifies a response by itself.  Those about our own
 * certificates it fetches before anybody asks: see staples.h.
 */
#ifndef MASTER_OCSP_OCSP_H
#define MASTER_OCSP_OCSP_H

#include "shm/base/attr.h"

/* For a process that was started as the role; ends with it. */
NORETURN void ocsp_run(void);

#endif
