/*
 * ops - the requests that one or two system calls answer.
 *
 * Each returns 0, or -1 with errno.
 */
#ifndef WORKER_AGENT_OPS_H
#define WORKER_AGENT_OPS_H

#include <stdint.h>

#include "shm/base/attr.h"
#include "shm/ipc/body.h"
#include "worker/agent/jail.h"

/* What a request says; fields that it has not are 0 or "". */
struct ops_request {
	uint32_t request;
	uint32_t mode;
	int64_t modified, accessed;
	char path[FS_PATH_MAX + 1];
	char other[FS_PATH_MAX + 1]; /* the new name */
};

typedef int (*ops_function)(const struct jail *jail,
    const struct ops_request *request, struct msg_fs_done *done);

/* Size, time and mode of what the path leads to; FS_STAT_SELF in mode. */
NODISCARD int ops_stat(const struct jail *jail,
    const struct ops_request *request, struct msg_fs_done *done);
/* Whether it is a directory that the account may search. */
NODISCARD int ops_chdir(const struct jail *jail,
    const struct ops_request *request, struct msg_fs_done *done);
/* The mode is set as given; the worker has applied the umask. */
NODISCARD int ops_mkdir(const struct jail *jail,
    const struct ops_request *request, struct msg_fs_done *done);
/* Temporaries that a crash left behind do not keep it from going. */
NODISCARD int ops_rmdir(const struct jail *jail,
    const struct ops_request *request, struct msg_fs_done *done);
/* A symbolic link goes itself; a directory is EISDIR. */
NODISCARD int ops_unlink(const struct jail *jail,
    const struct ops_request *request, struct msg_fs_done *done);
/*
 * As rename(2): replaces what has the new name, EXDEV between mounts.  With
 * FS_RENAME_NEW in mode it replaces nothing: EEXIST.
 */
NODISCARD int ops_rename(const struct jail *jail,
    const struct ops_request *request, struct msg_fs_done *done);
/* Regular files and directories, else EOPNOTSUPP; links are followed. */
NODISCARD int ops_chmod(const struct jail *jail,
    const struct ops_request *request, struct msg_fs_done *done);
NODISCARD int ops_set_time(const struct jail *jail,
    const struct ops_request *request, struct msg_fs_done *done);

/*
 * chmod without fchmodat2(), which kernels before 6.6 have not; ops_chmod()
 * falls back on it.  fd is the O_PATH handle of what path leads to.
 */
NODISCARD int ops_chmod_old(const struct jail *jail, int fd, const char *path,
    mode_t mode);

#endif
