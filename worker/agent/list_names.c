/* The names of the directory that is listed: which are shown, and how. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "worker/agent/list_cursor.h"
#include "worker/agent/match.h"
#include "worker/agent/temporary.h"
#include "worker/agent/where.h"

/*
 * What the type alone tells of a file that may not be looked at.  Facts that
 * are not known are left out; in a long line zeroes stand for them, since most
 * programs would not take one with "?" for a line, as ls has it.
 */
static void
guess(struct statx *facts, unsigned char type)
{
	memset(facts, 0, sizeof(*facts));
	facts->stx_mode = (uint16_t)DTTOIF(type);
	facts->stx_nlink = 1;
	facts->stx_uid = facts->stx_gid = (uint32_t)-1;
}

/* Apart, since few need it, and memory for a path is not for nothing. */
static void
follow(const struct list *list, const char *name, struct statx *facts)
{
	char path[FS_PATH_MAX + 1];
	struct statx target;

	if (list_path_of(list, name, path) > 0 &&
	    list_look_at(list, path, &target) == 0)
		*facts = target;
}

/* Finds out where the directory is; what is nowhere has no rights. */
static bool
find_where(struct list *list)
{
	char where[PATH_MAX];

	if (list->where == NULL &&
	    where_is(list->jail, list->directory, where) == 0)
		list->where = strdup(where);
	return (list->where != NULL);
}

/* Whether the directory's links are shown as what they lead to. */
static bool
hides_links(struct list *list)
{
	const struct access *access = list->jail->access;

	if ((list->flags & FS_LIST_FOLLOW) != 0)
		return (true);
	if (access != NULL && access->by_path && !find_where(list))
		return (false);
	return (!access_rules(access, list->where)->show_symlinks);
}

/* Of a link that leads nowhere, those of the link. */
int
list_look_name(struct list *list, const char *name, struct statx *facts)
{
	if (list_look(list, list->directory, name, facts) == -1)
		return (-1);
	if (S_ISLNK(facts->stx_mode) && hides_links(list))
		follow(list, name, facts);
	return (0);
}

int
list_add_name(struct list *list, const char *name, unsigned char type)
{
	struct list_entry entry = { name, &list->facts, NULL, LIST_ENTRY, 0 };

	if (list->entries >= list->entries_max) {
		list->cut |= FS_CUT_ENTRIES;
		return (0);
	}
	if (list->style.format == FS_LIST_NAMES && !list->style.classify)
		guess(&list->facts, type);
	else if (list_look_name(list, name, &list->facts) == -1) {
		if (errno == ENOENT)
			return (1);
		guess(&list->facts, type);
	}
	if ((list->style.facts & FS_FACT_PERM) != 0)
		entry.lacks = list_lacks(list, name);
	list_add(list, list->directory, &entry);
	return (1);
}

unsigned int
list_lacks(struct list *list, const char *name)
{
	const struct access *access = list->jail->access;
	unsigned int rights;

	if (access == NULL)
		return (0);
	if (access->by_path && !find_where(list))
		return (ACCESS_ALL);
	if (strcmp(name, ".") == 0)
		rights = access_rights(access, list->where);
	else if (strcmp(name, "..") == 0)
		rights = access_above(access, list->where);
	else
		rights = access_entry(access, list->where, name);
	return (ACCESS_ALL & ~rights);
}

/* A name with a dot is meant by a pattern that has it, too. */
static bool
is_wanted(struct list *list, const char *name)
{
	const char *pattern = list->pattern;

	if (name[0] != '.')
		return (pattern == NULL || match_name(pattern, name));
	if (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'))
		return (false);
	if (temporary_is_name(name)) {
		/* Only uploads bring one here, whatever else is allowed. */
		if ((list_lacks(list, ".") & ACCESS_FILL) == 0)
			temporary_sweep(list->directory, name,
			    TEMPORARY_AGE_LISTED);
		return (false);
	}
	if (pattern != NULL && !match_name(pattern, name))
		return (false);
	return ((list->flags & FS_LIST_HIDDEN) != 0 ||
	    (pattern != NULL && pattern[0] == '.'));
}

/*
 * The one place that decides what is left out of a listing, and is not gone
 * down into for one either.
 */
static bool
is_shown(struct list *list, const char *name)
{
	return (is_wanted(list, name) &&
	    (list_lacks(list, name) & ACCESS_SHOW) == 0);
}

void
list_rewind(struct list *list)
{
	free(list->where);
	list->where = NULL;
	list->names_len = list->names_at = 0;
	list->phase = list->sort == NULL ? LIST_LINES : LIST_COLLECT;
}

int
list_read_names(struct list *list)
{
	ssize_t n;

	if (list->names_at < list->names_len)
		return (1);
	n = getdents64(list->directory, list->names, list->names_size);
	if (n <= 0)
		return ((int)n);
	list->names_len = (size_t)n;
	list->names_at = 0;
	return (1);
}

/*
 * The directory has no more names, or gives none: that is an error of a listing
 * where there is no other.
 */
static int
end_directory(struct list *list, int ret)
{
	if (ret == -1 && list->walk == NULL)
		return (-1);
	if (list->phase == LIST_COLLECT)
		return (list_sort_all(list));
	return (list->walk == NULL ? 0 : list_walk_on(list));
}

int
list_next(struct list *list)
{
	const struct dirent64 *entry;
	int ret;

	if (list->phase == LIST_SORTED)
		return (list_sort_next(list));
	ret = list_read_names(list);
	if (ret <= 0)
		return (end_directory(list, ret));
	entry = (const void *)(list->names + list->names_at);
	list->names_at += entry->d_reclen;
	if (!is_shown(list, entry->d_name))
		return (1);
	switch (list->phase) {
	case LIST_COLLECT:
		return (list_sort_keep(list, entry));
	case LIST_SEARCH:
		return (list_walk_into(list, entry));
	case LIST_LINES:
	case LIST_SORTED:
		break;
	}
	return (list_add_name(list, entry->d_name, entry->d_type));
}
