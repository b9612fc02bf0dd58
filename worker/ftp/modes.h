/*
 * modes - the permissions of what a session makes.
 *
 * They come from the configuration where it is made (umask, file_mode,
 * allow_chmod), which the agent knows, and from SITE UMASK.
 */
#ifndef WORKER_FTP_MODES_H
#define WORKER_FTP_MODES_H

#include <stdint.h>

#include "shm/base/attr.h"
#include "worker/ftp/state.h"

/* What the session leaves of the mode of something new: see FS_MODE_OWN. */
NODISCARD uint32_t modes_new(const struct session *session);

/*
 * What new files in the current directory, as the client names it, do not get.
 * A umask of the session's own replaces that of the configuration where it may
 * change permissions at all; elsewhere it can only take away more.
 */
NODISCARD uint32_t modes_umask(const struct session *session);

#endif
