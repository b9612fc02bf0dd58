/* writer_env - the inside of a writer, for the files that make it up. */
#ifndef SHM_CACHE_WRITER_ENV_H
#define SHM_CACHE_WRITER_ENV_H

#include <stddef.h>
#include <stdint.h>

#include "shm/base/attr.h"
#include "shm/cache/batch.h"
#include "shm/cache/store.h"
#include "shm/cache/writer.h"

struct writer {
	MDB_env *env;
	struct store_tables tables;
	struct cache_totals *totals;
	struct batch batch;
	size_t batch_max;
	size_t page_size, map_pages;
	size_t pages_used; /* after the last transaction */
	size_t pages_high; /* from here on sessions leave as others come */
	uint64_t next_end;
	uint32_t next_number; /* makes places unique, and grow */
};

/* Pages that hold something, seen from txn.  0, or an error. */
NODISCARD int writer_env_used(const struct writer *writer, MDB_txn *txn,
    size_t *pages);

#endif
