/*
 * symlink - makes symbolic links.
 */
#ifndef WORKER_AGENT_SYMLINK_H
#define WORKER_AGENT_SYMLINK_H

#include "shm/base/attr.h"
#include "worker/agent/jail.h"
#include "worker/agent/ops.h"

/*
 * Makes the link request->path to request->other, which need not exist.  A
 * target that begins with "/" is meant from the account's root, and written
 * down relative to the link, so that it is the same file to those who see more
 * than the root.  For their sake, too, EXDEV: ".." in it would lead above the
 * root, or comes after a name, which may be a link to elsewhere.
 */
NODISCARD int symlink_make(const struct jail *jail,
    const struct ops_request *request, struct msg_fs_done *done);

#endif
