#include "worker/accept.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
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
	struct accept *accept;
	const struct start_listener *listener;
};

struct accept {
	struct worker *worker;
	struct port *ports;
	size_t nports, nopen;
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
		fd = accept_one(port->listener->fd);
		if (fd == -1 && is_shortage(errno)) {
			refuse_waiting(accept, port->listener);
			accept_pause(accept);
		}
		if (fd == -1)
			return;
		score_add(worker->score, SCORE_ACCEPTED, 1);
		session_accept(worker, fd, port->listener);
	}
}

static void
watch_all(struct accept *accept)
{
	size_t i;

	for (i = 0; i < accept->nopen; i++)
		(void)uv_poll_start(&accept->ports[i].poll, UV_READABLE, ready);
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
	size_t i;

	if (deadline_is_set(&accept->resume))
		return;
	for (i = 0; i < accept->nopen; i++)
		(void)uv_poll_stop(&accept->ports[i].poll);
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

static int
open_ports(struct accept *accept)
{
	const struct worker_start *start = accept->worker->start;
	struct port *port;
	int error;

	for (; accept->nopen < accept->nports; accept->nopen++) {
		port = &accept->ports[accept->nopen];
		port->accept = accept;
		port->listener = &start->listeners[accept->nopen];
		set_options(port->listener->fd);
		error = uv_poll_init(&accept->worker->loop, &port->poll,
		    port->listener->fd);
		if (error != 0) {
			errno = -error;
			return (-1);
		}
		port->poll.data = port;
	}
	watch_all(accept);
	return (0);
}

struct accept *
accept_new(struct worker *worker)
{
	struct accept *accept = calloc(1, sizeof(*accept));

	if (accept == NULL)
		return (NULL);
	accept->worker = worker;
	accept->nports = worker->start->nlisteners;
	accept->ports = calloc(accept->nports + 1, sizeof(*accept->ports));
	accept->reserve = eventfd(0, EFD_CLOEXEC);
	deadline_init(&accept->resume, resume, accept);
	if (accept->ports == NULL || accept->reserve == -1 ||
	    open_ports(accept) == -1)
		accept_free(&accept);
	return (accept);
}

static void
port_closed(uv_handle_t *handle)
{
	struct port *port = handle->data;
	struct accept *accept = port->accept;

	if (--accept->nopen > 0)
		return;
	free(accept->ports);
	free(accept);
}

void
accept_free(struct accept **accept)
{
	struct accept *ending = *accept;
	size_t i, n;
	int fd;

	if (ending == NULL)
		return;
	*accept = NULL;
	deadline_clear(&ending->resume);
	fd_close(&ending->reserve);
	n = ending->nopen;
	for (i = 0; i < n; i++)
		uv_close((uv_handle_t *)&ending->ports[i].poll, port_closed);
	/* The master's copy keeps the socket, and whoever waits on it. */
	for (i = 0; i < n; i++) {
		fd = ending->ports[i].listener->fd;
		fd_close(&fd);
	}
	if (n == 0) {
		free(ending->ports);
		free(ending);
	}
}
