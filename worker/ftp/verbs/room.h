/*
 * room - what may still be written where a file system and quotas are.
 */
#ifndef WORKER_FTP_VERBS_ROOM_H
#define WORKER_FTP_VERBS_ROOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/base/attr.h"
#include "shm/ipc/body.h"

struct room {
	uint64_t bytes, files;
	bool bytes_by_quota, files_by_quota; /* what sets the bound */
};

/* An account that is over its soft limit has until a time to get below it. */
NODISCARD struct room room_of(const struct msg_fs_room *facts);

/* Whether the account has any quota there, be it only counted. */
NODISCARD bool room_has_quota(const struct msg_fs_room *facts);

/*
 * One kind of quota in words: what, such as "bytes", is used, and its limits.
 */
#define ROOM_TEXT_MAX 160
void room_text(const struct fs_quota_part *part, const char *what, int64_t now,
    char out[ROOM_TEXT_MAX]);

#endif
