/* limits - the limits on sessions, in words for clients. */
#ifndef WORKER_FTP_LIMITS_H
#define WORKER_FTP_LIMITS_H

#include "shm/base/attr.h"
#include "shm/board/score.h"
#include "shm/ipc/body.h"

/* Which limit refuses, with its key in the configuration. */
NODISCARD const char *limit_text(enum limit limit);

/* Counts a refusal. */
void limit_count(struct score *score, enum limit limit);

#endif
