#include "worker/ftp/entry.h"

#include <string.h>

#include "worker/ftp/state.h"

/* Of a value; a certificate is longer than all else. */
#define VALUE_MAX       1024
#define CERTIFICATE_MAX 6144

/* false: the variable has no value. */
static bool
find_value(const struct entry *entry, const struct format_piece *piece,
    struct buf *value)
{
	enum variable variable = (enum variable)piece->variable;

	value->start = value->end = 0;
	if (variable_is_tls(variable))
		return (entry_tls(entry, piece, value) && buf_len(value) > 0);
	return (entry_value(entry, variable, value) && buf_len(value) > 0);
}

/* How much of the value is told; 0: half a certificate is of no use. */
static size_t
told_length(const struct format_piece *piece, const struct buf *value)
{
	size_t len = buf_len(value);

	if (variable_needs((enum variable)piece->variable) ==
	    CONF_TLS_EXPORT_CERT_DATA)
		return (len <= CERTIFICATE_MAX ? len : 0);
	return (len <= VALUE_MAX ? len : VALUE_MAX);
}

static void
put_piece(const struct entry *entry, const struct conf_format *format,
    const struct format_piece *piece, struct entry_line *line)
{
	struct buf value;
	size_t len = 0;

	if (piece->variable == VARIABLE_COUNT) {
		entry_put(line, format->text + piece->at, piece->len);
		return;
	}
	buf_init(&value, 0);
	if (find_value(entry, piece, &value))
		len = told_length(piece, &value);
	if (len == 0)
		entry_put(line, "-", 1);
	else
		entry_put_text(line, buf_data(&value), len);
	if (len > 0 && len < buf_len(&value))
		entry_put(line, "...", 3);
	buf_free(&value);
}

static void
put_key(const struct format_piece *piece, struct entry_line *line)
{
	const char *name = variable_name((enum variable)piece->variable);
	const char digit = (char)('0' + piece->number);

	entry_put(line, line->len > 1 ? ",\"" : "\"", line->len > 1 ? 2 : 1);
	entry_put(line, name, strlen(name));
	if (piece->number != 0)
		entry_put(line, &digit, 1);
	entry_put(line, "\":", 2);
}

/* A member for which there is no room is left out as a whole. */
static void
put_member(const struct entry *entry, const struct format_piece *piece,
    struct entry_line *line)
{
	bool number = variable_is_number((enum variable)piece->variable);
	size_t before = line->len, len = 0;
	struct buf value;

	buf_init(&value, 0);
	if (find_value(entry, piece, &value))
		len = told_length(piece, &value);
	if (len > 0) {
		put_key(piece, line);
		entry_put(line, "\"", number ? 0 : 1);
		entry_put_json(line, buf_data(&value), len);
		entry_put(line, "\"", number ? 0 : 1);
	}
	if (line->full) {
		line->full = false;
		line->len = before;
	}
	buf_free(&value);
}

static void
put_object(const struct entry *entry, const struct conf_format *format,
    struct entry_line *line)
{
	size_t i;

	entry_put(line, "{", 1);
	for (i = 0; i < format->count; i++)
		if (format->pieces[i].variable != VARIABLE_COUNT)
			put_member(entry, &format->pieces[i], line);
	memcpy(line->text + line->len, "}", 2);
}

static void
put_text(const struct entry *entry, const struct conf_format *format,
    struct entry_line *line)
{
	size_t i;

	for (i = 0; i < format->count && !line->full; i++)
		put_piece(entry, format, &format->pieces[i], line);
	memcpy(line->text + line->len, line->full ? "..." : "",
	    line->full ? 4 : 1);
}

void
entry_write(const struct entry *entry, const struct conf_format *format,
    enum log_stream stream)
{
	const struct conf *conf = entry->session->worker->conf;
	struct entry_line line;

	line.len = 0;
	line.full = false;
	if (conf->log_format == CONF_LOG_JSON)
		put_object(entry, format, &line);
	else
		put_text(entry, format, &line);
	log_line(stream, &entry->session->subject, line.text);
}
