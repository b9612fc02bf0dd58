#include "worker/accept.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "shm/base/ensure.h"
#include "shm/base/fd.h"
#include "shm/base/log.h"
#include "worker/broker.h"
#include "worker/clock.h"
#include "worker/ftp/session.h"
#include "worker/net/watch.h"
#include "worker/worker.h"

#define BATCH         16
#define PAUSE_MS      100
#define QUIET_MS      10000 /* pauses closer than this are one event */
#define REFUSAL_BATCH 64

struct port {
	struct watch_entry entry;
	LIST_ENTRY(port) link;
	struct accept *accept;
	struct start_listener listener;
	uint32_t slot;
};

struct accept {
	struct worker *worker;
	struct watch *watch;
	LIST_HEAD(, port) ports;
	int reserve; /* any descriptor; given up to refuse a client */
	struct deadline resume;
	uint64_t paused_at; /* 0: never */
};

static const char refusal[] =
    "421 Too many connections now, try again later.\r\n";

static int
accept_one(int listener)
{
	int fd;

	do {
		fd =
		    accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	} while (fd == -1 &&
	    (errno == EINTR || errno == ECONNABORTED || errno == EPROTO));
	return (fd);
}

static bool
is_shortage(int error)
{
	return (error == EMFILE || error == ENFILE || error == ENOBUFS ||
	    error == ENOMEM);
}

/*
 * Those who wait are told so one after the other on the descriptor that the
 * reserve gives up.  TLS from the first byte leaves nothing to say.
 */
static void
refuse_waiting(struct accept *accept, const struct start_listener *listener)
{
	int fd, n;

	fd_close(&accept->reserve);
	for (n = 0; n < REFUSAL_BATCH; n++) {
		fd = accept_one(listener->fd);
		if (fd == -1)
			break;
		if (!listener->implicit)
			(void)send(fd, refusal, sizeof(refusal) - 1,
			    MSG_DONTWAIT | MSG_NOSIGNAL);
		fd_close(&fd);
	}
	accept->reserve = eventfd(0, EFD_CLOEXEC);
}

static void
ready(void *owner, uint32_t events UNUSED)
{
	struct port *port = owner;
	struct accept *accept = port->accept;
	struct worker *worker = accept->worker;
	int fd, n;

	for (n = 0; n < BATCH && worker->accept == accept &&
	     !deadline_is_set(&accept->resume);
	     n++) {
		fd = accept_one(port->listener.fd);
		if (fd == -1 && is_shortage(errno)) {
			refuse_waiting(accept, &port->listener);
			accept_pause(accept);
		}
		if (fd == -1)
			return;
		score_add(worker->score, SCORE_ACCEPTED, 1);
		session_accept(worker, fd, &port->listener);
	}
}

static int
listen_to(struct port *port)
{
	return (watch_level(port->accept->watch, &port->entry,
	    port->listener.fd, EPOLLIN));
}

static void
ignore(struct port *port)
{
	ensure(watch_level(port->accept->watch, &port->entry, port->listener.fd,
		   0) == 0);
}

static void
resume(void *context)
{
	struct accept *accept = context;
	struct port *port;
	int failed = 0;

	LIST_FOREACH (port, &accept->ports, link)
		failed |= listen_to(port);
	if (failed != 0)
		deadline_set(accept->worker, &accept->resume, PAUSE_MS);
}

void
accept_pause(struct accept *accept)
{
	uint64_t now = worker_now(accept->worker);
	struct port *port;

	if (deadline_is_set(&accept->resume))
		return;
	broker_drop_agents(accept->worker->broker);
	LIST_FOREACH (port, &accept->ports, link)
		ignore(port);
	deadline_set(accept->worker, &accept->resume, PAUSE_MS);
	score_add(accept->worker->score, SCORE_ACCEPT_PAUSED, 1);
	if (accept->paused_at == 0 || now - accept->paused_at > QUIET_MS)
		log_warn("out of descriptors: new connections are told 421 "
			 "or have to wait; raise the limit for open files, or "
			 "allow fewer sessions");
	accept->paused_at = now;
}

/* 0, or -1 with errno; then the descriptor stays the caller's. */
static int
open_port(struct accept *accept, const struct start_listener *listener,
    uint32_t slot)
{
	struct port *port = calloc(1, sizeof(*port));

	if (port == NULL)
		return (-1);
	port->accept = accept;
	port->listener = *listener;
	port->slot = slot;
	watch_init(&port->entry, ready, port);
	if (!deadline_is_set(&accept->resume) && listen_to(port) == -1) {
		free(port);
		return (-1);
	}
	LIST_INSERT_HEAD(&accept->ports, port, link);
	return (0);
}

/* The master's copy keeps the socket, and whoever waits on it. */
static void
close_port(struct port *port)
{
	LIST_REMOVE(port, link);
	ignore(port);
	fd_close(&port->listener.fd);
	free(port);
}

struct accept *
accept_new(struct worker *worker)
{
	const struct worker_start *start = worker->start;
	struct accept *accept = calloc(1, sizeof(*accept));
	size_t i;

	if (accept == NULL)
		return (NULL);
	accept->worker = worker;
	LIST_INIT(&accept->ports);
	deadline_init(&accept->resume, resume, accept);
	accept->watch = watch_get(&worker->loop);
	if (accept->watch == NULL) {
		free(accept);
		return (NULL);
	}
	accept->reserve = eventfd(0, EFD_CLOEXEC);
	for (i = 0; i < start->nlisteners && accept->reserve != -1; i++)
		if (open_port(accept, &start->listeners[i], start->slot) == -1)
			break;
	if (i < start->nlisteners || accept->reserve == -1)
		accept_free(&accept);
	return (accept);
}

void
accept_free(struct accept **accept)
{
	struct accept *ending = *accept;
	struct port *port, *next;

	if (ending == NULL)
		return;
	*accept = NULL;
	deadline_clear(&ending->resume);
	fd_close(&ending->reserve);
	for (port = LIST_FIRST(&ending->ports); port != NULL; port = next) {
		next = LIST_NEXT(port, link);
		close_port(port);
	}
	watch_put(&ending->watch);
	free(ending);
}

void
accept_borrow(struct accept *accept, const struct start_listener *listener,
    uint32_t slot)
{
	int fd = listener->fd;

	if (fd == -1 || accept == NULL ||
	    listener->host >= accept->worker->conf->nhosts) {
		fd_close(&fd);
		return;
	}
	if (open_port(accept, listener, slot) == 0)
		return;
	log_error("cannot accept for worker %u: %s", slot, strerror(errno));
	fd_close(&fd);
}

void
accept_return(struct accept *accept, uint32_t slot)
{
	struct port *port, *next;

	if (accept == NULL || slot == accept->worker->start->slot)
		return;
	for (port = LIST_FIRST(&accept->ports); port != NULL; port = next) {
		next = LIST_NEXT(port, link);
		if (port->slot == slot)
			close_port(port);
	}
}
