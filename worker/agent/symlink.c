#include "worker/agent/symlink.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "worker/agent/line.h"
#include "worker/agent/resolve.h"
#include "worker/agent/where.h"

/*
 * How many directories the directory is below the root, whatever links the
 * path to it went through.  -1 with errno.
 */
static int
depth_of(const struct jail *jail, int directory)
{
	char path[PATH_MAX];
	int depth = 0;
	size_t i;

	if (where_is(jail, directory, path) == -1)
		return (-1);
	for (i = 0; path[i] != '\0'; i++)
		depth += path[i] == '/' && path[i + 1] != '\0';
	return (depth);
}

/*
 * Whether the target, from so deep, leads no higher than the root.  What is
 * above a name may be anywhere, since that may be a link, now or later: ".."
 * comes first or not at all.
 */
static bool
stays_below(const char *target, int depth)
{
	bool named = false;
	size_t len;

	for (; *target != '\0'; target += len) {
		target += strspn(target, "/");
		len = strcspn(target, "/");
		if (len == 2 && target[0] == '.' && target[1] == '.') {
			if (named || depth-- == 0)
				return (false);
		} else if (len > 0 && (len != 1 || target[0] != '.'))
			named = true;
	}
	return (true);
}

/* What the link is to hold, from so deep.  0, or -1 with errno. */
static int
make_text(const char *target, int depth, char *out, size_t size)
{
	bool absolute = target[0] == '/';
	struct line line;

	if (!stays_below(target, absolute ? 0 : depth)) {
		errno = EXDEV;
		return (-1);
	}
	line_init(&line, out, size);
	for (; absolute && depth > 0; depth--)
		line_text(&line, "../");
	target += absolute ? strspn(target, "/") : 0;
	line_text(&line, target);
	if (line.len == 0)
		line_char(&line, '.');
	if (line.len == size) {
		errno = ENAMETOOLONG;
		return (-1);
	}
	out[line.len] = '\0';
	return (0);
}

int
symlink_make(const struct jail *jail, const struct ops_request *request,
    struct msg_fs_done *done UNUSED)
{
	char text[PATH_MAX];
	struct place place;
	int depth, ret = -1;

	if (resolve_place(jail, request->path, ACCESS_ADD | ACCESS_LINK,
		&place) == -1) {
		if (errno == EBUSY)
			errno = EEXIST;
		return (-1);
	}
	depth = depth_of(jail, place.parent);
	if (depth >= 0 &&
	    make_text(request->other, depth, text, sizeof(text)) == 0 &&
	    resolve_may_link(jail, &place, text) == 0)
		ret = symlinkat(text, place.parent, place.name);
	resolve_free(&place);
	return (ret);
}
