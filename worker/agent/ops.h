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
	enum fs_data data;
	const struct fs_change *change; /* FS_CHANGE */
	char path[FS_PATH_MAX + 1];
	char other[FS_PATH_MAX + 1]; /* the new name, or the group's, or what
				      * a link is to hold */
};

typedef int (*ops_function)(const struct jail *jail,
    const struct ops_request *request, struct msg_fs_done *done);

/*
 * Size, time and mode of what the path leads to; FS_STAT_SELF ... in mode.  For
 * an upload a mode of 0 says that nothing is there, and that something may be.
 */
NODISCARD int ops_stat(const struct jail *jail,
    const struct ops_request *request, struct msg_fs_done *done);
/* Whether it is a directory that the account may search. */
NODISCARD int ops_chdir(const struct jail *jail,
    const struct ops_request *request, struct msg_fs_done *done);
/* For its mode see FS_MODE_OWN. */
NODISCARD int ops_mkdir(const struct jail *jail,
    const struct ops_request *request, struct msg_fs_done *done);
/* Temporaries that a crash left behind do not keep it from going. */
NODISCARD int ops_rmdir(const struct jail *jail,
    const struct ops_request *request, struct msg_fs_done *done);
/* A symbolic link goes itself; a directory is EISDIR. */
NODISCARD int ops_unlink(const struct jail *jail,
    const struct ops_request *request, struct msg_fs_done *done);
/*
 * As rename(2): replaces what has the new name, EXDEV between mounts.  Where
 * rename_replaces is off it replaces nothing: EEXIST.
 */
NODISCARD int ops_rename(const struct jail *jail,
    const struct ops_request *request, struct msg_fs_done *done);

/* Fills in size, times and mode of what is open. */
NODISCARD int ops_tell(int fd, struct msg_fs_done *done);

#endif
