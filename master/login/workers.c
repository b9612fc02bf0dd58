#include "master/login/workers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "master/login/recall.h"
#include "master/login/session.h"
#include "master/login/who.h"
#include "shm/base/fd.h"
#include "shm/base/log.h"

/* A burst of logins is answered at once; agents' descriptors among it. */
#define QUEUE_MAX 16384

typedef int (*worker_handler)(struct login_worker *worker,
    const struct message *message);

static const worker_handler handlers[MSG_COUNT] = {
	[MSG_SESSION_OPEN] = session_on_open,
	[MSG_SESSION_HOST] = session_on_host,
	[MSG_SESSION_CLOSE] = session_on_close,
	[MSG_SESSION_ANNOUNCE] = session_on_announce,
	[MSG_LOGIN_REQUEST] = session_on_login,
	[MSG_AGENT_REQUEST] = session_on_agent,
	[MSG_SESSION_RENEW] = session_on_renew,
	[MSG_SESSION_LOGOUT] = session_on_logout,
	[MSG_WHO_ASK] = who_on_ask,
	[MSG_SESSIONS_KEPT] = recall_on_kept,
	[MSG_SESSIONS_RECALLED] = recall_on_recalled,
};

struct workers *
workers_new(const struct workers_parts *parts)
{
	struct workers *workers;

	workers = calloc(1, sizeof(*workers));
	if (workers == NULL)
		return (NULL);
	workers->parts = *parts;
	LIST_INIT(&workers->list);
	table_init(&workers->sessions);
	workers->recall = recall_new(parts->loop, workers);
	workers->verified = verified_new();
	if (workers->recall == NULL || workers->verified == NULL)
		workers_free(&workers);
	return (workers);
}

static void
end_worker(struct login_worker *worker)
{
	struct login_session *session;

	recall_forget_worker(worker);
	while ((session = LIST_FIRST(&worker->sessions)) != NULL)
		session_end(&session);
	LIST_REMOVE(worker, list);
	link_free(&worker->link);
	free(worker);
}

void
workers_free(struct workers **workers)
{
	struct login_worker *worker;

	if (*workers == NULL)
		return;
	while ((worker = LIST_FIRST(&(*workers)->list)) != NULL)
		end_worker(worker);
	table_free(&(*workers)->sessions);
	recall_free(&(*workers)->recall);
	verified_free(&(*workers)->verified);
	free(*workers);
	*workers = NULL;
}

static int
on_message(struct message *message, void *context)
{
	worker_handler handler = handlers[message->type];

	return (handler == NULL ? -1 : handler(context, message));
}

static void
on_end(void *context)
{
	end_worker(context);
}

static struct login_worker *
find_worker(const struct workers *workers, const struct msg_peer *peer)
{
	struct login_worker *worker;

	LIST_FOREACH (worker, &workers->list, list)
		if (worker->owner.slot == peer->slot &&
		    worker->owner.incarnation == peer->incarnation)
			return (worker);
	return (NULL);
}

void
workers_add(struct workers *workers, const struct msg_peer *peer, int fd)
{
	static const struct link_handlers link_handlers = { on_message,
		on_end };
	struct login_worker *worker;

	worker = find_worker(workers, peer);
	if (worker != NULL)
		end_worker(worker);
	worker = calloc(1, sizeof(*worker));
	if (worker == NULL) {
		fd_close(&fd);
		log_error("no channel to a worker: memory is short");
		return;
	}
	worker->workers = workers;
	worker->generation = peer->generation;
	worker->owner.slot = peer->slot;
	worker->owner.incarnation = peer->incarnation;
	LIST_INIT(&worker->sessions);
	worker->link = link_new(workers->parts.loop, fd, ROLE_LOGIN,
	    ROLE_WORKER, &link_handlers, worker);
	if (worker->link == NULL) {
		log_error("no channel to a worker: %s", strerror(errno));
		free(worker);
		return;
	}
	channel_set_queue(link_channel(worker->link), QUEUE_MAX);
	channel_running(link_channel(worker->link));
	LIST_INSERT_HEAD(&workers->list, worker, list);
}
