#include "worker/agent/keep.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "shm/base/fd.h"

#define ACL       "system.posix_acl_access"
#define USER      "user."
#define VALUE_MAX 65536 /* the kernel's limit, of lists too */

/*
 * Labels and signatures (security.*, trusted.*) belong to the contents or to
 * the system's policy, which have given the new file its own.
 */
static bool
is_kept(const char *name)
{
	return (strcmp(name, ACL) == 0 ||
	    strncmp(name, USER, sizeof(USER) - 1) == 0);
}

static int
copy_attribute(int from, int to, const char *name, char *value)
{
	ssize_t len = fgetxattr(from, name, value, VALUE_MAX);

	if (len == -1)
		return (errno == ENODATA ? 0 : -1);
	return (fsetxattr(to, name, value, (size_t)len, 0));
}

/* A default list of the directory's must not outlive a file without one. */
static int
clear_acl(int fd)
{
	if (fremovexattr(fd, ACL) == -1 && errno != ENODATA &&
	    errno != EOPNOTSUPP)
		return (-1);
	return (0);
}

/* The names of all attributes, for the caller to free; their length, or -1. */
static ssize_t
read_names(int fd, char **names)
{
	ssize_t len = flistxattr(fd, NULL, 0);

	*names = NULL;
	if (len <= 0)
		return (len == 0 || errno == EOPNOTSUPP ? 0 : -1);
	*names = malloc(VALUE_MAX);
	return (*names == NULL ? -1 : flistxattr(fd, *names, VALUE_MAX));
}

static int
copy_attributes(int from, int to)
{
	char *names, *value;
	ssize_t len, at;
	int ret;

	if (clear_acl(to) == -1)
		return (-1);
	len = read_names(from, &names);
	value = len > 0 ? malloc(VALUE_MAX) : NULL;
	ret = len == -1 || (len > 0 && value == NULL) ? -1 : 0;
	for (at = 0; ret == 0 && at < len;
	     at += (ssize_t)strlen(names + at) + 1)
		if (is_kept(names + at))
			ret = copy_attribute(from, to, names + at, value);
	free(names);
	free(value);
	return (ret);
}

bool
keep_is_possible(const struct place *place)
{
	bool hidden = false;
	struct stat st;
	ssize_t len, at;
	char *names;
	int fd;

	if (faccessat(place->parent, place->name, R_OK, AT_SYMLINK_NOFOLLOW) ==
	    0)
		return (true);
	fd = open_regular_at(place, 0, O_WRONLY, &st);
	if (fd == -1)
		return (false);
	len = read_names(fd, &names);
	for (at = 0; !hidden && at < len; at += (ssize_t)strlen(names + at) + 1)
		hidden = strncmp(names + at, USER, sizeof(USER) - 1) == 0;
	free(names);
	fd_close(&fd);
	return (len != -1 && !hidden);
}

/* The mode comes last: with a list, it sets the mask in it as it was. */
static int
copy_all(const struct stat *old, int from, int to)
{
	struct stat new;

	if (fstat(to, &new) == -1)
		return (-1);
	if (old->st_gid != new.st_gid &&
	    fchown(to, (uid_t)-1, old->st_gid) == -1)
		return (-1);
	if (copy_attributes(from, to) == -1)
		return (-1);
	/* As after write(2): contents that are new are not set-user-ID. */
	return (fchmod(to, old->st_mode & (S_ISVTX | 0777)));
}

int
keep_attributes(const struct place *place, int fd, mode_t mode)
{
	struct stat old;
	int from, error, ret;

	from = open_regular_at(place, 0, O_RDONLY, &old);
	/* Write-only to its owner: the attributes can be had nevertheless. */
	if (from == -1 && errno == EACCES)
		from = open_regular_at(place, 0, O_WRONLY, &old);
	if (from == -1)
		return (
		    errno == ENOENT || errno == ELOOP ? fchmod(fd, mode) : -1);
	ret = copy_all(&old, from, fd);
	error = errno;
	fd_close(&from);
	errno = error;
	return (ret);
}
