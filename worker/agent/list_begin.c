/* How a listing begins: what is listed, and lines that are no names of it. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
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

int
list_look_at(const struct list *list, const char *path, struct statx *facts)
{
	int fd, ret;

	fd = resolve_open(list->jail, path, ACCESS_LOOK, O_PATH);
	if (fd == -1)
		return (-1);
	ret = list_look(list, fd, "", facts);
	fd_close(&fd);
	return (ret);
}

size_t
list_path_of(const struct list *list, const char *name, char *out)
{
	size_t len = strlen(name);

	if (list->path_len + 1 + len > FS_PATH_MAX)
		return (0);
	memcpy(out, list->path, list->path_len);
	out[list->path_len] = '/';
	memcpy(out + list->path_len + 1, name, len + 1);
	return (list->path_len + 1 + len);
}

static bool
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
	return (list_format(&list->out, &list->style, &line));
}

/* Whether lines tell where links lead. */
static bool
tells_targets(const struct list_style *style)
{
	return (style->format == FS_LIST_LONG ||
	    (style->format == FS_LIST_FACTS &&
		(style->facts & FS_FACT_TYPE) != 0));
}

void
list_add(struct list *list, int directory, const struct list_entry *entry)
{
	bool added;

	if (S_ISLNK(entry->facts->stx_mode) && tells_targets(&list->style))
		added = add_link(list, directory, entry);
	else
		added = list_format(&list->out, &list->style, entry);
	list->entries += added;
}

static void
set_style(struct list *list, const struct list_request *request)
{
	const struct msg_fs_list *body = request->body;
	struct list_style *style = &list->style;

	style->jail = list->jail;
	style->format = (enum fs_list_format)body->format;
	style->facts = body->facts;
	style->utc = (body->flags & FS_LIST_UTC) != 0;
	style->classify = (body->flags & FS_LIST_CLASSIFY) != 0;
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
	list->style.prefix = list->prefix;
	/* Long lines have names alone; it is for the headings. */
	if (list->style.format != FS_LIST_LONG)
		list->style.prefix_len = len;
	return (0);
}

bool
list_tells_rights(const struct list *list)
{
	const struct list_style *style = &list->style;

	return (style->format == FS_LIST_FACTS &&
	    (style->facts & FS_FACT_PERM) != 0);
}

/* Whether nothing can be changed on the file system of what is open. */
static bool
is_frozen(const struct list *list, int fd)
{
	struct statvfs st;

	return (list_tells_rights(list) && fstatvfs(fd, &st) == 0 &&
	    (st.f_flag & ST_RDONLY) != 0);
}

void
list_set_parent(struct list *list, int directory, const struct statx *facts)
{
	list->style.frozen = is_frozen(list, directory);
	list->style.parent_writable = list_tells_rights(list) &&
	    list_attributes(facts) == 0 &&
	    faccessat(directory, ".", W_OK | X_OK, 0) == 0;
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
 * What is above the root is not shown: in long listings the root stands for it,
 * in facts the line is left out.
 */
int
list_add_dots(struct list *list, const struct statx *this)
{
	struct list_entry entry = { ".", this, NULL, LIST_THIS,
		list_lacks(list, ".") };
	struct statx above, root;
	bool facts = list->style.format == FS_LIST_FACTS;

	if (!facts &&
	    (list->style.format == FS_LIST_NAMES ||
		(list->flags & FS_LIST_DOTS) == 0))
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
	entry.lacks = list_lacks(list, "..");
	list_add(list, list->directory, &entry);
	return (0);
}

/* Takes note of the directory's path; the root's has no text. */
static void
set_path(struct list *list, const char *path, size_t len)
{
	list->path_len = len == 1 ? 0 : len;
	memcpy(list->path, path, list->path_len);
	list->path[list->path_len] = '\0';
}

static int
begin_directory(struct list *list, const struct list_request *request)
{
	struct statx this;

	list->names = malloc(list->names_size);
	if (list->names == NULL ||
	    list_look(list, list->directory, "", &this) == -1 ||
	    list_sort_begin(list, request) == -1)
		return (-1);
	list_set_parent(list, list->directory, &this);
	list_rewind(list);
	return (request->body->pattern == 0 ? list_add_dots(list, &this) : 0);
}

/* Opens the directory that the first len bytes of the path name. */
static int
open_part(const struct list *list, const char *path, size_t len)
{
	char part[FS_PATH_MAX + 1];

	memcpy(part, path, len);
	part[len] = '\0';
	return (resolve_open(list->jail, len == 0 ? "/" : part,
	    ACCESS_ENTER | list->need, O_RDONLY | O_DIRECTORY));
}

/*
 * Opens what comes before the patterns; a directory that has the name of one is
 * meant itself.  Returns where the others begin, or 0 with errno.
 */
static size_t
open_literal(struct list *list, const char *path, size_t at)
{
	const char *slash;
	int fd;

	list->directory = open_part(list, path, at - 1);
	if (list->directory == -1)
		return (0);
	while ((slash = strchr(path + at, '/')) != NULL) {
		fd = open_part(list, path, (size_t)(slash - path));
		if (fd == -1)
			break;
		fd_close(&list->directory);
		list->directory = fd;
		at = (size_t)(slash - path) + 1;
	}
	set_path(list, path, at == 1 ? 1 : at - 1);
	return (at);
}

/* Where nothing else than names is a pattern, there is one directory. */
static int
begin_pattern(struct list *list, const struct list_request *request)
{
	const char *patterns = request->path + request->body->pattern;
	size_t at = open_literal(list, request->path, request->body->pattern);

	if (at == 0 || begin_directory(list, request) == -1)
		return (-1);
	if (strchr(patterns, '/') != NULL)
		return (list_walk_begin(list, request, request->path + at));
	list->text = strdup(patterns);
	list->pattern = list->text;
	return (list->text == NULL ? -1 : 0);
}

/* Whether what is below the directory is wanted, and may be listed. */
static bool
is_recursive(struct list *list)
{
	return ((list->flags & FS_LIST_RECURSIVE) != 0 &&
	    list->style.format != FS_LIST_FACTS &&
	    (list_lacks(list, ".") & ACCESS_BELOW) == 0);
}

/*
 * Whether what cannot be opened as a directory may still have a line of its
 * own: a file, and in long listings a link that leads nowhere.
 */
static bool
is_line(const struct list *list)
{
	if (list->style.format == FS_LIST_FACTS)
		return (false);
	return (errno == ENOTDIR ||
	    (errno == ENOENT && list->style.format == FS_LIST_LONG));
}

int
list_open(struct list *list, const struct list_request *request)
{
	set_style(list, request);
	if (set_prefix(list, request) == -1)
		return (-1);
	if (request->body->pattern != 0)
		return (begin_pattern(list, request));
	if ((list->flags & FS_LIST_SELF) != 0)
		return (list_single(list, request->path));
	list->directory = resolve_open(list->jail, request->path,
	    ACCESS_ENTER | list->need, O_RDONLY | O_DIRECTORY);
	if (list->directory == -1)
		return (is_line(list) ? list_single(list, request->path) : -1);
	set_path(list, request->path, strlen(request->path));
	if (begin_directory(list, request) == -1)
		return (-1);
	return (is_recursive(list) ? list_walk_begin(list, request, NULL) : 0);
}
