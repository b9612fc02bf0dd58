#include "shm/cache/recent.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

/* 1 MiB: what the busiest machine makes in a second or so. */
#define SETS 512
#define WAYS 4

/*
 * Odd while somebody writes.  A writer that dies there leaves the entry unused
 * for ever, which is one of thousands.
 */
struct entry {
	_Atomic uint32_t turn;
	uint32_t zero;
	_Atomic uint64_t stamp; /* again, to find the oldest */
	uint8_t key[CACHE_KEY_LEN];
	struct recent_record record;
};

struct recent {
	struct entry sets[SETS][WAYS];
};

static_assert(sizeof(struct entry) == 512, "whole cache lines");

struct recent *
recent_new(void)
{
	void *memory;

	memory = mmap(NULL, sizeof(struct recent), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return (memory == MAP_FAILED ? NULL : memory);
}

void
recent_free(struct recent **recent)
{
	if (*recent != NULL)
		(void)munmap(*recent, sizeof(**recent));
	*recent = NULL;
}

/* Keys are digests: any of their bytes will do. */
static struct entry *
set_of(struct recent *recent, const uint8_t key[CACHE_KEY_LEN])
{
	return (recent->sets[(key[0] | (size_t)key[1] << 8) % SETS]);
}

static uint64_t
stamp_of(struct entry *entry)
{
	return (atomic_load_explicit(&entry->stamp, memory_order_relaxed));
}

bool
recent_put(struct recent *recent, const uint8_t key[CACHE_KEY_LEN],
    const struct recent_record *record)
{
	struct entry *set = set_of(recent, key), *oldest = set;
	uint32_t turn;
	size_t i;

	for (i = 1; i < WAYS; i++)
		if (stamp_of(&set[i]) < stamp_of(oldest))
			oldest = &set[i];
	turn = atomic_load_explicit(&oldest->turn, memory_order_relaxed);
	if (turn % 2 != 0 ||
	    !atomic_compare_exchange_strong(&oldest->turn, &turn, turn + 1))
		return (false);
	atomic_store_explicit(&oldest->stamp, record->stamp,
	    memory_order_relaxed);
	memcpy(oldest->key, key, CACHE_KEY_LEN);
	memcpy(&oldest->record, record, sizeof(*record));
	atomic_store_explicit(&oldest->turn, turn + 2, memory_order_release);
	return (true);
}

static bool
read_entry(struct entry *entry, const uint8_t key[CACHE_KEY_LEN],
    struct recent_record *record)
{
	uint32_t turn =
	    atomic_load_explicit(&entry->turn, memory_order_acquire);
	bool same;

	if (turn % 2 != 0)
		return (false);
	same = memcmp(entry->key, key, CACHE_KEY_LEN) == 0;
	if (same)
		memcpy(record, &entry->record, sizeof(*record));
	atomic_thread_fence(memory_order_acquire);
	return (same &&
	    atomic_load_explicit(&entry->turn, memory_order_relaxed) == turn);
}

bool
recent_get(struct recent *recent, const uint8_t key[CACHE_KEY_LEN],
    uint64_t since, struct recent_record *record)
{
	struct entry *set = set_of(recent, key);
	size_t i;

	for (i = 0; i < WAYS; i++)
		if (read_entry(&set[i], key, record))
			return (record->stamp >= since && record->stamp != 0 &&
			    record->sealed_len <= RECENT_LEN);
	return (false);
}
