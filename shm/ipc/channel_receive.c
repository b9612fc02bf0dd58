/* What comes through a channel, which is looked at before anybody reads it. */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "shm/base/ensure.h"
#include "shm/base/fd.h"
#include "shm/base/log.h"
#include "shm/base/secret.h"
#include "shm/ipc/channel_own.h"

#define FDS_MAX 4 /* more than any message has: extra ones are seen */

/*
 * All channels of a process receive into one buffer: handlers are done with a
 * message when they return, and they never receive from within one.
 */
static union {
	max_align_t align;
	uint8_t bytes[MSG_LEN_MAX];
} incoming;

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
