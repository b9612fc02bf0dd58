/*
 * space - how much room the account has where a path leads.
 */
#ifndef WORKER_AGENT_SPACE_H
#define WORKER_AGENT_SPACE_H

#include <stdint.h>

#include "shm/base/attr.h"
#include "shm/ipc/body.h"
#include "worker/agent/jail.h"

/* As the kernel tells it, of quotactl(2). */
struct dqblk;

/*
 * Fills all of *room but what it echoes: what the file system has left, and the
 * quotas of the account and its group there, where the kernel keeps some.
 * 0, or -1 with errno.
 */
NODISCARD int space_look(const struct jail *jail, const char *path,
    struct msg_fs_room *room);

/* The kernel's form of a quota in ours; what is not valid in it is 0. */
void space_convert(const struct dqblk *kernel, struct fs_quota *quota);

#endif
