/*
 * body_fs - the fixed part of messages about files, between worker and agent.
 * Part of body.h.
 */
#ifndef SHM_IPC_BODY_FS_H
#define SHM_IPC_BODY_FS_H

#include <assert.h>
#include <stdint.h>

#define FS_PATH_MAX  4095  /* bytes of a path, without a NUL */
#define FS_SMALL_MAX 24576 /* bytes of a file that travels in a message */
#define FS_PEEK_MAX  8192  /* bytes of one that is told in a reply */

/* In the place of an errno, beyond those of the system. */
#define FS_ERROR_UPLOAD_ONLY 4096 /* files may only be added there */
#define FS_ERROR_CLEAR       4097 /* a transfer in clear */
#define FS_ERROR_PRIVATE     4098 /* a protected one */
#define FS_ERROR_MODE        4099 /* to change permissions */
#define FS_ERROR_SYMLINK     4100 /* to make symbolic links */

/*
 * The mode of something new is the permission bits that the session leaves it.
 * With this one it has chosen them itself, in the place of the configuration.
 */
#define FS_MODE_OWN 01000u

/* What a file, or names, are wanted for: tls.required tells these apart. */
enum fs_data {
	FS_DATA_NONE, /* no data connection */
	FS_DATA_CLEAR,
	FS_DATA_PRIVATE
};

/*
 * Paths are virtual: absolute, "/" is the account's root, no "." or ".."
 * components, no NUL.  They follow the body.
 */
struct msg_fs_path {
	uint32_t request;
	uint32_t path_len;
	uint32_t mode; /* FS_MKDIR: see FS_MODE_OWN; FS_STAT: flags; FS_PEEK:
			* most bytes, 1 to FS_PEEK_MAX; else 0 */
	uint32_t data; /* FS_STAT: enum fs_data; else 0 */
};

/* Instead of looking at what the path leads to. */
#define FS_STAT_SELF   1u /* of a symbolic link itself, to rename it */
#define FS_STAT_UPLOAD 2u /* of what an upload would replace or continue */

/*
 * A pipe begins at offset; a file is read from wherever the worker likes.  Of a
 * small file, the bytes from offset on may come themselves, as FS_CONTENTS.
 * Without a transfer it is for the checksum of what comes before end.
 */
struct msg_fs_open {
	uint32_t request;
	uint32_t path_len;
	uint64_t offset, end;
	uint32_t data; /* enum fs_data */
	uint32_t zero;
};

enum fs_create_how {
	FS_CREATE_REPLACE, /* hidden temporary, renamed at commit */
	FS_CREATE_UNIQUE,  /* the same; a name not in use is chosen (STOU) */
	FS_CREATE_APPEND,  /* in place, at the end (created when missing) */
	FS_CREATE_RESUME /* in place, from offset, which must exist, or be 0 */
};

struct msg_fs_create {
	uint32_t request;
	uint32_t how;
	uint64_t offset;
	uint32_t mode; /* of a new file: see FS_MODE_OWN */
	uint32_t path_len;
	uint32_t data; /* enum fs_data */
	uint32_t zero;
};

enum fs_durability {
	FS_DURABLE_NONE,
	FS_DURABLE_DATA, /* contents on disk before the answer */
	FS_DURABLE_FULL  /* and the name */
};

struct msg_fs_commit {
	uint32_t request;
	uint32_t handle;
	uint32_t durability;
	uint32_t zero;
	uint64_t
	    size; /* that the file must have, in bytes written through it */
};

/*
 * FS_CREATE, all bytes of a small file, and FS_COMMIT in one; the path and the
 * bytes follow.  how is not FS_CREATE_UNIQUE.
 */
struct msg_fs_store {
	uint32_t request;
	uint32_t how;
	uint64_t offset;
	uint32_t mode;
	uint32_t durability;
	uint32_t path_len;
	uint32_t size;
	uint32_t data; /* enum fs_data */
	uint32_t zero;
};

struct msg_fs_handle {
	uint32_t request;
	uint32_t handle;
};

/* Followed by the old path and the new one. */
struct msg_fs_rename {
	uint32_t request;
	uint32_t from_len;
	uint32_t to_len;
	uint32_t zero;
};

/* The end of a request; error is an errno, or 0. */
struct msg_fs_done {
	uint32_t request;
	int32_t error;
	uint64_t size;
	int64_t modified; /* seconds since 1970 */
	uint32_t mode;    /* st_mode; FS_LIST: bits of enum fs_cut */
	/*
	 * FS_LIST: lines written; FS_STORE: 1 in place; FS_CHANGE: its what;
	 * FS_STAT_UPLOAD: as the sums of msg_fs_opened.
	 */
	uint32_t entries;
	uint32_t modified_ns;
	uint32_t gid;
};

/*
 * A file that is open: the descriptor is the file itself, or a pipe that the
 * agent fills or drains where the file system may hang.  The name of the file
 * (FS_CREATE_UNIQUE: the one that was chosen) follows.
 */
struct msg_fs_opened {
	uint32_t request;
	uint32_t handle; /* 0 for reading */
	uint64_t size;   /* before the transfer */
	int64_t modified;
	uint32_t pipe; /* 1: the descriptor is a pipe */
	uint32_t name_len;
	uint32_t in_place; /* 1: no temporary; what is written is final */
	uint32_t sums;     /* FS_CREATE: those of hash_on_upload, as bits */
};

/*
 * A small file as it was when it was read, from the offset asked for; or, for
 * FS_PEEK, the first bytes of a file.
 */
struct msg_fs_contents {
	uint32_t request;
	uint32_t size; /* of the bytes, which follow */
	int64_t modified;
};

static_assert(sizeof(struct msg_fs_open) == 32, "wire layout");
static_assert(sizeof(struct msg_fs_create) == 32, "wire layout");
static_assert(sizeof(struct msg_fs_store) == 40, "wire layout");
static_assert(sizeof(struct msg_fs_done) == 40, "wire layout");
static_assert(sizeof(struct msg_fs_opened) == 40, "wire layout");

#endif
