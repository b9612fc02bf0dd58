#include "worker/ftp/syntax/path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "shm/ipc/body.h"

/* Takes the last component off; the root stays. */
static size_t
parent(const char *path, size_t len)
{
	while (len > 0 && path[len - 1] != '/')
		len--;
	return (len > 0 ? len - 1 : 0);
}

/*
 * Appends the components of name to the len bytes in out (no "/" at their
 * end; the root is the empty string).  Returns the new length, or -1.
 */
static long
walk(char *out, size_t len, const char *name)
{
	size_t n;

	for (; *name != '\0'; name += n) {
		name += strspn(name, "/");
		n = strcspn(name, "/");
		if (n == 0 || (n == 1 && name[0] == '.'))
			continue;
		if (n == 2 && name[0] == '.' && name[1] == '.') {
			len = parent(out, len);
			continue;
		}
		if (len + 1 + n > FS_PATH_MAX)
			return (-1);
		out[len] = '/';
		memcpy(out + len + 1, name, n);
		len += 1 + n;
	}
	return ((long)len);
}

char *
path_resolve(const char *cwd, const char *name)
{
	char out[FS_PATH_MAX + 1];
	long len = 0;

	if (*name == '\0' || strpbrk(name, "\r\n") != NULL) {
		errno = EINVAL;
		return (NULL);
	}
	if (*name != '/')
		len = walk(out, 0, cwd);
	if (len >= 0)
		len = walk(out, (size_t)len, name);
	if (len < 0) {
		errno = ENAMETOOLONG;
		return (NULL);
	}
	if (len == 0)
		out[len++] = '/';
	return (strndup(out, (size_t)len));
}

/*
 * The components of name from here on, or 0 when one of them is "." or "..":
 * these mean nothing behind a name that is not known yet.
 */
static size_t
count_components(const char *name)
{
	size_t count = 0, n;

	for (name += strspn(name, "/"); *name != '\0'; count++) {
		n = strcspn(name, "/");
		if (name[0] == '.' && (n == 1 || (n == 2 && name[1] == '.')))
			return (0);
		name += n;
		name += strspn(name, "/");
	}
	return (count);
}

size_t
path_pattern(const char *path, const char *name, size_t *before)
{
	size_t at = strcspn(name, "*?[\\"), count, len = strlen(path);

	if (name[at] == '\0')
		return (0);
	while (at > 0 && name[at - 1] != '/')
		at--;
	*before = at;
	count = count_components(name + at);
	if (count == 0)
		return (0);
	while (count > 0)
		if (path[--len] == '/')
			count--;
	return (len + 1);
}

char *
path_quote(const char *path)
{
	char *quoted, *out;

	quoted = malloc(2 * strlen(path) + 1);
	if (quoted == NULL)
		return (NULL);
	for (out = quoted; *path != '\0'; path++) {
		if (*path == '"')
			*out++ = '"';
		*out++ = *path;
	}
	*out = '\0';
	return (quoted);
}

bool
path_is_root(const char *path)
{
	return (strcmp(path, "/") == 0);
}

const char *
path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return (slash == NULL || slash[1] == '\0' ? path : slash + 1);
}
