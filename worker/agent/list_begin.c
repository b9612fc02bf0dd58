/* How a listing begins: what is listed, and lines that are no names of it. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "shm/base/fd.h"
#include "worker/agent/list_cursor.h"
#include "worker/agent/resolve.h"

/* Nothing that a network file system would have to ask for in vain. */
static unsigned int
wanted_facts(const struct list *list)
{
	return (STATX_TYPE | STATX_MODE | STATX_NLINK | STATX_UID | STATX_GID |
	    STATX_SIZE | STATX_MTIME | STATX_INO |
	    ((list->style.facts & FS_FACT_CREATE) != 0 ? STATX_BTIME : 0));
}

int
list_look(const struct list *list, int directory, const char *name,
    struct statx *facts)
{
	int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;

	return (statx(directory, name,
	    name[0] == '\0' ? flags | AT_EMPTY_PATH : flags, wanted_facts(list),
	    facts));
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

void
list_add(struct list *list, int directory, const struct list_entry *entry)
{
	if (list->style.format == FS_LIST_LONG &&
	    S_ISLNK(entry->facts->stx_mode))
		add_link(list, directory, entry);
	else
		list_format(&list->out, &list->style, entry);
	list->entries++;
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

/* "a/b/" becomes "a/": b itself is shown, or what fits in its place. */
static void
cut_prefix(struct list *list)
{
	size_t len = list->style.prefix_len;

	while (len > 0 && list->prefix[len - 1] == '/')
		len--;
	while (len > 0 && list->prefix[len - 1] != '/')
		len--;
	list->style.prefix_len = len;
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
	if (list_look(list, list->jail->root, "", &root) == -1)
		return (-1);
	list_add(list, list->directory, &entry);
	if (is_same(this, &root)) {
		if (facts)
			return (0);
		above = root;
	} else if (list_look(list, list->directory, "..", &above) == -1)
		return (0);
	entry.name = "..";
	entry.facts = &above;
	entry.kind = LIST_PARENT;
	list_add(list, list->directory, &entry);
	return (0);
}

static int
begin_directory(struct list *list)
{
	struct statx this;

	list->names = malloc(list->names_size);
	if (list->names == NULL ||
	    list_look(list, list->directory, "", &this) == -1)
		return (-1);
	set_parent(list, &this);
	return (list->pattern == NULL ? add_dots(list, &this) : 0);
}

/* Facts are about what a link leads to, long listings about the link. */
static int
look_at_target(const struct list *list, const char *path, struct statx *facts)
{
	int fd, ret;

	if (list->style.format != FS_LIST_FACTS || !S_ISLNK(facts->stx_mode))
		return (0);
	fd = resolve_open(list->jail, path, ACCESS_LOOK, O_PATH);
	if (fd == -1)
		return (-1);
	ret = list_look(list, fd, "", facts);
	fd_close(&fd);
	return (ret);
}

static int
add_root(struct list *list)
{
	struct list_entry entry = { "/", NULL, NULL, LIST_THIS };
	struct statx facts;

	if (list_look(list, list->jail->root, "", &facts) == -1)
		return (-1);
	entry.facts = &facts;
	list_add(list, list->jail->root, &entry);
	return (0);
}

static int
add_place(struct list *list, const char *path, const struct place *place)
{
	struct list_entry entry = { place->name, NULL, NULL, LIST_ENTRY };
	struct statx parent, facts;

	if (list_look(list, place->parent, "", &parent) == -1 ||
	    list_look(list, place->parent, place->name, &facts) == -1 ||
	    look_at_target(list, path, &facts) == -1)
		return (-1);
	set_parent(list, &parent);
	entry.facts = &facts;
	/* RFC 3659 7.3.1: a name that means the same wherever one is. */
	if (list->style.format == FS_LIST_FACTS)
		entry.name = path;
	list_add(list, place->parent, &entry);
	return (0);
}

static int
begin_single(struct list *list, const char *path)
{
	struct place place;
	int ret, error;

	list->at_end = true;
	cut_prefix(list);
	if (strcmp(path, "/") == 0)
		return (add_root(list));
	if (resolve_place(list->jail, path, ACCESS_LOOK, &place) == -1)
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
	cut_prefix(list);
	list->pattern = strdup(slash + 1);
	if (list->pattern == NULL)
		return (-1);
	list->directory = resolve_open(list->jail, directory, ACCESS_ENTER,
	    O_RDONLY | O_DIRECTORY);
	return (list->directory == -1 ? -1 : begin_directory(list));
}

int
list_open(struct list *list, const struct list_request *request)
{
	set_style(list, request);
	if (set_prefix(list, request) == -1)
		return (-1);
	if ((list->flags & FS_LIST_PATTERN) != 0)
		return (begin_pattern(list, request->path));
	if ((list->flags & FS_LIST_SELF) != 0)
		return (begin_single(list, request->path));
	list->directory = resolve_open(list->jail, request->path, ACCESS_ENTER,
	    O_RDONLY | O_DIRECTORY);
	if (list->directory != -1)
		return (begin_directory(list));
	if (errno != ENOTDIR || list->style.format == FS_LIST_FACTS)
		return (-1);
	return (begin_single(list, request->path));
}
