/*
 * printable - bytes of others as text of a reply.
 *
 * A control character, of ASCII or C1 as UTF-8, is shown as "?", a tab as a
 * blank.  What is no UTF-8 stays, as in names of files.
 */
#ifndef WORKER_FTP_SYNTAX_PRINTABLE_H
#define WORKER_FTP_SYNTAX_PRINTABLE_H

#include <stddef.h>
#include <stdint.h>

struct printable {
	char *text; /* not terminated */
	size_t len, max;
};

/* Appends the bytes as one line, up to the last character that has room. */
void printable_put(struct printable *out, const uint8_t *bytes, size_t len);

#define PRINTABLE_LINES_MAX 40
#define PRINTABLE_BYTES_MAX 4096
#define PRINTABLE_TEXT_MAX  (PRINTABLE_BYTES_MAX + sizeof("\n...\n"))

/*
 * Makes lines of the bytes, each with "\n" at its end, and terminates them.  Of
 * more bytes or lines than there may be the last line is "..."; empty ones at
 * the end are left out.
 */
void printable_lines(const uint8_t *bytes, size_t len,
    char out[PRINTABLE_TEXT_MAX]);

#endif
