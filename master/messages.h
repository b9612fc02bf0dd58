/* messages - what the processes tell the master, and who talks to whom. */
#ifndef MASTER_MESSAGES_H
#define MASTER_MESSAGES_H

#include "shm/ipc/link.h"

/* The context is the struct process. */
extern const struct link_handlers messages_handlers;

#endif
