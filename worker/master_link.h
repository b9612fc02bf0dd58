/*
 * master_link - the worker's channel to the master.
 */
#ifndef WORKER_MASTER_LINK_H
#define WORKER_MASTER_LINK_H

#include "shm/base/attr.h"
#include "shm/ipc/body.h"
#include "shm/ipc/role.h"

struct master_link;
struct worker;

/* Over start->master_fd.  NULL with errno. */
NODISCARD struct master_link *master_link_new(struct worker *worker);
/* Sets *link to NULL; NULL is allowed. */
void master_link_free(struct master_link **link);

/* Says READY: from now on the master gives orders.  0, or -1 with errno. */
NODISCARD int master_link_ready(struct master_link *link);

/*
 * The channel to a service has ended: the master is to see to another one,
 * unless the service has ended, too.  NULL is allowed.
 */
void master_link_lost(struct master_link *link, enum role service);

/* Asks for a socket.  0, or -1 with errno. */
NODISCARD int master_link_ask_port(struct master_link *link,
    const struct msg_data_port *body);

/* Says DRAINED, when there is a master to hear it. */
void master_link_drained(struct master_link *link);

#endif
