/*
 * writer - the keeper's side of one environment of the session cache.
 *
 * Changes gather in a batch that writer_commit() stores in one transaction.
 * When the map is nearly full the sessions that end first make room for those
 * that come.  An error that says that
 * the file cannot be trusted is handed to the caller, who makes another
 * environment; a change that merely found no room is lost and counted.
 *
 * Times are seconds since 1970.  Errors are LMDB's, 0 is none.
 */
#ifndef SHM_CACHE_WRITER_H
#define SHM_CACHE_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/base/attr.h"
#include "shm/cache/store.h"
#include "shm/ipc/body.h"

#define WRITER_BATCH_MAX 64       /* changes in one transaction */
#define WRITER_TRIM_MAX  256      /* deletions in one transaction */
#define WRITER_MAP_MIN   1048576u /* bytes */

/* What `ftpsctl sesscache info` shows; outlives the environments. */
struct cache_totals {
	uint64_t hits, misses; /* as the workers say */
	uint64_t stored;
	uint64_t
	    deleted; /* before their end: on request, or for want of room */
	uint64_t expired;
	uint64_t errors; /* records that could not be read, or not be stored */
	uint64_t too_large, largest;
	uint64_t dropped; /* changes that were never tried */
	uint64_t renewed; /* environments that were given up */
};

struct writer;

/*
 * Makes the environment in the fresh directory name, with a map of map_size
 * bytes (WRITER_MAP_MIN at least).  totals counts what happens and lives
 * longer.  Returns an error, or 0 and the writer, which the caller owns.
 */
NODISCARD int writer_open(const char *name, uint64_t map_size,
    struct cache_totals *totals, struct writer **writer);

/* What was not committed is lost.  NULL is allowed. */
void writer_close(struct writer **writer);

/*
 * Adds the session to the batch, in place of one with the same key.  key has
 * CACHE_KEY_LEN bytes, everything is copied.  true: the batch is full, commit.
 */
NODISCARD bool writer_put(struct writer *writer, const uint8_t *key,
    const struct store_session *session);
/* The same for the end of a session. */
NODISCARD bool writer_delete(struct writer *writer, const uint8_t *key);

/* Stores the batch; it is empty afterwards, come what may. */
NODISCARD int writer_commit(struct writer *writer, uint64_t now);

/*
 * Removes some sessions (at most WRITER_TRIM_MAX) whose time is over; *more
 * tells whether others may be left.
 */
NODISCARD int writer_expire(struct writer *writer, uint64_t now, bool *more);

/* What readers must be told: the size of the map in bytes. */
NODISCARD uint64_t writer_map_size(const struct writer *writer);

/* When the next session ends; UINT64_MAX: there is none. */
NODISCARD uint64_t writer_next_end(const struct writer *writer);

/* Removes all sessions at once and tells how many they were. */
NODISCARD int writer_clear(struct writer *writer, uint64_t *sessions);

/* Frees the places of readers that died. */
void writer_check_readers(struct writer *writer);

struct writer_facts {
	uint64_t map_size, map_used; /* bytes */
	uint64_t sessions;
	uint64_t maximum; /* sessions that fit, about */
	uint32_t readers, readers_max;
};
NODISCARD int writer_facts(struct writer *writer, struct writer_facts *facts);

/*
 * Up to CACHE_PAGE_ENTRIES live sessions that follow the key after in the
 * order of the table (zeroes: from the start); sets count and last of *page.
 * Entries show the part of the key that is stored; its rest is zero.
 */
NODISCARD int writer_list(struct writer *writer,
    const uint8_t after[CACHE_KEY_LEN], uint64_t now,
    struct msg_cache_page *page, struct msg_cache_entry *entries);

/* Whether the error only means that there is no room now. */
NODISCARD bool writer_error_is_room(int error);

#endif
