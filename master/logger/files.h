/*
 * files - log files by path, with a bound on how many are open.
 *
 * There may be thousands, one a virtual host; the ones that were not written
 * to for longest are closed when another is needed.
 */
#ifndef MASTER_LOGGER_FILES_H
#define MASTER_LOGGER_FILES_H

#include <stddef.h>
#include <stdint.h>

#include "shm/base/attr.h"

struct log_files;

/*
 * Told when a file begins to fail (error is for log_files_error()), and when it
 * works again (error 0): lost records were not written to it meanwhile.
 */
typedef void (*log_files_report)(const char *path, int error, uint64_t lost,
    void *context);

/* At most open_max files at once.  NULL with errno. */
NODISCARD struct log_files *log_files_new(size_t open_max,
    log_files_report report, void *context);
/* Closes all and sets *files to NULL; NULL is allowed. */
void log_files_free(struct log_files **files);

/*
 * Appends to the file at that absolute path, which is made (0640) when it is
 * missing; a symbolic link is not followed, and its directory must not be one
 * that everybody may write to.  0, or -1:
 * it cannot be written now; that has been reported, and it is tried again
 * after a while.
 */
NODISCARD int log_files_write(struct log_files *files, const char *path,
    const void *data, size_t len);

/* Why a file cannot be written, in words. */
const char *log_files_error(int error);

/* Closes all; they are opened again by path when they are written to. */
void log_files_reopen(struct log_files *files);

/* How many are open now. */
NODISCARD size_t log_files_open(const struct log_files *files);

#endif
