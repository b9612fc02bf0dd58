/*
 * path - virtual paths: absolute, "/" is the account's root, bytes.
 */
#ifndef WORKER_FTP_SYNTAX_PATH_H
#define WORKER_FTP_SYNTAX_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "shm/base/attr.h"

/*
 * name as seen from cwd, normalised: no "//", ".", "..", no "/" at the end.
 * ".." above the root stays at the root.  NULL with errno: EINVAL (empty, CR
 * or LF in it), ENAMETOOLONG (over FS_PATH_MAX), ENOMEM.  The caller frees.
 */
NODISCARD char *path_resolve(const char *cwd, const char *name);

/*
 * Where in path the components begin that may be patterns, path being name as
 * path_resolve() made it; 0: there are none.  *before is how much of name comes
 * before them.
 */
NODISCARD size_t path_pattern(const char *path, const char *name,
    size_t *before);

/* The path with each quotation mark doubled (RFC 959).  The caller frees. */
NODISCARD char *path_quote(const char *path);

/* Whether the path is the root. */
NODISCARD bool path_is_root(const char *path);

/*
 * The last component; the root's is "/".
 */
NODISCARD const char *path_base(const char *path);

#endif
