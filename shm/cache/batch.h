/* batch - changes of the session cache that wait for one transaction. */
#ifndef SHM_CACHE_BATCH_H
#define SHM_CACHE_BATCH_H

#include <stddef.h>
#include <stdint.h>

#include "shm/base/attr.h"
#include "shm/cache/store.h"

#define BATCH_ITEMS 64

struct batch_item {
	uint8_t name[STORE_NAME_LEN];
	uint64_t expires;
	size_t len; /* 0: the session ends */
	uint8_t *record;
};

struct batch {
	struct batch_item items[BATCH_ITEMS];
	size_t count;
	uint8_t *records; /* STORE_RECORD_MAX bytes for each item */
};

/* 0, or -1 when memory is short: then batch_free() is allowed still. */
NODISCARD int batch_init(struct batch *batch);
void batch_free(struct batch *batch);

/* Adds a change; there must be room for it.  The name comes from the key. */
void batch_put(struct batch *batch, const uint8_t *key,
    const struct store_session *session);
void batch_delete(struct batch *batch, const uint8_t *key);

void batch_clear(struct batch *batch);

#endif
