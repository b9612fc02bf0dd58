/*
 * encoding - the client's character set, where it does not speak UTF-8.
 *
 * Inside of the server all text is UTF-8, names of files are bytes that should
 * be.  Commands are converted here as soon as they are taken, replies in
 * reply.c, listings on their way to the data connection.
 */
#ifndef WORKER_FTP_ENCODING_H
#define WORKER_FTP_ENCODING_H

#include <stddef.h>
#include <stdint.h>

#include "worker/ftp/state.h"
#include "worker/ftp/syntax/input.h"

/* The set that the host, or who has logged in, has; unless UTF-8 was chosen. */
void encoding_choose(struct session *session);

/* OPTS UTF8 [ON | OFF]. */
enum flow encoding_option(struct session *session, const char *text);

/* Converts a command (INPUT_LINE_MAX + 1 bytes of room) in place. */
NODISCARD enum input_result encoding_take(const struct session *session,
    char *line);

/* The lines of a listing, which come in pieces. */
struct encoding_lines;
struct encoding_lines *encoding_lines_new(const struct charset *charset);
void encoding_lines_free(struct encoding_lines **lines); /* NULL is allowed */

/*
 * Takes a piece; the converted text of the lines that are whole by now (last:
 * of all that there is) is *out, valid until the next call.  Its length, or -1:
 * memory is short.
 */
NODISCARD ssize_t encoding_lines_feed(struct encoding_lines *lines,
    const uint8_t *piece, size_t len, bool last, const uint8_t **out);

#endif
