#include "master/login/recall.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "master/login/session.h"
#include "shm/base/loop.h"

/* A worker that does not answer in time holds up no other's clients. */
#define PATIENCE_MS 1000

struct waiting {
	TAILQ_ENTRY(waiting) link;
	struct login_worker *worker;
	uint64_t session;
	recall_again again;
	uint64_t question[]; /* aligned for any */
};

struct recall {
	struct workers *workers;
	struct loop_timer *patience; /* armed while any is asked */
	TAILQ_HEAD(, waiting) waiting;
};

static void
put_again(void *context)
{
	struct recall *recall = context;
	struct login_worker *worker;
	struct waiting *first;

	/* Whoever has not answered is asked again, by another question. */
	LIST_FOREACH (worker, &recall->workers->list, list)
		worker->recalled = false;
	loop_timer_clear(recall->patience);
	while ((first = TAILQ_FIRST(&recall->waiting)) != NULL) {
		TAILQ_REMOVE(&recall->waiting, first, link);
		first->again(first->worker, first->question);
		free(first);
	}
}

struct recall *
recall_new(struct loop *loop, struct workers *workers)
{
	struct recall *recall = calloc(1, sizeof(*recall));

	if (recall == NULL)
		return (NULL);
	recall->workers = workers;
	TAILQ_INIT(&recall->waiting);
	recall->patience = loop_timer(loop, put_again, recall);
	if (recall->patience == NULL) {
		free(recall);
		return (NULL);
	}
	return (recall);
}

void
recall_free(struct recall **recall)
{
	if (*recall == NULL)
		return;
	loop_timer_free(&(*recall)->patience);
	free(*recall);
	*recall = NULL;
}

static bool
any_asked(const struct workers *workers)
{
	const struct login_worker *worker;

	LIST_FOREACH (worker, &workers->list, list)
		if (worker->recalled)
			return (true);
	return (false);
}

/* Asks those who keep places: whether there is any to wait for. */
static bool
ask(struct recall *recall)
{
	static const struct msg_empty empty;
	struct login_worker *worker;

	LIST_FOREACH (worker, &recall->workers->list, list)
		if (worker->keeps && !worker->recalled)
			worker->recalled =
			    link_post(worker->link, MSG_SESSIONS_RECALL,
				&empty) == 0;
	return (any_asked(recall->workers));
}

int
recall_wait(struct login_worker *worker, uint64_t session, recall_again again,
    const void *question, size_t len)
{
	struct recall *recall = worker->workers->recall;
	struct waiting *waiting;

	if (!ask(recall))
		return (-1);
	waiting = malloc(sizeof(*waiting) + len);
	if (waiting == NULL)
		return (-1);
	waiting->worker = worker;
	waiting->session = session;
	waiting->again = again;
	memcpy(waiting->question, question, len);
	TAILQ_INSERT_TAIL(&recall->waiting, waiting, link);
	if (!loop_timer_armed(recall->patience))
		loop_timer_set(recall->patience, PATIENCE_MS);
	return (0);
}

static void
forget(struct recall *recall, struct waiting *waiting)
{
	TAILQ_REMOVE(&recall->waiting, waiting, link);
	free(waiting);
}

void
recall_forget(struct login_worker *worker, uint64_t session)
{
	struct recall *recall = worker->workers->recall;
	struct waiting *at, *next;

	for (at = TAILQ_FIRST(&recall->waiting); at != NULL; at = next) {
		next = TAILQ_NEXT(at, link);
		if (at->worker == worker && at->session == session)
			forget(recall, at);
	}
}

/* It keeps nothing any more, and may have been the last to be waited for. */
static void
answered(struct login_worker *worker)
{
	struct recall *recall = worker->workers->recall;

	worker->keeps = false;
	worker->recalled = false;
	if (loop_timer_armed(recall->patience) && !any_asked(worker->workers))
		loop_timer_set(recall->patience, 0);
}

void
recall_forget_worker(struct login_worker *worker)
{
	struct recall *recall = worker->workers->recall;
	struct waiting *at, *next;

	for (at = TAILQ_FIRST(&recall->waiting); at != NULL; at = next) {
		next = TAILQ_NEXT(at, link);
		if (at->worker == worker)
			forget(recall, at);
	}
	answered(worker);
}

int
recall_on_kept(struct login_worker *worker, const struct message *message)
{
	if (message->len != 0)
		return (-1);
	worker->keeps = true;
	return (0);
}

/* Also one that comes too late is true. */
int
recall_on_recalled(struct login_worker *worker, const struct message *message)
{
	if (message->len != 0)
		return (-1);
	answered(worker);
	return (0);
}
