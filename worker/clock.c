#include "worker/clock.h"

#include <stdlib.h>

#include "shm/base/ensure.h"
#include "worker/worker.h"

/*
 * A pairing heap: each deadline is the root of a heap of later ones, its
 * children in a list.  Setting is one comparison, clearing joins the children;
 * most deadlines are moved or cleared long before they are due, and never cost
 * more than that.
 */
struct clock {
	uv_timer_t timer;
	struct worker *worker;
	struct deadline *first;
	uint64_t armed_at; /* 0: the timer is not armed */
};

/* Joins two heaps; either may be NULL.  Returns the root of both. */
static struct deadline *
join(struct deadline *a, struct deadline *b)
{
	struct deadline *later;

	if (a == NULL)
		return (b);
	if (b == NULL)
		return (a);
	if (b->at < a->at) {
		later = a;
		a = b;
	} else {
		later = b;
	}
	later->previous = a;
	later->next = a->child;
	if (a->child != NULL)
		a->child->previous = later;
	a->child = later;
	return (a);
}

/* Takes the heap at the head of the list out of it. */
static struct deadline *
take(struct deadline **list)
{
	struct deadline *head = *list;

	if (head == NULL)
		return (NULL);
	*list = head->next;
	head->next = NULL;
	head->previous = NULL;
	return (head);
}

/* Joins a list of siblings: in pairs first, which is what keeps it shallow. */
static struct deadline *
join_all(struct deadline *list)
{
	struct deadline *pairs = NULL, *root = NULL, *a, *b;

	while ((a = take(&list)) != NULL) {
		b = take(&list);
		a = join(a, b);
		a->next = pairs;
		pairs = a;
	}
	while ((a = take(&pairs)) != NULL)
		root = join(root, a);
	return (root);
}

/* Takes the deadline out of the heap. */
static void
withdraw(struct clock *clock, struct deadline *deadline)
{
	struct deadline *rest = join_all(deadline->child);

	deadline->child = NULL;
	if (deadline == clock->first) {
		clock->first = rest;
		return;
	}
	if (deadline->previous->child == deadline)
		deadline->previous->child = deadline->next;
	else
		deadline->previous->next = deadline->next;
	if (deadline->next != NULL)
		deadline->next->previous = deadline->previous;
	deadline->next = NULL;
	deadline->previous = NULL;
	clock->first = join(clock->first, rest);
}

static void fire(uv_timer_t *timer);

/*
 * Arms the timer for the earliest deadline.  One that is armed too early stays
 * so: an idle timeout that is moved with every command would otherwise move
 * the timer each time.
 */
static void
arm(struct clock *clock)
{
	uint64_t now = worker_now(clock->worker), at;

	if (clock->first == NULL)
		return;
	at = clock->first->at;
	if (clock->armed_at != 0 && clock->armed_at <= at)
		return;
	(void)uv_timer_start(&clock->timer, fire, at > now ? at - now : 0, 0);
	clock->armed_at = at;
}

static void
fire(uv_timer_t *timer)
{
	struct clock *clock = timer->data;
	uint64_t now = worker_now(clock->worker);
	struct deadline *due;

	clock->armed_at = 0;
	/* What a handler sets is later than now: the loop ends. */
	while ((due = clock->first) != NULL && due->at <= now) {
		deadline_clear(due);
		due->handler(due->context);
	}
	arm(clock);
}

struct clock *
clock_new(struct worker *worker)
{
	struct clock *clock = calloc(1, sizeof(*clock));

	if (clock == NULL)
		return (NULL);
	clock->worker = worker;
	if (uv_timer_init(&worker->loop, &clock->timer) != 0) {
		free(clock);
		return (NULL);
	}
	clock->timer.data = clock;
	return (clock);
}

static void
closed(uv_handle_t *handle)
{
	free(handle->data);
}

void
clock_free(struct clock **clock)
{
	if (*clock == NULL)
		return;
	while ((*clock)->first != NULL)
		deadline_clear((*clock)->first);
	uv_close((uv_handle_t *)&(*clock)->timer, closed);
	*clock = NULL;
}

void
deadline_init(struct deadline *deadline, deadline_handler handler,
    void *context)
{
	*deadline = (struct deadline){ .handler = handler, .context = context };
}

void
deadline_set(struct worker *worker, struct deadline *deadline,
    uint64_t milliseconds)
{
	struct clock *clock = worker->clock;
	uint64_t now = worker_now(worker);

	ensure(deadline->handler != NULL);
	deadline_clear(deadline);
	deadline->clock = clock;
	/* At least one: a handler that sets itself anew must not hold the
	 * loop for ever. */
	if (milliseconds == 0)
		milliseconds = 1;
	if (milliseconds > UINT64_MAX - now)
		milliseconds = UINT64_MAX - now;
	deadline->at = now + milliseconds;
	clock->first = join(clock->first, deadline);
	arm(clock);
}

void
deadline_clear(struct deadline *deadline)
{
	if (deadline->clock == NULL)
		return;
	withdraw(deadline->clock, deadline);
	deadline->clock = NULL;
}

bool
deadline_is_set(const struct deadline *deadline)
{
	return (deadline->clock != NULL);
}

uint64_t
deadline_left(const struct worker *worker, const struct deadline *deadline)
{
	uint64_t now = worker_now(worker);

	if (deadline->clock == NULL || deadline->at <= now)
		return (0);
	return (deadline->at - now);
}
