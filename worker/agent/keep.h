/*
 * keep - what a file that is overwritten keeps: its mode, group, access
 * control list and extended attributes.
 */
#ifndef WORKER_AGENT_KEEP_H
#define WORKER_AGENT_KEEP_H

#include "shm/base/attr.h"
#include "worker/agent/resolve.h"

/*
 * Gives the file that is open as fd what the file at place has; with nothing
 * there, it gets mode.  0, or -1 with errno: EISDIR or EOPNOTSUPP when
 * something other than a regular file is there.
 */
NODISCARD int keep_attributes(const struct place *place, int fd, mode_t mode);

#endif
