#include "worker/ftp/syntax/printable.h"

#include <string.h>

#include "shm/base/utf8.h"

void
printable_put(struct printable *out, const uint8_t *bytes, size_t len)
{
	size_t at, n;

	for (at = 0; at < len; at += n) {
		n = utf8_sequence(bytes + at, len - at);
		if (n == 0)
			n = 1;
		if (n > out->max - out->len)
			break;
		if (utf8_is_control(bytes + at, n)) {
			out->text[out->len++] = bytes[at] == '\t' ? ' ' : '?';
		} else {
			memcpy(out->text + out->len, bytes + at, n);
			out->len += n;
		}
	}
}

/* How many of too many bytes are told: no part of a character. */
static size_t
whole_characters(const uint8_t *bytes, size_t len)
{
	const size_t most = PRINTABLE_BYTES_MAX;
	size_t at;

	for (at = most - 3; at < most; at++)
		if (at + utf8_sequence(bytes + at, len - at) > most)
			return (at);
	return (most);
}

/* The length of the line that the bytes begin with; *whole: with its end. */
static size_t
line_length(const uint8_t *bytes, size_t len, size_t *whole)
{
	const uint8_t *end = memchr(bytes, '\n', len);
	size_t line = end == NULL ? len : (size_t)(end - bytes);

	*whole = end == NULL ? line : line + 1;
	if (line > 0 && bytes[line - 1] == '\r')
		line--;
	return (line);
}

void
printable_lines(const uint8_t *bytes, size_t len, char out[PRINTABLE_TEXT_MAX])
{
	struct printable text = { .text = out, .max = PRINTABLE_BYTES_MAX };
	bool cut = len > PRINTABLE_BYTES_MAX;
	size_t lines, line, whole;

	if (cut)
		len = whole_characters(bytes, len);
	for (lines = 0; len > 0 && lines < PRINTABLE_LINES_MAX; lines++) {
		line = line_length(bytes, len, &whole);
		printable_put(&text, bytes, line);
		out[text.len++] = '\n';
		bytes += whole;
		len -= whole;
	}
	while (text.len > 0 && out[text.len - 1] == '\n' &&
	    (text.len == 1 || out[text.len - 2] == '\n'))
		text.len--;
	cut = cut || len > 0;
	memcpy(out + text.len, cut ? "...\n" : "", cut ? sizeof("...\n") : 1);
}
