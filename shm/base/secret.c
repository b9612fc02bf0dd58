#include "shm/base/secret.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "shm/base/ensure.h"
#include "shm/base/log.h"

#define POOL_BLOCK ((size_t)64 * 1024)
#define POOL_ALIGN ((size_t)16)

struct secret_block {
	struct secret_block *older;
	size_t size, used; /* with this head */
};

static size_t
round_to_pages(size_t len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return ((len + page - 1) / page * page);
}

void *
secret_alloc(size_t len, enum secret_fork on_fork)
{
	static int told;
	size_t size;
	void *memory;

	if (len == 0 || len > SIZE_MAX / 2) {
		errno = EINVAL;
		return (NULL);
	}
	size = round_to_pages(len);
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return (NULL);
	if (mlock(memory, size) == -1 && !told) {
		told = 1;
		log_notice("keys cannot be locked in memory (%s): they may "
			   "reach the swap space; raise the limit for locked "
			   "memory",
		    strerror(errno));
	}
	(void)madvise(memory, size, MADV_DONTDUMP);
	if (on_fork == SECRET_WIPE_ON_FORK &&
	    madvise(memory, size, MADV_WIPEONFORK) == -1) {
		munmap(memory, size);
		return (NULL);
	}
	return (memory);
}

void
secret_free(void *memory, size_t len)
{
	if (memory == NULL)
		return;
	secret_wipe(memory, len);
	munmap(memory, round_to_pages(len));
}

static size_t
round_up(size_t len)
{
	return ((len + POOL_ALIGN - 1) / POOL_ALIGN * POOL_ALIGN);
}

void *
secret_pool_alloc(struct secret_pool *pool, size_t len)
{
	struct secret_block *block = pool->blocks;
	size_t head = round_up(sizeof(*block)), size;
	char *at;

	if (len == 0 || len > SIZE_MAX / 2) {
		errno = EINVAL;
		return (NULL);
	}
	len = round_up(len);
	if (block == NULL || block->size - block->used < len) {
		size = head + len > POOL_BLOCK ? head + len : POOL_BLOCK;
		block = secret_alloc(size, SECRET_KEEP_ON_FORK);
		if (block == NULL)
			return (NULL);
		block->older = pool->blocks;
		block->size = size;
		block->used = head;
		pool->blocks = block;
	}
	at = (char *)block + block->used;
	block->used += len;
	return (at);
}

void
secret_pool_free(struct secret_pool *pool)
{
	struct secret_block *block;

	while ((block = pool->blocks) != NULL) {
		pool->blocks = block->older;
		secret_free(block, block->size);
	}
}

void
secret_wipe(void *memory, size_t len)
{
	explicit_bzero(memory, len);
}

int
secret_equal(const void *a, const void *b, size_t len)
{
	const uint8_t *x = a, *y = b;
	volatile uint8_t differ = 0;
	size_t i;

	for (i = 0; i < len; i++)
		differ |= (uint8_t)(x[i] ^ y[i]);
	return (differ == 0);
}

void
secret_random(void *memory, size_t len)
{
	uint8_t *at = memory;
	ssize_t n;

	while (len > 0) {
		n = getrandom(at, len, 0);
		if (n == -1 && errno == EINTR)
			continue;
		ensure(n > 0);
		at += n;
		len -= (size_t)n;
	}
}
