/*
 * internal - sessions in a worker's own memory, for hosts that want no files.
 *
 * What `tls.session_cache.type: internal` means.  Each worker has its own; it
 * ends with the worker.  The sessions are sealed as in the shared cache.  When
 * it is full those whose time is over go first, then the oldest.
 */
#ifndef SHM_CACHE_INTERNAL_H
#define SHM_CACHE_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/base/attr.h"
#include "shm/cache/reader.h"
#include "shm/ipc/body.h"

struct internal;

/* Of at most size bytes.  NULL when memory is short. */
NODISCARD struct internal *internal_new(uint64_t size);
void internal_free(struct internal **internal); /* NULL is allowed */

/*
 * Keeps a copy, in place of one with the same key; counts what is stored, and
 * what goes for it.
 */
void internal_put(struct internal *internal, const struct msg_cache_put *put,
    const uint8_t *sealed, uint64_t now, struct msg_cache_counts *counts);

/* Copies the record for key into *record; false: there is none. */
NODISCARD bool internal_get(struct internal *internal,
    const uint8_t key[CACHE_KEY_LEN], uint64_t now,
    struct cache_record *record);

#endif
