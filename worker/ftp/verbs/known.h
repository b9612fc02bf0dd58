/*
 * known - the checksums of the last files that a session has uploaded.
 *
 * A file is known by its inode, and its size and times, so one that was changed
 * since is not known any more: as far as the file system's times tell, which
 * before Linux 6.13 do not see a change in the same few milliseconds.
 */
#ifndef WORKER_FTP_VERBS_KNOWN_H
#define WORKER_FTP_VERBS_KNOWN_H

#include <sys/stat.h>

#include "shm/base/attr.h"
#include "shm/base/checksum.h"

#define KNOWN_MAX 16 /* files */

struct known;

/*
 * Remembers the sums, in place of the oldest if need be; *known is made when it
 * is NULL.  When memory is short nothing is remembered.
 */
void known_add(struct known **known, const struct stat *st,
    const struct checksum_texts *texts);

/* The sum of the file, or NULL.  known may be NULL. */
NODISCARD const char *known_find(const struct known *known,
    const struct stat *st, enum checksum_kind kind);

void known_free(struct known **known); /* NULL is allowed */

#endif
