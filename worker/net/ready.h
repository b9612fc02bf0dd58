/*
 * ready - streams that can go on although their sockets are silent.
 *
 * TLS may hold bytes that no event of the kernel will tell of.  One list a
 * loop, worked off once each turn; the loop does not sleep while the list
 * holds an entry.  It is made with the first stream on a loop and goes with
 * the last one.
 */
#ifndef WORKER_NET_READY_H
#define WORKER_NET_READY_H

#include <stdbool.h>
#include <uv.h>

#include "shm/base/attr.h"

struct ready;

/* Embedded in what waits; the fields are the list's. */
struct ready_entry {
	struct ready_entry *next, *previous; /* both NULL: in no list */
	void (*wake)(void *owner);
	void *owner;
};

/* The list of loop, counted once more; NULL when memory is short. */
NODISCARD struct ready *ready_get(uv_loop_t *loop);
/* Gives it back and sets *ready to NULL. */
void ready_put(struct ready **ready);

void ready_init(struct ready_entry *entry, void (*wake)(void *owner),
    void *owner);
/*
 * wake(owner) is called in the next turn, once; from there entries may be
 * added and removed, and the owner freed.  Twice is allowed, and does nothing.
 */
void ready_add(struct ready *ready, struct ready_entry *entry);
void ready_remove(struct ready *ready, struct ready_entry *entry);

#endif
