/*
 * modes - the permissions of what a session makes, and whether it may change
 * them.
 *
 * They come from the configuration (umask, file_mode, allow_chmod) and from
 * SITE UMASK.  Paths are absolute and normalised.
 */
#ifndef WORKER_FTP_MODES_H
#define WORKER_FTP_MODES_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/base/attr.h"
#include "worker/ftp/state.h"

/* What a new file, or directory, of that path gets. */
NODISCARD uint32_t modes_file(const struct session *session, const char *path);
NODISCARD uint32_t modes_directory(const struct session *session,
    const char *path);

/*
 * What new files there do not get.  A umask of the session's own replaces that
 * of the configuration where it may change permissions at all; elsewhere it
 * can only take away more.
 */
NODISCARD uint32_t modes_umask(const struct session *session, const char *path);

/* Whether the session may change permissions there. */
NODISCARD bool modes_may_change(const struct session *session,
    const char *path);

#endif
