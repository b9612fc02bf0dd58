/*
 * body_room - the fixed part of messages about room on file systems, and about
 * what takes an agent longer.  Part of body.h.
 */
#ifndef SHM_IPC_BODY_ROOM_H
#define SHM_IPC_BODY_ROOM_H

#include <assert.h>
#include <stdint.h>

enum fs_quota_kind {
	FS_QUOTA_USER,
	FS_QUOTA_GROUP,
	FS_QUOTA_KINDS
};

/* What is used of something, and its limits; 0: no limit. */
struct fs_quota_part {
	uint64_t used, soft, hard;
	int64_t until; /* that soft may be exceeded: seconds since 1970, or 0 */
};

struct fs_quota {
	struct fs_quota_part bytes, files;
};

/* Followed by the path. */
struct msg_fs_space {
	uint32_t request;
	uint32_t path_len;
	uint64_t wanted; /* bytes; for the asker to remember */
};

/* The answer to FS_SPACE, when there is no error. */
struct msg_fs_room {
	uint32_t request;
	uint32_t quotas; /* bits: 1 << enum fs_quota_kind, of those there are */
	uint64_t wanted; /* as it was asked */
	int64_t now;     /* by which until is to be judged */
	/* Of the file system, for others than root; UINT64_MAX: unlimited. */
	uint64_t bytes, files;
	struct fs_quota quota[FS_QUOTA_KINDS];
};

static_assert(sizeof(struct msg_fs_room) == 168, "wire layout");

#endif
