#include "master/logger/records.h"

#include <string.h>

#include "shm/base/log.h"

static int
take(struct message_part *bytes, void *out, size_t len)
{
	if (len > bytes->len)
		return (-1);
	if (out != NULL)
		memcpy(out, bytes->data, len);
	bytes->data += len;
	bytes->len -= len;
	return (0);
}

/* Takes the texts of the record off the bytes. */
static int
take_texts(struct message_part *bytes, const struct msg_log_record *record,
    struct message_part parts[RECORD_PARTS])
{
	const size_t lens[RECORD_PARTS] = { record->client_len,
		record->user_len, record->text_len };
	size_t i;

	for (i = 0; i < RECORD_PARTS; i++) {
		parts[i].data = bytes->data;
		parts[i].len = lens[i];
		if (take(bytes, NULL, lens[i]) == -1)
			return (-1);
	}
	return (record->stream < LOG_STREAM_COUNT ? 0 : -1);
}

static int
read_many(const struct message *message, records_handler handler, void *context)
{
	const struct msg_log_records *body = message->body;
	struct message_part bytes = { message->bytes, message->len };
	struct message_part parts[RECORD_PARTS];
	struct msg_log_record record;
	uint32_t i;

	for (i = 0; i < body->count; i++) {
		if (take(&bytes, &record, sizeof(record)) == -1 ||
		    take_texts(&bytes, &record, parts) == -1)
			return (-1);
		handler(&record, parts, context);
	}
	return (bytes.len == 0 ? 0 : -1);
}

int
records_read(const struct message *message, records_handler handler,
    void *context)
{
	const struct msg_log_record *record = message->body;
	struct message_part bytes = { message->bytes, message->len };
	struct message_part parts[RECORD_PARTS];

	if (message->type == MSG_LOG_RECORDS)
		return (read_many(message, handler, context));
	if (message->type != MSG_LOG_RECORD ||
	    take_texts(&bytes, record, parts) == -1 || bytes.len != 0)
		return (-1);
	handler(record, parts, context);
	return (0);
}
