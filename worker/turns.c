#include "worker/turns.h"

#include <stdlib.h>

#include "shm/base/ensure.h"
#include "worker/memory.h"
#include "worker/worker.h"

struct turns {
	struct worker *worker;
	struct ready *ready;
	uint32_t max, taken;
	TAILQ_HEAD(, turn) waiting;
};

struct turns *
turns_new(struct worker *worker, uint32_t max)
{
	struct turns *turns = calloc(1, sizeof(*turns));

	if (turns == NULL)
		return (NULL);
	turns->ready = ready_get(&worker->loop);
	if (turns->ready == NULL) {
		free(turns);
		return (NULL);
	}
	turns->worker = worker;
	turns->max = max;
	TAILQ_INIT(&turns->waiting);
	return (turns);
}

void
turns_free(struct turns **turns)
{
	if (*turns == NULL)
		return;
	ensure(TAILQ_EMPTY(&(*turns)->waiting));
	ready_put(&(*turns)->ready);
	free(*turns);
	*turns = NULL;
}

void
turn_init(struct turn *turn, void (*wake)(void *owner), void *owner)
{
	turn->state = TURN_NONE;
	ready_init(&turn->ready, wake, owner);
}

static void
take(struct turns *turns, struct turn *turn)
{
	turn->state = TURN_TAKEN;
	turns->taken++;
}

bool
turn_ask(struct turns *turns, struct turn *turn)
{
	if (turn->state == TURN_TAKEN)
		return (true);
	if (turn->state == TURN_WAITING)
		return (false);
	if (turns->max == 0 || turns->taken < turns->max) {
		take(turns, turn);
		return (true);
	}
	turn->state = TURN_WAITING;
	TAILQ_INSERT_TAIL(&turns->waiting, turn, link);
	return (false);
}

/* Not from here: the owner must not be run below another one. */
static void
let_next(struct turns *turns)
{
	struct turn *next = TAILQ_FIRST(&turns->waiting);

	if (next == NULL)
		return;
	TAILQ_REMOVE(&turns->waiting, next, link);
	take(turns, next);
	ready_add(turns->ready, &next->ready);
}

void
turn_end(struct turns *turns, struct turn *turn)
{
	enum turn_state state = turn->state;

	turn->state = TURN_NONE;
	if (state == TURN_WAITING)
		TAILQ_REMOVE(&turns->waiting, turn, link);
	if (state != TURN_TAKEN)
		return;
	ready_remove(turns->ready, &turn->ready);
	ensure(turns->taken > 0);
	turns->taken--;
	memory_released(turns->worker->memory);
	let_next(turns);
}
