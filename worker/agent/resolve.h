/*
 * resolve - from a virtual path to a descriptor, never out of the jail.
 *
 * The kernel does the walking (openat2() with RESOLVE_IN_ROOT), so that no
 * symbolic link and no ".." leads above the root, whoever moves directories
 * about meanwhile.  There is no string-wise cleaning that could be outrun.
 *
 * Below what is denied nothing is told of what is there: errno is EACCES, and
 * never ENOENT or ENOTDIR.
 */
#ifndef WORKER_AGENT_RESOLVE_H
#define WORKER_AGENT_RESOLVE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "shm/base/attr.h"
#include "worker/agent/access.h"
#include "worker/agent/jail.h"

/* A name in a directory that is open. */
struct place {
	int parent;                /* O_PATH */
	unsigned int may;          /* the rights to it: a set of ACCESS_ bits */
	const struct rules *rules; /* that count there */
	char name[NAME_MAX + 1];
};

/*
 * Whether the bytes are a virtual path as a worker sends it: absolute, no
 * empty, "." or ".." component, no slash at the end, no NUL, not too long.
 */
NODISCARD bool resolve_valid(const uint8_t *path, size_t len);

/*
 * Opens what the virtual path leads to; need is what is meant to be done with
 * it (ACCESS_ bits).  The names that our own temporaries have are nobody
 * else's: EPERM.  flags as for open(2), without O_CREAT; O_CLOEXEC is added.
 * Returns the descriptor, or -1 with errno.  What opens more than a directory
 * or an O_PATH handle is open_regular().
 */
NODISCARD int resolve_open(const struct jail *jail, const char *path,
    unsigned int need, int flags);

/*
 * Opens a name in a directory that was found, or "." for itself, which no
 * symbolic link leaves.  Only for what the right to that directory covers.
 */
NODISCARD int resolve_below(int directory, const char *name, int flags);

/*
 * The directory that holds the last component of the virtual path, and that
 * component, which is not looked at; need is what is meant to be done with it.
 * "/" has none: EBUSY.  EPERM as above.  0, or -1 with errno; then there is
 * nothing to free.
 */
NODISCARD int resolve_place(const struct jail *jail, const char *path,
    unsigned int need, struct place *place);

/*
 * The same, but when the last component is a symbolic link, the place where
 * that leads; nothing needs to be there.
 */
NODISCARD int resolve_target(const struct jail *jail, const char *path,
    unsigned int need, struct place *place);

/*
 * Whether what turns out to be needed as well is allowed at the place: 0, or -1
 * with errno.
 */
NODISCARD int resolve_need(const struct place *place, unsigned int need);

/*
 * The place has got another name in the same directory: finds what is allowed
 * there, and whether it is all that is needed.  0, or -1 with errno.
 */
NODISCARD int resolve_renamed(const struct jail *jail, struct place *place,
    unsigned int need);

/*
 * The virtual path of the place, without symbolic links on the way to it, in
 * size bytes; for access_rights().  0, or -1 with errno.
 */
NODISCARD int resolve_found(const struct jail *jail, const struct place *place,
    char *out, size_t size);

/*
 * Whether what is at the one place may be moved to the other: for a directory,
 * with all that is in it.  0, or -1 with errno.
 */
NODISCARD int resolve_may_move(const struct jail *jail,
    const struct place *from, const struct place *to);

/*
 * Whether a symbolic link there may hold that text: it leads to nothing that is
 * denied, be it there or not.  0, or -1 with errno.
 */
NODISCARD int resolve_may_link(const struct jail *jail,
    const struct place *place, const char *text);

/* Closes what a place holds; harmless when done twice. */
void resolve_free(struct place *place);

/*
 * Opens a regular file; anything else is refused unopened: EISDIR, ELOOP (a
 * link, with O_NOFOLLOW in flags), EOPNOTSUPP (FIFO, socket, device).  flags
 * are O_RDONLY or O_WRONLY, with O_APPEND and O_NOFOLLOW as wanted.  Fills
 * *st.  Returns the descriptor, or -1 with errno.
 */
NODISCARD int open_regular(const struct jail *jail, const char *path,
    unsigned int need, int flags, struct stat *st);

/* The same at a place; a symbolic link is not followed. */
NODISCARD int open_regular_at(const struct place *place, unsigned int need,
    int flags, struct stat *st);

#endif
