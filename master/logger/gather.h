/*
 * gather - lines that go to one place with one call.
 *
 * A busy worker sends many records with one message; each line by itself would
 * cost more to write than to make.  What is gathered is written when there is
 * no more room, when another file is meant, and at gather_flush().
 */
#ifndef MASTER_LOGGER_GATHER_H
#define MASTER_LOGGER_GATHER_H

#include <stddef.h>
#include <stdint.h>

#include "master/logger/files.h"
#include "shm/base/attr.h"

struct gather;

struct gather_place {
	const char *path; /* NULL: standard error */
	int kind;         /* for gather_failed */
};

/* Lines that could not be written there. */
typedef void (*gather_failed)(const struct gather_place *place,
    const char *text, size_t len, void *context);

/* files must outlive it.  NULL with errno. */
NODISCARD struct gather *gather_new(struct log_files *files,
    gather_failed failed, void *context);

/* What is gathered is lost; sets *gather to NULL; NULL is allowed. */
void gather_free(struct gather **gather);

/* One line with its end.  The path must stay valid until the next flush. */
void gather_line(struct gather *gather, struct gather_place place,
    const char *line, size_t len);

/* Writes all; returns whether any of it reached standard error. */
int gather_flush(struct gather *gather);

/*
 * Writes whole lines to standard error, without waiting: returns how many
 * bytes of text it took.
 */
NODISCARD size_t gather_stderr(const char *text, size_t len);

#endif
