/* scratch - a directory of a test's own, and files in it. */
#ifndef TESTS_UNIT_SCRATCH_H
#define TESTS_UNIT_SCRATCH_H

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shm/base/attr.h"

struct scratch {
	char path[64];
	int fd; /* of the directory */
};

/* Makes it below /tmp; a test without one cannot go on. */
static inline void
scratch_new(struct scratch *scratch)
{
	(void)snprintf(scratch->path, sizeof(scratch->path),
	    "/tmp/ftpsd-unit.XXXXXX");
	if (mkdtemp(scratch->path) == NULL)
		abort();
	scratch->fd = open(scratch->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (scratch->fd == -1)
		abort();
}

static inline int
scratch_remove(const char *path, const struct stat *st UNUSED, int type UNUSED,
    struct FTW *place UNUSED)
{
	return (remove(path));
}

static inline void
scratch_free(struct scratch *scratch)
{
	(void)nftw(scratch->path, scratch_remove, 8, FTW_DEPTH | FTW_PHYS);
	close(scratch->fd);
}

/* Writes a file with these contents and mode 0644. */
static inline void
scratch_write(const struct scratch *scratch, const char *name, const char *text)
{
	int fd = openat(scratch->fd, name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd == -1 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		abort();
	(void)fchmod(fd, 0644);
	close(fd);
}

/* Whether the file has just these contents. */
static inline int
scratch_holds(const struct scratch *scratch, const char *name, const char *text)
{
	char buffer[4096];
	int fd = openat(scratch->fd, name, O_RDONLY);
	ssize_t n = fd == -1 ? -1 : read(fd, buffer, sizeof(buffer));

	if (fd != -1)
		close(fd);
	return (n == (ssize_t)strlen(text) &&
	    memcmp(buffer, text, strlen(text)) == 0);
}

static inline int
scratch_exists(const struct scratch *scratch, const char *name)
{
	struct stat st;

	return (fstatat(scratch->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0);
}

#endif
