/*
 * listing - the requests for listings: through a pipe, or, when short, in the
 * answer.  Each handler returns as those of transfer.h.
 */
#ifndef WORKER_AGENT_LISTING_H
#define WORKER_AGENT_LISTING_H

#include "shm/base/attr.h"
#include "shm/ipc/channel.h"

struct session;

NODISCARD int listing_list(struct session *session, struct message *message);
NODISCARD int listing_short(struct session *session, struct message *message);

#endif
