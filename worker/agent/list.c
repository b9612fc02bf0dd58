#include "worker/agent/list.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shm/base/fd.h"
#include "worker/agent/list_format.h"
#include "worker/agent/match.h"
#include "worker/agent/resolve.h"
#include "worker/agent/temporary.h"

#define NAMES_SIZE 32768             /* of directory entries read at once */
#define PIPE_SIZE  65536             /* what a pipe takes */
#define FILL       (PIPE_SIZE - 512) /* no further line is begun beyond */
#define OUT_SIZE   (PIPE_SIZE + LIST_LINE_MAX)

/* While entries are looked at this fast, the clock is looked at less often. */
#define ENTRIES_A_TICK 8

struct list {
	const struct jail *jail;
	struct list_style style;
	uint32_t flags;
	int directory; /* -1: a single line */
	int pipe;
	struct loop_watch *watch;
	struct line out;
	size_t written; /* of out */
	size_t names_len, names_at;
	bool at_end;
	uint32_t entries;
	list_handler handler;
	void *context;
	uint8_t *prefix;
	char *pattern;      /* NULL: all names */
	uint8_t *names;     /* NAMES_SIZE bytes of struct dirent64 */
	struct statx facts; /* of the entry that is added */
};

/* Nothing that a network file system would have to ask for in vain. */
static unsigned int
wanted_facts(const struct list *list)
{
	return (STATX_TYPE | STATX_MODE | STATX_NLINK | STATX_UID | STATX_GID |
	    STATX_SIZE | STATX_MTIME | STATX_INO |
	    ((list->style.facts & FS_FACT_CREATE) != 0 ? STATX_BTIME : 0));
}

static int
look(const struct list *list, int directory, const char *name,
    struct statx *facts)
{
	int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;

	return (statx(directory, name,
	    name[0] == '\0' ? flags | AT_EMPTY_PATH : flags, wanted_facts(list),
	    facts));
}

/* What the type alone tells of a file that may not be looked at. */
static void
guess(struct statx *facts, unsigned char type)
{
	memset(facts, 0, sizeof(*facts));
	facts->stx_mode = (uint16_t)DTTOIF(type);
	facts->stx_nlink = 1;
	facts->stx_uid = facts->stx_gid = (uint32_t)-1;
}

static void
add_link(struct list *list, int directory, const struct list_entry *entry)
{
	struct list_entry line = *entry;
	char target[PATH_MAX];
	ssize_t len;

	len = readlinkat(directory, entry->name, target, sizeof(target) - 1);
	if (len > 0) {
		target[len] = '\0';
		line.target = target;
	}
	list_format(&list->out, &list->style, &line);
}

static void
add_line(struct list *list, int directory, const struct list_entry *entry)
{
	if (list->style.format == FS_LIST_LONG &&
	    S_ISLNK(entry->facts->stx_mode))
		add_link(list, directory, entry);
	else
		list_format(&list->out, &list->style, entry);
	list->entries++;
}

/* Nothing when the name has gone since it was read. */
static void
add_name(struct list *list, const char *name, unsigned char type)
{
	struct list_entry entry = { name, &list->facts, NULL, LIST_ENTRY };

	if (list->style.format == FS_LIST_NAMES)
		guess(&list->facts, type);
	else if (look(list, list->directory, name, &list->facts) == -1) {
		if (errno == ENOENT)
			return;
		guess(&list->facts, type);
	}
	add_line(list, list->directory, &entry);
}

