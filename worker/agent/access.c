#include "worker/agent/access.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "worker/agent/match.h"

/* What may be done where files may only be added. */
#define UPLOADS                                                  \
	(ACCESS_SHOW | ACCESS_ENTER | ACCESS_ADD | ACCESS_FILL | \
	    ACCESS_PLAIN | ACCESS_PRIVATE | ACCESS_LINK | ACCESS_BELOW)

/* The keys whose rules no directory is moved away from. */
static const size_t fields[] = { CONF_FIELD(deny), CONF_FIELD(hide_dotfiles),
	CONF_FIELD(read_only), CONF_FIELD(upload_only) };

/* Where all is allowed. */
static const struct rules unruled = {
	.file_mode = 0777,
	.allow_chmod = true,
	.allow_symlinks = true,
	.list_recursive = true,
	.rename_replaces = true,
	.show_symlinks = true,
};

/* --- patterns ------------------------------------------------------------- */

/* Copies the first component of at, and returns what is after it. */
static const char *
next_name(const char *at, char name[NAME_MAX + 1])
{
	size_t len;

	at += strspn(at, "/");
	len = strcspn(at, "/");
	/* No file has a longer name, so no pattern misses one. */
	if (len > NAME_MAX)
		len = NAME_MAX;
	memcpy(name, at, len);
	name[len] = '\0';
	return (at + strcspn(at, "/"));
}

/* Whether any name in the path fits. */
static bool
fits_name(const char *pattern, const char *path)
{
	char name[NAME_MAX + 1];

	while (*path != '\0') {
		path = next_name(path, name);
		if (name[0] != '\0' && match_name(pattern, name))
			return (true);
	}
	return (false);
}

enum fit {
	FIT_NOT,
	FIT_ABOVE, /* something below the path may fit */
	FIT        /* it does, or something above it */
};

/* Name by name: "*" does not stand for a slash. */
static enum fit
fits_path(const char *pattern, const char *path)
{
	char wanted[NAME_MAX + 1], name[NAME_MAX + 1];

	while (*pattern != '\0') {
		pattern = next_name(pattern, wanted);
		path = next_name(path, name);
		if (name[0] == '\0')
			return (FIT_ABOVE);
		if (!match_name(wanted, name))
			return (FIT_NOT);
	}
	return (FIT);
}

static bool
is_denied(const struct conf_strings *deny, const char *path)
{
	const char *pattern;
	size_t i;

	for (i = 0; i < deny->count; i++) {
		pattern = deny->items[i];
		if (pattern[0] == '/' ? fits_path(pattern, path) == FIT
				      : fits_name(pattern, path))
			return (true);
	}
	return (false);
}

/* --- rights --------------------------------------------------------------- */

static unsigned int
own_rights(const struct rules *rules)
{
	unsigned int rights = ACCESS_ALL;

	if (rules->read_only)
		rights &= ~ACCESS_CHANGE;
	if (rules->upload_only)
		rights &= UPLOADS;
	if (!rules->allow_chmod)
		rights &= ~ACCESS_MODE;
	if (!rules->allow_symlinks)
		rights &= ~ACCESS_LINK;
	if (!rules->list_recursive)
		rights &= ~ACCESS_BELOW;
	if (rules->data == CONF_DATA_PRIVATE)
		rights &= ~ACCESS_PLAIN;
	if (rules->data == CONF_DATA_CLEAR)
		rights &= ~ACCESS_PRIVATE;
	return (rights);
}

/* What the rules of its directory take from a name. */
static unsigned int
rights_in(const struct rules *above)
{
	unsigned int rights = ACCESS_ALL;

	if (above->read_only)
		rights &= ~(ACCESS_ADD | ACCESS_REMOVE);
	if (above->upload_only)
		rights &= ~(ACCESS_SHOW | ACCESS_REMOVE);
	return (rights);
}

static bool
is_dotted(const char *path)
{
	return (strstr(path, "/.") != NULL);
}

/* A directory as long as paths may be has no names in it. */
static bool
directory_of(const char *path, char out[PATH_MAX])
{
	const char *slash = strrchr(path, '/');
	size_t len;

	if (slash == NULL || slash[1] == '\0')
		return (false);
	len = slash == path ? 1 : (size_t)(slash - path);
	if (len >= PATH_MAX)
		return (false);
	memcpy(out, path, len);
	out[len] = '\0';
	return (true);
}

static unsigned int
rights_at(const struct access *access, const char *path)
{
	const struct rules *own = rulebook_at(&access->book, path), *above;
	unsigned int rights = own_rights(own);
	char directory[PATH_MAX];
	const char *slash;

	if (is_denied(own->deny, path) ||
	    (own->hide_dotfiles == CONF_HIDE_ALL && is_dotted(path)))
		return (0);
	if (!directory_of(path, directory))
		return (rights);
	above = rulebook_at(&access->book, directory);
	rights &= rights_in(above);
	slash = strrchr(path, '/');
	if (above->hide_dotfiles != CONF_HIDE_OFF && slash[1] == '.')
		rights &= ~ACCESS_SHOW;
	return (rights);
}

unsigned int
access_rights(const struct access *access, const char *path)
{
	if (access == NULL)
		return (ACCESS_ALL);
	if (!access->by_path)
		return (access->general);
	return (rights_at(access, path));
}

const struct rules *
access_rules(const struct access *access, const char *path)
{
	if (access == NULL)
		return (&unruled);
	return (rulebook_at(&access->book, access->by_path ? path : NULL));
}

