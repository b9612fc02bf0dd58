/*
 * accept - the worker's listeners.
 *
 * Takes connections in small batches, so that sessions that exist are served
 * in between, and hands them to the FTP code.  When no descriptor is left it
 * tells those who wait, by means of one descriptor kept in reserve, and lets
 * the rest wait in the kernel for a moment.
 */
#ifndef WORKER_ACCEPT_H
#define WORKER_ACCEPT_H

#include "shm/base/attr.h"

struct accept;
struct worker;

/* Watches start->listeners.  NULL with errno. */
NODISCARD struct accept *accept_new(struct worker *worker);

/* Ends: nothing is accepted any more.  Sets *accept to NULL; NULL is allowed.
 */
void accept_free(struct accept **accept);

/* For worker_out_of_descriptors(). */
void accept_pause(struct accept *accept);

#endif
