#include "worker/agent/rename.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "worker/agent/resolve.h"

/* A directory has no second name; a file may have one for a moment. */
static int
rename_in_steps(const struct place *from, const struct place *to)
{
	struct stat st;

	if (fstatat(from->parent, from->name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return (-1);
	if (!S_ISDIR(st.st_mode)) {
		if (linkat(from->parent, from->name, to->parent, to->name, 0) ==
		    -1)
			return (-1);
		return (unlinkat(from->parent, from->name, 0));
	}
	if (fstatat(to->parent, to->name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		errno = EEXIST;
		return (-1);
	}
	if (errno != ENOENT)
		return (-1);
	return (renameat(from->parent, from->name, to->parent, to->name));
}

int
rename_new(const struct place *from, const struct place *to)
{
	if (renameat2(from->parent, from->name, to->parent, to->name,
		RENAME_NOREPLACE) == 0)
		return (0);
	if (errno != EINVAL && errno != ENOSYS)
		return (-1);
	return (rename_in_steps(from, to));
}
