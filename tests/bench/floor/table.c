/* Sessions that several processes share. */
#include <openssl/ssl.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#include "tests/bench/floor/floor.h"

#define BUCKETS   2048
#define SLOTS     8 /* of a bucket */
#define ID_MAX    SSL_MAX_SSL_SESSION_ID_LENGTH
#define DER_MAX   320
#define OWN_COUNT 4

struct slot {
	uint16_t len; /* 0: empty */
	uint8_t id[ID_MAX];
	uint8_t der[DER_MAX];
};

/* Filled in turn: a new session takes the place of the oldest one. */
struct bucket {
	atomic_flag busy;
	uint8_t next;
	struct slot slots[SLOTS];
};

static struct bucket *buckets;

/* The last ones of this process's connection. */
static SSL_SESSION *own[OWN_COUNT];
static size_t own_next;

int
table_init(void)
{
	void *memory;

	memory = mmap(NULL, BUCKETS * sizeof(*buckets), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return (-1);
	buckets = memory;
	return (0);
}

void
table_touch(void)
{
	if (buckets != NULL)
		(void)madvise(buckets, BUCKETS * sizeof(*buckets),
		    MADV_POPULATE_WRITE);
}

/* Ids are random numbers. */
static struct bucket *
lock(const uint8_t *id)
{
	struct bucket *bucket;
	uint32_t hash;

	memcpy(&hash, id, sizeof(hash));
	bucket = &buckets[hash % BUCKETS];
	while (atomic_flag_test_and_set_explicit(&bucket->busy,
	    memory_order_acquire))
		(void)sched_yield();
	return (bucket);
}

static void
unlock(struct bucket *bucket)
{
	atomic_flag_clear_explicit(&bucket->busy, memory_order_release);
}

/*
 * Encoded once, without asking for the length first: a session of ours has
 * neither a certificate of the peer nor a ticket in it.
 */
static void
share(SSL_SESSION *session)
{
	uint8_t der[16 * DER_MAX];
	unsigned char *at = der;
	struct bucket *bucket;
	struct slot *slot;
	const uint8_t *id;
	unsigned int len;
	int size;

	id = SSL_SESSION_get_id(session, &len);
	size = i2d_SSL_SESSION(session, &at);
	if (len != ID_MAX || size <= 0 || size > DER_MAX)
		return;
	bucket = lock(id);
	slot = &bucket->slots[bucket->next];
	bucket->next = (uint8_t)((bucket->next + 1) % SLOTS);
	memcpy(slot->id, id, ID_MAX);
	memcpy(slot->der, der, (size_t)size);
	slot->len = (uint16_t)size;
	unlock(bucket);
}

void
table_put(SSL_SESSION *session, bool shared)
{
	if (shared)
		share(session);
	SSL_SESSION_free(own[own_next]);
	own[own_next] = SSL_SESSION_up_ref(session) == 1 ? session : NULL;
	own_next = (own_next + 1) % OWN_COUNT;
}

static SSL_SESSION *
get_own(const uint8_t *id, size_t len)
{
	const uint8_t *other;
	unsigned int other_len;
	size_t i;

	for (i = 0; i < OWN_COUNT; i++) {
		if (own[i] == NULL)
			continue;
		other = SSL_SESSION_get_id(own[i], &other_len);
		if (other_len == len && memcmp(id, other, len) == 0 &&
		    SSL_SESSION_up_ref(own[i]) == 1)
			return (own[i]);
	}
	return (NULL);
}

static const struct slot *
find(const struct bucket *bucket, const uint8_t *id)
{
	size_t i;

	for (i = 0; i < SLOTS; i++)
		if (bucket->slots[i].len != 0 &&
		    memcmp(bucket->slots[i].id, id, ID_MAX) == 0)
			return (&bucket->slots[i]);
	return (NULL);
}

SSL_SESSION *
table_get(const uint8_t *id, size_t len)
{
	SSL_SESSION *session = get_own(id, len);
	const unsigned char *at;
	const struct slot *slot;
	struct bucket *bucket;
	uint8_t der[DER_MAX];
	uint16_t size = 0;

	if (session != NULL || len != ID_MAX)
		return (session);
	bucket = lock(id);
	slot = find(bucket, id);
	if (slot != NULL) {
		size = slot->len;
		memcpy(der, slot->der, size);
	}
	unlock(bucket);
	at = der;
	return (size == 0 ? NULL : d2i_SSL_SESSION(NULL, &at, size));
}

void
table_forget(void)
{
	size_t i;

	for (i = 0; i < OWN_COUNT; i++) {
		SSL_SESSION_free(own[i]);
		own[i] = NULL;
	}
}
