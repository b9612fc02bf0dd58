#include "worker/ftp/transfer/data.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shm/base/fd.h"
#include "shm/base/secret.h"
#include "worker/ftp/state.h"
#include "worker/ftp/transfer/active.h"
#include "worker/ftp/transfer/early.h"
#include "worker/ftp/transfer/fxp.h"
#include "worker/ports.h"

#define BACKLOG   8   /* strangers may come first */
#define STRANGERS 64  /* dropped in one loop turn */
#define PORTS_MAX 512 /* tried for one listener: the loop must go on */
#define ANY_MAX   32  /* tried before the kernel is to search */

void
data_init(struct data *data)
{
	data->mode = DATA_NONE;
	data->listener = -1;
	data->watch = NULL;
	data->early = NULL;
	data->active = NULL;
	data->foreign = NULL;
	data->port = 0;
	data->attended = false;
	data->client = false;
}

void
data_reset(struct data *data)
{
	early_free(&data->early);
	active_free(&data->active);
	stream_free(&data->watch);
	fd_close(&data->listener);
	free(data->foreign);
	data->foreign = NULL;
	data->mode = DATA_NONE;
	data->port = 0;
	data->attended = false;
	data->client = false;
}

void
data_drop(struct session *session)
{
	if (session->data.mode == DATA_EARLY && session_is_tls(session))
		tls_refresh(stream_tls(session->control));
	data_reset(&session->data);
}

/* A socket of the control connection's family. */
static int
new_socket(const struct session *session)
{
	return (socket(address_is_v4(&session->local) ? AF_INET : AF_INET6,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

/* Binds it to the local address of the control connection. */
static int
bind_to(const struct session *session, int fd, uint16_t port)
{
	struct address local = session->local;
	struct sockaddr_storage sa;
	socklen_t len;

	local.port = port;
	len = address_to_sockaddr(&local,
	    address_is_v4(&local) ? AF_INET : AF_INET6, &sa);
	return (bind(fd, (const struct sockaddr *)&sa, len));
}

/*
 * Takes the port, or the one that the kernel chooses (0).  *fd is a socket that
 * is not bound, which can be tried with another port unless it got this one; -1
 * is made.
 */
static int
listen_on(const struct session *session, int *fd, uint16_t port)
{
	int on = 1, off = 0;

	if (*fd == -1)
		*fd = new_socket(session);
	if (*fd == -1)
		return (-1);
	/* Not when the kernel searches: it would leave out half of all ports.
	 */
	(void)setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, port != 0 ? &on : &off,
	    sizeof(on));
	if (bind_to(session, *fd, port) != 0)
		return (-1);
	if (listen(*fd, BACKLOG) == 0)
		return (0);
	fd_close(fd);
	return (-1);
}

/* *port: which it is, or 0 when the kernel has chosen. */
static int
listen_anywhere(const struct session *session, int *fd, uint16_t *port)
{
	int i;

	for (i = 0; i < ANY_MAX; i++) {
		*port = ports_any();
		if (listen_on(session, fd, *port) == 0)
			return (0);
		if (*port == 0 || errno != EADDRINUSE)
			return (-1);
	}
	*port = 0;
	return (listen_on(session, fd, 0));
}

/*
 * Tries the ports of the range, from a random one on, so that the next port
 * cannot be foreseen, a long range is not searched from its crowded end, and
 * workers do not meet.
 */
static int
listen_in_range(const struct session *session, int *fd, uint16_t *port)
{
	uint32_t first = session->host->passive_first, start, i;
	uint32_t count = session->host->passive_last - first + 1u;

	if (first == 0)
		return (listen_anywhere(session, fd, port));
	secret_random(&start, sizeof(start));
	for (i = 0; i < count && i < PORTS_MAX; i++) {
		*port = (uint16_t)(first + (start % count + i) % count);
		if (listen_on(session, fd, *port) == 0)
			return (0);
		if (errno != EADDRINUSE)
			return (-1);
	}
	return (-1);
}

/* The port that the kernel has chosen; 0: it does not say. */
static uint16_t
port_of(int fd)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);
	struct address bound;

	if (getsockname(fd, (struct sockaddr *)&sa, &len) != 0 ||
	    address_from_sockaddr(&bound, (struct sockaddr *)&sa) != 0)
		return (0);
	return (bound.port);
}

int
data_listen(struct session *session)
{
	struct data *data = &session->data;
	uint16_t port;
	int error;

	data_drop(session);
	if (listen_in_range(session, &data->listener, &port) == -1) {
		error = errno;
		fd_close(&data->listener);
		if (error == EMFILE || error == ENFILE)
			worker_out_of_descriptors(session->worker);
		return (error);
	}
	if (port == 0)
		port = port_of(data->listener);
	if (port == 0) {
		data_reset(data);
		return (EIO);
	}
	data->mode = DATA_PASSIVE;
	data->port = port;
	return (0);
}

int
data_target(struct session *session, const struct address *target)
{
	struct address *foreign = NULL;

	data_drop(session);
	if (!address_same_ip(target, &session->peer)) {
		foreign = malloc(sizeof(*foreign));
		if (foreign == NULL)
			return (-1);
		*foreign = *target;
	}
	session->data.mode = DATA_ACTIVE;
	session->data.foreign = foreign;
	session->data.port = target->port;
	return (0);
}

