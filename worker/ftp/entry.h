/*
 * entry - a line of log.session or log.transfer: a format, filled in.
 *
 * As text, or where log.format is json as an object with the variables of the
 * format as its keys; one without a value is "-", or left out.
 */
#ifndef WORKER_FTP_ENTRY_H
#define WORKER_FTP_ENTRY_H

#include "shm/base/attr.h"
#include "shm/base/buf.h"
#include "shm/base/log.h"
#include "shm/conf/format.h"

struct session;

/* What the line is about. */
struct entry {
	struct session *session;
	int code;         /* of a transfer: its final reply, */
	const char *text; /* without which it is about the session */
};

void entry_write(const struct entry *entry, const struct conf_format *format,
    enum log_stream stream);

/*
 * entry_value.c: appends the value of a variable that is not about TLS; false:
 * it has none now.
 */
NODISCARD bool entry_value(const struct entry *entry, enum variable variable,
    struct buf *out);

/* The same for one that is. */
NODISCARD bool entry_tls(const struct entry *entry,
    const struct format_piece *piece, struct buf *out);

/* entry_text.c: a line that grows as long as there is room. */
struct entry_line {
	size_t len;
	bool full; /* something has been left out */
	char text[LOG_LINE_MAX];
};

/* Appends text as it is, or len bytes of a peer as text, or as JSON. */
void entry_put(struct entry_line *line, const char *text, size_t len);
void entry_put_text(struct entry_line *line, const uint8_t *bytes, size_t len);
void entry_put_json(struct entry_line *line, const uint8_t *bytes, size_t len);

#endif
