#include "worker/master_link.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "shm/base/fd.h"
#include "shm/base/log.h"
#include "worker/accept.h"
#include "worker/asker.h"
#include "worker/broker.h"
#include "worker/cache_link.h"
#include "worker/ending.h"
#include "worker/link_uv.h"
#include "worker/source_port.h"
#include "worker/worker.h"

struct master_link {
	struct worker *worker;
	struct link_uv *link; /* NULL: the master is dead */
};

/* A service that reached us by a channel of its own, or was started anew. */
static void
meet(struct worker *worker, struct message *message)
{
	const struct msg_peer *peer = message->body;

	if (peer->role == ROLE_LOGIN)
		broker_connect(worker->broker, message_take_fd(message));
	else if (peer->role == ROLE_KEEPER)
		cache_link_connect(worker->cache_link,
		    message_take_fd(message));
	else if (peer->role == ROLE_OCSP && worker->asker != NULL)
		asker_connect(worker->asker, message_take_fd(message));
}

/* Another slot's socket, for as long as that has no worker. */
static void
borrow(struct worker *worker, struct message *message)
{
	const struct msg_listener *body = message->body;
	const struct start_listener listener = {
		.fd = message_take_fd(message),
		.host = body->host,
		.implicit = body->implicit != 0,
		.address = body->address,
	};

	accept_borrow(worker->accept, &listener, body->slot);
}

/* 0, or -1 when there is no such name, or that is no address for it. */
static int
rename_address(struct worker *worker, const struct msg_address *body)
{
	if (body->generation != worker->conf->generation ||
	    body->number >= worker->conf->nnames ||
	    !address_is_v4(&body->address) || address_is_any(&body->address))
		return (-1);
	worker->names[body->number] = body->address;
	return (0);
}

/* Only the master's mistake, or a lack of memory, makes it fail. */
static int
replace_keys(struct worker *worker, struct message *message)
{
	const struct msg_generation *body = message->body;
	int ret, fd;

	if (body->generation != worker->start->generation)
		return (-1);
	fd = message_take_fd(message);
	ret = tls_replace_keys(worker->tls, fd);
	if (ret == -1)
		log_error("certificates and keys cannot be replaced: %s",
		    strerror(errno));
	else
		log_debug("certificates and keys are replaced");
	fd_close(&fd);
	return (ret);
}

static int
receive(struct message *message, void *context)
{
	const struct msg_trace *trace = message->body;
	const struct msg_slot *slot = message->body;
	struct master_link *link = context;

	if (message->type == MSG_PING) {
		/* One that finds no room is missed, and the next is not. */
		if (link_uv_post(link->link, MSG_PONG, message->body) == -1)
			log_debug("no answer to the master: %s",
			    strerror(errno));
	} else if (message->type == MSG_PEER) {
		meet(link->worker, message);
	} else if (message->type == MSG_STOP) {
		ending_order(link->worker->ending, message->body);
	} else if (message->type == MSG_LISTENER) {
		borrow(link->worker, message);
	} else if (message->type == MSG_KEYS) {
		return (replace_keys(link->worker, message));
	} else if (message->type == MSG_DATA_SOCKET ||
	    message->type == MSG_DATA_REFUSED) {
		return (source_answer(link->worker, message));
	} else if (message->type == MSG_LISTENER_END) {
		accept_return(link->worker->accept, slot->slot);
	} else if (message->type == MSG_TRACE) {
		return (trace_set(trace->rules));
	} else if (message->type == MSG_ADDRESS) {
		return (rename_address(link->worker, message->body));
	} else {
		return (-1);
	}
	return (0);
}

static void
ended(void *context)
{
	struct master_link *link = context;

	link_uv_free(&link->link);
	ending_without_master(link->worker->ending);
}

static const struct link_uv_handlers link_handlers = { receive, ended, NULL };

struct master_link *
master_link_new(struct worker *worker)
{
	struct master_link *link = calloc(1, sizeof(*link));

	if (link == NULL)
		return (NULL);
	link->worker = worker;
	link->link = link_uv_new(&worker->loop, worker->start->master_fd,
	    ROLE_MASTER, &link_handlers, link);
	if (link->link == NULL)
		master_link_free(&link);
	return (link);
}

void
master_link_free(struct master_link **link)
{
	if (*link == NULL)
		return;
	link_uv_free(&(*link)->link);
	free(*link);
	*link = NULL;
}

int
master_link_ready(struct master_link *link)
{
	const struct msg_empty empty = { 0 };

	if (link_uv_post(link->link, MSG_READY, &empty) == -1)
		return (-1);
	channel_running(link_uv_channel(link->link));
	return (0);
}

void
master_link_lost(struct master_link *link, enum role service)
{
	const struct msg_service body = { service, 0 };

	if (link != NULL && link->link != NULL &&
	    link_uv_post(link->link, MSG_SERVICE_LOST, &body) == -1)
		log_debug("no SERVICE_LOST to the master: %s", strerror(errno));
}

int
master_link_ask_port(struct master_link *link, const struct msg_data_port *body)
{
	if (link == NULL || link->link == NULL) {
		errno = EPIPE;
		return (-1);
	}
	return (link_uv_post(link->link, MSG_DATA_PORT, body));
}

void
master_link_drained(struct master_link *link)
{
	const struct msg_empty empty = { 0 };

	/* The end of the channel says the same, if later. */
	if (link->link != NULL &&
	    link_uv_post(link->link, MSG_DRAINED, &empty) == -1)
		log_debug("no DRAINED to the master: %s", strerror(errno));
}
