#include "worker/net/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shm/base/ensure.h"
#include "shm/base/fd.h"
#include "worker/net/ready.h"

#define GATHER_SHARE 8 /* of the socket's buffer, at most */

struct stream {
	uv_poll_t poll; /* first: the close callback frees the whole */
	struct ready_entry ready;
	struct ready *queue;
	stream_handler handler;
	void *context;
	struct tls_channel *tls; /* NULL: clear */
	int fd;
	int error;          /* of the socket, for stream_reason() */
	unsigned int wants; /* STREAM_READ | STREAM_WRITE */
	/* What TLS waits for before it can read or write: UV_* bits. */
	int to_read, to_write;
	int armed; /* what uv_poll watches */
	bool fin;  /* sent */
	int least; /* SO_RCVLOWAT; 0: never set */
};

static void called(uv_poll_t *poll, int status, int events);

static void
run(struct stream *stream)
{
	stream->wants = 0;
	ready_remove(stream->queue, &stream->ready);
	stream->handler(stream, stream->context);
}

/* From the ready list: bytes are held inside the SSL. */
static void
woken(void *owner)
{
	struct stream *stream = owner;

	if (stream->wants & STREAM_READ)
		run(stream);
}

struct stream *
stream_new(uv_loop_t *loop, int fd, stream_handler handler, void *context)
{
	struct stream *stream;
	int ret;

	stream = calloc(1, sizeof(*stream));
	if (stream != NULL)
		stream->queue = ready_get(loop);
	if (stream == NULL || stream->queue == NULL) {
		free(stream);
		fd_close(&fd);
		errno = ENOMEM;
		return (NULL);
	}
	ret = uv_poll_init_socket(loop, &stream->poll, fd);
	if (ret != 0) {
		ready_put(&stream->queue);
		free(stream);
		fd_close(&fd);
		errno = -ret;
		return (NULL);
	}
	stream->fd = fd;
	stream->handler = handler;
	stream->context = context;
	stream->to_read = UV_READABLE;
	stream->to_write = UV_WRITABLE;
	ready_init(&stream->ready, woken, stream);
	return (stream);
}

static void
closed(uv_handle_t *handle)
{
	free(handle->data);
}

void
stream_free(struct stream **stream)
{
	struct stream *ended = *stream;

	if (ended == NULL)
		return;
	*stream = NULL;
	ended->wants = 0;
	ready_remove(ended->queue, &ended->ready);
	ready_put(&ended->queue);
	tls_channel_free(&ended->tls);
	ended->poll.data = ended;
	/* Takes the descriptor out of the loop at once; then it may go. */
	uv_close((uv_handle_t *)&ended->poll, closed);
	fd_close(&ended->fd);
}

/* What the socket must be ready for, so that a want can come true. */
static int
needed(const struct stream *stream)
{
	int events = 0;

	if (stream->wants & STREAM_READ)
		events |= stream->to_read;
	if (stream->wants & STREAM_WRITE)
		events |= stream->to_write;
	return (events);
}

/*
 * Each change costs system calls, so what is watched stays so after its event,
 * until another is wanted or an unwanted one comes.
 */
static void
arm(struct stream *stream, int events)
{
	if (events == stream->armed)
		return;
	stream->armed = events;
	if (events == 0)
		(void)uv_poll_stop(&stream->poll);
	else
		ensure(uv_poll_start(&stream->poll, events, called) == 0);
}

static void
called(uv_poll_t *poll, int status, int events)
{
	struct stream *stream = (struct stream *)poll;

	/* An error: libuv has stopped watching; reading will tell which. */
	if (status < 0)
		stream->armed = 0;
	if (stream->wants != 0 &&
	    (status < 0 || (events & needed(stream)) != 0))
		run(stream);
	else
		arm(stream, needed(stream));
}

void
stream_want(struct stream *stream, unsigned int wants)
{
	stream->wants = wants;
	if ((wants & STREAM_READ) && stream->tls != NULL &&
	    tls_pending(stream->tls))
		ready_add(stream->queue, &stream->ready);
	else
		ready_remove(stream->queue, &stream->ready);
	if (wants != 0)
		arm(stream, needed(stream));
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
	int least = bytes > 1 ? bounded(stream->fd, bytes) : 1;

	if (least == stream->least)
		return;
	stream->least = least;
	/* When as much has come already, the kernel tells at once. */
	(void)setsockopt(stream->fd, SOL_SOCKET, SO_RCVLOWAT, &least,
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
translate(enum tls_result result, int *events)
{
	switch (result) {
	case TLS_OK:
		return (STREAM_OK);
	case TLS_WANT_READ:
		*events = UV_READABLE;
		return (STREAM_AGAIN);
	case TLS_WANT_WRITE:
		*events = UV_WRITABLE;
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

enum stream_result
stream_read(struct stream *stream, void *data, size_t len, size_t *done)
{
	ssize_t n;

	if (stream->tls != NULL) {
		stream->to_read = UV_READABLE;
		return (translate(tls_read(stream->tls, data, len, done),
		    &stream->to_read));
	}
	do {
		n = recv(stream->fd, data, len, MSG_DONTWAIT);
	} while (n == -1 && errno == EINTR);
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
		stream->to_write = UV_WRITABLE;
		return (translate(tls_write(stream->tls, data, len, done),
		    &stream->to_write));
	}
	do {
		n = send(stream->fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (n == -1 && errno == EINTR);
	if (n > 0) {
		*done = (size_t)n;
		return (STREAM_OK);
	}
	if (n == 0 || errno == EAGAIN)
		return (STREAM_AGAIN);
	return (failed(stream, STREAM_FAILED));
}

int
stream_start_tls(struct stream *stream, struct tls_login *login,
    enum tls_kind kind)
{
	ensure(stream->tls == NULL);
	stream->tls = tls_channel_new(login, kind, stream->fd);
	return (stream->tls == NULL ? -1 : 0);
}

enum stream_result
stream_handshake(struct stream *stream)
{
	enum stream_result result;
	int events = UV_READABLE;

	ensure(stream->tls != NULL);
	result = translate(tls_handshake(stream->tls), &events);
	/* While it runs, reading and writing wait for the same. */
	if (result == STREAM_AGAIN) {
		stream->to_read = events;
		stream->to_write = events;
	} else {
		stream->to_read = UV_READABLE;
		stream->to_write = UV_WRITABLE;
	}
	return (result);
}

enum stream_result
stream_close_write(struct stream *stream, bool fin)
{
	enum stream_result result;

	if (stream->tls != NULL) {
		stream->to_write = UV_WRITABLE;
		result = translate(tls_close(stream->tls), &stream->to_write);
		if (result != STREAM_OK)
			return (result);
	}
	if (!fin || stream->fin)
		return (STREAM_OK);
	if (shutdown(stream->fd, SHUT_WR) == -1)
		return (failed(stream, STREAM_FAILED));
	stream->fin = true;
	return (STREAM_OK);
}

void
stream_end_tls(struct stream *stream)
{
	tls_channel_free(&stream->tls);
	ready_remove(stream->queue, &stream->ready);
	stream->to_read = UV_READABLE;
	stream->to_write = UV_WRITABLE;
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

int
stream_fd(const struct stream *stream)
{
	return (stream->fd);
}
