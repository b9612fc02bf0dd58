/*
 * body_list - the fixed parts of the messages about listings; see body.h, which
 * includes this.
 */
#ifndef SHM_IPC_BODY_LIST_H
#define SHM_IPC_BODY_LIST_H

#include <assert.h>
#include <stdint.h>

enum fs_list_format {
	FS_LIST_LONG,  /* as ls -l */
	FS_LIST_NAMES, /* NLST */
	FS_LIST_FACTS  /* MLSD */
};

#define FS_LIST_HIDDEN    1u  /* names that begin with a dot too */
#define FS_LIST_SELF      2u  /* one line about the path itself (MLST, -d) */
#define FS_LIST_DOTS      4u  /* long: "." and ".." too */
#define FS_LIST_RECURSIVE 8u  /* and what is below, not with FS_LIST_FACTS */
#define FS_LIST_FOLLOW    16u /* what links lead to, where it is there */
#define FS_LIST_CLASSIFY  32u /* a "/" behind directories, and so on */
#define FS_LIST_UTC       64u /* times, in FS_LIST_LONG */
#define FS_LIST_REVERSE   128u

enum fs_list_order {
	FS_ORDER_NONE, /* as the directory has them */
	FS_ORDER_NAME,
	FS_ORDER_TIME, /* the youngest first */
	FS_ORDER_SIZE, /* the largest first */
	FS_ORDER_COUNT
};

/*
 * FS_LIST: the listing goes into the pipe that travels along; then FS_DONE.
 * FS_LIST_SHORT: it comes itself, as FS_CONTENTS, or FS_DONE with EMSGSIZE when
 * it is not short, or not all; with ENOTDIR, mode is what the path leads to, or
 * 0.
 */
struct msg_fs_list {
	uint32_t request;
	uint32_t format;
	uint32_t flags;
	uint32_t facts; /* bits of enum fs_fact */
	uint32_t order; /* enum fs_list_order */
	uint32_t path_len;
	/* Where the components of the path begin that are patterns; 0: none. */
	uint32_t pattern;
	/*
	 * NLST: bytes put before each name; follow path.  For one line: but for
	 * the last name in them.
	 */
	uint32_t prefix_len;
	uint32_t uid, gid; /* whose names are shown instead of numbers */
	/* Bounds: see enum fs_cut. */
	uint32_t sorted_max, entries_max, directories_max, depth_max;
	uint32_t data;                /* enum fs_data */
	uint16_t user_len, group_len; /* follow prefix */
};

/* What bound has made a listing other than was asked for. */
enum fs_cut {
	FS_CUT_SORTED = 1,  /* a directory with more entries is not sorted */
	FS_CUT_ENTRIES = 2, /* lines, when more than one directory is read */
	FS_CUT_DIRECTORIES = 4, /* that were read, for a pattern or all below */
	FS_CUT_DEPTH = 8        /* directories that are below too many others */
};

enum fs_fact {
	FS_FACT_TYPE = 1,
	FS_FACT_SIZE = 2,
	FS_FACT_MODIFY = 4,
	FS_FACT_PERM = 8,
	FS_FACT_UNIQUE = 16,
	FS_FACT_CREATE = 32,
	FS_FACT_UNIX_MODE = 64,
	FS_FACT_UNIX_OWNER = 128,
	FS_FACT_UNIX_GROUP = 256,
	FS_FACT_UNIX_OWNERNAME = 512,
	FS_FACT_UNIX_GROUPNAME = 1024,
	FS_FACT_ALL = 2047
};

static_assert(sizeof(struct msg_fs_list) == 64, "wire layout");

#endif
