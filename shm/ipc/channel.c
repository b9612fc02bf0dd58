#include "shm/ipc/channel_own.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "shm/base/ensure.h"
#include "shm/base/fd.h"
#include "shm/base/secret.h"

#define QUEUE_DEFAULT 1024

/* A message that the socket did not take. */
struct waiting {
	STAILQ_ENTRY(waiting) link;
	size_t len;
	int fd;
	uint8_t bytes[];
};

struct channel *
channel_new(int fd, enum role self, enum role peer, message_handler handler,
    void *context)
{
	struct channel *channel;

	channel = calloc(1, sizeof(*channel));
	if (channel == NULL || fd_set_nonblock(fd) == -1 ||
	    fd_set_inherit(fd, 0) == -1) {
		free(channel);
		fd_close(&fd);
		return (NULL);
	}
	channel->fd = fd;
	channel->self = self;
	channel->peer = peer;
	channel->handler = handler;
	channel->context = context;
	channel->phase = MSG_PHASE_START;
	channel->queue_max = QUEUE_DEFAULT;
	STAILQ_INIT(&channel->queue);
	return (channel);
}

/* What waited may have been a password. */
static void
drop_first(struct channel *channel)
{
	struct waiting *first = STAILQ_FIRST(&channel->queue);

	STAILQ_REMOVE_HEAD(&channel->queue, link);
	channel->queued--;
	fd_close(&first->fd);
	secret_wipe(first->bytes, first->len);
	free(first);
}

void
channel_free(struct channel **channel)
{
	struct channel *ended = *channel;

	if (ended == NULL)
		return;
	*channel = NULL;
	while (!STAILQ_EMPTY(&ended->queue))
		drop_first(ended);
	fd_close(&ended->fd);
	ended->ended = true;
	if (!ended->receiving)
		free(ended);
}

void
channel_running(struct channel *channel)
{
	channel->phase = MSG_PHASE_RUN;
}

bool
channel_is_running(const struct channel *channel)
{
	return (channel->phase == MSG_PHASE_RUN);
}

int
channel_fd(const struct channel *channel)
{
	return (channel->fd);
}

enum role
channel_peer(const struct channel *channel)
{
	return (channel->peer);
}

void
channel_set_queue(struct channel *channel, size_t messages)
{
	channel->queue_max = messages;
}

bool
channel_wants_write(const struct channel *channel)
{
	return (!STAILQ_EMPTY(&channel->queue));
}

static int
send_parts(int socket_fd, struct iovec *parts, size_t nparts, int fd)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct cmsghdr *header;
	struct msghdr message;
	ssize_t sent;

	memset(&message, 0, sizeof(message));
	message.msg_iov = parts;
	message.msg_iovlen = nparts;
	if (fd != -1) {
		memset(&control, 0, sizeof(control));
		message.msg_control = control.bytes;
		message.msg_controllen = sizeof(control.bytes);
		header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(header), &fd, sizeof(int));
	}
	do {
		sent = sendmsg(socket_fd, &message, MSG_NOSIGNAL);
	} while (sent == -1 && errno == EINTR);
	if (sent == -1 && (errno == ECONNRESET || errno == ENOTCONN))
		errno = EPIPE;
	/* Out of kernel memory for descriptors in flight: it passes. */
	if (sent == -1 && (errno == ENOBUFS || errno == ETOOMANYREFS))
		errno = EAGAIN;
	return (sent == -1 ? -1 : 0);
}

