/*
 * records - what a message with log records holds.
 *
 * The sender may have been taken over: lengths must add up to what came, and
 * the stream must be one that there is.  Bytes are passed on as they are.
 */
#ifndef MASTER_LOGGER_RECORDS_H
#define MASTER_LOGGER_RECORDS_H

#include "shm/base/attr.h"
#include "shm/ipc/channel.h"

enum {
	RECORD_CLIENT,
	RECORD_USER,
	RECORD_TEXT,
	RECORD_PARTS
};

typedef void (*records_handler)(const struct msg_log_record *record,
    const struct message_part parts[RECORD_PARTS], void *context);

/*
 * Hands each record of a LOG_RECORD or LOG_RECORDS over.  0, or -1: the
 * message is malformed; the records before the place have been handed over.
 */
NODISCARD int records_read(const struct message *message,
    records_handler handler, void *context);

#endif
