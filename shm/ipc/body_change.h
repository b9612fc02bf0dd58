/*
 * body_change - the messages that change what a file is, not what is in it;
 * part of body.h.
 */
#ifndef SHM_IPC_BODY_CHANGE_H
#define SHM_IPC_BODY_CHANGE_H

#include <assert.h>
#include <stdint.h>

struct fs_time {
	int64_t seconds; /* since 1970 */
	uint32_t nanoseconds;
	uint32_t zero;
};

/* What is to change. */
#define FS_CHANGE_MODE     1u
#define FS_CHANGE_GROUP    2u
#define FS_CHANGE_MODIFIED 4u
#define FS_CHANGE_ACCESSED 8u

struct fs_change {
	uint32_t what;
	/*
	 * The new mode: what of the old one is kept, what is set, and what is
	 * set in a directory, or where somebody may execute the file.
	 */
	uint32_t keep, set, set_x;
	uint32_t gid; /* unless there is a name of the group */
	uint32_t zero;
	struct fs_time modified, accessed;
};

/* Followed by the path and the name of a group. */
struct msg_fs_change {
	uint32_t request;
	uint32_t path_len;
	uint32_t group_len; /* 0: see gid */
	uint32_t zero;
	struct fs_change change;
};

/* Followed by the path of the link, and where it leads, which is no path. */
struct msg_fs_symlink {
	uint32_t request;
	uint32_t path_len;
	uint32_t target_len;
	uint32_t zero;
};

static_assert(sizeof(struct msg_fs_change) == 72, "wire layout");

#endif