static int
enqueue(struct channel *channel, const struct iovec *parts, size_t nparts,
    int fd)
{
	struct waiting *entry;
	size_t i, len = 0;

	if (channel->queued >= channel->queue_max) {
		errno = EAGAIN;
		return (-1);
	}
	for (i = 0; i < nparts; i++)
		len += parts[i].iov_len;
	entry = malloc(sizeof(*entry) + len);
	if (entry == NULL)
		return (-1);
	entry->len = len;
	entry->fd = -1;
	if (fd != -1) {
		entry->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		if (entry->fd == -1) {
			free(entry);
			return (-1);
		}
	}
	len = 0;
	for (i = 0; i < nparts; i++) {
		if (parts[i].iov_len > 0)
			memcpy(entry->bytes + len, parts[i].iov_base,
			    parts[i].iov_len);
		len += parts[i].iov_len;
	}
	STAILQ_INSERT_TAIL(&channel->queue, entry, link);
	channel->queued++;
	return (0);
}

/* Whether the table lets us send this: if not, we have a bug. */
static size_t
body_length(const struct channel *channel,
    const struct channel_message *message, size_t tail)
{
	struct msg_arrival arrival;
	const struct msg_spec *spec;

	arrival.type = message->type;
	arrival.from = channel->self;
	arrival.to = channel->peer;
	arrival.phase = channel->phase;
	arrival.len = MSG_LEN_MAX + tail;
	arrival.fds = message->fd != -1 ? 1 : 0;
	spec = msg_check(&arrival);
	ensure(spec != NULL);
	return (spec->body_len);
}

static int
send_message(struct channel *channel, const struct channel_message *message)
{
	struct iovec parts[2 + NITEMS(message->pieces)];
	struct msg_header header;
	size_t i, n = 2, len = sizeof(header), tail = 0;

	for (i = 0; i < NITEMS(message->pieces); i++)
		tail += message->pieces[i].len;
	parts[0].iov_base = &header;
	parts[0].iov_len = sizeof(header);
	/* iovec has no const; sendmsg() does not write through it. */
	memcpy(&parts[1].iov_base, &message->body, sizeof(void *));
	parts[1].iov_len = body_length(channel, message, tail);
	len += parts[1].iov_len + tail;
	for (i = 0; i < NITEMS(message->pieces); i++) {
		if (message->pieces[i].len == 0)
			continue;
		memcpy(&parts[n].iov_base, &message->pieces[i].data,
		    sizeof(void *));
		parts[n++].iov_len = message->pieces[i].len;
	}
	if (len > MSG_LEN_MAX) {
		errno = EMSGSIZE;
		return (-1);
	}
	header.type = message->type;
	header.len = (uint32_t)len;
	if (!STAILQ_EMPTY(&channel->queue))
		return (enqueue(channel, parts, n, message->fd));
	if (send_parts(channel->fd, parts, n, message->fd) == 0)
		return (0);
	if (errno == EAGAIN)
		return (enqueue(channel, parts, n, message->fd));
	return (-1);
}

int
channel_send(struct channel *channel, const struct channel_message *message)
{
	int ret = send_message(channel, message);

	if (ret == -1)
		channel->unsent = errno;
	return (ret);
}

int
channel_post(struct channel *channel, enum msg_type type, const void *body)
{
	struct channel_message message;

	memset(&message, 0, sizeof(message));
	message.type = type;
	message.body = body;
	message.fd = -1;
	return (channel_send(channel, &message));
}

int
channel_flush(struct channel *channel)
{
	struct waiting *first;
	struct iovec part;

	while ((first = STAILQ_FIRST(&channel->queue)) != NULL) {
		part.iov_base = first->bytes;
		part.iov_len = first->len;
		if (send_parts(channel->fd, &part, 1, first->fd) == -1)
			return (errno == EAGAIN ? 0 : -1);
		drop_first(channel);
	}
	return (0);
}

int
message_take_fd(struct message *message)
{
	int fd = message->fd;

	message->fd = -1;
	return (fd);
}

int
message_split(const struct message *message, const size_t *lens,
    struct message_part *parts, size_t count)
{
	size_t i, at = 0;

	for (i = 0; i < count; i++) {
		if (lens[i] > message->len - at)
			return (-1);
		parts[i].data = message->bytes + at;
		parts[i].len = lens[i];
		at += lens[i];
	}
	return (at == message->len ? 0 : -1);
}
