/*
 * where - the path of a directory that is open.
 */
#ifndef WORKER_AGENT_WHERE_H
#define WORKER_AGENT_WHERE_H

#include <limits.h>

#include "shm/base/attr.h"
#include "worker/agent/jail.h"

/*
 * The virtual path of the directory, as the kernel knows it: without symbolic
 * links, wherever it may have been moved.  0, or -1 with errno.  The process's
 * current directory is the root of the jail then.
 */
NODISCARD int where_is(const struct jail *jail, int directory,
    char out[PATH_MAX]);

#endif
