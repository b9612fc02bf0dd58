/* checkers_spawn - starts one checker process. */
#ifndef MASTER_LOGIN_CHECKERS_SPAWN_H
#define MASTER_LOGIN_CHECKERS_SPAWN_H

#include <sys/types.h>

#include "shm/base/attr.h"

/*
 * Executes self_fd anew as a checker.  Returns its pid and our end of its
 * channel in *channel_fd, or -1 with errno.
 */
NODISCARD pid_t checkers_spawn(int self_fd, int *channel_fd);

#endif
