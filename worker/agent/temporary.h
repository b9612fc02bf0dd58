/*
 * temporary - the hidden files that uploads are written to.
 *
 * A temporary lies in the directory of the file that it will become, under a
 * random name.  While somebody may still write to it, it is locked (flock), so
 * that one that was left behind by a crash can be told from one in use.
 */
#ifndef WORKER_AGENT_TEMPORARY_H
#define WORKER_AGENT_TEMPORARY_H

#include <stdbool.h>
#include <time.h>

#include "shm/base/attr.h"

#define TEMPORARY_NAME_LEN 28 /* .ftpsd.0123456789abcdef.part */

#define TEMPORARY_AGE_LISTED 86400 /* seconds: a day */
#define TEMPORARY_AGE_BLOCKS 60    /* in the way of an rmdir */

/* Whether a file with this name is one of ours. */
NODISCARD bool temporary_is_name(const char *name);

/*
 * Makes one in the directory and puts its name into name.  Returns a
 * descriptor for writing, or -1 with errno.  lock: it holds the lock, without
 * which the temporary must not live for longer than a moment.
 */
NODISCARD int temporary_new(int directory, char name[TEMPORARY_NAME_LEN + 1],
    bool lock);

/*
 * The same, locked, under the one name that goes with target: EEXIST while
 * somebody else holds it.  So whoever has it is the only one that makes a file
 * of that name with this call, in whatever process.
 */
NODISCARD int temporary_claim(int directory, const char *target,
    char name[TEMPORARY_NAME_LEN + 1]);

/*
 * Removes the temporary when it was left behind: regular, ours alone, not
 * locked, and not written to for age seconds.
 */
void temporary_sweep(int directory, const char *name, time_t age);

/*
 * Removes such temporaries from a directory that holds nothing else, since
 * it looks empty to its user.  false: it holds something else, or is not read.
 */
NODISCARD bool temporary_sweep_all(int directory);

#endif
