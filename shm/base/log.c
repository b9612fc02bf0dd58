#include "shm/base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shm/base/utf8.h"

static struct {
	log_sink sink;
	void *context;
	enum log_level level;
	char name[32];
} state = { NULL, NULL, LOG_LEVEL_INFO, "ftpsd" };

static const char *const level_names[] = {
	[LOG_LEVEL_ERROR] = "error",
	[LOG_LEVEL_WARNING] = "warning",
	[LOG_LEVEL_NOTICE] = "notice",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_DEBUG] = "debug",
};

const char *
log_level_name(unsigned int level)
{
	return (level < NITEMS(level_names) ? level_names[level] : NULL);
}

void
log_set_sink(log_sink sink, void *context)
{
	state.sink = sink;
	state.context = context;
}

void
log_set_level(enum log_level level)
{
	state.level = level;
}

enum log_level
log_get_level(void)
{
	return (state.level);
}

void
log_set_name(const char *name)
{
	(void)snprintf(state.name, sizeof(state.name), "%s", name);
}

const char *
log_get_name(void)
{
	return (state.name);
}

/* How many bytes of text can stand as they are; 0: one must be escaped. */
static size_t
plain_run(const uint8_t *text, size_t len)
{
	if (text[0] < 0x20 || text[0] == 0x7f || text[0] == '\\')
		return (0);
	/* C1 controls are well-formed UTF-8 and still move a cursor. */
	if (text[0] == 0xc2 && len > 1 && text[1] < 0xa0)
		return (0);
	return (utf8_sequence(text, len));
}

size_t
log_escape(char *out, size_t size, const char *text, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	const uint8_t *in = (const uint8_t *)text;
	size_t i = 0, n = 0, run;

	while (i < len) {
		run = plain_run(in + i, len - i);
		if (n + (run > 0 ? run : 4) + 4 > size) {
			memcpy(out + n, "...", 3);
			n += 3;
			break;
		}
		if (run > 0) {
			memcpy(out + n, in + i, run);
			n += run;
			i += run;
			continue;
		}
		out[n++] = '\\';
		out[n++] = 'x';
		out[n++] = hex[in[i] >> 4];
		out[n++] = hex[in[i] & 15];
		i++;
	}
	out[n] = '\0';
	return (n);
}

static void
write_stderr(const struct log_record *record)
{
	char line[LOG_TEXT_MAX + 256];
	int len;

	if (record->subject.client != NULL)
		len = snprintf(line, sizeof(line), "%s: %s: [%s] %s\n",
		    state.name, level_names[record->level],
		    record->subject.client, record->text);
	else
		len = snprintf(line, sizeof(line), "%s: %s: %s\n", state.name,
		    level_names[record->level], record->text);
	if (len > 0 && (size_t)len < sizeof(line) &&
	    write(STDERR_FILENO, line, (size_t)len) == -1)
		return; /* nowhere left to say so */
}

static void
deliver(const struct log_record *record)
{
	if (state.sink != NULL)
		state.sink(record, state.context);
	else
		write_stderr(record);
}

static PRINTF_LIKE(4, 0) void write_event(enum log_level level,
    enum log_stream stream, const struct log_subject *subject,
    const char *format, va_list arguments)
{
	char raw[LOG_TEXT_MAX], escaped[LOG_TEXT_MAX];
	struct log_record record;
	int len;

	len = vsnprintf(raw, sizeof(raw), format, arguments);
	if (len < 0)
		return;
	if ((size_t)len >= sizeof(raw))
		len = (int)sizeof(raw) - 1;
	log_escape(escaped, sizeof(escaped), raw, (size_t)len);
	memset(&record, 0, sizeof(record));
	record.level = level;
	record.stream = stream;
	if (subject != NULL)
		record.subject = *subject;
	record.text = escaped;
	deliver(&record);
}

static PRINTF_LIKE(4, 0) void emit(enum log_level level, enum log_stream stream,
    const struct log_subject *subject, const char *format, va_list arguments)
{
	if (level <= state.level)
		write_event(level, stream, subject, format, arguments);
}

void
log_event(enum log_level level, enum log_stream stream,
    const struct log_subject *subject, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	emit(level, stream, subject, format, arguments);
	va_end(arguments);
}

void
log_always(enum log_stream stream, const struct log_subject *subject,
    const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	write_event(LOG_LEVEL_DEBUG, stream, subject, format, arguments);
	va_end(arguments);
}

void
log_line(enum log_stream stream, const struct log_subject *subject,
    const char *text)
{
	struct log_record record;

	memset(&record, 0, sizeof(record));
	record.level = LOG_LEVEL_INFO;
	record.stream = stream;
	record.subject = *subject;
	record.text = text;
	deliver(&record);
}

#define SHORTHAND(name, level)                                         \
	void name(const char *format, ...)                             \
	{                                                              \
		va_list arguments;                                     \
                                                                       \
		va_start(arguments, format);                           \
		emit(level, LOG_STREAM_MAIN, NULL, format, arguments); \
		va_end(arguments);                                     \
	}

SHORTHAND(log_error, LOG_LEVEL_ERROR)
SHORTHAND(log_warn, LOG_LEVEL_WARNING)
SHORTHAND(log_notice, LOG_LEVEL_NOTICE)
SHORTHAND(log_info, LOG_LEVEL_INFO)
SHORTHAND(log_debug, LOG_LEVEL_DEBUG)

void
log_fatal(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	emit(LOG_LEVEL_ERROR, LOG_STREAM_MAIN, NULL, format, arguments);
	va_end(arguments);
	exit(1);
}