/* Whether fd comes from the client, or a server; a stranger is closed. */
static bool
is_client(struct session *session, int *fd, const struct sockaddr *sa)
{
	char text[ADDRESS_TEXT_MAX];
	struct address from;

	if (address_from_sockaddr(&from, sa) == 0) {
		if (address_same_ip(&from, &session->peer))
			return (true);
		if (fxp_is_peer(session, &from)) {
			session_log(session, INFO,
			    "data connection from the server %s",
			    address_text(&from, text));
			return (true);
		}
		score_add(session->worker->score, SCORE_DATA_STRANGERS, 1);
		session_log(session, NOTICE,
		    "dropped a data connection from %s, which is not the "
		    "client's address",
		    address_text(&from, text));
	}
	fd_close(fd);
	return (false);
}

/* -1 with EAGAIN: nobody is there; EINPROGRESS: more are, for the next turn. */
static int
accept_client(struct session *session, int listener)
{
	struct sockaddr_storage sa;
	socklen_t len;
	int fd, i;

	for (i = 0; i < STRANGERS; i++) {
		len = sizeof(sa);
		fd = accept4(listener, (struct sockaddr *)&sa, &len,
		    SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd == -1 && (errno == ECONNABORTED || errno == EINTR))
			continue;
		if (fd == -1 ||
		    is_client(session, &fd, (const struct sockaddr *)&sa))
			return (fd);
	}
	errno = EINPROGRESS;
	return (-1);
}

/* fd is the data connection: what else there was is closed. */
static enum data_result
connected(struct session *session, int fd, struct stream **stream)
{
	int on = 1;

	data_reset(&session->data);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	*stream = stream_new(&session->worker->loop, fd, session_stream_ready,
	    session);
	return (*stream == NULL ? DATA_FAILED : DATA_READY);
}

/* What is not ready becomes a stream only to be watched. */
static enum data_result
watch(struct session *session, int fd, unsigned int wants, bool ready)
{
	struct data *data = &session->data;

	if (data->watch == NULL) {
		data->watch = stream_new(&session->worker->loop, fd,
		    session_stream_ready, session);
		data->listener = -1;
		if (data->watch == NULL)
			return (DATA_FAILED);
	}
	if (!ready)
		stream_unready(data->watch);
	stream_want(data->watch, wants);
	return (DATA_PENDING);
}

static enum data_result
poll_passive(struct session *session, struct stream **stream)
{
	struct data *data = &session->data;
	int listener, fd;

	listener =
	    data->watch == NULL ? data->listener : stream_fd(data->watch);
	fd = accept_client(session, listener);
	if (fd != -1)
		return (connected(session, fd, stream));
	if (errno == EAGAIN || errno == EINPROGRESS)
		return (watch(session, listener, STREAM_READ,
		    errno == EINPROGRESS));
	if (errno == EMFILE || errno == ENFILE)
		worker_out_of_descriptors(session->worker);
	return (DATA_FAILED);
}

static enum data_result
begin_connect(struct session *session)
{
	struct address target = session->data.foreign != NULL
	    ? *session->data.foreign
	    : session->peer;
	struct sockaddr_storage sa;
	socklen_t len;
	int fd;

	fd = active_socket(session);
	if (fd == -1 && errno == EINPROGRESS)
		return (DATA_PENDING);
	if (fd == -1) {
		if (errno == EMFILE || errno == ENFILE)
			worker_out_of_descriptors(session->worker);
		return (DATA_FAILED);
	}
	target.port = session->data.port;
	len = address_to_sockaddr(&target,
	    address_is_v4(&target) ? AF_INET : AF_INET6, &sa);
	if (connect(fd, (const struct sockaddr *)&sa, len) != 0 &&
	    errno != EINPROGRESS) {
		fd_close(&fd);
		return (DATA_FAILED);
	}
	return (watch(session, fd, STREAM_WRITE, false));
}

/* The stream that watched the connecting socket is the data connection. */
static enum data_result
poll_active(struct session *session, struct stream **stream)
{
	struct data *data = &session->data;
	socklen_t len = sizeof(int);
	struct tcp_info info;
	int error = 0, on = 1, fd;

	if (data->watch == NULL)
		return (begin_connect(session));
	fd = stream_fd(data->watch);
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		return (DATA_FAILED);
	if (error != 0) {
		errno = error;
		return (DATA_FAILED);
	}
	len = sizeof(info);
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0)
		return (DATA_FAILED);
	if (info.tcpi_state == TCP_SYN_SENT)
		return (watch(session, fd, STREAM_WRITE, false));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	*stream = data->watch;
	data->watch = NULL;
	data_reset(data);
	return (DATA_READY);
}

void
data_hasten(const struct stream *stream)
{
	int on = 1;

	(void)setsockopt(stream_fd(stream), IPPROTO_TCP, TCP_QUICKACK, &on,
	    sizeof(on));
}

enum data_result
data_poll(struct session *session, struct stream **stream)
{
	switch (session->data.mode) {
	case DATA_PASSIVE:
		return (poll_passive(session, stream));
	case DATA_ACTIVE:
		return (poll_active(session, stream));
	case DATA_EARLY:
	case DATA_NONE:
		break;
	}
	errno = ENOTCONN;
	return (DATA_FAILED);
}
