/*
 * Fuzzes what a process receives from another one that is not itself any
 * more: any datagrams with any number of descriptors.  Whatever arrives is
 * refused, or is a message as the table says; no descriptor stays open.
 *
 * Byte 0 and 1 are the roles, bit 0 of byte 2 is the phase.  A record follows
 * another: flags (bit 0: with a true header, bits 1 to 2: descriptors), type,
 * length (two bytes), bytes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shm/base/ensure.h"
#include "shm/base/fd.h"
#include "shm/base/log.h"
#include "shm/ipc/channel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum role self_role, peer_role;

static void
discard(const struct log_record *record, void *context UNUSED)
{
	ensure(strpbrk(record->text, "\r\n") == NULL);
}

/* The lowest number that is free: the same before and after. */
static int
lowest_free(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	ensure(fd != -1);
	close(fd);
	return (fd);
}

/* Every byte that the message promises can be read. */
static int
handle(struct message *message, void *context)
{
	struct message_part parts[2];
	struct msg_arrival arrival;
	const struct msg_spec *spec;
	uint8_t sum = 0;
	size_t lens[2], i;
	bool running = *(bool *)context;

	memset(&arrival, 0, sizeof(arrival));
	arrival.type = message->type;
	arrival.from = peer_role;
	arrival.to = self_role;
	arrival.phase = running ? MSG_PHASE_RUN : MSG_PHASE_START;
	arrival.fds = message->fd == -1 ? 0 : 1;
	arrival.len = MSG_LEN_MAX;
	spec = msg_check(&arrival);
	ensure(spec != NULL);
	ensure(sizeof(struct msg_header) + spec->body_len + message->len <=
	    MSG_LEN_MAX);
	for (i = 0; i < message->len; i++)
		sum = (uint8_t)(sum + message->bytes[i]);
	lens[0] = message->len / 2;
	lens[1] = message->len - lens[0];
	ensure(message_split(message, lens, parts, 2) == 0);
	lens[1] = SIZE_MAX - lens[0] + 1 + lens[1]; /* wraps to the same sum */
	ensure(lens[0] == 0 || message_split(message, lens, parts, 2) == -1);
	for (i = 0; i < spec->body_len; i++)
		sum = (uint8_t)(sum + ((const uint8_t *)message->body)[i]);
	return (sum == 255 ? -1 : 0);
}

static void
send_datagram(int fd, const uint8_t *bytes, size_t len, size_t nfds, int null)
{
	char control[CMSG_SPACE(3 * sizeof(int))];
	struct cmsghdr *header;
	struct msghdr message;
	struct iovec piece;
	int fds[3] = { null, null, null };

	memset(&message, 0, sizeof(message));
	memset(control, 0, sizeof(control));
	memcpy(&piece.iov_base, &bytes, sizeof(bytes));
	piece.iov_len = len;
	message.msg_iov = &piece;
	message.msg_iovlen = 1;
	if (nfds > 0) {
		message.msg_control = control;
		message.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
		header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(nfds * sizeof(int));
		memcpy(CMSG_DATA(header), fds, nfds * sizeof(int));
	}
	ensure(sendmsg(fd, &message, MSG_NOSIGNAL) != -1 || errno == EAGAIN ||
	    errno == EPIPE);
}

/* Sends the next record; how many bytes of the input it took. */
static size_t
send_record(int fd, const uint8_t *data, size_t size, int null)
{
	static uint8_t bytes[sizeof(struct msg_header) + UINT16_MAX];
	struct msg_header header;
	size_t len, had, start = 0;

	len = (size_t)data[2] << 8 | data[3];
	had = len < size - 4 ? len : size - 4;
	if ((data[0] & 1) != 0) {
		start = sizeof(header);
		header.type = data[1];
		header.len = (uint32_t)(start + len);
		memcpy(bytes, &header, start);
	}
	memset(bytes + start, 0, len);
	memcpy(bytes + start, data + 4, had);
	send_datagram(fd, bytes, start + len, data[0] >> 1 & 3, null);
	return (4 + had);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct channel *channel;
	int pair[2], null, before, n = 1;
	size_t used;
	bool running;

	if (size < 3)
		return (0);
	before = lowest_free();
	self_role = (enum role)(1 + data[0] % (ROLE_COUNT - 1));
	peer_role = (enum role)(1 + data[1] % (ROLE_COUNT - 1));
	running = (data[2] & 1) != 0;
	log_set_sink(discard, NULL);
	null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	ensure(null != -1 && fd_pair(pair) == 0);
	channel = channel_new(pair[0], self_role, peer_role, handle, &running);
	ensure(channel != NULL);
	if (running)
		channel_running(channel);
	for (data += 3, size -= 3; size >= 4 && n != -1; size -= used) {
		used = send_record(pair[1], data, size, null);
		data += used;
		do
			n = channel_receive(channel, 3);
		while (n > 0);
	}
	channel_free(&channel);
	close(pair[1]);
	close(null);
	ensure(lowest_free() == before);
	return (0);
}
