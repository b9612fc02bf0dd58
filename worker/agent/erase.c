#include "worker/agent/erase.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shm/base/fd.h"
#include "shm/ipc/body.h"
#include "worker/agent/access.h"
#include "worker/agent/resolve.h"
#include "worker/agent/temporary.h"

#define PASSES    3 /* over a directory in which others make files */
#define NAMES_LEN 4096
#define OPEN      (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK)

/* A directory that is gone through; its path is the first bytes of ours. */
struct level {
	struct level *up;
	int fd;
	size_t path_len;
	unsigned int passes;
	bool keeps; /* something in it could not be removed */
	size_t at, len;
	union {
		struct dirent64 align;
		char bytes[NAMES_LEN];
	} names;
};

struct erase {
	const struct jail *jail;
	struct place place; /* of the top */
	dev_t device;
	struct level *level; /* the innermost; NULL: it is over */
	unsigned int depth;
	uint64_t entries;
	struct erase_counts counts;
	char path[FS_PATH_MAX + 1];
};

static void
keep(struct erase *erase, int error)
{
	if (erase->counts.failed++ == 0)
		erase->counts.error = error;
	if (erase->level != NULL)
		erase->level->keeps = true;
}

/* Takes over fd.  -1 when memory is short. */
static int
enter(struct erase *erase, int fd, size_t path_len)
{
	struct level *level = calloc(1, sizeof(*level));

	if (level == NULL) {
		fd_close(&fd);
		return (-1);
	}
	level->fd = fd;
	level->path_len = path_len;
	level->up = erase->level;
	erase->level = level;
	erase->depth++;
	return (0);
}

/* Closes the innermost directory. */
static void
close_level(struct erase *erase)
{
	struct level *level = erase->level;

	erase->level = level->up;
	erase->depth--;
	fd_close(&level->fd);
	free(level);
}

static int
remove_directory(const struct erase *erase, const struct level *up,
    const char *name)
{
	return (unlinkat(up == NULL ? erase->place.parent : up->fd, name,
	    AT_REMOVEDIR));
}

/* Everything in it has been seen: it goes, too. */
static void
leave(struct erase *erase)
{
	struct level *level = erase->level;
	bool keeps = level->keeps;
	int error = 0;

	erase->path[level->path_len] = '\0';
	if (!keeps &&
	    remove_directory(erase, level->up, strrchr(erase->path, '/') + 1) ==
		-1)
		error = errno;
	if (error == ENOTEMPTY && ++level->passes < PASSES &&
	    lseek(level->fd, 0, SEEK_SET) == 0)
		return;
	close_level(erase);
	if (keeps && erase->level != NULL)
		erase->level->keeps = true;
	if (!keeps && error == 0)
		erase->counts.directories++;
	else if (!keeps)
		keep(erase, error);
}

/* Of this file system, and not deeper than we go. */
static int
check_directory(const struct erase *erase, int fd)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return (errno);
	if (st.st_dev != erase->device)
		return (EXDEV);
	return (erase->depth >= ERASE_DEPTH_MAX ? E2BIG : 0);
}

static void
descend(struct erase *erase, const char *name)
{
	int fd, error;

	fd = resolve_below(erase->level->fd, name, OPEN);
	/* An empty one can go unread. */
	if (fd == -1 && errno == EACCES) {
		if (remove_directory(erase, erase->level, name) == 0)
			erase->counts.directories++;
		else
			keep(erase, EACCES);
		return;
	}
	error = fd == -1 ? errno : check_directory(erase, fd);
	if (error == 0 && enter(erase, fd, strlen(erase->path)) == -1)
		error = ENOMEM;
	else if (error != 0)
		fd_close(&fd);
	if (error != 0 && error != ENOENT)
		keep(erase, error);
}

/* Of an upload that goes on, or has gone without a trace. */
static void
remove_temporary(struct erase *erase, const char *name)
{
	struct stat st;
	int fd = erase->level->fd;

	temporary_sweep(fd, name, TEMPORARY_AGE_BLOCKS);
	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		keep(erase, EBUSY);
}

