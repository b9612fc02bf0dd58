/*
 * child - a process that does one job, and is killed when it takes too long.
 *
 * What it waits for (a resolver, a responder) may hang, and what it reads may
 * be made to break it: either costs this one answer.  It has no rights, no
 * descriptors but the one for its result, and starts no processes.
 */
#ifndef MASTER_OCSP_CHILD_H
#define MASTER_OCSP_CHILD_H

#include "master/ocsp/job.h"
#include "shm/base/attr.h"
#include "shm/base/loop.h"

struct child;

/*
 * The child has ended and is freed.  NULL: without a result that makes sense;
 * else the result is valid during the call.
 */
typedef void (*child_ended)(const struct job_result *result, void *context);

/* Starts on the job, of which it has a copy.  NULL with errno. */
NODISCARD struct child *child_start(struct loop *loop, const struct job *job,
    child_ended ended, void *context);

/* Ends it without a word, and sets *child to NULL; NULL is allowed. */
void child_kill(struct child **child);

#endif