/* Apart, since memory for a path is not for nothing. */
static unsigned int
rights_by_path(const struct access *access, const char *directory,
    const char *name, const struct rules **rules)
{
	char path[PATH_MAX];

	*rules = rulebook_at(&access->book, NULL);
	if (directory == NULL ||
	    snprintf(path, sizeof(path), "%s/%s",
		strcmp(directory, "/") == 0 ? "" : directory,
		name) >= (int)sizeof(path))
		return (0);
	*rules = rulebook_at(&access->book, path);
	return (rights_at(access, path));
}

unsigned int
access_entry_rules(const struct access *access, const char *directory,
    const char *name, const struct rules **rules)
{
	unsigned int rights;

	*rules = &unruled;
	if (access == NULL)
		return (ACCESS_ALL);
	if (access->by_path)
		return (rights_by_path(access, directory, name, rules));
	*rules = rulebook_at(&access->book, NULL);
	rights = access->general;
	return (access->hides_dots && name[0] == '.' ? rights & ~ACCESS_SHOW
						     : rights);
}

unsigned int
access_entry(const struct access *access, const char *directory,
    const char *name)
{
	const struct rules *rules;

	return (access_entry_rules(access, directory, name, &rules));
}

unsigned int
access_above(const struct access *access, const char *path)
{
	char above[PATH_MAX];

	if (access == NULL || !access->by_path || !directory_of(path, above))
		return (access_rights(access, path));
	return (access_rights(access, above));
}

unsigned int
access_transfer(enum fs_data data)
{
	static const unsigned int needs[] = {
		[FS_DATA_NONE] = 0,
		[FS_DATA_CLEAR] = ACCESS_PLAIN,
		[FS_DATA_PRIVATE] = ACCESS_PRIVATE,
	};

	return (needs[data]);
}

int
access_error(unsigned int rights, unsigned int wanted)
{
	static const struct {
		unsigned int missing;
		int error;
	} reasons[] = {
		{ ACCESS_PLAIN, FS_ERROR_CLEAR },
		{ ACCESS_PRIVATE, FS_ERROR_PRIVATE },
		{ ACCESS_MODE, FS_ERROR_MODE },
		{ ACCESS_LINK, FS_ERROR_SYMLINK },
	};
	unsigned int missing = wanted & ~rights;
	size_t i;

	for (i = 0; i < NITEMS(reasons); i++)
		if (missing == reasons[i].missing)
			return (reasons[i].error);
	/* What is there already may not be touched. */
	if (missing == ACCESS_WRITE && (rights & ACCESS_ADD) != 0)
		return (EEXIST);
	if ((rights & ACCESS_READ) == 0)
		return (
		    (rights & ACCESS_ADD) != 0 ? FS_ERROR_UPLOAD_ONLY : EACCES);
	return ((missing & ACCESS_CHANGE) != 0 ? EROFS : EACCES);
}

/* --- what has to be looked at --------------------------------------------- */

int
access_init(struct access *access, const struct conf_subject *subject)
{
	const struct rules *rules;

	memset(access, 0, sizeof(*access));
	if (rulebook_init(&access->book, subject) == -1)
		return (-1);
	rules = rulebook_at(&access->book, NULL);
	access->by_path = rules->deny->count > 0 ||
	    rules->hide_dotfiles == CONF_HIDE_ALL ||
	    subject_directories(subject)->count > 0;
	access->hides_dots = rules->hide_dotfiles != CONF_HIDE_OFF;
	access->general = own_rights(rules) & rights_in(rules);
	return (0);
}

void
access_free(struct access *access)
{
	rulebook_free(&access->book);
}

bool
access_read_only(const struct access *access)
{
	const struct conf_sections *list =
	    subject_directories(&access->book.subject);
	const bool *here;
	size_t i;

	if ((access->general & ACCESS_ADD) != 0)
		return (false);
	for (i = 0; i < list->count; i++) {
		here = conf_setting(&list->items[i].settings,
		    CONF_FIELD(read_only));
		if (here != NULL && !*here)
			return (false);
	}
	return (true);
}

/* --- directories that get another name ------------------------------------ */

static bool
sets_rules(const struct conf_section *section)
{
	size_t i;

	for (i = 0; i < NITEMS(fields); i++)
		if (conf_setting(&section->settings, fields[i]) != NULL)
			return (true);
	return (false);
}

/* Whether the path is the directory, or in it. */
static bool
is_in(const char *path, const char *directory)
{
	size_t len = strlen(directory);

	return (strncmp(path, directory, len) == 0 &&
	    (path[len] == '/' || path[len] == '\0'));
}

/* Whether a rule names a place at the path, or below it. */
static bool
is_named(const struct conf_subject *subject, const char *path)
{
	const struct conf_sections *list = subject_directories(subject);
	const struct conf_strings *deny =
	    subject_find(subject, path, CONF_FIELD(deny));
	size_t i;

	for (i = 0; i < list->count; i++)
		if (sets_rules(&list->items[i]) &&
		    is_in(list->items[i].name, path))
			return (true);
	for (i = 0; i < deny->count; i++)
		if (deny->items[i][0] == '/' &&
		    fits_path(deny->items[i], path) != FIT_NOT)
			return (true);
	return (false);
}

bool
access_may_move(const struct access *access, const char *from, const char *to)
{
	const struct conf_subject *subject;
	size_t i;

	if (access == NULL || !access->by_path)
		return (true);
	subject = &access->book.subject;
	for (i = 0; i < NITEMS(fields); i++)
		if (subject_find(subject, from, fields[i]) !=
		    subject_find(subject, to, fields[i]))
			return (false);
	return (!is_named(subject, from) && !is_named(subject, to));
}
