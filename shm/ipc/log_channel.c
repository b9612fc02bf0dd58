#include "shm/ipc/log_channel.h"

#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "shm/base/log.h"
#include "shm/ipc/msg.h"

static struct {
	int fd;
	uint32_t lost; /* since the last record that got through */
} logger = { -1, 0 };

static uint16_t
short_length(const char *text)
{
	return (text == NULL ? 0 : (uint16_t)strnlen(text, LOG_TEXT_MAX));
}

static uint64_t
now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return ((uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000);
}

static void
fill(struct msg_log_record *body, const struct log_record *record)
{
	memset(body, 0, sizeof(*body));
	body->time_us = now_us();
	body->session = record->subject.session;
	body->generation = record->subject.generation;
	body->host = record->subject.host;
	body->lost = logger.lost;
	body->level = (uint16_t)record->level;
	body->stream = (uint16_t)record->stream;
	body->client_len = short_length(record->subject.client);
	body->user_len = short_length(record->subject.user);
	body->text_len = short_length(record->text);
}

static struct iovec
piece(const void *data, size_t len)
{
	struct iovec part;

	/* iovec has no const; sendmsg() does not write through it. */
	memcpy(&part.iov_base, &data, sizeof(data));
	part.iov_len = len;
	return (part);
}

static void
send_record(const struct log_record *record, void *context UNUSED)
{
	struct msg_log_record body;
	struct msg_header header;
	struct msghdr message;
	struct iovec parts[5];

	fill(&body, record);
	header.type = MSG_LOG_RECORD;
	header.len = (uint32_t)(sizeof(header) + sizeof(body) +
	    body.client_len + body.user_len + body.text_len);
	parts[0] = piece(&header, sizeof(header));
	parts[1] = piece(&body, sizeof(body));
	parts[2] = piece(record->subject.client, body.client_len);
	parts[3] = piece(record->subject.user, body.user_len);
	parts[4] = piece(record->text, body.text_len);
	memset(&message, 0, sizeof(message));
	message.msg_iov = parts;
	message.msg_iovlen = NITEMS(parts);
	if (sendmsg(logger.fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) == -1)
		logger.lost++;
	else
		logger.lost = 0;
}

void
log_channel_start(int fd)
{
	logger.fd = fd;
	log_set_sink(send_record, NULL);
}
