#include "worker/ftp/encoding.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "shm/base/charset.h"
#include "shm/base/secret.h"
#include "worker/ftp/policy.h"

#define LINE_LONGEST 65536 /* a longer one is converted in parts */

struct encoding_lines {
	const struct charset *charset;
	struct buf rest; /* what came of the next line */
	struct buf out;
};

static const struct charset *
configured(const struct session *session)
{
	char *const *name = policy_find(session, NULL, CONF_FIELD(charset));

	return (*name == NULL ? NULL : charset_find(*name));
}

void
encoding_choose(struct session *session)
{
	session->reply.charset =
	    session->utf8_chosen ? NULL : configured(session);
	session->input.eight_bit = session->reply.charset != NULL;
}

enum flow
encoding_option(struct session *session, const char *text)
{
	if (*text == '\0' || strcasecmp(text, "ON") == 0) {
		session->utf8_chosen = true;
		encoding_choose(session);
		return (session_answer(session, 200, "UTF-8 is on."));
	}
	if (strcasecmp(text, "OFF") != 0)
		return (
		    session_answer(session, 501, "Syntax: OPTS UTF8 ON | OFF"));
	if (configured(session) == NULL)
		return (session_answer(session, 504, "UTF-8 is always on."));
	session->utf8_chosen = false;
	encoding_choose(session);
	return (session_answer(session, 200, "UTF-8 is off."));
}

/* It may be a password. */
static void
wipe(struct buf *text)
{
	if (buf_len(text) > 0)
		secret_wipe(buf_data(text), buf_len(text));
	buf_free(text);
}

enum input_result
encoding_take(const struct session *session, char *line)
{
	const struct charset *charset = session->reply.charset;
	enum input_result result = INPUT_LINE;
	size_t len = strlen(line);
	struct buf text;

	if (charset == NULL || charset_is_ascii((uint8_t *)line, len))
		return (INPUT_LINE);
	buf_init(&text, 0);
	if (charset_to_utf8(charset, (uint8_t *)line, len, &text) == -1 ||
	    buf_len(&text) > INPUT_LINE_MAX)
		result = INPUT_TOO_LONG;
	else if (memchr(buf_data(&text), '\0', buf_len(&text)) != NULL)
		result = INPUT_BAD;
	secret_wipe(line, len);
	if (result == INPUT_LINE) {
		memcpy(line, buf_data(&text), buf_len(&text));
		line[buf_len(&text)] = '\0';
	}
	wipe(&text);
	return (result);
}

struct encoding_lines *
encoding_lines_new(const struct charset *charset)
{
	struct encoding_lines *lines = calloc(1, sizeof(*lines));

	if (lines == NULL)
		return (NULL);
	lines->charset = charset;
	buf_init(&lines->rest, 0);
	buf_init(&lines->out, 0);
	return (lines);
}

void
encoding_lines_free(struct encoding_lines **lines)
{
	if (*lines == NULL)
		return;
	buf_free(&(*lines)->rest);
	buf_free(&(*lines)->out);
	free(*lines);
	*lines = NULL;
}

/* How much of the rest is whole lines. */
static size_t
whole(const struct encoding_lines *lines, bool last)
{
	size_t len = buf_len(&lines->rest);
	const uint8_t *data = buf_data(&lines->rest), *end;

	if (last || len == 0)
		return (len);
	end = memrchr(data, '\n', len);
	if (end != NULL)
		return ((size_t)(end - data) + 1);
	return (len > LINE_LONGEST ? len : 0);
}

/* Each by itself: what one cannot say is no matter of the others. */
static int
convert(struct encoding_lines *lines, size_t len)
{
	const uint8_t *line = buf_data(&lines->rest), *end;
	size_t n;

	for (; len > 0; line += n, len -= n) {
		end = memchr(line, '\n', len);
		n = end == NULL ? len : (size_t)(end - line) + 1;
		if (charset_from_utf8(lines->charset, line, n, &lines->out) ==
		    -1)
			return (-1);
	}
	return (0);
}

ssize_t
encoding_lines_feed(struct encoding_lines *lines, const uint8_t *piece,
    size_t len, bool last, const uint8_t **out)
{
	size_t ready;

	if (buf_append(&lines->rest, piece, len) == -1)
		return (-1);
	buf_consume(&lines->out, buf_len(&lines->out));
	ready = whole(lines, last);
	if (convert(lines, ready) == -1)
		return (-1);
	buf_consume(&lines->rest, ready);
	*out = buf_data(&lines->out);
	return ((ssize_t)buf_len(&lines->out));
}
