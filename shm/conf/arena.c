#include "shm/conf/arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_LEN ((size_t)32 * 1024)

struct arena_block {
	struct arena_block *next;
	size_t used, size;
	alignas(max_align_t) unsigned char memory[];
};

static struct arena_block *
new_block(struct arena *arena, size_t len)
{
	size_t size = len > BLOCK_LEN ? len : BLOCK_LEN;
	struct arena_block *block;

	block = calloc(1, sizeof(*block) + size);
	if (block == NULL)
		return (NULL);
	block->size = size;
	block->next = arena->blocks;
	arena->blocks = block;
	return (block);
}

void *
arena_alloc(struct arena *arena, size_t len)
{
	struct arena_block *block = arena->blocks;
	void *memory;

	len = (len + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	if (block == NULL || block->size - block->used < len)
		block = new_block(arena, len);
	if (block == NULL)
		return (NULL);
	memory = block->memory + block->used;
	block->used += len;
	return (memory);
}

char *
arena_copy(struct arena *arena, const char *text, size_t len)
{
	char *copy;

	copy = arena_alloc(arena, len + 1);
	if (copy != NULL)
		memcpy(copy, text, len);
	return (copy);
}

void
arena_free(struct arena *arena)
{
	struct arena_block *block;

	while ((block = arena->blocks) != NULL) {
		arena->blocks = block->next;
		free(block);
	}
}
