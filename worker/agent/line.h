/*
 * line - short texts put together piece by piece.
 *
 * For the fixed part of a listing's lines: printf() took as long as all system
 * calls of a listing together.  What does not fit is left out.
 */
#ifndef WORKER_AGENT_LINE_H
#define WORKER_AGENT_LINE_H

#include <stddef.h>
#include <stdint.h>

#define LINE_SIZE 1024 /* more than all fixed parts together */

struct line {
	size_t len;
	char text[LINE_SIZE]; /* not terminated */
};

void line_init(struct line *line);
void line_char(struct line *line, char c);
void line_text(struct line *line, const char *text);

/* The number in decimal, filled up on the left to width. */
void line_number(struct line *line, uint64_t number, size_t width, char fill);
/* The same in octal, filled up with zeroes; and in hexadecimal. */
void line_octal(struct line *line, unsigned int number, size_t width);
void line_hex(struct line *line, uint64_t number);

/* Fills up with blanks, so that width bytes are there since from. */
void line_pad(struct line *line, size_t from, size_t width);

#endif
