/*
 * rmda - the command that removes whole trees.
 */
#ifndef WORKER_FTP_VERBS_RMDA_H
#define WORKER_FTP_VERBS_RMDA_H

#include <stdbool.h>

#include "shm/base/attr.h"
#include "worker/ftp/state.h"

/* Whether the session may use it at all; allow_rmda. */
NODISCARD bool rmda_allowed(const struct session *session);

#endif
