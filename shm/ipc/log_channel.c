#include "shm/ipc/log_channel.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "shm/base/log.h"
#include "shm/ipc/msg.h"

/* As long as the largest record, and room for a hundred usual ones. */
#define GATHERED_MAX ((size_t)16 * 1024)

static struct {
	int fd;
	uint32_t lost; /* since the last record that got through */
} logger = { -1, 0 };

static struct {
	void (*waiting)(void *context); /* NULL: each record goes by itself */
	void *context;
	uint32_t count;
	size_t len;
	uint8_t bytes[GATHERED_MAX];
} gathered;

static uint16_t
short_length(const char *text, size_t most)
{
	return (text == NULL ? 0 : (uint16_t)strnlen(text, most));
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
	body->port = record->subject.port;
	body->level = (uint16_t)record->level;
	body->stream = (uint16_t)record->stream;
	body->client_len = short_length(record->subject.client, LOG_TEXT_MAX);
	body->user_len = short_length(record->subject.user, LOG_TEXT_MAX);
	body->text_len = short_length(record->text, LOG_LINE_MAX);
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
send_parts(struct iovec *parts, size_t count, uint32_t records)
{
	struct msghdr message;

	memset(&message, 0, sizeof(message));
	message.msg_iov = parts;
	message.msg_iovlen = count;
	if (sendmsg(logger.fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) == -1)
		logger.lost += records;
	else
		logger.lost = 0;
}

enum {
	HEADER,
	BODY,
	CLIENT,
	USER,
	TEXT,
	PARTS
};

static void
send_one(struct iovec parts[PARTS])
{
	struct msg_header header = { .type = MSG_LOG_RECORD };
	size_t i, len = sizeof(header);

	parts[HEADER] = piece(&header, sizeof(header));
	for (i = BODY; i < PARTS; i++)
		len += parts[i].iov_len;
	header.len = (uint32_t)len;
	send_parts(parts, PARTS, 1);
}

void
log_channel_flush(void)
{
	struct msg_header header = { .type = MSG_LOG_RECORDS };
	struct msg_log_records body = { .count = gathered.count };
	struct iovec parts[3];

	if (gathered.count == 0)
		return;
	/* The first record tells. */
	memcpy(gathered.bytes + offsetof(struct msg_log_record, lost),
	    &logger.lost, sizeof(logger.lost));
	header.len = (uint32_t)(sizeof(header) + sizeof(body) + gathered.len);
	parts[0] = piece(&header, sizeof(header));
	parts[1] = piece(&body, sizeof(body));
	parts[2] = piece(gathered.bytes, gathered.len);
	send_parts(parts, NITEMS(parts), gathered.count);
	gathered.count = 0;
	gathered.len = 0;
}

static void
keep(const struct iovec parts[PARTS], enum log_level level)
{
	size_t i, len = 0;

	for (i = BODY; i < PARTS; i++)
		len += parts[i].iov_len;
	if (len > sizeof(gathered.bytes) - gathered.len)
		log_channel_flush();
	for (i = BODY; i < PARTS; i++) {
		if (parts[i].iov_len > 0)
			memcpy(gathered.bytes + gathered.len, parts[i].iov_base,
			    parts[i].iov_len);
		gathered.len += parts[i].iov_len;
	}
	gathered.count++;
	if (level <= LOG_LEVEL_WARNING || log_get_level() >= LOG_LEVEL_DEBUG)
		log_channel_flush();
	else if (gathered.count == 1)
		gathered.waiting(gathered.context);
}

static void
send_record(const struct log_record *record, void *context UNUSED)
{
	struct msg_log_record body;
	struct iovec parts[PARTS];

	fill(&body, record);
	parts[BODY] = piece(&body, sizeof(body));
	parts[CLIENT] = piece(record->subject.client, body.client_len);
	parts[USER] = piece(record->subject.user, body.user_len);
	parts[TEXT] = piece(record->text, body.text_len);
	if (gathered.waiting != NULL) {
		keep(parts, record->level);
		return;
	}
	body.lost = logger.lost;
	send_one(parts);
}

void
log_channel_start(int fd)
{
	logger.fd = fd;
	log_set_sink(send_record, NULL);
}

void
log_channel_gather(void (*waiting)(void *context), void *context)
{
	static_assert(sizeof(struct msg_log_record) + (size_t)2 * LOG_TEXT_MAX +
		    LOG_LINE_MAX <=
		GATHERED_MAX,
	    "any record fits");
	gathered.waiting = waiting;
	gathered.context = context;
}
