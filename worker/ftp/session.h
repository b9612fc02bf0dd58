/*
 * session - the FTP sessions of a worker, as the rest of the worker sees them.
 *
 * Each owns its sockets, its questions to login and its requests to an agent;
 * all are in the list worker->first_session.
 */
#ifndef WORKER_FTP_SESSION_H
#define WORKER_FTP_SESSION_H

#include <stdbool.h>

#include "shm/base/attr.h"
#include "shm/board/start.h"

struct worker;

/* Begins a session on a connection just accepted; fd is taken over. */
void session_accept(struct worker *worker, int fd,
    const struct start_listener *listener);

/*
 * Ends sessions: those that run no transfer with 421, the others as soon as
 * their transfer is over; hard: all, running transfers are cut (426, 421).
 */
void session_drain(struct worker *worker, bool hard);

#endif
