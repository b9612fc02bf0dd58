/*
 * keep - what a file that is overwritten keeps: its mode, group, access
 * control list and extended attributes.
 */
#ifndef WORKER_AGENT_KEEP_H
#define WORKER_AGENT_KEEP_H

#include <stdbool.h>

#include "shm/base/attr.h"
#include "worker/agent/resolve.h"

/*
 * Gives the file that is open as fd what the file at place has; with nothing
 * there, it gets mode.  0, or -1 with errno: EISDIR or EOPNOTSUPP when
 * something other than a regular file is there.
 */
NODISCARD int keep_attributes(const struct place *place, int fd, mode_t mode);

/*
 * Whether the account can read all of that: the kernel has who may not read a
 * file's contents not read its user.* attributes either.
 */
NODISCARD bool keep_is_possible(const struct place *place);

#endif
