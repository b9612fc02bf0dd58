#include "worker/agent/resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shm/base/fd.h"
#include "shm/ipc/body.h"
#include "worker/agent/temporary.h"
#include "worker/agent/where.h"

#define RETRIES   100 /* the kernel says EAGAIN when a rename is under way */
#define LINKS_MAX 40  /* as the kernel's own limit */

static bool
is_dots(const uint8_t *name, size_t len)
{
	return ((len == 1 && name[0] == '.') ||
	    (len == 2 && name[0] == '.' && name[1] == '.'));
}

bool
resolve_valid(const uint8_t *path, size_t len)
{
	size_t i, start = 1;

	if (len == 0 || len > FS_PATH_MAX || path[0] != '/' ||
	    memchr(path, '\0', len) != NULL)
		return (false);
	for (i = 1; i <= len && len > 1; i++) {
		if (i < len && path[i] != '/')
			continue;
		if (i == start || is_dots(path + start, i - start))
			return (false);
		start = i + 1;
	}
	return (true);
}

int
resolve_below(int dir, const char *path, int flags)
{
	struct open_how how;
	int i;
	long fd = -1;

	memset(&how, 0, sizeof(how));
	how.flags = (uint64_t)(unsigned int)(flags | O_CLOEXEC);
	how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
	for (i = 0; i < RETRIES; i++) {
		fd = syscall(SYS_openat2, dir, path, &how, sizeof(how));
		if (fd != -1 || (errno != EAGAIN && errno != EINTR))
			break;
	}
	return ((int)fd);
}

static int
check(unsigned int rights, unsigned int need)
{
	if ((need & ~rights) == 0)
		return (0);
	errno = access_error(rights, need);
	return (-1);
}

static bool
goes_by_path(const struct jail *jail)
{
	return (jail->access != NULL && jail->access->by_path);
}

/*
 * The directory cannot be reached.  Why is not told of what is below something
 * denied, or it would tell what there is.  It keeps errno otherwise.
 */
static void
hide_the_way(const struct jail *jail, char *directory)
{
	char where[PATH_MAX], *slash;
	int fd = -1, error = errno;
	const char *name = "";

	while (fd == -1 && (slash = strrchr(directory, '/')) != NULL) {
		*slash = '\0';
		name = slash + 1;
		fd = resolve_below(jail->root,
		    slash == directory ? "/" : directory, O_PATH | O_DIRECTORY);
	}
	if (fd != -1 && name[0] != '\0' &&
	    !is_dots((const uint8_t *)name, strlen(name)) &&
	    where_is(jail, fd, where) == 0 &&
	    access_entry(jail->access, where, name) == 0)
		error = EACCES;
	fd_close(&fd);
	errno = error;
}

static const char *
last_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return (slash == NULL ? path : slash + 1);
}

/* Opens the directory part of path, and copies out what comes after it. */
static int
open_place(const struct jail *jail, const char *path, struct place *place)
{
	char directory[PATH_MAX];
	const char *name = last_name(path);
	size_t length = name == path ? 0 : (size_t)(name - path) - 1;

	place->parent = -1;
	if (strlen(name) >= sizeof(place->name) ||
	    length >= sizeof(directory)) {
		errno = ENAMETOOLONG;
		return (-1);
	}
	if (name[0] == '\0' || is_dots((const uint8_t *)name, strlen(name))) {
		errno = EISDIR;
		return (-1);
	}
	if (temporary_is_name(name)) {
		errno = EPERM;
		return (-1);
	}
	memcpy(place->name, name, strlen(name) + 1);
	memcpy(directory, path, length);
	directory[length] = '\0';
	place->parent = resolve_below(jail->root, length == 0 ? "/" : directory,
	    O_PATH | O_DIRECTORY);
	if (place->parent == -1 && goes_by_path(jail))
		hide_the_way(jail, directory);
	return (place->parent == -1 ? -1 : 0);
}

/* Apart, since memory for a path is not for nothing. */
static int
find_rights_by_path(const struct jail *jail, struct place *place)
{
	char path[PATH_MAX];

	if (where_is(jail, place->parent, path) == -1)
		return (-1);
	place->may =
	    access_entry_rules(jail->access, path, place->name, &place->rules);
	return (0);
}

/* The rights to what is at the place. */
static int
find_rights(const struct jail *jail, struct place *place)
{
	if (goes_by_path(jail))
		return (find_rights_by_path(jail, place));
	place->may =
	    access_entry_rules(jail->access, NULL, place->name, &place->rules);
	return (0);
}

/* Where files may only be added, directories can be looked at nevertheless. */
static bool
is_directory_to_enter(const struct place *place, unsigned int need)
{
	struct stat st;

	return ((need & ~place->may) == ACCESS_LOOK &&
	    (place->may & ACCESS_ENTER) != 0 &&
	    fstatat(place->parent, place->name, &st, AT_SYMLINK_NOFOLLOW) ==
		0 &&
	    S_ISDIR(st.st_mode));
}

