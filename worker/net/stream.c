#include "worker/net/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shm/base/ensure.h"
#include "shm/base/fd.h"
#include "worker/net/ready.h"
#include "worker/net/watch.h"

#define GATHER_SHARE 8 /* of the socket's buffer, at most */

struct stream {
	struct watch_entry entry;
	struct watch *watch;
	struct ready_entry ready;
	struct ready *queue;
	stream_handler handler;
	void *context;
	struct tls_channel *tls; /* NULL: clear */
	struct tls_socket socket;
	int error;          /* of the socket, for stream_reason() */
	unsigned int wants; /* STREAM_READ | STREAM_WRITE */
	/* What TLS waits for before it can read or write: EPOLL* bits. */
	uint32_t to_read, to_write;
	bool fin;  /* sent */
	int least; /* SO_RCVLOWAT; 0: never set */
};

/* What the socket must be ready for, so that a want can come true. */
static uint32_t
needed(const struct stream *stream)
{
	uint32_t events = 0;

	if (stream->wants & STREAM_READ)
		events |= stream->to_read;
	if (stream->wants & STREAM_WRITE)
		events |= stream->to_write;
	return (events);
}

/* Whether a want may come true now, as far as the kernel has told. */
static bool
may_go_on(const struct stream *stream)
{
	uint32_t events = needed(stream);

	if ((events & EPOLLIN) != 0 && !stream->socket.dry)
		return (true);
	return ((events & EPOLLOUT) != 0 && !stream->socket.full);
}

static void
run(struct stream *stream)
{
	stream->wants = 0;
	ready_remove(stream->queue, &stream->ready);
	stream->handler(stream, stream->context);
}

/* From the ready list: bytes are held inside the SSL, or by the socket. */
static void
woken(void *owner)
{
	struct stream *stream = owner;

	if (stream->wants != 0)
		run(stream);
}

static void
happened(void *owner, uint32_t events)
{
	struct stream *stream = owner;
	struct tls_socket *socket = &stream->socket;

	if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
		socket->ending = true;
	if ((events & EPOLLPRI) != 0)
		socket->marked = true;
	if ((events & EPOLLIN) != 0 || socket->ending)
		socket->dry = false;
	if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0)
		socket->full = false;
	if (stream->wants != 0 && may_go_on(stream))
		run(stream);
}

struct stream *
stream_new(uv_loop_t *loop, int fd, stream_handler handler, void *context)
{
	struct stream *stream;

	stream = calloc(1, sizeof(*stream));
	if (stream != NULL)
		stream->queue = ready_get(loop);
	if (stream != NULL && stream->queue != NULL)
		stream->watch = watch_get(loop);
	if (stream == NULL || stream->watch == NULL) {
		if (stream != NULL && stream->queue != NULL)
			ready_put(&stream->queue);
		free(stream);
		fd_close(&fd);
		errno = ENOMEM;
		return (NULL);
	}
	stream->socket.fd = fd;
	stream->handler = handler;
	stream->context = context;
	stream->to_read = EPOLLIN;
	stream->to_write = EPOLLOUT;
	watch_init(&stream->entry, happened, stream);
	ready_init(&stream->ready, woken, stream);
	return (stream);
}

void
stream_free(struct stream **stream)
{
	struct stream *ended = *stream;

	if (ended == NULL)
		return;
	*stream = NULL;
	ready_remove(ended->queue, &ended->ready);
	ready_put(&ended->queue);
	watch_remove(ended->watch, &ended->entry);
	watch_put(&ended->watch);
	tls_channel_free(&ended->tls);
	fd_close(&ended->socket.fd);
	free(ended);
}

/*
 * What is watched stays so.  What the kernel has not been asked about yet
 * counts as not ready: it will tell at once if that is wrong.
 */
static void
watch_more(struct stream *stream, uint32_t events)
{
	struct tls_socket *socket = &stream->socket;

	events &= ~stream->entry.events;
	if (events == 0)
		return;
	if (watch_add(stream->watch, &stream->entry, socket->fd, events) ==
	    -1) {
		/* Out of memory: it will be tried, and then fail, by itself. */
		socket->dry = socket->full = false;
		return;
	}
	if ((events & EPOLLIN) != 0)
		socket->dry = socket->watched = true;
	if ((events & EPOLLOUT) != 0)
		socket->full = true;
}

void
stream_want(struct stream *stream, unsigned int wants)
{
	stream->wants = wants;
	watch_more(stream, needed(stream));
	if (wants != 0 &&
	    (may_go_on(stream) ||
		((wants & STREAM_READ) && stream->tls != NULL &&
		    tls_pending(stream->tls))))
		ready_add(stream->queue, &stream->ready);
	else
		ready_remove(stream->queue, &stream->ready);
}

void
stream_unready(struct stream *stream)
{
	stream->socket.dry = stream->socket.full = true;
}

/* The kernel holds about half of its buffer against its own overhead. */
static int
bounded(int fd, int bytes)
{
	socklen_t len = sizeof(int);
	int room = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, &len) != 0 ||
	    room < GATHER_SHARE)
		return (1);
	return (bytes < room / GATHER_SHARE ? bytes : room / GATHER_SHARE);
}

void
stream_gather(struct stream *stream, int bytes)
{
	int least = bytes > 1 ? bounded(stream->socket.fd, bytes) : 1;

	if (least == stream->least)
		return;
	stream->least = least;
	/* When as much has come already, the kernel tells at once. */
	(void)setsockopt(stream->socket.fd, SOL_SOCKET, SO_RCVLOWAT, &least,
	    sizeof(least));
}

