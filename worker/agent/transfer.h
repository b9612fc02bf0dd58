/*
 * transfer - the requests that open something: files to read, uploads.  Each
 * handler returns 0, or -1 when the request is malformed or its answer cannot
 * be sent: then the session is cut.
 */
#ifndef WORKER_AGENT_TRANSFER_H
#define WORKER_AGENT_TRANSFER_H

#include "shm/base/attr.h"
#include "shm/ipc/channel.h"

struct session;

NODISCARD int transfer_open(struct session *session, struct message *message);
NODISCARD int transfer_create(struct session *session, struct message *message);
NODISCARD int transfer_store(struct session *session, struct message *message);
NODISCARD int transfer_commit(struct session *session, struct message *message);
NODISCARD int transfer_discard(struct session *session,
    struct message *message);

#endif
