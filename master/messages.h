/* messages - what the processes tell the master, and who talks to whom. */
#ifndef MASTER_MESSAGES_H
#define MASTER_MESSAGES_H

#include "shm/ipc/link.h"

struct supervisor;

/* The context is the struct process. */
extern const struct link_handlers messages_handlers;

/*
 * Gives workers new channels to services that have cut them off.  (Where the
 * service itself has ended, its successor is connected with everybody.)
 */
void messages_reconnect(struct supervisor *supervisor);

#endif
