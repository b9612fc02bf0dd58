#include "master/lending.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "master/listeners.h"
#include "master/supervise.h"
#include "shm/base/log.h"

/* Messages that may wait for a worker: a socket each, and some others. */
#define QUEUE_MAX 8192

/* Questions of the master's that a worker may leave unanswered: 4 seconds. */
#define SILENT_MAX 3

static void
take_back(struct post *post)
{
	struct msg_slot body = { post->slot, 0 };

	process_tell(post->borrower, MSG_LISTENER_END, &body);
	post->borrower = NULL;
}

/*
 * A slot whose next worker has to wait is lent until that is ready, and that
 * of a worker that hangs until it answers.
 */
static bool
is_lacking(const struct post *post)
{
	const struct process *process = post->process;

	if (!supervise_wanted(post))
		return (false);
	if (process == NULL)
		return (post->pause_ms > 0);
	if (process->state == PROCESS_STARTING)
		return (post->borrower != NULL);
	return (process->unanswered >= SILENT_MAX);
}

static bool
can_accept(const struct process *process)
{
	return (process->role == ROLE_WORKER && process->channel != NULL &&
	    process->state == PROCESS_READY && !process->killed &&
	    process->unanswered < SILENT_MAX);
}

static size_t
count_loans(const struct supervisor *supervisor, const struct process *process)
{
	const struct post *post;
	size_t n = 0;

	LIST_FOREACH (post, &supervisor->posts, link)
		n += post->borrower == process;
	return (n);
}

/* The worker with the least loans; numbers of hosts are its generation's. */
static struct process *
find_borrower(const struct supervisor *supervisor)
{
	const uint32_t current = supervisor->master->current->number;
	struct process *process, *best = NULL;

	LIST_FOREACH (process, &supervisor->processes, link)
		if (can_accept(process) && process->generation == current &&
		    (best == NULL ||
			count_loans(supervisor, process) <
			    count_loans(supervisor, best)))
			best = process;
	return (best);
}

static int
send_listener(struct process *process, const struct start_listener *listener,
    uint32_t slot)
{
	struct channel_message message;
	struct msg_listener body;

	memset(&body, 0, sizeof(body));
	body.slot = slot;
	body.host = listener->host;
	body.implicit = listener->implicit ? 1 : 0;
	body.address = listener->address;
	memset(&message, 0, sizeof(message));
	message.type = MSG_LISTENER;
	message.body = &body;
	message.fd = listener->fd;
	return (link_send(process->channel, &message));
}

static void
lend(struct post *post, struct process *borrower)
{
	const struct master *master = post->master;
	struct start_listener *listeners;
	size_t i, count;

	listeners = listeners_for(master->listeners, master_conf(master),
	    post->slot, &count);
	if (listeners == NULL)
		return;
	channel_set_queue(link_channel(borrower->channel), QUEUE_MAX);
	for (i = 0; i < count; i++)
		if (send_listener(borrower, &listeners[i], post->slot) == -1)
			break;
	post->borrower = borrower;
	if (i < count)
		log_warn("worker %u cannot be lent the sockets of slot %u: %s",
		    borrower->slot, post->slot, strerror(errno));
	else
		log_notice("worker %u accepts for worker %u, too, until that "
			   "is there again",
		    borrower->slot, post->slot);
	free(listeners);
}

static void
review(struct post *post)
{
	struct process *borrower;

	if (!is_lacking(post)) {
		if (post->borrower != NULL)
			take_back(post);
		return;
	}
	if (post->borrower != NULL && can_accept(post->borrower))
		return;
	borrower = find_borrower(post->master->supervisor);
	if (borrower == NULL)
		return;
	if (post->borrower != NULL)
		take_back(post);
	lend(post, borrower);
}

void
lending_review(struct supervisor *supervisor)
{
	struct post *post;

	if (!supervisor->replacing)
		return;
	LIST_FOREACH (post, &supervisor->posts, link)
		if (post->role == ROLE_WORKER)
			review(post);
}

void
lending_forget(const struct process *process)
{
	struct post *post;

	LIST_FOREACH (post, &process->master->supervisor->posts, link)
		if (post->borrower == process)
			post->borrower = NULL;
}
