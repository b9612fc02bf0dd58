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

#define FS_COPY_SOURCES_MAX 64
#define FS_COPY_LEN_MAX     24576 /* of all sources' paths, each terminated */
#define FS_COPY_JOIN        1u /* append and remove them; else there is one */

/*
 * Followed by the path of the new file, and by those of the sources, each
 * terminated.  Answered by FS_DONE: size is how many bytes were moved, entries
 * how many sources could not be removed, though all was copied.
 */
struct msg_fs_copy {
	uint32_t request;
	uint32_t flags;
	uint32_t mode; /* of a new file: see FS_MODE_OWN */
	uint32_t durability;
	uint32_t path_len;
	uint32_t sources_len;
};

/* How far FS_ERASE has got; error is why the first of those failed is there. */
struct msg_fs_erased {
	uint32_t request;
	int32_t error;
	uint64_t files, directories, failed;
};

/* The request is being worked at. */
struct msg_fs_alive {
	uint32_t request;
	uint32_t zero;
};

static_assert(sizeof(struct msg_fs_room) == 168, "wire layout");

#endif