/* The place was found: what is allowed there? */
static int
admit(const struct jail *jail, unsigned int need, struct place *place)
{
	if (find_rights(jail, place) == 0 &&
	    (is_directory_to_enter(place, need) ||
		resolve_need(place, need) == 0))
		return (0);
	resolve_free(place);
	return (-1);
}

int
resolve_need(const struct place *place, unsigned int need)
{
	return (check(place->may, need));
}

int
resolve_renamed(const struct jail *jail, struct place *place, unsigned int need)
{
	return (
	    find_rights(jail, place) == -1 ? -1 : resolve_need(place, need));
}

int
resolve_place(const struct jail *jail, const char *path, unsigned int need,
    struct place *place)
{
	if (strcmp(path, "/") == 0) {
		place->parent = -1;
		errno = EBUSY;
		return (-1);
	}
	if (open_place(jail, path, place) == -1)
		return (-1);
	return (admit(jail, need, place));
}

/*
 * Rewrites path, whose last component is a symbolic link, into the path that
 * the link means.  ".." in it is left to the kernel, which knows what it is
 * above of.  1, 0 when it is no link, -1 with errno.
 */
static int
follow(const struct place *place, char *path, size_t size)
{
	const char *slash = strrchr(path, '/');
	char text[PATH_MAX];
	size_t kept;
	ssize_t n;

	n = readlinkat(place->parent, place->name, text, sizeof(text));
	if (n == -1)
		return (errno == EINVAL || errno == ENOENT ? 0 : -1);
	kept = text[0] == '/' || slash == NULL ? 0 : (size_t)(slash - path) + 1;
	if (kept + (size_t)n >= size) {
		errno = ENAMETOOLONG;
		return (-1);
	}
	memcpy(path + kept, text, (size_t)n);
	path[kept + (size_t)n] = '\0';
	return (1);
}

int
resolve_target(const struct jail *jail, const char *path, unsigned int need,
    struct place *place)
{
	char current[PATH_MAX];
	int i, followed;

	place->parent = -1;
	if (strlen(path) >= sizeof(current)) {
		errno = ENAMETOOLONG;
		return (-1);
	}
	memcpy(current, path, strlen(path) + 1);
	for (i = 0; i < LINKS_MAX; i++) {
		if (open_place(jail, current, place) == -1)
			return (-1);
		followed = follow(place, current, sizeof(current));
		if (followed == 0)
			return (admit(jail, need, place));
		resolve_free(place);
		if (followed == -1)
			return (-1);
	}
	errno = ELOOP;
	return (-1);
}

void
resolve_free(struct place *place)
{
	fd_close(&place->parent);
}

int
resolve_found(const struct jail *jail, const struct place *place, char *out,
    size_t size)
{
	char directory[PATH_MAX];
	int len;

	if (where_is(jail, place->parent, directory) == -1)
		return (-1);
	len = snprintf(out, size, "%s/%s",
	    strcmp(directory, "/") == 0 ? "" : directory, place->name);
	if (len >= 0 && (size_t)len < size)
		return (0);
	errno = ENAMETOOLONG;
	return (-1);
}

