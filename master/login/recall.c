#include "master/login/recall.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "master/login/session.h"
#include "shm/base/loop.h"

/* A worker that does not answer in time holds up no other's clients. */
#define PATIENCE_MS 1000

/* Longer than an agent takes to tell that a session has left it. */
#define LATER_MS    20
#define LATER_TIMES 25

struct waiting {
	STAILQ_ENTRY(waiting) link;
	struct login_worker *worker;
	uint64_t session;
	recall_again again;
	unsigned int times;  /* that it was put again */
	uint64_t round;      /* the last one it was put in */
	uint64_t question[]; /* aligned for any */
};

STAILQ_HEAD(waiting_list, waiting);

struct recall {
	struct workers *workers;
	struct loop_timer *patience;  /* armed while any is asked */
	struct waiting_list waiting;  /* for workers */
	struct loop_timer *wait_more; /* armed while any is put again later */
	struct waiting_list later;
	uint64_t round; /* counts the times that a list was put */
};

/* It waits on, if it is not settled. */
static void
put(struct recall *recall, struct waiting *waiting)
{
	bool last = ++waiting->times > LATER_TIMES;

	if (waiting->again(waiting->worker, waiting->question, last)) {
		free(waiting);
		return;
	}
	waiting->round = recall->round;
	STAILQ_INSERT_TAIL(&recall->later, waiting, link);
	if (!loop_timer_armed(recall->wait_more))
		loop_timer_set(recall->wait_more, LATER_MS);
}

/* Takes out the first that was not put in this round; NULL: none is left. */
static struct waiting *
take_next(const struct recall *recall, struct waiting_list *list)
{
	struct waiting *first = STAILQ_FIRST(list);

	if (first == NULL || first->round == recall->round)
		return (NULL);
	STAILQ_REMOVE_HEAD(list, link);
	return (first);
}

/* Puts each of the list once. */
static void
put_all(struct recall *recall, struct waiting_list *list)
{
	struct waiting *next;

	recall->round++;
	while ((next = take_next(recall, list)) != NULL)
		put(recall, next);
}

static void
put_again(void *context)
{
	struct recall *recall = context;
	struct login_worker *worker;

	/* Whoever has not answered is asked again, by another question. */
	LIST_FOREACH (worker, &recall->workers->list, list)
		worker->recalled = false;
	loop_timer_clear(recall->patience);
	put_all(recall, &recall->waiting);
}

static void
put_later(void *context)
{
	struct recall *recall = context;

	put_all(recall, &recall->later);
}

struct recall *
recall_new(struct loop *loop, struct workers *workers)
{
	struct recall *recall = calloc(1, sizeof(*recall));

	if (recall == NULL)
		return (NULL);
	recall->workers = workers;
	STAILQ_INIT(&recall->waiting);
	STAILQ_INIT(&recall->later);
	recall->patience = loop_timer(loop, put_again, recall);
	recall->wait_more = loop_timer(loop, put_later, recall);
	if (recall->patience == NULL || recall->wait_more == NULL)
		recall_free(&recall);
	return (recall);
}

void
recall_free(struct recall **recall)
{
	if (*recall == NULL)
		return;
	loop_timer_free(&(*recall)->patience);
	loop_timer_free(&(*recall)->wait_more);
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
	waiting->times = 0;
	waiting->round = 0;
	memcpy(waiting->question, question, len);
	STAILQ_INSERT_TAIL(&recall->waiting, waiting, link);
	if (!loop_timer_armed(recall->patience))
		loop_timer_set(recall->patience, PATIENCE_MS);
	return (0);
}

static struct waiting *
take_first(struct waiting_list *list)
{
	struct waiting *first = STAILQ_FIRST(list);

	if (first != NULL)
		STAILQ_REMOVE_HEAD(list, link);
	return (first);
}

/* Forgets what waits of the worker; session 0: all of it. */
static void
forget(struct waiting_list *list, const struct login_worker *worker,
    uint64_t session)
{
	struct waiting_list old = *list;
	struct waiting *first;

	if (STAILQ_EMPTY(list))
		return;
	STAILQ_INIT(list);
	while ((first = take_first(&old)) != NULL)
		if (first->worker == worker &&
		    (session == 0 || first->session == session))
			free(first);
		else
			STAILQ_INSERT_TAIL(list, first, link);
}

void
recall_forget(struct login_worker *worker, uint64_t session)
{
	struct recall *recall = worker->workers->recall;

	forget(&recall->waiting, worker, session);
	forget(&recall->later, worker, session);
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
	recall_forget(worker, 0);
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
