/*
 * chore - what takes an agent more than one turn of its loop.
 *
 * It is done in steps, for some milliseconds a turn, so that other sessions'
 * requests are answered in between; and every few seconds the worker hears that
 * it goes on.  It ends early with its session's channel, or by FS_CANCEL.
 */
#ifndef WORKER_AGENT_CHORE_H
#define WORKER_AGENT_CHORE_H

#include <stdint.h>

#include "shm/base/attr.h"

struct message;
struct session;
struct chore;

/* FS_COPY, FS_ERASE, FS_CANCEL: handlers as those of transfer.h. */
NODISCARD int chore_copy(struct session *session, struct message *message);
NODISCARD int chore_erase(struct session *session, struct message *message);
NODISCARD int chore_cancel(struct session *session, struct message *message);

/* Ends it, at any time.  Sets *chore to NULL; NULL is allowed. */
void chore_free(struct chore **chore);

#endif
