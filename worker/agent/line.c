#include "worker/agent/line.h"

#include <string.h>

#define DIGITS_MAX 24 /* of 64 bits in octal, and some */

void
line_init(struct line *line)
{
	line->len = 0;
}

void
line_char(struct line *line, char c)
{
	if (line->len < sizeof(line->text))
		line->text[line->len++] = c;
}

static void
add(struct line *line, const char *text, size_t len)
{
	if (len > sizeof(line->text) - line->len)
		len = sizeof(line->text) - line->len;
	memcpy(line->text + line->len, text, len);
	line->len += len;
}

void
line_text(struct line *line, const char *text)
{
	add(line, text, strlen(text));
}

static void
digits(struct line *line, uint64_t number, unsigned int base, size_t width,
    char fill)
{
	char text[DIGITS_MAX];
	size_t at = sizeof(text), len;

	do {
		text[--at] = "0123456789abcdef"[number % base];
		number /= base;
	} while (number != 0);
	for (len = sizeof(text) - at; len < width; len++)
		line_char(line, fill);
	add(line, text + at, sizeof(text) - at);
}

void
line_number(struct line *line, uint64_t number, size_t width, char fill)
{
	digits(line, number, 10, width, fill);
}

void
line_octal(struct line *line, unsigned int number, size_t width)
{
	digits(line, number, 8, width, '0');
}

void
line_hex(struct line *line, uint64_t number)
{
	digits(line, number, 16, 0, '0');
}

void
line_pad(struct line *line, size_t from, size_t width)
{
	while (line->len - from < width && line->len < sizeof(line->text))
		line_char(line, ' ');
}
