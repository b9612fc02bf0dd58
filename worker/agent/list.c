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

#define NAMES_SIZE 16384 /* of directory entries read at once */
#define FILL       24576 /* no further line is begun beyond */

struct list {
	const struct jail *jail;
	struct list_style style;
	uint32_t flags;
	int directory; /* -1: a single line */
	int pipe;
	struct loop_watch *watch;
	struct buf out;
	size_t names_len, names_at;
	bool at_end;
	uint32_t entries;
	list_handler handler;
	void *context;
	uint8_t *prefix;
	char *pattern;  /* NULL: all names */
	uint8_t *names; /* NAMES_SIZE bytes of struct dirent64 */
};

static unsigned int
wanted_facts(const struct list *list)
{
	return (STATX_BASIC_STATS |
	    ((list->style.facts & FS_FACT_CREATE) != 0 ? STATX_BTIME : 0));
}

static int
look(const struct list *list, int directory, const char *name,
    struct statx *facts)
{
	return (statx(directory, name,
	    AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH,
	    wanted_facts(list), facts));
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

static int
add_line(struct list *list, int directory, const struct list_entry *entry)
{
	struct list_entry line = *entry;
	char target[PATH_MAX];
	ssize_t len;

	if (list->style.format == FS_LIST_LONG &&
	    S_ISLNK(entry->facts->stx_mode)) {
		len = readlinkat(directory, entry->name, target,
		    sizeof(target) - 1);
		if (len > 0) {
			target[len] = '\0';
			line.target = target;
		}
	}
	if (list_format(&list->out, &list->style, &line) == -1)
		return (-1);
	list->entries++;
	return (0);
}

/* 0 also when the name has gone since it was read. */
static int
add_name(struct list *list, const char *name, unsigned char type)
{
	struct list_entry entry = { name, NULL, NULL, LIST_ENTRY };
	struct statx facts;

	entry.facts = &facts;
	if (list->style.format == FS_LIST_NAMES)
		guess(&facts, type);
	else if (look(list, list->directory, name, &facts) == -1) {
		if (errno == ENOENT)
			return (0);
		guess(&facts, type);
	}
	return (add_line(list, list->directory, &entry));
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

/* Formats the next entries into the buffer. */
static int
fill(struct list *list)
{
	uint64_t until = loop_now() + LIST_TURN;
	const struct dirent64 *entry;
	int i, ret;

	for (i = 0; i < LIST_CHUNK && buf_len(&list->out) < FILL; i++) {
		if (i > 0 && loop_now() > until)
			return (0);
		ret = read_names(list);
		if (ret <= 0) {
			list->at_end = true;
			return (ret);
		}
		entry = (const void *)(list->names + list->names_at);
		list->names_at += entry->d_reclen;
		if (is_shown(list, entry->d_name) &&
		    add_name(list, entry->d_name, entry->d_type) == -1)
			return (-1);
	}
	return (0);
}

/* 1: all is written, 0: more is to come, -1 with errno. */
static int
advance(struct list *list)
{
	ssize_t n;

	if (buf_len(&list->out) == 0 && !list->at_end && fill(list) == -1)
		return (-1);
	if (buf_len(&list->out) > 0) {
		n = write(list->pipe, buf_data(&list->out),
		    buf_len(&list->out));
		if (n == -1)
			return (errno == EAGAIN || errno == EINTR ? 0 : -1);
		buf_consume(&list->out, (size_t)n);
	}
	return (list->at_end && buf_len(&list->out) == 0 ? 1 : 0);
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
	if (look(list, list->jail->root, "", &root) == -1 ||
	    add_line(list, list->directory, &entry) == -1)
		return (-1);
	if (is_same(this, &root)) {
		if (facts)
			return (0);
		above = root;
	} else if (look(list, list->directory, "..", &above) == -1)
		return (0);
	entry.name = "..";
	entry.facts = &above;
	entry.kind = LIST_PARENT;
	return (add_line(list, list->directory, &entry));
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
	return (add_line(list, list->jail->root, &entry));
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
	return (add_line(list, place->parent, &entry));
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
	buf_init(&list->out, 0);
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
	buf_free(&ended->out);
	free(ended->prefix);
	free(ended->pattern);
	free(ended->names);
	free(ended);
}