static enum stream_result
failed(struct stream *stream, enum stream_result result)
{
	stream->error = errno;
	return (result);
}

/* What a call of TLS means for the stream; *events: what it waits for. */
static enum stream_result
translate(enum tls_result result, uint32_t *events)
{
	switch (result) {
	case TLS_OK:
		return (STREAM_OK);
	case TLS_WANT_READ:
		*events = EPOLLIN;
		return (STREAM_AGAIN);
	case TLS_WANT_WRITE:
		*events = EPOLLOUT;
		return (STREAM_AGAIN);
	case TLS_CLOSED:
		return (STREAM_END);
	case TLS_TRUNCATED:
		return (STREAM_TRUNCATED);
	case TLS_FAILED:
		break;
	}
	return (STREAM_FAILED);
}

/* What there is no need to ask the kernel, or OpenSSL, about. */
static bool
is_dry(const struct stream *stream)
{
	if (!stream->socket.dry || !stream->socket.watched)
		return (false);
	return (stream->tls == NULL ||
	    (stream->to_read == EPOLLIN && !tls_pending(stream->tls)));
}

enum stream_result
stream_read(struct stream *stream, void *data, size_t len, size_t *done)
{
	ssize_t n;

	if (is_dry(stream))
		return (STREAM_AGAIN);
	if (stream->tls != NULL) {
		stream->to_read = EPOLLIN;
		return (translate(tls_read(stream->tls, data, len, done),
		    &stream->to_read));
	}
	n = tls_socket_read(&stream->socket, data, len);
	if (n > 0) {
		*done = (size_t)n;
		return (STREAM_OK);
	}
	if (n == 0)
		return (STREAM_END);
	if (errno == EAGAIN)
		return (STREAM_AGAIN);
	return (failed(stream,
	    errno == ECONNRESET ? STREAM_TRUNCATED : STREAM_FAILED));
}

enum stream_result
stream_write(struct stream *stream, const void *data, size_t len, size_t *done)
{
	ssize_t n;

	if (stream->tls != NULL) {
		stream->to_write = EPOLLOUT;
		return (translate(tls_write(stream->tls, data, len, done),
		    &stream->to_write));
	}
	n = tls_socket_write(&stream->socket, data, len);
	if (n > 0) {
		*done = (size_t)n;
		return (STREAM_OK);
	}
	if (n == 0 || errno == EAGAIN)
		return (STREAM_AGAIN);
	return (failed(stream, STREAM_FAILED));
}

void
stream_hold(struct stream *stream, bool hold)
{
	stream->socket.more = hold;
}

int
stream_start_tls(struct stream *stream, struct tls_login *login,
    enum tls_kind kind)
{
	ensure(stream->tls == NULL);
	stream->tls = tls_channel_new(login, kind, &stream->socket);
	return (stream->tls == NULL ? -1 : 0);
}

int
stream_start_tls_fxp(struct stream *stream, struct tls_login *login,
    const struct tls_fxp *fxp)
{
	ensure(stream->tls == NULL);
	stream->tls = tls_channel_new_fxp(login, &stream->socket, fxp);
	return (stream->tls == NULL ? -1 : 0);
}

enum stream_result
stream_handshake(struct stream *stream)
{
	enum stream_result result;
	uint32_t events = EPOLLIN;

	ensure(stream->tls != NULL);
	result = translate(tls_handshake(stream->tls), &events);
	/* While it runs, reading and writing wait for the same. */
	if (result == STREAM_AGAIN) {
		stream->to_read = events;
		stream->to_write = events;
	} else {
		stream->to_read = EPOLLIN;
		stream->to_write = EPOLLOUT;
	}
	return (result);
}

enum stream_result
stream_close_write(struct stream *stream, bool fin)
{
	enum stream_result result;

	stream->socket.more = fin;
	if (stream->tls != NULL) {
		stream->to_write = EPOLLOUT;
		result = translate(tls_close(stream->tls), &stream->to_write);
		if (result != STREAM_OK)
			return (result);
	}
	if (!fin || stream->fin)
		return (STREAM_OK);
	if (shutdown(stream->socket.fd, SHUT_WR) == -1)
		return (failed(stream, STREAM_FAILED));
	stream->fin = true;
	return (STREAM_OK);
}

/* Types of records are 20 to 24; a command begins with text, or Telnet's IAC.
 */
bool
stream_goes_clear(const struct stream *stream)
{
	uint8_t first;

	/* A part of a record that waits for the rest is TLS. */
	if (stream->tls == NULL || tls_mid_record(stream->tls))
		return (false);
	return (
	    recv(stream->socket.fd, &first, 1, MSG_PEEK | MSG_DONTWAIT) == 1 &&
	    ((first >= 0x20 && first < 0x7f) || first == 0xff));
}

void
stream_end_tls(struct stream *stream)
{
	tls_channel_free(&stream->tls);
	ready_remove(stream->queue, &stream->ready);
	stream->to_read = EPOLLIN;
	stream->to_write = EPOLLOUT;
}

bool
stream_is_tls(const struct stream *stream)
{
	return (stream->tls != NULL);
}

struct tls_channel *
stream_tls(struct stream *stream)
{
	return (stream->tls);
}

const char *
stream_reason(const struct stream *stream)
{
	if (stream->error != 0)
		return (strerror(stream->error));
	if (stream->tls != NULL)
		return (tls_reason(stream->tls));
	return ("the connection was closed");
}

bool
stream_ended_bare(const struct stream *stream)
{
	return (stream->tls != NULL && tls_ended_bare(stream->tls));
}

int
stream_fd(const struct stream *stream)
{
	return (stream->socket.fd);
}
