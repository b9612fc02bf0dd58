/*
 * peek - the beginning of a file that the worker puts into a reply.
 */
#ifndef WORKER_AGENT_PEEK_H
#define WORKER_AGENT_PEEK_H

#include "shm/base/attr.h"
#include "shm/ipc/channel.h"

struct session;

/* Answers FS_PEEK.  0, or -1: no request that a worker may send. */
NODISCARD int peek(struct session *session, struct message *message);

#endif
