/* A listing of one line: MLST, "-d", and what is no directory. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "shm/base/fd.h"
#include "worker/agent/list_cursor.h"
#include "worker/agent/resolve.h"

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

/*
 * Asks what may be done with the one entry, which is open: the kernel knows of
 * access control lists.  For each entry of a directory that would be too much.
 */
static void
ask_rights(struct list *list, int fd)
{
	static const int modes[] = { R_OK, W_OK, X_OK };
	struct list_style *style = &list->style;
	size_t i;

	style->asked = list_tells_rights(list);
	for (i = 0; i < NITEMS(modes) && style->asked; i++) {
		if (faccessat(fd, "", modes[i], AT_EMPTY_PATH) == 0)
			style->may |= modes[i];
		else if (errno == EINVAL || errno == ENOSYS)
			style->asked = false; /* it is too old */
	}
}

/* Facts are about what a link leads to. */
static int
look_at_target(struct list *list, const char *path, struct statx *facts)
{
	int fd, ret;

	fd = resolve_open(list->jail, path, ACCESS_LOOK, O_PATH);
	if (fd == -1)
		return (-1);
	ret = list_look(list, fd, "", facts);
	ask_rights(list, fd);
	fd_close(&fd);
	return (ret);
}

/* Long listings are about the link. */
static int
look_at_place(const struct list *list, const char *path,
    const struct place *place, struct statx *facts)
{
	if (list_look(list, place->parent, place->name, facts) == -1)
		return (-1);
	if (S_ISLNK(facts->stx_mode) &&
	    ((list->flags & FS_LIST_FOLLOW) != 0 ||
		!place->rules->show_symlinks))
		(void)!list_look_at(list, path, facts);
	return (0);
}

static int
add_root(struct list *list)
{
	struct list_entry entry = { "/", NULL, NULL, LIST_THIS,
		ACCESS_ALL & ~access_rights(list->jail->access, "/") };
	struct statx facts;

	if ((entry.lacks & list->need) != 0) {
		errno = access_error(ACCESS_ALL & ~entry.lacks, list->need);
		return (-1);
	}
	if (list_look(list, list->jail->root, "", &facts) == -1)
		return (-1);
	entry.facts = &facts;
	list_set_parent(list, list->jail->root, &facts);
	ask_rights(list, list->jail->root);
	list_add(list, list->jail->root, &entry);
	return (0);
}

static int
add_place(struct list *list, const char *path, const struct place *place)
{
	struct list_entry entry = { place->name, NULL, NULL, LIST_ENTRY,
		ACCESS_ALL & ~place->may };
	struct statx parent, facts;

	if (list_look(list, place->parent, "", &parent) == -1 ||
	    (list->style.format == FS_LIST_FACTS
		    ? look_at_target(list, path, &facts)
		    : look_at_place(list, path, place, &facts)) == -1)
		return (-1);
	list_set_parent(list, place->parent, &parent);
	entry.facts = &facts;
	/* RFC 3659 7.3.1: a name that means the same wherever one is. */
	if (list->style.format == FS_LIST_FACTS)
		entry.name = path;
	list_add(list, place->parent, &entry);
	return (0);
}

int
list_single(struct list *list, const char *path)
{
	struct place place;
	int ret, error;

	list->at_end = true;
	cut_prefix(list);
	if (strcmp(path, "/") == 0)
		return (add_root(list));
	if (resolve_place(list->jail, path, ACCESS_LOOK | list->need, &place) ==
	    -1)
		return (-1);
	ret = add_place(list, path, &place);
	error = errno;
	resolve_free(&place);
	errno = error;
	return (ret);
}
