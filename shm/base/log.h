/*
 * log - log records.
 *
 * A record is one event: a level, a stream, what it concerns, and one line of
 * text.  Where records go is the process's choice: before a sink is set they
 * are written to standard error; every process but the logger then sets a sink
 * that sends them to the logger.  Bytes that came from a peer are escaped here,
 * once: a control character, a backslash or a byte that is not valid UTF-8
 * appears as \xNN, so that no record can hold a second line.
 *
 * A call never blocks and never fails: what cannot be delivered is counted.
 */
#ifndef SHM_BASE_LOG_H
#define SHM_BASE_LOG_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "shm/base/attr.h"

#define LOG_TEXT_MAX 1024 /* longer texts are cut, and end in "..." */
#define LOG_LINE_MAX 8192 /* of a whole line, which its maker cuts */

enum log_level {
	LOG_LEVEL_ERROR,   /* something is lost or refused that should not be */
	LOG_LEVEL_WARNING, /* an administrator should look at it */
	LOG_LEVEL_NOTICE,  /* normal but of interest: start, reload, refusals */
	LOG_LEVEL_INFO,    /* one line an event: logins, transfers */
	LOG_LEVEL_DEBUG
};

enum log_stream {
	LOG_STREAM_MAIN,     /* log.target */
	LOG_STREAM_TLS,      /* tls.log of the host, else the main log */
	LOG_STREAM_TRANSFER, /* log.transfer of the host: text is a whole line
			      */
	LOG_STREAM_SESSION,  /* log.session of the host, likewise */
	LOG_STREAM_COUNT
};

/* What a record is about; strings may be NULL, session 0. */
struct log_subject {
	uint32_t generation; /* of the configuration that names the log files */
	uint16_t host;       /* index of the virtual host, 0 = the server */
	uint16_t port;       /* of the client, 0: not known */
	uint64_t session;
	const char *client; /* address, without port */
	const char *user;
};

struct log_record {
	enum log_level level;
	enum log_stream stream;
	struct log_subject subject;
	const char *text; /* already escaped, one line, no line end */
};

typedef void (*log_sink)(const struct log_record *record, void *context);

/* Sends records to sink from now on; NULL returns to standard error. */
void log_set_sink(log_sink sink, void *context);

/* Records above level are dropped at the call; the default is INFO. */
void log_set_level(enum log_level level);
NODISCARD enum log_level log_get_level(void);

/* The name shown in records of this process, such as "worker 2". */
void log_set_name(const char *name);
NODISCARD const char *log_get_name(void);

/* One event about subject, which may be NULL. */
void log_event(enum log_level level, enum log_stream stream,
    const struct log_subject *subject, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* The same whatever the level is; its own is that of debugging. */
void log_always(enum log_stream stream, const struct log_subject *subject,
    const char *format, ...) PRINTF_LIKE(3, 4);

/*
 * A line of a log that is all lines of that kind, shorter than LOG_LINE_MAX.
 * The caller has escaped what came from a peer.
 */
void log_line(enum log_stream stream, const struct log_subject *subject,
    const char *text);

/* Shorthands for events of the process itself on the main stream. */
void log_error(const char *format, ...) PRINTF_LIKE(1, 2);
void log_warn(const char *format, ...) PRINTF_LIKE(1, 2);
void log_notice(const char *format, ...) PRINTF_LIKE(1, 2);
void log_info(const char *format, ...) PRINTF_LIKE(1, 2);
void log_debug(const char *format, ...) PRINTF_LIKE(1, 2);

/* Logs the error and exits with status 1: for start-up and helpers only. */
NORETURN void log_fatal(const char *format, ...) PRINTF_LIKE(1, 2);

/*
 * Copies len bytes of text into out (size bytes, at least 8), escaped as above
 * and terminated; what does not fit is cut.  Returns the length written.
 */
size_t log_escape(char *out, size_t size, const char *text, size_t len);

/* "error", "warning", ...; NULL beyond the last. */
NODISCARD const char *log_level_name(unsigned int level);

#endif
