/*
 * tracing - what is traced, in all processes.
 *
 * log.trace says it at the start, and again at a reload that changes it;
 * `ftpsctl trace` in between.  Workers are born with the rules of the master,
 * and are told of a change, whatever their generation.
 */
#ifndef MASTER_TRACING_H
#define MASTER_TRACING_H

#include "master/control.h"
#include "master/master.h"

/* Puts the rules of conf in force. */
void tracing_configure(struct master *master, const struct conf *conf);

/* The command; it is answered. */
void tracing_request(struct control_client *client, struct master *master);

#endif