/* A name with a dot is meant by a pattern that has it, too. */
static bool
is_shown(struct list *list, const char *name)
{
	const char *pattern = list->pattern;

	if (name[0] != '.')
		return (pattern == NULL || match_name(pattern, name));
	if (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'))
		return (false);
	if (temporary_is_name(name)) {
		if (!list->jail->read_only)
			temporary_sweep(list->directory, name,
			    TEMPORARY_AGE_LISTED);
		return (false);
	}
	if (pattern != NULL && !match_name(pattern, name))
		return (false);
	return ((list->flags & FS_LIST_HIDDEN) != 0 ||
	    (pattern != NULL && pattern[0] == '.'));
}

/* 1: there are entries, 0: the end, -1 with errno. */
static int
read_names(struct list *list)
{
	ssize_t n;

	if (list->names_at < list->names_len)
		return (1);
	n = getdents64(list->directory, list->names, NAMES_SIZE);
	if (n <= 0)
		return ((int)n);
	list->names_len = (size_t)n;
	list->names_at = 0;
	return (1);
}

/* Formats the next entry.  As read_names(). */
static int
add_next(struct list *list)
{
	const struct dirent64 *entry;
	int ret;

	ret = read_names(list);
	if (ret <= 0)
		return (ret);
	entry = (const void *)(list->names + list->names_at);
	list->names_at += entry->d_reclen;
	if (is_shown(list, entry->d_name))
		add_name(list, entry->d_name, entry->d_type);
	return (1);
}

/* At most count entries, while there is room.  As read_names(). */
static int
add_some(struct list *list, unsigned int count)
{
	int ret = 1;

	while (ret > 0 && count-- > 0 && list->out.len < FILL)
		ret = add_next(list);
	list->at_end = ret <= 0;
	return (ret);
}

/* Formats the next entries into the buffer. */
static int
fill(struct list *list)
{
	uint64_t now = loop_now(), until = now + LIST_TURN, before;
	unsigned int count = 1;
	int ret;

	do {
		ret = add_some(list, count);
		before = now;
		now = loop_now();
		count = now == before ? ENTRIES_A_TICK : 1;
	} while (ret > 0 && list->out.len < FILL && now <= until);
	return (ret);
}

static int
write_some(struct list *list)
{
	ssize_t n;

	if (list->out.len == 0)
		return (0);
	n = write(list->pipe, list->out.text + list->written,
	    list->out.len - list->written);
	if (n == -1)
		return (errno == EAGAIN || errno == EINTR ? 0 : -1);
	list->written += (size_t)n;
	if (list->written == list->out.len)
		list->out.len = list->written = 0;
	return (0);
}

/*
 * Writes, and makes the next lines while the worker empties the pipe.  1: all
 * is written, 0: more is to come, -1 with errno.
 */
static int
advance(struct list *list)
{
	if (write_some(list) == -1)
		return (-1);
	if (list->out.len == 0 && !list->at_end && fill(list) == -1)
		return (-1);
	return (list->at_end && list->out.len == 0 ? 1 : 0);
}

/* The pipe is closed first: its reader sees the end before the answer. */
static void
pipe_ready(unsigned int events UNUSED, void *context)
{
	struct list *list = context;
	int ret = advance(list), error = ret == -1 ? errno : 0;

	if (ret == 0)
		return;
	loop_unwatch(&list->watch);
	fd_close(&list->pipe);
	list->handler(error, list->entries, list->context);
}

static void
set_style(struct list *list, const struct list_request *request)
{
	const struct msg_fs_list *body = request->body;
	struct list_style *style = &list->style;

	style->jail = list->jail;
	style->format = (enum fs_list_format)body->format;
	style->facts = body->facts;
	style->read_only =
	    list->jail->read_only || (body->flags & FS_LIST_READ_ONLY) != 0;
	style->uid = body->uid;
	style->gid = body->gid;
	list_owner(style->user, request->user, body->user_len);
	list_owner(style->group, request->group, body->group_len);
	style->now = time(NULL);
}

static int
set_prefix(struct list *list, const struct list_request *request)
{
	size_t len = request->body->prefix_len;

	if (len == 0)
		return (0);
	list->prefix = malloc(len);
	if (list->prefix == NULL)
		return (-1);
	memcpy(list->prefix, request->prefix, len);
	list->style.prefix = (const char *)list->prefix;
	list->style.prefix_len = len;
	return (0);
}

/* Takes note of the directory that holds the entries, for their "perm". */
static void
set_parent(struct list *list, const struct statx *facts)
{
	const int both = W_OK | X_OK;

	list->style.parent_writable = (jail_access(list->jail, facts->stx_mode,
					   facts->stx_uid, facts->stx_gid) &
					  both) == both;
	list->style.parent_sticky = (facts->stx_mode & S_ISVTX) != 0;
	list->style.parent_ours = facts->stx_uid == list->jail->uid;
}

static bool
is_same(const struct statx *a, const struct statx *b)
{
	return (a->stx_ino == b->stx_ino &&
	    a->stx_dev_major == b->stx_dev_major &&
	    a->stx_dev_minor == b->stx_dev_minor);
}

/*
 * The lines for "." and "..".  What is above the root is not shown: in long
 * listings the root stands for it, in facts the line is left out.
 */
static int
add_dots(struct list *list, const struct statx *this)
{
	struct list_entry entry = { ".", this, NULL, LIST_THIS };
	struct statx above, root;
	bool facts = list->style.format == FS_LIST_FACTS;

	if (!facts &&
	    (list->style.format == FS_LIST_NAMES ||
		(list->flags & FS_LIST_HIDDEN) == 0))
		return (0);
	if (look(list, list->jail->root, "", &root) == -1)
		return (-1);
	add_line(list, list->directory, &entry);
	if (is_same(this, &root)) {
		if (facts)
			return (0);
		above = root;
	} else if (look(list, list->directory, "..", &above) == -1)
		return (0);
	entry.name = "..";
	entry.facts = &above;
	entry.kind = LIST_PARENT;
	add_line(list, list->directory, &entry);
	return (0);
}

static int
begin_directory(struct list *list)
{
	struct statx this;

	list->names = malloc(NAMES_SIZE);
	if (list->names == NULL || look(list, list->directory, "", &this) == -1)
		return (-1);
	set_parent(list, &this);
	return (list->pattern == NULL ? add_dots(list, &this) : 0);
}

/* Facts are about what a link leads to, long listings about the link. */
static int
look_at_target(const struct list *list, const char *path, struct statx *facts)
{
	int fd, ret;

	if (list->style.format != FS_LIST_FACTS)
		return (-1);
	fd = resolve_open(list->jail->root, path, O_PATH);
	if (fd == -1)
		return (-1);
	ret = look(list, fd, "", facts);
	fd_close(&fd);
	return (ret);
}

static int
add_root(struct list *list)
{
	struct list_entry entry = { "/", NULL, NULL, LIST_THIS };
	struct statx facts;

	if (look(list, list->jail->root, "", &facts) == -1)
		return (-1);
	entry.facts = &facts;
	add_line(list, list->jail->root, &entry);
	return (0);
}

static int
add_place(struct list *list, const char *path, const struct place *place)
{
	struct list_entry entry = { place->name, NULL, NULL, LIST_ENTRY };
	struct statx parent, facts;

	if (look(list, place->parent, "", &parent) == -1 ||
	    look(list, place->parent, place->name, &facts) == -1)
		return (-1);
	if (S_ISLNK(facts.stx_mode))
		(void)look_at_target(list, path, &facts);
	set_parent(list, &parent);
	entry.facts = &facts;
	/* RFC 3659 7.3.1: a name that means the same wherever one is. */
	if (list->style.format == FS_LIST_FACTS)
		entry.name = path;
	add_line(list, place->parent, &entry);
	return (0);
}

static int
begin_single(struct list *list, const char *path)
{
	struct place place;
	int ret, error;

	list->at_end = true;
	if (strcmp(path, "/") == 0)
		return (add_root(list));
	if (resolve_place(list->jail->root, path, &place) == -1)
		return (-1);
	ret = add_place(list, path, &place);
	error = errno;
	resolve_free(&place);
	errno = error;
	return (ret);
}

/* The last component is the pattern; what is before it, the directory. */
static int
begin_pattern(struct list *list, const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash == path ? 1 : (size_t)(slash - path);
	char directory[FS_PATH_MAX + 1];

	memcpy(directory, path, len);
	directory[len] = '\0';
	list->pattern = strdup(slash + 1);
	if (list->pattern == NULL)
		return (-1);
	list->directory =
	    resolve_open(list->jail->root, directory, O_RDONLY | O_DIRECTORY);
	return (list->directory == -1 ? -1 : begin_directory(list));
}

static int
begin(struct list *list, const struct list_request *request)
{
	char *memory = malloc(OUT_SIZE);

	if (memory == NULL)
		return (-1);
	line_init(&list->out, memory, OUT_SIZE);
	set_style(list, request);
	if (set_prefix(list, request) == -1)
		return (-1);
	if ((list->flags & FS_LIST_PATTERN) != 0)
		return (begin_pattern(list, request->path));
	if ((list->flags & FS_LIST_SELF) != 0)
		return (begin_single(list, request->path));
	list->directory = resolve_open(list->jail->root, request->path,
	    O_RDONLY | O_DIRECTORY);
	if (list->directory != -1)
		return (begin_directory(list));
	if (errno != ENOTDIR || list->style.format == FS_LIST_FACTS)
		return (-1);
	return (begin_single(list, request->path));
}

struct list *
list_new(struct loop *loop, const struct jail *jail,
    const struct list_request *request, int pipe, list_handler handler,
    void *context)
{
	struct list *list;
	int error;

	list = calloc(1, sizeof(*list));
	if (list == NULL) {
		fd_close(&pipe);
		return (NULL);
	}
	list->jail = jail;
	list->flags = request->body->flags;
	list->directory = -1;
	list->pipe = pipe;
	list->handler = handler;
	list->context = context;
	if (fd_set_nonblock(pipe) == 0 && begin(list, request) == 0)
		list->watch =
		    loop_watch(loop, pipe, LOOP_WRITE, pipe_ready, list);
	if (list->watch == NULL) {
		error = errno;
		list_free(&list);
		errno = error;
	}
	return (list);
}

void
list_free(struct list **list)
{
	struct list *ended = *list;

	if (ended == NULL)
		return;
	*list = NULL;
	loop_unwatch(&ended->watch);
	fd_close(&ended->pipe);
	fd_close(&ended->directory);
	free(ended->out.text);
	free(ended->prefix);
	free(ended->pattern);
	free(ended->names);
	free(ended);
}
