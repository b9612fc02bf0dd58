/* line - how a record looks when it is written. */
#ifndef MASTER_LOGGER_LINE_H
#define MASTER_LOGGER_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/base/attr.h"
#include "shm/base/log.h"

#define LINE_MAX_LEN 4096               /* of a line, its end included */
#define LINE_WHOLE   (LOG_LINE_MAX + 2) /* of one that came whole */

/* A record with all that is known about it; strings may be NULL. */
struct line_record {
	uint64_t time_us; /* since 1970 */
	enum log_level level;
	uint64_t session;
	const char *process; /* "worker 2" */
	int pid;
	const char *host;
	const char *client;
	unsigned int port; /* of the client; 0: not shown */
	const char *user;
	const char *text;
	bool members; /* text may have names and values: members.h */
};

enum line_form {
	LINE_DATED, /* with the time, for a file or a terminal */
	LINE_BARE   /* without: the journal and syslog know the time */
};

/*
 * Writes the record as one line with its end to out (LINE_MAX_LEN bytes; what
 * does not fit is cut).  Returns its length.
 */
size_t log_line_text(char *out, const struct line_record *record,
    enum line_form form);

/* The same as one JSON object; 0 when memory is short. */
size_t log_line_json(char *out, const struct line_record *record);

/*
 * Copies len bytes to out (size bytes) as text that cannot break a line: what
 * is no printable UTF-8 becomes '?'.  Senders escape; this is for the ones
 * that have been taken over.
 */
void log_line_clean(char *out, size_t size, const uint8_t *bytes, size_t len);

/* How many lines these are; the last one may lack its end. */
NODISCARD uint64_t log_line_count(const char *text, size_t len);

#endif
