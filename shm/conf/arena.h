/* arena - many small allocations that are released together. */
#ifndef SHM_CONF_ARENA_H
#define SHM_CONF_ARENA_H

#include <stddef.h>

#include "shm/base/attr.h"

struct arena_block;

struct arena {
	struct arena_block *blocks; /* the newest first */
};

/* Zeroed memory, aligned for any struct, or NULL with errno ENOMEM. */
NODISCARD void *arena_alloc(struct arena *arena, size_t len);

/* A copy of len bytes of text that ends in a NUL; NULL as above. */
NODISCARD char *arena_copy(struct arena *arena, const char *text, size_t len);

/* Releases everything; the arena is empty and usable afterwards. */
void arena_free(struct arena *arena);

#endif