static bool
is_directory(const struct erase *erase, const struct dirent64 *entry)
{
	struct stat st;

	if (entry->d_type != DT_UNKNOWN)
		return (entry->d_type == DT_DIR);
	return (fstatat(erase->level->fd, entry->d_name, &st,
		    AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISDIR(st.st_mode));
}

/* erase->path becomes that of the entry.  0, or an errno. */
static int
name_entry(struct erase *erase, const char *name)
{
	size_t at = erase->level->path_len, len = strlen(name);
	unsigned int rights;

	if (at + 1 + len > FS_PATH_MAX)
		return (ENAMETOOLONG);
	erase->path[at] = '/';
	memcpy(erase->path + at + 1, name, len + 1);
	rights = access_rights(erase->jail->access, erase->path);
	return ((rights & ACCESS_REMOVE) == 0
		? access_error(rights, ACCESS_REMOVE)
		: 0);
}

static void
remove_entry(struct erase *erase, const struct dirent64 *entry)
{
	const char *name = entry->d_name;
	int error;

	if (temporary_is_name(name)) {
		remove_temporary(erase, name);
		return;
	}
	error = name_entry(erase, name);
	if (error != 0)
		keep(erase, error);
	else if (is_directory(erase, entry))
		descend(erase, name);
	else if (unlinkat(erase->level->fd, name, 0) == 0)
		erase->counts.files++;
	else if (errno != ENOENT)
		keep(erase, errno);
}

/* 1: there is an entry, 0: the end, -1 with errno. */
static int
read_names(struct level *level)
{
	ssize_t n;

	if (level->at < level->len)
		return (1);
	level->at = level->len = 0;
	n = getdents64(level->fd, level->names.bytes, NAMES_LEN);
	if (n > 0)
		level->len = (size_t)n;
	return (n > 0 ? 1 : (int)n);
}

static bool
is_dots(const char *name)
{
	return (strcmp(name, ".") == 0 || strcmp(name, "..") == 0);
}

/* What is left is not looked at any more. */
static int
stop(struct erase *erase, int error)
{
	keep(erase, error);
	while (erase->level != NULL)
		close_level(erase);
	return (0);
}

int
erase_step(struct erase *erase)
{
	struct level *level = erase->level;
	const struct dirent64 *entry;
	int ret;

	if (level == NULL)
		return (0);
	ret = read_names(level);
	if (ret == -1)
		keep(erase, errno);
	if (ret <= 0) {
		leave(erase);
		return (erase->level != NULL);
	}
	entry = (const void *)(level->names.bytes + level->at);
	level->at += entry->d_reclen;
	if (is_dots(entry->d_name))
		return (1);
	if (++erase->entries > ERASE_ENTRIES_MAX)
		return (stop(erase, E2BIG));
	remove_entry(erase, entry);
	return (1);
}

static int
begin(struct erase *erase, const char *path)
{
	struct stat st;
	int fd;

	if (resolve_place(erase->jail, path, ACCESS_REMOVE, &erase->place) ==
	    -1)
		return (-1);
	fd = resolve_below(erase->place.parent, erase->place.name, OPEN);
	if (fd == -1)
		return (-1);
	if (resolve_found(erase->jail, &erase->place, erase->path,
		sizeof(erase->path)) == -1) {
		fd_close(&fd);
		return (-1);
	}
	if (fstat(fd, &st) == -1) {
		fd_close(&fd);
		return (-1);
	}
	erase->device = st.st_dev;
	return (enter(erase, fd, strlen(erase->path)));
}

struct erase *
erase_new(const struct jail *jail, const char *path)
{
	struct erase *erase = calloc(1, sizeof(*erase));
	int error;

	if (erase == NULL)
		return (NULL);
	erase->jail = jail;
	erase->place.parent = -1;
	if (begin(erase, path) == -1) {
		error = errno;
		erase_free(&erase);
		errno = error;
	}
	return (erase);
}

const struct erase_counts *
erase_counts(const struct erase *erase)
{
	return (&erase->counts);
}

void
erase_free(struct erase **erase)
{
	struct erase *ended = *erase;

	if (ended == NULL)
		return;
	*erase = NULL;
	while (ended->level != NULL)
		close_level(ended);
	resolve_free(&ended->place);
	free(ended);
}
