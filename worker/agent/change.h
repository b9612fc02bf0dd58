/*
 * change - modes, groups and times of files.
 */
#ifndef WORKER_AGENT_CHANGE_H
#define WORKER_AGENT_CHANGE_H

#include <sys/stat.h>

#include "shm/base/attr.h"
#include "worker/agent/jail.h"
#include "worker/agent/ops.h"

/*
 * The groups that the system's file names, for change(): to be called before
 * the root directory changes.  Without the file groups have numbers only.
 */
void change_prepare(struct jail *jail);

/*
 * As FS_CHANGE says, of what the path leads to: regular files and directories,
 * else EOPNOTSUPP.  Either all of it or nothing, as far as the file system can
 * undo what it has done.  EINVAL: that mode is not for such a file.  ENODATA:
 * no group of the account has that name.  *done tells the file's size, mode
 * and time after it.
 */
NODISCARD int change(const struct jail *jail, const struct ops_request *request,
    struct msg_fs_done *done);

/*
 * chmod without fchmodat2(), which kernels before 6.6 have not; change() falls
 * back on it.  fd is the O_PATH handle of what path leads to.
 */
NODISCARD int change_mode_old(const struct jail *jail, int fd, const char *path,
    mode_t mode);

#endif
