/*
 * line - short texts put together piece by piece.
 *
 * For listings: printf() took as long as all system calls of a listing
 * together.  What does not fit is left out.
 */
#ifndef WORKER_AGENT_LINE_H
#define WORKER_AGENT_LINE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct line {
	char *text; /* not terminated */
	size_t len, size;
};

/* Puts texts into the size bytes at memory, which stay the caller's. */
static inline void
line_init(struct line *line, void *memory, size_t size)
{
	line->text = memory;
	line->len = 0;
	line->size = size;
}

static inline void
line_char(struct line *line, char c)
{
	if (line->len < line->size)
		line->text[line->len++] = c;
}

static inline void
line_add(struct line *line, const char *text, size_t len)
{
	if (len > line->size - line->len)
		len = line->size - line->len;
	memcpy(line->text + line->len, text, len);
	line->len += len;
}

static inline void
line_text(struct line *line, const char *text)
{
	line_add(line, text, strlen(text));
}

/* "00" to "99". */
extern const char line_pairs[201];

/* The last two digits of the number. */
static inline void
line_two(struct line *line, unsigned int number)
{
	line_add(line, line_pairs + 2 * (size_t)(number % 100), 2);
}

/* The number in decimal, filled up on the left to width (at most 20). */
void line_number(struct line *line, uint64_t number, size_t width, char fill);
/* The number in octal, filled up with zeroes; and in hexadecimal. */
void line_octal(struct line *line, unsigned int number, size_t width);
void line_hex(struct line *line, uint64_t number);

/* Fills up with blanks, so that width bytes are there since from. */
void line_pad(struct line *line, size_t from, size_t width);

#endif
