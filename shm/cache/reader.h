/*
 * reader - a worker's view of the shared session cache.
 *
 * Read-only, never blocks.  The keeper says which directory below the current
 * one holds the environment; until it has, and whenever something is wrong,
 * every look-up is a miss.  On trouble the environment is closed and the
 * number of it is reported once (cache_reader_trouble()).
 */
#ifndef SHM_CACHE_READER_H
#define SHM_CACHE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/base/attr.h"
#include "shm/ipc/body.h"

struct cache_reader;
struct recent;

/* NULL when memory is short.  Call after the last fork. */
NODISCARD struct cache_reader *cache_reader_new(void);
void cache_reader_free(struct cache_reader **reader); /* NULL is allowed */

/* Its name in the log, a literal; that of sessions if it gets none. */
void cache_reader_call(struct cache_reader *reader, const char *what);

/* From now on also looks at, and fills, what all workers share. */
void cache_reader_share(struct cache_reader *reader, struct recent *recent);

/*
 * From now on sessions are kept in this process alone, in size bytes of memory:
 * see internal.h.  0, or -1 when memory is short.
 */
NODISCARD int cache_reader_own(struct cache_reader *reader, uint64_t size);

/*
 * Opens what the keeper named; an empty name closes.  Sessions from before are
 * not found among the recent ones any more.
 */
void cache_reader_open(struct cache_reader *reader,
    const struct msg_cache_directory *where);

/*
 * The same for who must not wait for others that open it at that moment: it
 * begins, another thread may run what is returned, and then it ends.  Between
 * these nothing is found, and no other opening of the reader begins.  NULL:
 * there is nothing to open, or to run and end.
 */
struct cache_opening;
NODISCARD struct cache_opening *cache_reader_begin(struct cache_reader *reader,
    const struct msg_cache_directory *where);
void cache_opening_run(struct cache_opening *opening);
/* Sets *opening to NULL. */
void cache_reader_end(struct cache_reader *reader,
    struct cache_opening **opening);

/* A record as it was put; pointers into the caller's buffer. */
struct cache_record {
	uint64_t started, expires;
	uint16_t protocol;
	size_t sealed_len;
	uint8_t sealed[CACHE_VALUE_MAX];
};

/*
 * Copies the record for key into *record: true; false when there is none, it
 * has expired, or the cache is not there.  Counts hits and misses.
 */
NODISCARD bool cache_reader_get(struct cache_reader *reader,
    const uint8_t key[CACHE_KEY_LEN], uint64_t now,
    struct cache_record *record);

/* The record found last was of no use: the look-up was a miss. */
void cache_reader_reject(struct cache_reader *reader);

/* Keeps what is put; false: it is for the keeper. */
NODISCARD bool cache_reader_put(struct cache_reader *reader,
    const struct msg_cache_put *put, const uint8_t *sealed);

/*
 * Shows the other workers what is put; false: only the keeper can have it.
 */
NODISCARD bool cache_reader_show(struct cache_reader *reader,
    const struct msg_cache_put *put, const uint8_t *sealed);

/* Whether a put makes sense now. */
NODISCARD bool cache_reader_in_service(const struct cache_reader *reader);

/* Counts by the caller: a record that would not open, a session too large... */
void cache_reader_count_error(struct cache_reader *reader);
void cache_reader_count_too_large(struct cache_reader *reader, uint64_t size);
void cache_reader_count_dropped(struct cache_reader *reader);

/* What was counted since the last call; false when nothing was. */
NODISCARD bool cache_reader_counts(struct cache_reader *reader,
    struct msg_cache_counts *counts);

/* true, once for each environment that went bad: what to tell the keeper. */
NODISCARD bool cache_reader_trouble(struct cache_reader *reader,
    struct msg_cache_trouble *trouble);

/* key = SHA-256(context || id); also used by the keeper and tests. */
void cache_key(uint8_t key[CACHE_KEY_LEN], const uint8_t *context,
    size_t context_len, const uint8_t *id, size_t id_len);

#endif
