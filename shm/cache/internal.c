#include "shm/cache/internal.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

/*
 * What malloc() adds to an entry, about.  The table of buckets, of eight bytes
 * for each BUCKET_BYTES, is not counted.
 */
#define MALLOC_BYTES 16
#define BUCKET_BYTES 1024
#define BUCKETS_MIN  64u
#define BUCKETS_MAX  (1u << 20)

/* Sessions that go for one that comes: nobody shall wait for thousands. */
#define EXPIRE_MAX 16

struct entry {
	LIST_ENTRY(entry) link;    /* of one bucket */
	TAILQ_ENTRY(entry) in_age; /* the oldest first */
	uint8_t key[CACHE_KEY_LEN];
	uint64_t started, expires;
	uint16_t protocol;
	uint16_t sealed_len;
	uint8_t sealed[];
};

LIST_HEAD(bucket, entry);

struct internal {
	struct bucket *buckets;
	size_t nbuckets; /* a power of two */
	uint64_t size, used;
	/* All live equally long, so this is also the order of their ends. */
	TAILQ_HEAD(, entry) all;
};

struct internal *
internal_new(uint64_t size)
{
	struct internal *internal = calloc(1, sizeof(*internal));
	size_t n = BUCKETS_MIN;

	if (internal == NULL)
		return (NULL);
	while (n < BUCKETS_MAX && n < size / BUCKET_BYTES)
		n *= 2;
	TAILQ_INIT(&internal->all);
	internal->size = size;
	internal->nbuckets = n;
	internal->buckets = calloc(n, sizeof(internal->buckets[0]));
	if (internal->buckets == NULL) {
		free(internal);
		return (NULL);
	}
	return (internal);
}

static uint64_t
bytes_of(size_t sealed_len)
{
	return (sizeof(struct entry) + sealed_len + MALLOC_BYTES);
}

static void
forget(struct internal *internal, struct entry *entry)
{
	LIST_REMOVE(entry, link);
	TAILQ_REMOVE(&internal->all, entry, in_age);
	internal->used -= bytes_of(entry->sealed_len);
	free(entry);
}

void
internal_free(struct internal **internal)
{
	struct internal *ended = *internal;
	struct entry *entry, *next;

	if (ended == NULL)
		return;
	*internal = NULL;
	for (entry = TAILQ_FIRST(&ended->all); entry != NULL; entry = next) {
		next = TAILQ_NEXT(entry, in_age);
		free(entry);
	}
	free(ended->buckets);
	free(ended);
}

/* A key is a digest: any of its bytes will do. */
static struct bucket *
bucket_of(struct internal *internal, const uint8_t key[CACHE_KEY_LEN])
{
	uint32_t number;

	memcpy(&number, key, sizeof(number));
	return (&internal->buckets[number & (internal->nbuckets - 1)]);
}

static struct entry *
find(struct internal *internal, const uint8_t key[CACHE_KEY_LEN])
{
	struct entry *entry;

	LIST_FOREACH (entry, bucket_of(internal, key), link)
		if (memcmp(entry->key, key, CACHE_KEY_LEN) == 0)
			return (entry);
	return (NULL);
}

/* What has ended goes, then as much as must for len bytes. */
static void
make_room(struct internal *internal, uint64_t len, uint64_t now,
    struct msg_cache_counts *counts)
{
	struct entry *entry, *next;
	unsigned int n = 0;
	bool ended;

	for (entry = TAILQ_FIRST(&internal->all); entry != NULL; entry = next) {
		ended = entry->expires <= now;
		if (internal->used + len <= internal->size &&
		    (!ended || n++ == EXPIRE_MAX))
			break;
		next = TAILQ_NEXT(entry, in_age);
		forget(internal, entry);
		if (ended)
			counts->expired++;
		else
			counts->deleted++;
	}
}

void
internal_put(struct internal *internal, const struct msg_cache_put *put,
    const uint8_t *sealed, uint64_t now, struct msg_cache_counts *counts)
{
	struct entry *entry;

	entry = find(internal, put->key);
	if (entry != NULL)
		forget(internal, entry);
	if (bytes_of(put->sealed_len) > internal->size) {
		counts->dropped++;
		return;
	}
	make_room(internal, bytes_of(put->sealed_len), now, counts);
	entry = malloc(offsetof(struct entry, sealed) + put->sealed_len);
	if (entry == NULL) {
		counts->dropped++;
		return;
	}
	memcpy(entry->key, put->key, CACHE_KEY_LEN);
	entry->started = put->started;
	entry->expires = put->expires;
	entry->protocol = put->protocol;
	entry->sealed_len = (uint16_t)put->sealed_len;
	memcpy(entry->sealed, sealed, put->sealed_len);
	LIST_INSERT_HEAD(bucket_of(internal, put->key), entry, link);
	TAILQ_INSERT_TAIL(&internal->all, entry, in_age);
	internal->used += bytes_of(put->sealed_len);
	counts->stored++;
}

bool
internal_get(struct internal *internal, const uint8_t key[CACHE_KEY_LEN],
    uint64_t now, struct cache_record *record)
{
	const struct entry *entry = find(internal, key);

	if (entry == NULL || entry->expires <= now)
		return (false);
	record->started = entry->started;
	record->expires = entry->expires;
	record->protocol = entry->protocol;
	record->sealed_len = entry->sealed_len;
	memcpy(record->sealed, entry->sealed, entry->sealed_len);
	return (true);
}
