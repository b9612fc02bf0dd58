/*
 * ring - the session-ticket keys that all workers share.
 *
 * The master makes the ring in a memfd, maps it writable, and seals the memfd
 * against any further writable mapping; workers map it read-only.  The mapping
 * of the master is not inherited by its children.  Keys are random, live in
 * locked memory that is left out of core dumps, and are wiped when they expire.
 * A sequence lock lets readers copy a consistent key without waiting.
 *
 * ring_seal_key() gives the key that seals sessions in the shared cache; it
 * belongs to the same slot as the ticket key and lives as long.
 */
#ifndef SHM_BOARD_RING_H
#define SHM_BOARD_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "shm/base/attr.h"

#define RING_KEYS_MAX 64
#define RING_NAME_LEN 16

struct ring;

struct ring_key {
	uint8_t name[RING_NAME_LEN];
	uint8_t cipher[32]; /* AES-256-CBC of tickets */
	uint8_t mac[32];    /* HMAC-SHA-256 of tickets */
	uint8_t seal[32];   /* AES-256-GCM of cached sessions */
	uint64_t created;   /* seconds since 1970 */
	uint64_t expires;
};

/*
 * Master: makes the ring with a first key.  age: seconds a key opens what it
 * sealed; count: most keys alive (1-64).  NULL with errno.
 */
NODISCARD struct ring *ring_create(uint32_t age, uint32_t count);

/* Worker: maps the ring read-only; fd stays the caller's.  NULL with errno. */
NODISCARD struct ring *ring_attach(int fd);

/* Unmaps it and sets *ring to NULL; NULL is allowed. */
void ring_free(struct ring **ring);

/* The memfd to give to workers; the ring's. */
NODISCARD int ring_fd(const struct ring *ring);

/* Master: changes age and count at a reload; keys over the count are wiped. */
void ring_configure(struct ring *ring, uint32_t age, uint32_t count);

/*
 * Master: wipes expired keys and adds one when the newest has sealed for its
 * share of the age (age / count, at least a second), so that count keys cover
 * the whole age; a single key seals until it dies.  now: seconds since 1970.
 * Returns after how many seconds it wants to be called again: at least 1, and
 * at most an hour, since clocks are set and machines sleep.
 */
NODISCARD uint32_t ring_rotate(struct ring *ring, uint64_t now);

/* The newest key, copied to *key, which the caller wipes. */
void ring_newest(const struct ring *ring, struct ring_key *key);
/* When it dies, in seconds since 1970. */
NODISCARD uint64_t ring_newest_expires(const struct ring *ring);

/*
 * The live key with that name: true and a copy in *key (the caller wipes it);
 * *newest tells whether it is the one that seals.  false: unknown or expired.
 */
NODISCARD bool ring_find(const struct ring *ring,
    const uint8_t name[RING_NAME_LEN], uint64_t now, struct ring_key *key,
    bool *newest);

/* Number of live keys; ages in seconds, newest first, up to max. */
NODISCARD size_t ring_ages(const struct ring *ring, uint64_t now,
    uint64_t *ages, size_t max);

#endif
