/*
 * environment - the LMDB environment that the keeper writes, and its heirs.
 *
 * Sees to what happens by itself: a batch is committed when it is full or a
 * few milliseconds old, sessions expire, places of dead readers are freed, and
 * an environment that is in doubt is left for a fresh one, in a directory of
 * its own, never more than one in a second.  Nothing is ever repaired.
 */
#ifndef SHM_CACHE_ENVIRONMENT_H
#define SHM_CACHE_ENVIRONMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "shm/base/attr.h"
#include "shm/base/loop.h"
#include "shm/cache/writer.h"
#include "shm/ipc/body.h"

struct environment;

/* Another environment is in use, or none: readers must be told. */
typedef void (*environment_changed)(void *context);

/*
 * None is in use at first.  Directories are made below the current one.  what
 * is its name in the log, a literal.  NULL when memory is short.
 */
NODISCARD struct environment *environment_new(struct loop *loop,
    const char *what, struct cache_totals *totals, environment_changed changed,
    void *context);
/* Removes the one in use, and tells nobody; NULL is allowed. */
void environment_free(struct environment **environment);

/* Begins afresh with a map of size bytes, at once; tries again if it fails. */
void environment_renew(struct environment *environment, uint64_t size);
/* Ends the use of any, until environment_renew(). */
void environment_end(struct environment *environment);

/* A reader cannot use it: a fresh one follows, within a second. */
void environment_renew_soon(struct environment *environment);
/* The same for an error that the writer met: the old one ends at once. */
void environment_doubt(struct environment *environment, int error);

/* The one in use, or NULL; commits what waits. */
NODISCARD struct writer *environment_writer(struct environment *environment);

/* Adds to the batch; false when none is in use.  See writer.h. */
NODISCARD bool environment_put(struct environment *environment,
    const uint8_t *key, const struct store_session *session);
NODISCARD bool environment_delete(struct environment *environment,
    const uint8_t *key);

/* A reader died. */
void environment_check_readers(struct environment *environment);

/* Where readers find it; an empty name: nowhere. */
void environment_where(const struct environment *environment,
    struct msg_cache_directory *where);
NODISCARD time_t environment_created(const struct environment *environment);

#endif
