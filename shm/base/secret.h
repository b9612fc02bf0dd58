/*
 * secret - memory for keys and passwords.
 *
 * Pages of their own: locked where RLIMIT_MEMLOCK allows (else logged once),
 * left out of core dumps, and gone in forked children.
 */
#ifndef SHM_BASE_SECRET_H
#define SHM_BASE_SECRET_H

#include <stddef.h>

#include "shm/base/attr.h"

enum secret_fork {
	SECRET_WIPE_ON_FORK, /* a child sees zeroes */
	SECRET_KEEP_ON_FORK  /* a child inherits it: private keys for workers */
};

/* len zeroed bytes (rounded up to pages), or NULL with errno. */
NODISCARD void *secret_alloc(size_t len, enum secret_fork on_fork);

/* Wipes and releases what secret_alloc(len) returned; NULL is allowed. */
void secret_free(void *memory, size_t len);

/*
 * Many small secrets that are kept over fork and released together: they share
 * pages, so that thousands of keys are few mappings, which each fork copies,
 * and fit below the limit for locked memory.
 */
struct secret_block;
struct secret_pool {
	struct secret_block *blocks; /* the newest first */
};

/* len bytes, zeroed, or NULL with errno.  An empty pool is a zeroed struct. */
NODISCARD void *secret_pool_alloc(struct secret_pool *pool, size_t len);

/* Wipes and releases all of the pool, which is empty then. */
void secret_pool_free(struct secret_pool *pool);

/* Overwrites len bytes in a way that the compiler cannot leave out. */
void secret_wipe(void *memory, size_t len);

/* Whether len bytes are equal, in a time that depends on len only. */
NODISCARD int secret_equal(const void *a, const void *b, size_t len);

/* Fills memory with len random bytes of the kernel's; aborts if it cannot. */
void secret_random(void *memory, size_t len);

#endif
