/*
 * list_cursor - what the files of a listing under way share.
 *
 * list_begin.c finds what is to be listed, and makes the first lines;
 * list_single.c makes the only one of what is no directory, or is not opened;
 * list_names.c goes through the names of a directory; list_walk.c goes from one
 * directory to the next, where there are more; list_sort.c keeps names until it
 * has all of a directory; list.c puts it all into the pipe.
 */
#ifndef WORKER_AGENT_LIST_CURSOR_H
#define WORKER_AGENT_LIST_CURSOR_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "shm/base/attr.h"
#include "worker/agent/line.h"
#include "worker/agent/list.h"
#include "worker/agent/list_format.h"

struct list_sort;
struct list_walk;

/* What is done with the next name. */
enum list_phase {
	LIST_LINES,   /* it becomes a line */
	LIST_COLLECT, /* it is kept, to be sorted */
	LIST_SORTED,  /* the next one of those that were kept becomes a line */
	LIST_SEARCH   /* if it is a directory, that comes next */
};

struct list {
	const struct jail *jail;
	struct list_style style;
	uint32_t flags;
	unsigned int need; /* to each file or directory that is listed */
	enum list_phase phase;
	int directory; /* -1: a single line */
	int pipe;
	struct loop_watch *watch;
	struct line out;
	size_t fill;    /* no further line is begun beyond that in out */
	size_t written; /* of out */
	size_t names_size, names_len, names_at;
	bool at_end;
	uint32_t entries, entries_max;
	uint32_t cut; /* bits of enum fs_cut */
	list_handler handler;
	void *context;
	char *prefix;
	char *text;             /* of the pattern, where there is no walk */
	const char *pattern;    /* of names in the directory; NULL: all */
	struct list_sort *sort; /* NULL: as the directory has them */
	struct list_walk *walk; /* NULL: there is one directory */
	uint8_t *names;         /* names_size bytes: struct dirent64 */
	struct statx facts;     /* of the entry that is added */
	char *where; /* the directory, as it was found; NULL: not known */
	size_t path_len;
	/* Of the directory; the root's is "".  The last: it is not cleared. */
	char path[FS_PATH_MAX + 1];
};

/* Opens what is to be listed, or makes its line.  0, or -1 with errno. */
NODISCARD int list_open(struct list *list, const struct list_request *request);

/* Names of the directory.  1: there are some, 0: the end, -1 with errno. */
NODISCARD int list_read_names(struct list *list);

/* The present directory is at its beginning. */
void list_rewind(struct list *list);
/* The lines for "." and "..", if they are wanted.  0, or -1 with errno. */
NODISCARD int list_add_dots(struct list *list, const struct statx *this);

/* What is asked for of a name below the directory, of which "" is itself. */
NODISCARD int list_look(const struct list *list, int directory,
    const char *name, struct statx *facts);
void list_add(struct list *list, int directory, const struct list_entry *entry);

/* The same of the path, and of what it leads to. */
NODISCARD int list_look_at(const struct list *list, const char *path,
    struct statx *facts);
/* The same of a name in the directory, or of what it leads to. */
NODISCARD int list_look_name(struct list *list, const char *name,
    struct statx *facts);

/* Whether lines tell what the account may do. */
NODISCARD bool list_tells_rights(const struct list *list);
/*
 * Takes note of the directory that holds the entries, which is open, for their
 * "perm".
 */
void list_set_parent(struct list *list, int directory,
    const struct statx *facts);

/* The rights that there are not to a name in the directory, ".", or "..". */
NODISCARD unsigned int list_lacks(struct list *list, const char *name);

/*
 * The line of a name in the directory; nothing when it has gone since.  1, or
 * 0: there may be no more lines.
 */
NODISCARD int list_add_name(struct list *list, const char *name,
    unsigned char type);

/*
 * The path of a name in the directory, in out (FS_PATH_MAX + 1 bytes); its
 * length, or 0 when it is too long.
 */
size_t list_path_of(const struct list *list, const char *name, char *out);

/* Goes on by one name.  1, 0: nothing is left, -1 with errno. */
NODISCARD int list_next(struct list *list);

/* list_single.c: the line about what the path names.  0, or -1 with errno. */
NODISCARD int list_single(struct list *list, const char *path);

/* list_walk.c --------------------------------------------------------------
 *
 * More directories than one: all below one (FS_LIST_RECURSIVE), or those that
 * the components of a pattern find.  The way down is kept, a descriptor and a
 * position a directory, and nothing else, however many entries there are.
 */

/* patterns: components, "/" between them, or NULL.  0, or -1 with errno. */
NODISCARD int list_walk_begin(struct list *list,
    const struct list_request *request, const char *patterns);
void list_walk_free(struct list_walk **walk);

/* A name in LIST_SEARCH; and the end of a directory.  As list_next(). */
NODISCARD int list_walk_into(struct list *list, const struct dirent64 *entry);
NODISCARD int list_walk_on(struct list *list);

/* list_sort.c -------------------------------------------------------------- */

/* 0, or -1 with errno. */
NODISCARD int list_sort_begin(struct list *list,
    const struct list_request *request);
void list_sort_free(struct list_sort **sort);

/* A name in LIST_COLLECT; its end; a line in LIST_SORTED.  As list_next(). */
NODISCARD int list_sort_keep(struct list *list, const struct dirent64 *entry);
NODISCARD int list_sort_all(struct list *list);
NODISCARD int list_sort_next(struct list *list);

#endif
