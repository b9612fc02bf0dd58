/*
 * time - points in time as FTP writes them: YYYYMMDDHHMMSS, in UTC.
 */
#ifndef WORKER_FTP_SYNTAX_TIME_H
#define WORKER_FTP_SYNTAX_TIME_H

#include <stddef.h>
#include <stdint.h>

#include "shm/base/attr.h"
#include "shm/ipc/body.h"

#define TIME_TEXT_MAX 32

/* What may be, besides 14 digits. */
#define TIME_FRACTION 1u /* a point and up to nine digits after them */
#define TIME_MINUTES  2u /* 12 digits alone: no seconds */
#define TIME_ZONE     4u /* at the end "+" or "-" and minutes east of UTC */

/*
 * Reads all of the len bytes.  The second 60 is taken for the one after it,
 * where a leap second can be.  0, or -1 when it is no time that exists.
 */
NODISCARD int time_parse(const char *text, size_t len, unsigned int forms,
    struct fs_time *time);

/* Writes seconds into out (TIME_TEXT_MAX bytes); -1 beyond year 9999. */
NODISCARD int time_format(int64_t seconds, char *out);

/* The same, with thousandths of a second unless there are none. */
NODISCARD int time_format_exact(const struct fs_time *time, char *out);

#endif
