/*
 * recent - the sessions of the last moment, in memory that all workers share.
 *
 * A client that connects again at once may come to another worker before the
 * keeper has stored what the first one issued.  So a worker writes it here,
 * too, where the others see it in the same instant, and can let the keeper have
 * many with one message.  Records are sealed, as in the cache; what a worker
 * that has been taken over writes here opens nowhere.
 *
 * The master makes it before it forks its first worker; who is not forked from
 * it has no part.
 */
#ifndef SHM_CACHE_RECENT_H
#define SHM_CACHE_RECENT_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/base/attr.h"
#include "shm/ipc/body.h"

#define RECENT_MS  2000 /* for how long a record is found */
#define RECENT_LEN 432  /* longer ones are not kept */

struct recent;

struct recent_record {
	uint64_t stamp; /* milliseconds, monotonic */
	uint64_t started, expires;
	uint16_t protocol;
	uint16_t sealed_len;
	uint8_t sealed[RECENT_LEN];
};

/* NULL with errno.  For the life of the process and those forked from it. */
NODISCARD struct recent *recent_new(void);
void recent_free(struct recent **recent); /* NULL is allowed */

/* Whether there was a place for it; an older record may have gone. */
NODISCARD bool recent_put(struct recent *recent,
    const uint8_t key[CACHE_KEY_LEN], const struct recent_record *record);

/* Copies the record; one that is stamped before since is none. */
NODISCARD bool recent_get(struct recent *recent,
    const uint8_t key[CACHE_KEY_LEN], uint64_t since,
    struct recent_record *record);

#endif
