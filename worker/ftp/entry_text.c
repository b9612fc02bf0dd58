/* Bytes of anybody as a part of a line. */
#include <stdio.h>
#include <string.h>

#include "shm/base/utf8.h"
#include "worker/ftp/entry.h"

#define END_MARK "..."
/* Kept for the mark, for what closes an object, and for the NUL. */
#define END_ROOM 8

void
entry_put(struct entry_line *line, const char *text, size_t len)
{
	if (line->full || len > sizeof(line->text) - END_ROOM - line->len) {
		line->full = true;
		return;
	}
	memcpy(line->text + line->len, text, len);
	line->len += len;
	line->text[line->len] = '\0';
}

/* How many bytes may stand in a line as they are; 0: the first may not. */
static size_t
plain_run(const uint8_t *bytes, size_t len)
{
	if (bytes[0] < 0x20 || bytes[0] == 0x7f || bytes[0] == '\\' ||
	    bytes[0] == '"')
		return (0);
	/* C1 controls are well-formed UTF-8 and still move a cursor. */
	if (bytes[0] == 0xc2 && len > 1 && bytes[1] < 0xa0)
		return (0);
	return (utf8_sequence(bytes, len));
}

static void
put_bytes(struct entry_line *line, const uint8_t *bytes, size_t len,
    void (*escape)(struct entry_line *line, uint8_t byte))
{
	size_t i, run;

	for (i = 0; i < len && !line->full; i += run) {
		run = plain_run(bytes + i, len - i);
		if (run > 0) {
			entry_put(line, (const char *)bytes + i, run);
			continue;
		}
		escape(line, bytes[i]);
		run = 1;
	}
}

/* A quotation mark, too: what stands between two can be told apart. */
static void
escape_text(struct entry_line *line, uint8_t byte)
{
	char text[8];
	int len;

	len = snprintf(text, sizeof(text), "\\x%02x", (unsigned int)byte);
	entry_put(line, text, (size_t)len);
}

/* What is no UTF-8 cannot be told in JSON: it looks as in text. */
static void
escape_json(struct entry_line *line, uint8_t byte)
{
	char text[8];
	int len;

	if (byte == '"' || byte == '\\')
		len = snprintf(text, sizeof(text), "\\%c", byte);
	else if (byte == '\n')
		len = snprintf(text, sizeof(text), "\\n");
	else if (byte < 0x80)
		len =
		    snprintf(text, sizeof(text), "\\u%04x", (unsigned int)byte);
	else
		len = snprintf(text, sizeof(text), "\\\\x%02x",
		    (unsigned int)byte);
	entry_put(line, text, (size_t)len);
}

void
entry_put_text(struct entry_line *line, const uint8_t *bytes, size_t len)
{
	put_bytes(line, bytes, len, escape_text);
}

void
entry_put_json(struct entry_line *line, const uint8_t *bytes, size_t len)
{
	put_bytes(line, bytes, len, escape_json);
}
