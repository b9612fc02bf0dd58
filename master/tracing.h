/*
 * tracing - what is traced, in all processes.
 *
 * log.trace says it at the start, and again at a reload that changes it;
 * `ftpsctl trace` in between.  Workers are born with the rules of the master,
 * ocsp is told of them at its start, and all, of whatever generation, of a
 * change.
 */
#ifndef MASTER_TRACING_H
#define MASTER_TRACING_H

#include "master/control/control.h"
#include "master/master.h"

struct process;

/* Puts the rules of conf in force. */
void tracing_configure(struct master *master, const struct conf *conf);

/* Tells a process that has just been started, unless it was born with it. */
void tracing_tell(struct process *process);

/* The command; it is answered. */
void tracing_request(struct control_client *client, struct master *master);

#endif
