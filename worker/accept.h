/*
 * accept - the worker's listeners.
 *
 * Takes connections in small batches, so that sessions that exist are served
 * in between, and hands them to the FTP code.  When no descriptor is left it
 * tells those who wait, by means of one descriptor kept in reserve, and lets
 * the rest wait in the kernel for a moment.  The listeners are those of the
 * worker's slot and, for a time, those of slots that have no worker.
 */
#ifndef WORKER_ACCEPT_H
#define WORKER_ACCEPT_H

#include <stdint.h>

#include "shm/base/attr.h"

struct accept;
struct start_listener;
struct worker;

/* Watches start->listeners.  NULL with errno. */
NODISCARD struct accept *accept_new(struct worker *worker);

/* Ends: nothing is accepted any more.  Sets *accept to NULL; NULL is allowed.
 */
void accept_free(struct accept **accept);

/*
 * Watches a listener of another slot as well, until that is returned; takes
 * its descriptor over.  Where nothing is accepted (NULL) it is only closed.
 */
void accept_borrow(struct accept *accept, const struct start_listener *listener,
    uint32_t slot);
void accept_return(struct accept *accept, uint32_t slot);

/* For worker_out_of_descriptors(). */
void accept_pause(struct accept *accept);

#endif
