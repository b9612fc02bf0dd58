#include "master/messages.h"

#include <errno.h>
#include <string.h>

#include "master/control/control_cache.h"
#include "master/control/control_staples.h"
#include "master/data_port.h"
#include "master/key_changes.h"
#include "master/launch.h"
#include "master/lending.h"
#include "master/log_pairs.h"
#include "master/staples.h"
#include "master/supervise.h"
#include "shm/base/fd.h"
#include "shm/base/log.h"

/* A worker that is cut off again and again waits up to so many ticks. */
#define RECONNECT_TICKS_MAX 16

static void
describe(struct msg_peer *peer, const struct process *process)
{
	memset(peer, 0, sizeof(*peer));
	peer->role = process->role;
	peer->slot = process->slot;
	peer->generation = process->generation;
	peer->incarnation = process->incarnation;
	peer->pid = process->pid;
}

static int
send_peer(struct process *to, const struct process *about, int fd)
{
	struct channel_message message;
	struct msg_peer peer;

	if (to->channel == NULL)
		return (-1);
	describe(&peer, about);
	memset(&message, 0, sizeof(message));
	message.type = MSG_PEER;
	message.body = &peer;
	message.fd = fd;
	return (link_send(to->channel, &message));
}

/* A fresh channel between a worker and a service; an end to each. */
static void
connect_pair(struct process *worker, struct process *service)
{
	char name[PROCESS_NAME_MAX];
	int pair[2];

	if (fd_pair(pair) == -1) {
		worker->lost |= ROLE_BIT(service->role);
		log_error("%s cannot be connected: %s",
		    process_name(worker, name, sizeof(name)), strerror(errno));
		return;
	}
	worker->lost &= ~ROLE_BIT(service->role);
	if (send_peer(service, worker, pair[0]) == -1 ||
	    send_peer(worker, service, pair[1]) == -1) {
		worker->lost |= ROLE_BIT(service->role);
		log_warn("%s cannot be connected: its channel is full or gone",
		    process_name(worker, name, sizeof(name)));
	}
	fd_close(&pair[0]);
	fd_close(&pair[1]);
}

/* Whom a process reaches by channels of its own, as roles. */
static unsigned int
reaches(enum role role)
{
	if (role == ROLE_WORKER)
		return (ROLE_BIT(ROLE_KEEPER) | ROLE_BIT(ROLE_LOGIN) |
		    ROLE_BIT(ROLE_OCSP));
	return (role == ROLE_OCSP ? ROLE_BIT(ROLE_KEEPER) : 0);
}

static bool
reconnect(struct process *worker, enum role role)
{
	struct process *service =
	    supervise_ready(worker->master->supervisor, role);
	char name[PROCESS_NAME_MAX];

	if ((worker->lost & ROLE_BIT(role)) == 0 || service == NULL ||
	    service->killed)
		return (false);
	log_notice("%s is connected with %s again",
	    process_name(worker, name, sizeof(name)), role_name(role));
	connect_pair(worker, service);
	return (true);
}

/*
 * It may have lost them for lack of descriptors, or because it is broken: then
 * nothing is gained by haste.
 */
static void
reconnect_all(struct process *worker)
{
	static const enum role services[] = { ROLE_KEEPER, ROLE_LOGIN,
		ROLE_OCSP };
	bool any = false;
	size_t i;

	if (worker->reconnect_in > 0) {
		worker->reconnect_in--;
		return;
	}
	for (i = 0; i < NITEMS(services); i++)
		any = reconnect(worker, services[i]) || any;
	if (!any)
		return;
	worker->reconnect_pause = 2 * worker->reconnect_pause + 1;
	if (worker->reconnect_pause > RECONNECT_TICKS_MAX)
		worker->reconnect_pause = RECONNECT_TICKS_MAX;
	worker->reconnect_in = worker->reconnect_pause;
}

void
messages_reconnect(struct supervisor *supervisor)
{
	struct process *process;

	if (!supervisor->replacing)
		return;
	LIST_FOREACH (process, &supervisor->processes, link)
		if (reaches(process->role) != 0 && process->channel != NULL &&
		    process->state != PROCESS_STARTING)
			reconnect_all(process);
}

/* Connects a process that has just become ready with all the others. */
static void
connect_all(struct process *process)
{
	struct process *other;

	LIST_FOREACH (other, &process->master->supervisor->processes, link) {
		if (other->state == PROCESS_STARTING || other->channel == NULL)
			continue;
		if ((reaches(process->role) & ROLE_BIT(other->role)) != 0)
			connect_pair(process, other);
		else if ((reaches(other->role) & ROLE_BIT(process->role)) != 0)
			connect_pair(other, process);
	}
}

static int
ready(struct process *process, const struct message *message UNUSED)
{
	char name[PROCESS_NAME_MAX];

	if (process->state == PROCESS_STARTING)
		process->state = PROCESS_READY;
	process->unanswered = 0;
	channel_running(link_channel(process->channel));
	log_debug("%s is ready (pid %d)",
	    process_name(process, name, sizeof(name)), (int)process->pid);
	launch_drop_settings(process);
	if (process->role == ROLE_KEEPER)
		control_cache_keeper_ready(process->master);
	connect_all(process);
	key_changes_catch_up(process);
	if (process->role == ROLE_OCSP)
		staples_tell(process->master);
	master_process_ready(process->master, process);
	lending_review(process->master->supervisor);
	return (0);
}

static int
service_lost(struct process *process, const struct message *message)
{
	const struct msg_service *body = message->body;

	if (body->role >= ROLE_COUNT ||
	    (reaches(process->role) & ROLE_BIT(body->role)) == 0)
		return (-1);
	process->lost |= ROLE_BIT(body->role);
	return (0);
}

static int
pong(struct process *process, const struct message *message)
{
	const struct msg_ping *body = message->body;
	uint64_t now = loop_now();

	process->unanswered = 0;
	if (body->stamp <= now)
		process->answer_ms = now - body->stamp;
	return (0);
}

/* Its end follows, and that is what counts. */
static int
drained(struct process *process UNUSED, const struct message *message UNUSED)
{
	return (0);
}

static int
cache_answer(struct process *process, const struct message *message)
{
	return (control_cache_answer(process->master->control, message));
}

static int
staples_answer(struct process *process, const struct message *message)
{
	return (control_staples_answer(process->master->control, message));
}

/* The keeper tries again by itself. */
static int
cache_gone(struct process *process, const struct message *message UNUSED)
{
	launch_mend_cache(process->master);
	return (0);
}

static int (*const handlers[MSG_COUNT])(struct process *process,
    const struct message *message) = {
	[MSG_READY] = ready,
	[MSG_PONG] = pong,
	[MSG_DRAINED] = drained,
	[MSG_SERVICE_LOST] = service_lost,
	[MSG_DATA_PORT] = data_port_answer,
	[MSG_CACHE_GONE] = cache_gone,
	[MSG_CACHE_DONE] = cache_answer,
	[MSG_CACHE_FACTS] = cache_answer,
	[MSG_CACHE_PAGE] = cache_answer,
	[MSG_STAPLE_PAGE] = staples_answer,
};

static int
receive(struct message *message, void *context)
{
	return (handlers[message->type] == NULL
		? -1
		: handlers[message->type](context, message));
}

/* Without its channel a process is of no use; the tick sees to its end. */
static void
ended(void *context)
{
	struct process *process = context;

	if (process->role == ROLE_LOGGER)
		log_pairs_logger(process->master->log_pairs, NULL);
	link_free(&process->channel);
}

const struct link_handlers messages_handlers = { receive, ended };
