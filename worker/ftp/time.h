/*
 * time - points in time as FTP writes them: YYYYMMDDHHMMSS, in UTC.
 */
#ifndef WORKER_FTP_TIME_H
#define WORKER_FTP_TIME_H

#include <stddef.h>
#include <stdint.h>

#include "shm/base/attr.h"

#define TIME_TEXT_MAX 24

/*
 * Reads len bytes: 14 digits, or 12 (no seconds), and for 14 an optional
 * fraction that is dropped.  0, or -1 when it is no date that exists.
 */
NODISCARD int time_parse(const char *text, size_t len, int64_t *seconds);

/* Writes seconds into out (TIME_TEXT_MAX bytes); -1 beyond year 9999. */
NODISCARD int time_format(int64_t seconds, char *out);

#endif
