/*
 * data_port - sockets for data connections that come from a port which a worker
 * may not bind (active.port).
 */
#ifndef MASTER_DATA_PORT_H
#define MASTER_DATA_PORT_H

#include "master/supervise.h"
#include "shm/base/attr.h"
#include "shm/ipc/channel.h"

/*
 * Answers a worker's DATA_PORT with a socket that is bound, and neither
 * listens nor is connected, or with the reason why there is none.  Only ports
 * that some host of the worker's configuration has are given.  0, or -1:
 * nonsense.
 */
NODISCARD int data_port_answer(struct process *process,
    const struct message *message);

#endif
