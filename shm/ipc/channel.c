#include "shm/ipc/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "shm/base/ensure.h"
#include "shm/base/fd.h"
#include "shm/base/log.h"
#include "shm/base/secret.h"

#define QUEUE_DEFAULT 1024
#define FDS_MAX       4 /* more than any message has: extra ones are seen */

/* A message that the socket did not take. */
struct waiting {
	STAILQ_ENTRY(waiting) link;
	size_t len;
	int fd;
	uint8_t bytes[];
};

STAILQ_HEAD(waiting_list, waiting);

struct channel {
	int fd;
	enum role self, peer;
	message_handler handler;
	void *context;
	enum msg_phase phase;
	struct waiting_list queue;
	size_t queued, queue_max;
	bool receiving; /* handlers run: whoever frees us leaves the memory */
	bool ended;
	int unsent; /* errno of what could not be sent since the last message */
};

/*
 * All channels of a process receive into one buffer: handlers are done with a
 * message when they return, and they never receive from within one.
 */
static union {
	max_align_t align;
	uint8_t bytes[MSG_LEN_MAX];
} incoming;

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

/* Collects the descriptors that came along; all of them are ours to close. */
static unsigned int
take_fds(struct msghdr *message, int *fds)
{
	struct cmsghdr *header;
	unsigned int n = 0;
	size_t count, i;
	int fd;

	for (header = CMSG_FIRSTHDR(message); header != NULL;
	     header = CMSG_NXTHDR(message, header)) {
		if (header->cmsg_level != SOL_SOCKET ||
		    header->cmsg_type != SCM_RIGHTS)
			continue;
		count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < count; i++) {
			memcpy(&fd, CMSG_DATA(header) + i * sizeof(int),
			    sizeof(int));
			if (n < FDS_MAX)
				fds[n++] = fd;
			else
				fd_close(&fd);
		}
	}
	return (n);
}

struct datagram {
	ssize_t len;
	int fds[FDS_MAX];
	unsigned int nfds;
	bool cut;
	bool bereft; /* we had no room for the descriptor that came along */
};

static int
read_datagram(const struct channel *channel, struct datagram *datagram)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(FDS_MAX * sizeof(int))];
	} control;
	struct msghdr message;
	struct iovec part;

	memset(&message, 0, sizeof(message));
	part.iov_base = incoming.bytes;
	part.iov_len = sizeof(incoming.bytes);
	message.msg_iov = &part;
	message.msg_iovlen = 1;
	message.msg_control = control.bytes;
	message.msg_controllen = sizeof(control.bytes);
	do {
		datagram->len = recvmsg(channel->fd, &message,
		    MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	} while (datagram->len == -1 && errno == EINTR);
	if (datagram->len == -1)
		return (-1);
	datagram->nfds = take_fds(&message, datagram->fds);
	datagram->bereft =
	    (message.msg_flags & MSG_CTRUNC) != 0 && datagram->nfds == 0;
	datagram->cut = (message.msg_flags & MSG_TRUNC) != 0 ||
	    ((message.msg_flags & MSG_CTRUNC) != 0 && datagram->nfds > 0);
	return (0);
}

/* NULL: the datagram breaks the rules. */
static const struct msg_spec *
check_datagram(const struct channel *channel, const struct datagram *datagram,
    struct msg_header *header)
{
	struct msg_arrival arrival;

	memset(header, 0, sizeof(*header));
	if (datagram->cut || (size_t)datagram->len < sizeof(*header))
		return (NULL);
	memcpy(header, incoming.bytes, sizeof(*header));
	if (header->len != (size_t)datagram->len)
		return (NULL);
	arrival.type = header->type;
	arrival.from = channel->peer;
	arrival.to = channel->self;
	arrival.phase = channel->phase;
	arrival.len = header->len - sizeof(*header);
	/* That this process is out of descriptors is not the peer's fault. */
	arrival.fds = datagram->bereft ? 1 : datagram->nfds;
	return (msg_check(&arrival));
}

static void
protocol_error(const struct channel *channel, const struct msg_header *header,
    struct datagram *datagram)
{
	while (datagram->nfds > 0)
		fd_close(&datagram->fds[--datagram->nfds]);
	log_error("%s broke the rules of its channel (message %s, %zd bytes): "
		  "cut off",
	    role_name(channel->peer), msg_name(header->type), datagram->len);
}

enum received {
	RECEIVED,
	NOTHING,
	REFUSED, /* by the handler */
	ENDED    /* errno says why */
};

static enum received
receive_one(struct channel *channel)
{
	const struct msg_spec *spec;
	struct datagram datagram;
	struct msg_header header;
	struct message message;
	int ret;

	if (read_datagram(channel, &datagram) == -1)
		return (errno == EAGAIN ? NOTHING : ENDED);
	if (datagram.len == 0 && datagram.nfds == 0) {
		errno = 0;
		return (ENDED);
	}
	spec = check_datagram(channel, &datagram, &header);
	if (spec == NULL) {
		protocol_error(channel, &header, &datagram);
		secret_wipe(incoming.bytes, (size_t)datagram.len);
		errno = EPROTO;
		return (ENDED);
	}
	message.type = (enum msg_type)header.type;
	message.body = incoming.bytes + sizeof(header);
	message.bytes = incoming.bytes + sizeof(header) + spec->body_len;
	message.len = header.len - sizeof(header) - spec->body_len;
	message.fd = datagram.nfds == 1 ? datagram.fds[0] : -1;
	channel->unsent = 0;
	ret = channel->handler(&message, channel->context);
	fd_close(&message.fd);
	/* It may have been a password; a process forked later has no part. */
	secret_wipe(incoming.bytes, header.len);
	return (ret == 0 ? RECEIVED : REFUSED);
}

/*
 * A handler refuses what breaks a rule, and gives up when its answer cannot be
 * sent: then the peer has gone, or does not read.
 */
static void
refused(const struct channel *channel)
{
	if (channel->unsent == EPIPE) {
		errno = 0;
		return;
	}
	if (channel->unsent == 0)
		log_error("%s sent what it may not: cut off",
		    role_name(channel->peer));
	else
		log_error("%s cannot be answered (%s): cut off",
		    role_name(channel->peer), strerror(channel->unsent));
	errno = EPROTO;
}

int
channel_receive(struct channel *channel, int limit)
{
	enum received ret = NOTHING;
	int n;

	ensure(!channel->receiving);
	channel->receiving = true;
	for (n = 0; n < limit; n++) {
		ret = receive_one(channel);
		if (ret != RECEIVED || channel->ended)
			break;
	}
	channel->receiving = false;
	if (channel->ended) {
		free(channel);
		errno = ECANCELED;
		return (-1);
	}
	if (ret == REFUSED)
		refused(channel);
	return (ret == REFUSED || ret == ENDED ? -1 : n);
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
