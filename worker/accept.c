#include "worker/accept.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "shm/base/fd.h"
#include "shm/base/log.h"
#include "worker/clock.h"
#include "worker/ftp/session.h"
#include "worker/worker.h"

#define BATCH         16
#define PAUSE_MS      100
#define QUIET_MS      10000 /* pauses closer than this are one event */
#define REFUSAL_BATCH 64

struct port {
	uv_poll_t poll;
	LIST_ENTRY(port) link;
	struct accept *accept;
	struct start_listener listener;
	uint32_t slot;
};

struct accept {
	struct worker *worker;
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
ready(uv_poll_t *poll, int status UNUSED, int events UNUSED)
{
	struct port *port = poll->data;
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

static void
watch_all(struct accept *accept)
{
	struct port *port;

	LIST_FOREACH (port, &accept->ports, link)
		(void)uv_poll_start(&port->poll, UV_READABLE, ready);
}

static void
resume(void *context)
{
	watch_all(context);
}

void
accept_pause(struct accept *accept)
{
	uint64_t now = worker_now(accept->worker);
	struct port *port;

	if (deadline_is_set(&accept->resume))
		return;
	LIST_FOREACH (port, &accept->ports, link)
		(void)uv_poll_stop(&port->poll);
	deadline_set(accept->worker, &accept->resume, PAUSE_MS);
	score_add(accept->worker->score, SCORE_ACCEPT_PAUSED, 1);
	if (accept->paused_at == 0 || now - accept->paused_at > QUIET_MS)
		log_warn("out of descriptors: new connections are told 421 "
			 "or have to wait; raise the limit for open files, or "
			 "allow fewer sessions");
	accept->paused_at = now;
}

/*
 * Connections inherit these from the listening socket, which saves three calls
 * for each: replies go out at once, dead peers are found, and what follows a
 * Telnet Synch stays where it is in the stream.
 */
static void
set_options(int fd)
{
	const int on = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	(void)setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on));
}

/* 0, or -1 with errno; then the descriptor stays the caller's. */
static int
open_port(struct accept *accept, const struct start_listener *listener,
    uint32_t slot)
{
	struct port *port = calloc(1, sizeof(*port));
	int error;

	if (port == NULL)
		return (-1);
	port->accept = accept;
	port->listener = *listener;
	port->slot = slot;
	set_options(listener->fd);
	error = uv_poll_init(&accept->worker->loop, &port->poll, listener->fd);
	if (error != 0) {
		free(port);
		errno = -error;
		return (-1);
	}
	port->poll.data = port;
	LIST_INSERT_HEAD(&accept->ports, port, link);
	if (!deadline_is_set(&accept->resume))
		(void)uv_poll_start(&port->poll, UV_READABLE, ready);
	return (0);
}

static void
port_closed(uv_handle_t *handle)
{
	free(handle->data);
}

/* The master's copy keeps the socket, and whoever waits on it. */
static void
close_port(struct port *port)
{
	LIST_REMOVE(port, link);
	uv_close((uv_handle_t *)&port->poll, port_closed);
	fd_close(&port->listener.fd);
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
	accept->reserve = eventfd(0, EFD_CLOEXEC);
	deadline_init(&accept->resume, resume, accept);
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
	struct port *port;

	if (ending == NULL)
		return;
	*accept = NULL;
	deadline_clear(&ending->resume);
	fd_close(&ending->reserve);
	while ((port = LIST_FIRST(&ending->ports)) != NULL)
		close_port(port);
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
