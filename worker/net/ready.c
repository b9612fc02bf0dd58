#include "worker/net/ready.h"

#include <stdlib.h>

#include "shm/base/ensure.h"

struct ready {
	uv_idle_t idle; /* first: the close callback frees the whole */
	uv_loop_t *loop;
	struct ready *next;
	unsigned int users;
	struct ready_entry waiting; /* heads of rings */
	struct ready_entry turn;    /* being worked off */
};

/* One a loop, and in a worker there is one loop. */
static struct ready *lists;

static void
make_ring(struct ready_entry *head)
{
	head->next = head->previous = head;
}

static bool
is_empty(const struct ready_entry *head)
{
	return (head->next == head);
}

static void
unlink_entry(struct ready_entry *entry)
{
	ensure(entry->next != NULL && entry->previous != NULL);
	entry->previous->next = entry->next;
	entry->next->previous = entry->previous;
	entry->next = entry->previous = NULL;
}

/* Moves all that waits to the empty ring turn. */
static void
begin_turn(struct ready *ready)
{
	struct ready_entry *waiting = &ready->waiting, *turn = &ready->turn;

	if (is_empty(waiting))
		return;
	turn->next = waiting->next;
	turn->previous = waiting->previous;
	turn->next->previous = turn;
	turn->previous->next = turn;
	make_ring(waiting);
}

static void
work_off(uv_idle_t *idle)
{
	struct ready *ready = (struct ready *)idle;
	struct ready_entry *entry;

	/* Who wakes may give the list back. */
	ready->users++;
	begin_turn(ready);
	while (!is_empty(&ready->turn)) {
		entry = ready->turn.next;
		unlink_entry(entry);
		entry->wake(entry->owner);
	}
	if (is_empty(&ready->waiting))
		(void)uv_idle_stop(&ready->idle);
	ready_put(&ready);
}

struct ready *
ready_get(uv_loop_t *loop)
{
	struct ready *ready;

	for (ready = lists; ready != NULL; ready = ready->next) {
		if (ready->loop != loop)
			continue;
		ready->users++;
		return (ready);
	}
	ready = calloc(1, sizeof(*ready));
	if (ready == NULL)
		return (NULL);
	ensure(uv_idle_init(loop, &ready->idle) == 0);
	ready->loop = loop;
	ready->users = 1;
	make_ring(&ready->waiting);
	make_ring(&ready->turn);
	ready->next = lists;
	lists = ready;
	return (ready);
}

static void
closed(uv_handle_t *handle)
{
	free(handle->data);
}

void
ready_put(struct ready **ready)
{
	struct ready *ended = *ready, **at;

	*ready = NULL;
	if (--ended->users > 0)
		return;
	for (at = &lists; *at != ended; at = &(*at)->next)
		;
	*at = ended->next;
	ended->idle.data = ended;
	uv_close((uv_handle_t *)&ended->idle, closed);
}

void
ready_init(struct ready_entry *entry, void (*wake)(void *owner), void *owner)
{
	entry->next = entry->previous = NULL;
	entry->wake = wake;
	entry->owner = owner;
}

void
ready_add(struct ready *ready, struct ready_entry *entry)
{
	if (entry->next != NULL)
		return;
	entry->next = &ready->waiting;
	entry->previous = ready->waiting.previous;
	entry->previous->next = entry;
	ready->waiting.previous = entry;
	ensure(uv_idle_start(&ready->idle, work_off) == 0);
}

void
ready_remove(struct ready *ready, struct ready_entry *entry)
{
	if (entry->next == NULL)
		return;
	unlink_entry(entry);
	if (is_empty(&ready->waiting) && is_empty(&ready->turn))
		(void)uv_idle_stop(&ready->idle);
}
