/*
 * turns - how many TLS handshakes of new connections run at once.
 *
 * A handshake needs several times the memory of a session, and nobody is
 * served sooner when a thousand of them take turns.  So further ones wait, the
 * first to ask being the next; who may begin is counted until it gives its
 * turn back.
 */
#ifndef WORKER_TURNS_H
#define WORKER_TURNS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "shm/base/attr.h"
#include "worker/net/ready.h"

struct turns;
struct worker;

enum turn_state {
	TURN_NONE,
	TURN_WAITING,
	TURN_TAKEN
};

/* Embedded in what wants to shake hands; the fields are the queue's. */
struct turn {
	TAILQ_ENTRY(turn) link; /* while it waits */
	struct ready_entry ready;
	enum turn_state state;
};

/* At most max at once, 0: no limit.  NULL when memory is short. */
NODISCARD struct turns *turns_new(struct worker *worker, uint32_t max);
/* Nobody may wait; sets *turns to NULL; NULL is allowed. */
void turns_free(struct turns **turns);

/* wake(owner) is called from the loop when a turn that was waited for is there.
 */
void turn_init(struct turn *turn, void (*wake)(void *owner), void *owner);

/* true: it is there (as often as one asks); false: it is waited for. */
NODISCARD bool turn_ask(struct turns *turns, struct turn *turn);

/* Gives the turn back, or waits no longer; without either does nothing. */
void turn_end(struct turns *turns, struct turn *turn);

#endif
