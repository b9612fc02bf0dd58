/* Sessions that several processes share. */
#include <openssl/ssl.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#include "tests/bench/floor/floor.h"

#define SLOTS     65536
#define ID_MAX    SSL_MAX_SSL_SESSION_ID_LENGTH
#define DER_MAX   1024
#define OWN_COUNT 4

/* A newer session takes the place of another with the same hash. */
struct slot {
	atomic_flag busy;
	uint16_t len; /* 0: empty */
	uint8_t id[ID_MAX];
	uint8_t der[DER_MAX];
};

static struct slot *slots;

/* The last ones of this process's connection. */
static SSL_SESSION *own[OWN_COUNT];
static size_t own_next;

int
table_init(void)
{
	void *memory;

	memory = mmap(NULL, SLOTS * sizeof(*slots), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return (-1);
	slots = memory;
	return (0);
}

/* Ids are random numbers. */
static struct slot *
slot_of(const uint8_t *id)
{
	uint32_t hash;

	memcpy(&hash, id, sizeof(hash));
	return (&slots[hash % SLOTS]);
}

static void
lock(struct slot *slot)
{
	while (atomic_flag_test_and_set_explicit(&slot->busy,
	    memory_order_acquire))
		(void)sched_yield();
}

static void
unlock(struct slot *slot)
{
	atomic_flag_clear_explicit(&slot->busy, memory_order_release);
}

static void
share(SSL_SESSION *session)
{
	unsigned char *at;
	const uint8_t *id;
	struct slot *slot;
	unsigned int len;
	int size;

	id = SSL_SESSION_get_id(session, &len);
	size = i2d_SSL_SESSION(session, NULL);
	if (len != ID_MAX || size <= 0 || size > DER_MAX)
		return;
	slot = slot_of(id);
	lock(slot);
	memcpy(slot->id, id, ID_MAX);
	at = slot->der;
	slot->len = (uint16_t)i2d_SSL_SESSION(session, &at);
	unlock(slot);
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

SSL_SESSION *
table_get(const uint8_t *id, size_t len)
{
	SSL_SESSION *session = get_own(id, len);
	const unsigned char *at;
	uint8_t der[DER_MAX];
	struct slot *slot;
	uint16_t size = 0;

	if (session != NULL || len != ID_MAX)
		return (session);
	slot = slot_of(id);
	lock(slot);
	if (slot->len != 0 && memcmp(slot->id, id, ID_MAX) == 0) {
		size = slot->len;
		memcpy(der, slot->der, size);
	}
	unlock(slot);
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
