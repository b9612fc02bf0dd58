/*
 * body_cache - the fixed part of messages about the session cache.
 * Part of body.h.
 */
#ifndef SHM_IPC_BODY_CACHE_H
#define SHM_IPC_BODY_CACHE_H

#include <assert.h>
#include <stdint.h>

#define CACHE_KEY_LEN      32   /* SHA-256 of session-id context and id */
#define CACHE_VALUE_MAX    8192 /* larger sessions are not cached */
#define CACHE_DIR_LEN      32
#define CACHE_PAGE_ENTRIES 128

struct msg_cache_key {
	uint8_t key[CACHE_KEY_LEN];
};

/* Where the environment is, below the cache directory; "" = out of service. */
struct msg_cache_directory {
	char name[CACHE_DIR_LEN];
	uint64_t map_size;
	uint64_t number; /* counts environments; a worker answers with it */
};

/* Followed by id (id_len), context (context_len) and sealed (sealed_len). */
struct msg_cache_put {
	uint8_t key[CACHE_KEY_LEN];
	uint64_t started; /* seconds since 1970 */
	uint64_t expires;
	uint16_t protocol; /* 0x0303, 0x0304 */
	uint8_t id_len;
	uint8_t context_len;
	uint32_t sealed_len;
};

/* Followed by count puts, each followed by its bytes; none is aligned. */
struct msg_cache_puts {
	uint32_t count;
	uint32_t zero;
};

/* Increments since the last message. */
struct msg_cache_counts {
	uint64_t hits, misses, errors, too_large, dropped, largest;
	uint64_t stored, deleted, expired; /* in a worker's own memory */
};

/* A worker could not use the environment with this number. */
struct msg_cache_trouble {
	uint64_t number;
	int32_t error; /* of LMDB */
	uint32_t zero;
};

struct msg_cache_done {
	uint64_t request;
	uint64_t sessions; /* how many went */
	int32_t error;     /* errno, or 0 */
	uint32_t zero;
};

/* Followed by the path of the environment. */
struct msg_cache_facts {
	uint64_t request;
	uint64_t map_size, map_used;
	uint64_t created; /* seconds since 1970 */
	uint64_t maximum, current;
	uint64_t hits, misses, stored, deleted, expired;
	uint64_t errors, too_large, largest, dropped, renewed;
	uint32_t readers, readers_max;
	uint32_t state; /* enum cache_state */
	uint32_t path_len;
};

enum cache_state {
	CACHE_OFF, /* by configuration */
	CACHE_ON,
	CACHE_REMOVED, /* until reload */
	CACHE_BROKEN,  /* no environment could be made */
	CACHE_INTERNAL /* each worker has its own */
};

/* Entries that follow after; zeroes: from the start. */
struct msg_cache_list {
	uint64_t request;
	uint8_t after[CACHE_KEY_LEN];
};

struct msg_cache_entry {
	uint8_t key[CACHE_KEY_LEN];
	uint8_t id[32];
	uint8_t context[32];
	uint64_t started, expires;
	uint16_t protocol;
	uint8_t id_len, context_len;
	uint32_t zero;
};

/* Followed by count entries; last = there are no more. */
struct msg_cache_page {
	uint64_t request;
	uint32_t count;
	uint32_t last;
};

static_assert(sizeof(struct msg_cache_put) == 56, "wire layout");
static_assert(sizeof(struct msg_cache_facts) == 144, "wire layout");
static_assert(sizeof(struct msg_cache_entry) == 120, "wire layout");

#endif
