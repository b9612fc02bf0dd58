#include "worker/ftp/data.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shm/base/fd.h"
#include "shm/base/secret.h"
#include "worker/ftp/state.h"

#define BACKLOG   8   /* strangers may come first */
#define STRANGERS 64  /* dropped in one loop turn */
#define PORTS_MAX 512 /* tried for one listener: the loop must go on */

void
data_init(struct data *data)
{
	data->mode = DATA_NONE;
	data->listener = -1;
	data->watch = NULL;
	data->port = 0;
}

void
data_reset(struct data *data)
{
	stream_free(&data->watch);
	fd_close(&data->listener);
	data->mode = DATA_NONE;
	data->port = 0;
}

/* A socket bound to the local address of the control connection. */
static int
bound_socket(const struct session *session, uint16_t port)
{
	struct address local = session->local;
	struct sockaddr_storage sa;
	socklen_t len;
	int fd, on = 1, family;

	local.port = port;
	family = address_is_v4(&local) ? AF_INET : AF_INET6;
	len = address_to_sockaddr(&local, family, &sa);
	fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return (-1);
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
	    bind(fd, (const struct sockaddr *)&sa, len) != 0)
		fd_close(&fd);
	return (fd);
}

static int
listen_on(const struct session *session, uint16_t port)
{
	int fd = bound_socket(session, port);

	if (fd != -1 && listen(fd, BACKLOG) != 0)
		fd_close(&fd);
	return (fd);
}

/*
 * Tries all ports of the range, from a random one on, so that the next port
 * cannot be foreseen and a long range is not searched from its crowded end.
 */
static int
listen_in_range(const struct session *session)
{
	uint32_t first = session->host->passive_first, start, i;
	uint32_t count = session->host->passive_last - first + 1u;
	int fd;

	if (first == 0)
		return (listen_on(session, 0));
	secret_random(&start, sizeof(start));
	for (i = 0; i < count && i < PORTS_MAX; i++) {
		fd = listen_on(session,
		    (uint16_t)(first + (start % count + i) % count));
		if (fd != -1 || errno != EADDRINUSE)
			return (fd);
	}
	return (-1);
}

int
data_listen(struct session *session)
{
	struct data *data = &session->data;
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);
	struct address bound;

	data_reset(data);
	data->listener = listen_in_range(session);
	if (data->listener == -1) {
		if (errno == EMFILE || errno == ENFILE)
			worker_out_of_descriptors(session->worker);
		return (errno);
	}
	if (getsockname(data->listener, (struct sockaddr *)&sa, &len) != 0 ||
	    address_from_sockaddr(&bound, (struct sockaddr *)&sa) != 0) {
		data_reset(data);
		return (EIO);
	}
	data->mode = DATA_PASSIVE;
	data->port = bound.port;
	return (0);
}

void
data_target(struct session *session, uint16_t port)
{
	data_reset(&session->data);
	session->data.mode = DATA_ACTIVE;
	session->data.port = port;
}

/* Whether fd comes from the client; a stranger is closed. */
static bool
is_client(struct session *session, int *fd, const struct sockaddr *sa)
{
	char text[ADDRESS_TEXT_MAX];
	struct address from;

	if (address_from_sockaddr(&from, sa) == 0) {
		if (address_same_ip(&from, &session->peer))
			return (true);
		session_log(session, NOTICE,
		    "dropped a data connection from %s, which is not the "
		    "client's address",
		    address_text(&from, text));
	}
	fd_close(fd);
	return (false);
}

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
	errno = EAGAIN;
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

/* The listener becomes a stream only to be watched. */
static enum data_result
watch(struct session *session, int fd, unsigned int wants)
{
	struct data *data = &session->data;

	if (data->watch == NULL) {
		data->watch = stream_new(&session->worker->loop, fd,
		    session_stream_ready, session);
		data->listener = -1;
		if (data->watch == NULL)
			return (DATA_FAILED);
	}
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
	if (errno == EAGAIN)
		return (watch(session, listener, STREAM_READ));
	if (errno == EMFILE || errno == ENFILE)
		worker_out_of_descriptors(session->worker);
	return (DATA_FAILED);
}

static enum data_result
begin_connect(struct session *session)
{
	struct address target = session->peer;
	struct sockaddr_storage sa;
	socklen_t len;
	int fd;

	fd = bound_socket(session, 0);
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
	return (watch(session, fd, STREAM_WRITE));
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
		return (watch(session, fd, STREAM_WRITE));
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
	case DATA_NONE:
		break;
	}
	errno = ENOTCONN;
	return (DATA_FAILED);
}
