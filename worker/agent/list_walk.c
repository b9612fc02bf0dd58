#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shm/base/fd.h"
#include "worker/agent/list_cursor.h"
#include "worker/agent/resolve.h"

#define LEVELS_MAX 64 /* descriptors of one listing */

/* A directory on the way down, to go on in. */
struct level {
	int directory;
	int64_t position;
	size_t path_len;
};

struct list_walk {
	bool recursive;
	size_t depth;                     /* levels above the directory */
	size_t depth_max;                 /* recursive: most of these */
	uint32_t directories;             /* that may still be read */
	const char *patterns[LEVELS_MAX]; /* one a level */
	size_t npatterns;
	char *text;       /* of the patterns */
	size_t base_len;  /* of the path where it began */
	size_t given_len; /* of the prefix that was asked for */
	struct level levels[LEVELS_MAX];
};

/* Takes the patterns apart. */
static int
set_patterns(struct list_walk *walk, const char *patterns)
{
	char *at;

	walk->text = strdup(patterns);
	if (walk->text == NULL)
		return (-1);
	for (at = walk->text; at != NULL; at = strchr(at, '/')) {
		if (walk->npatterns > 0)
			*at++ = '\0';
		if (walk->npatterns == LEVELS_MAX) {
			errno = ENAMETOOLONG;
			return (-1);
		}
		walk->patterns[walk->npatterns++] = at;
	}
	return (0);
}

/* The prefix is what was asked for, and then the path from where it began. */
static int
make_prefix(struct list *list, const struct list_request *request)
{
	size_t len = request->body->prefix_len;
	char *prefix = malloc(len + FS_PATH_MAX + 1);

	if (prefix == NULL)
		return (-1);
	memcpy(prefix, request->prefix, len);
	free(list->prefix);
	list->prefix = prefix;
	list->style.prefix = prefix;
	list->walk->given_len = len;
	return (0);
}

/*
 * The directory is another one.  Below a "-R" long lines have a heading, since
 * programs read them; all other names come with their path.
 */
static void
arrive(struct list *list)
{
	const struct list_walk *walk = list->walk;
	const char *below = list->path + walk->base_len;
	size_t len = walk->given_len,
	       below_len = list->path_len - walk->base_len;

	if (below_len > 0) {
		memcpy(list->prefix + len, below + 1, below_len - 1);
		len += below_len;
		list->prefix[len - 1] = '/';
	}
	list->style.prefix_len =
	    walk->recursive && list->style.format == FS_LIST_LONG ? 0 : len;
	if (!walk->recursive)
		list->pattern = walk->patterns[walk->depth];
	list_rewind(list);
	if (!walk->recursive && walk->depth + 1 < walk->npatterns)
		list->phase = LIST_SEARCH;
}

int
list_walk_begin(struct list *list, const struct list_request *request,
    const char *patterns)
{
	const struct msg_fs_list *body = request->body;
	struct list_walk *walk = calloc(1, sizeof(*walk));

	if (walk == NULL)
		return (-1);
	list->walk = walk;
	walk->recursive = patterns == NULL;
	walk->base_len = patterns == NULL ? list->path_len : body->pattern - 1;
	walk->depth_max =
	    body->depth_max < LEVELS_MAX ? body->depth_max : LEVELS_MAX;
	walk->directories = body->directories_max;
	list->entries_max = body->entries_max;
	if (make_prefix(list, request) == -1 ||
	    (patterns != NULL && set_patterns(walk, patterns) == -1))
		return (-1);
	arrive(list);
	return (0);
}

void
list_walk_free(struct list_walk **walk)
{
	struct list_walk *ended = *walk;

	if (ended == NULL)
		return;
	*walk = NULL;
	while (ended->depth > 0)
		fd_close(&ended->levels[--ended->depth].directory);
	free(ended->text);
	free(ended);
}

/* What a pattern names may be a link to a directory; "-R" follows none. */
static bool
may_be_directory(const struct list_walk *walk, unsigned char type)
{
	return (type == DT_DIR || type == DT_UNKNOWN ||
	    (type == DT_LNK && !walk->recursive));
}

static int
open_below(const struct list *list, const struct dirent64 *entry, char *path)
{
	unsigned int need = ACCESS_ENTER | list->need;
	int flags = O_RDONLY | O_DIRECTORY;

	if (list_path_of(list, entry->d_name, path) == 0)
		return (-1);
	if (list->walk->recursive) {
		need |= ACCESS_BELOW;
		flags |= O_NOFOLLOW;
	}
	return (resolve_open(list->jail, path, need, flags));
}

/* The first lines of a directory below. */
static void
begin_below(struct list *list)
{
	const struct list_walk *walk = list->walk;
	struct statx this;

	if (!walk->recursive || list->style.format != FS_LIST_LONG)
		return;
	list_heading(&list->out, walk->given_len == 0 ? "./" : "", list->prefix,
	    walk->given_len + list->path_len - walk->base_len - 1);
	if (list_look(list, list->directory, "", &this) == 0)
		(void)!list_add_dots(list, &this);
}

/* Goes down into what was opened. */
static void
go_down(struct list *list, int fd, int64_t position, const char *path)
{
	struct list_walk *walk = list->walk;
	struct level *level = &walk->levels[walk->depth++];

	level->directory = list->directory;
	level->position = position;
	level->path_len = list->path_len;
	list->directory = fd;
	list->path_len = strlen(path);
	memcpy(list->path, path, list->path_len + 1);
	arrive(list);
	begin_below(list);
}

/* A directory that cannot be read is passed over. */
static int
walk_into(struct list *list, const struct dirent64 *entry)
{
	struct list_walk *walk = list->walk;
	char path[FS_PATH_MAX + 1];
	int fd;

	fd = open_below(list, entry, path);
	if (fd == -1)
		return (1);
	if (walk->recursive && walk->depth >= walk->depth_max) {
		list->cut |= FS_CUT_DEPTH;
		fd_close(&fd);
		return (1);
	}
	if (walk->directories == 0) {
		list->cut |= FS_CUT_DIRECTORIES;
		fd_close(&fd);
		return (0);
	}
	walk->directories--;
	go_down(list, fd, entry->d_off, path);
	return (1);
}

int
list_walk_into(struct list *list, const struct dirent64 *entry)
{
	if (!may_be_directory(list->walk, entry->d_type))
		return (1);
	return (walk_into(list, entry));
}

/* Back to the directory above, if there is one, to go on where we were. */
static bool
go_up(struct list *list)
{
	struct list_walk *walk = list->walk;
	const struct level *level;

	while (walk->depth > 0) {
		level = &walk->levels[--walk->depth];
		fd_close(&list->directory);
		list->directory = level->directory;
		list->path_len = level->path_len;
		list->path[list->path_len] = '\0';
		arrive(list);
		list->phase = LIST_SEARCH;
		if (lseek(list->directory, level->position, SEEK_SET) != -1)
			return (true);
	}
	return (false);
}

/* All below a directory comes after its own lines, so it is read again. */
int
list_walk_on(struct list *list)
{
	if (list->walk->recursive && list->phase != LIST_SEARCH &&
	    lseek(list->directory, 0, SEEK_SET) != -1) {
		list_rewind(list);
		list->phase = LIST_SEARCH;
		return (1);
	}
	return (go_up(list) ? 1 : 0);
}