int
resolve_may_move(const struct jail *jail, const struct place *from,
    const struct place *to)
{
	char paths[2][PATH_MAX];
	struct stat st;

	if (!goes_by_path(jail))
		return (0);
	if (fstatat(from->parent, from->name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return (-1);
	if (!S_ISDIR(st.st_mode))
		return (0);
	if (resolve_found(jail, from, paths[0], sizeof(paths[0])) == -1 ||
	    resolve_found(jail, to, paths[1], sizeof(paths[1])) == -1)
		return (-1);
	if (access_may_move(jail->access, paths[0], paths[1]))
		return (0);
	errno = EPERM;
	return (-1);
}

/* --- opening -------------------------------------------------------------- */

/*
 * A directory that is not known by a name: the root, or what a link to ".."
 * means.
 */
static int
open_nameless(const struct jail *jail, const char *path, unsigned int need,
    int flags)
{
	char where[PATH_MAX];
	int handle, fd = -1;

	handle = resolve_below(jail->root, path, O_PATH | O_DIRECTORY);
	if (handle == -1)
		return (-1);
	if ((need & ACCESS_LOOK) != 0)
		need = (need & ~ACCESS_LOOK) | ACCESS_ENTER;
	if (where_is(jail, handle, where) == 0 &&
	    check(access_rights(jail->access, where), need) == 0)
		fd = resolve_below(handle, ".", flags);
	fd_close(&handle);
	return (fd);
}

/*
 * What the path leads to is found by its place, and its name opened there: it
 * is what the rights were found for.
 */
static int
open_found(const struct jail *jail, const char *path, unsigned int need,
    int flags)
{
	struct place place;
	int fd;

	if (strcmp(path, "/") == 0)
		return (open_nameless(jail, path, need, flags));
	if (((flags & O_NOFOLLOW) != 0
		    ? resolve_place(jail, path, need, &place)
		    : resolve_target(jail, path, need, &place)) == -1)
		return (errno == EISDIR ? open_nameless(jail, path, need, flags)
					: -1);
	fd = resolve_below(place.parent, place.name, flags | O_NOFOLLOW);
	resolve_free(&place);
	return (fd);
}

/* Whether it has to be found what it is, or where. */
static bool
needs_place(const struct jail *jail, unsigned int need)
{
	unsigned int rights;

	if (goes_by_path(jail))
		return (true);
	rights = access_rights(jail->access, NULL);
	return (
	    (need & ~rights) == ACCESS_LOOK && (rights & ACCESS_ENTER) != 0);
}

/* Where nothing depends on the place. */
static int
check_anywhere(const struct jail *jail, const char *path, unsigned int need)
{
	if (temporary_is_name(last_name(path))) {
		errno = EPERM;
		return (-1);
	}
	return (check(access_rights(jail->access, NULL), need));
}

int
resolve_open(const struct jail *jail, const char *path, unsigned int need,
    int flags)
{
	if (needs_place(jail, need))
		return (open_found(jail, path, need, flags));
	if (check_anywhere(jail, path, need) == -1)
		return (-1);
	return (resolve_below(jail->root, path, flags));
}

/* What cannot be found for other reasons is none of our business. */
int
resolve_may_link(const struct jail *jail, const struct place *place,
    const char *text)
{
	char directory[PATH_MAX], path[2 * PATH_MAX];
	int fd;

	if (!goes_by_path(jail))
		return (0);
	if (where_is(jail, place->parent, directory) == -1)
		return (-1);
	(void)snprintf(path, sizeof(path), "%s/%s",
	    text[0] == '/' ? "" : directory, text);
	fd = resolve_open(jail, path, ACCESS_ENTER, O_PATH);
	if (fd == -1 && errno == EACCES)
		return (-1);
	fd_close(&fd);
	return (0);
}

/* 0 when it is a regular file, else the errno that says what it is. */
static int
refusal(mode_t mode)
{
	if (S_ISREG(mode))
		return (0);
	if (S_ISDIR(mode))
		return (EISDIR);
	return (S_ISLNK(mode) ? ELOOP : EOPNOTSUPP);
}

/*
 * Looks before it opens: to open a device has effects of its own.  Whoever
 * puts another file into its place in between is found out afterwards, and
 * then we look again.
 */
static int
open_looked_at(int dir, const char *path, int flags, struct stat *st)
{
	struct stat seen;
	int i, fd, error;

	for (i = 0; i < RETRIES; i++) {
		fd = resolve_below(dir, path, O_PATH | (flags & O_NOFOLLOW));
		if (fd == -1)
			return (-1);
		error = fstat(fd, &seen) == -1 ? errno : refusal(seen.st_mode);
		fd_close(&fd);
		if (error != 0) {
			errno = error;
			return (-1);
		}
		fd = resolve_below(dir, path, flags | O_NONBLOCK | O_NOCTTY);
		if (fd == -1)
			return (-1);
		if (fstat(fd, st) == 0 && st->st_dev == seen.st_dev &&
		    st->st_ino == seen.st_ino && S_ISREG(st->st_mode))
			return (fd);
		fd_close(&fd);
	}
	errno = EAGAIN;
	return (-1);
}

/* The place of a file, which must not be a directory. */
static int
find_file(const struct jail *jail, const char *path, unsigned int need,
    int flags, struct place *place)
{
	if (strcmp(path, "/") == 0) {
		errno = EISDIR;
		return (-1);
	}
	return ((flags & O_NOFOLLOW) != 0
		? resolve_place(jail, path, need, place)
		: resolve_target(jail, path, need, place));
}

int
open_regular(const struct jail *jail, const char *path, unsigned int need,
    int flags, struct stat *st)
{
	struct place place;
	int fd;

	if (!goes_by_path(jail)) {
		if (check_anywhere(jail, path, need) == -1)
			return (-1);
		return (open_looked_at(jail->root, path, flags, st));
	}
	if (find_file(jail, path, need, flags, &place) == -1)
		return (-1);
	fd = open_looked_at(place.parent, place.name, flags | O_NOFOLLOW, st);
	resolve_free(&place);
	return (fd);
}

int
open_regular_at(const struct place *place, unsigned int need, int flags,
    struct stat *st)
{
	if (resolve_need(place, need) == -1)
		return (-1);
	return (
	    open_looked_at(place->parent, place->name, flags | O_NOFOLLOW, st));
}
