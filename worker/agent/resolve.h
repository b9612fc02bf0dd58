/*
 * resolve - from a virtual path to a descriptor, never out of the jail.
 *
 * The kernel does the walking (openat2() with RESOLVE_IN_ROOT), so that no
 * symbolic link and no ".." leads above the root, whoever moves directories
 * about meanwhile.  There is no string-wise cleaning that could be outrun.
 */
#ifndef WORKER_AGENT_RESOLVE_H
#define WORKER_AGENT_RESOLVE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "shm/base/attr.h"

/* A name in a directory that is open. */
struct place {
	int parent; /* O_PATH */
	char name[NAME_MAX + 1];
};

/*
 * Whether the bytes are a virtual path as a worker sends it: absolute, no
 * empty, "." or ".." component, no slash at the end, no NUL, not too long.
 */
NODISCARD bool resolve_valid(const uint8_t *path, size_t len);

/*
 * Opens path, which may be relative or virtual, as seen from dir, which no
 * symbolic link leaves.  flags as for open(2), without O_CREAT; O_CLOEXEC is
 * added.  Returns the descriptor, or -1 with errno.  What opens more than a
 * directory or an O_PATH handle is open_regular().
 */
NODISCARD int resolve_open(int dir, const char *path, int flags);

/*
 * The directory that holds the last component of the virtual path, and that
 * component, which is not looked at.  "/" has none: EBUSY.  The names that our
 * own temporaries have are nobody else's: EPERM.  0, or -1 with errno; then
 * there is nothing to free.
 */
NODISCARD int resolve_place(int root, const char *path, struct place *place);

/*
 * The same, but when the last component is a symbolic link, the place where
 * that leads; nothing needs to be there.
 */
NODISCARD int resolve_target(int root, const char *path, struct place *place);

/* Closes what a place holds; harmless when done twice. */
void resolve_free(struct place *place);

/*
 * Opens a regular file; anything else is refused unopened: EISDIR, ELOOP (a
 * link, with O_NOFOLLOW in flags), EOPNOTSUPP (FIFO, socket, device).  flags
 * are O_RDONLY or O_WRONLY, with O_APPEND and O_NOFOLLOW as wanted.  Fills
 * *st.  Returns the descriptor, or -1 with errno.
 */
NODISCARD int open_regular(int dir, const char *path, int flags,
    struct stat *st);

#endif
