/*
 * output - where lines go: standard error or the journal, a file, or syslog.
 *
 * Lines are gathered until output_flush(), so that many cost one call; syslog
 * wants each by itself.  Writing never waits: a line that standard error or
 * syslog does not take at once is counted, and the count is told when they take
 * lines again.
 */
#ifndef MASTER_LOGGER_OUTPUT_H
#define MASTER_LOGGER_OUTPUT_H

#include "master/logger/line.h"
#include "shm/base/attr.h"
#include "shm/conf/conf.h"

struct output;

/*
 * Opens what has to be opened while we still may: syslog's socket.  conf is
 * used until output_configure() names another.  NULL with errno.
 */
NODISCARD struct output *output_new(const struct conf *conf);
void output_free(struct output **output); /* NULL is allowed */

/* Lines go where conf says from now on. */
void output_configure(struct output *output, const struct conf *conf);

/* Closes files and sockets, to be opened again by path. */
void output_reopen(struct output *output);

/* One record to the main log. */
void output_main(struct output *output, const struct line_record *record);

/* One record, or one line as it is, to a file of its own. */
void output_file(struct output *output, const char *path,
    const struct line_record *record);
void output_line(struct output *output, const char *path, const char *text);

/* Writes what the last calls have gathered; nothing stays behind. */
void output_flush(struct output *output);

#endif
