#include "worker/agent/where.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * Where the directory is, as the kernel says: fchdir() is the way to ask, since
 * there is no /proc in the jail.
 */
static int
ask_where(int directory, char out[PATH_MAX])
{
	long len;

	if (fchdir(directory) == -1)
		return (-1);
	len = syscall(SYS_getcwd, out, PATH_MAX);
	if (len == -1)
		return (-1);
	if (out[0] == '/')
		return (0);
	errno = EACCES; /* it is out of reach by now */
	return (-1);
}

/* Takes the path of the root off, which is "/" in a jail. */
static int
make_virtual(const struct jail *jail, char path[PATH_MAX])
{
	char root[PATH_MAX];
	size_t len;

	if (jail->chrooted)
		return (0);
	if (ask_where(jail->root, root) == -1)
		return (-1);
	len = strcmp(root, "/") == 0 ? 0 : strlen(root);
	if (strncmp(path, root, len) != 0 ||
	    (path[len] != '/' && path[len] != '\0')) {
		errno = EACCES;
		return (-1);
	}
	memmove(path, path + len, strlen(path + len) + 1);
	if (path[0] == '\0')
		memcpy(path, "/", 2);
	return (0);
}

int
where_is(const struct jail *jail, int directory, char out[PATH_MAX])
{
	int ret = ask_where(directory, out), error;

	if (ret == 0)
		ret = make_virtual(jail, out);
	error = errno;
	/* No directory is kept in use that nobody is in. */
	if (fchdir(jail->root) == -1)
		return (-1);
	errno = error;
	return (ret);
}
