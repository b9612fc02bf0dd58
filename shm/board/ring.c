#include "shm/board/ring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shm/base/ensure.h"
#include "shm/base/fd.h"
#include "shm/base/log.h"
#include "shm/base/secret.h"

#define RING_MAGIC   0x66747073646b6579 /* "ftpsdkey" */
#define KEY_WORDS    (sizeof(struct ring_key) / sizeof(uint64_t))
#define CREATED_WORD (offsetof(struct ring_key, created) / sizeof(uint64_t))
#define EXPIRES_WORD (offsetof(struct ring_key, expires) / sizeof(uint64_t))
#define NAME_WORDS   (RING_NAME_LEN / sizeof(uint64_t))
#define WAIT_MAX     3600u
#define RING_SEALS \
	(F_SEAL_FUTURE_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

/*
 * The shared memory holds the keys twice.  The copy that readers use is told
 * by the lowest bit of the sequence; the master writes the other one and then
 * counts up.  So a reader never waits for the master, not even for one that
 * was stopped in the middle of a change; it starts again only when the
 * sequence moved while it copied.  Words are atomic since both sides touch
 * them at once; their order is kept by the fences.
 */
struct ring_table {
	_Atomic uint64_t count;
	_Atomic uint64_t keys[RING_KEYS_MAX][KEY_WORDS]; /* newest first */
};

struct ring_page {
	uint64_t magic;
	_Atomic uint64_t sequence;
	struct ring_table tables[2];
};

/* The master's working copy. */
struct ring_keys {
	size_t count;
	struct ring_key items[RING_KEYS_MAX];
};

struct ring {
	struct ring_page *page;
	int fd;    /* -1 in workers */
	pid_t pid; /* whose address space page is mapped in */
	uint32_t age, count;
	struct ring_keys *keys; /* NULL in workers */
};

_Static_assert(sizeof(struct ring_key) == 128, "keys are copied in words");

static void
store_key(_Atomic uint64_t *words, const struct ring_key *key)
{
	uint64_t copy[KEY_WORDS];
	size_t i;

	memcpy(copy, key, sizeof(copy));
	for (i = 0; i < KEY_WORDS; i++)
		atomic_store_explicit(&words[i], copy[i], memory_order_relaxed);
	secret_wipe(copy, sizeof(copy));
}

static void
load_key(const _Atomic uint64_t *words, struct ring_key *key)
{
	uint64_t copy[KEY_WORDS] = { 0 };
	size_t i;

	for (i = 0; i < KEY_WORDS; i++)
		copy[i] = atomic_load_explicit(&words[i], memory_order_relaxed);
	memcpy(key, copy, sizeof(*key));
	secret_wipe(copy, sizeof(copy));
}

/* Unused places are overwritten with zeroes: a dead key is gone. */
static void
store_table(struct ring_table *table, const struct ring_keys *keys)
{
	static const struct ring_key none;
	size_t i;

	atomic_store_explicit(&table->count, keys->count, memory_order_relaxed);
	for (i = 0; i < RING_KEYS_MAX; i++)
		store_key(table->keys[i],
		    i < keys->count ? &keys->items[i] : &none);
}

/* Shows the working copy to the readers, in both tables. */
static void
publish(struct ring *ring)
{
	struct ring_page *page = ring->page;
	uint64_t sequence;

	sequence =
	    atomic_load_explicit(&page->sequence, memory_order_relaxed) + 1;
	store_table(&page->tables[sequence & 1], ring->keys);
	atomic_store_explicit(&page->sequence, sequence, memory_order_release);
	/* A reader that sees any of what follows also sees the new sequence. */
	atomic_thread_fence(memory_order_release);
	store_table(&page->tables[(sequence + 1) & 1], ring->keys);
}

static uint64_t
read_begin(const struct ring *ring, const struct ring_table **table)
{
	uint64_t sequence;

	sequence =
	    atomic_load_explicit(&ring->page->sequence, memory_order_acquire);
	*table = &ring->page->tables[sequence & 1];
	return (sequence);
}

static bool
read_again(const struct ring *ring, uint64_t sequence)
{
	atomic_thread_fence(memory_order_acquire);
	return (atomic_load_explicit(&ring->page->sequence,
		    memory_order_relaxed) != sequence);
}

/* Within the bounds of the table, whatever the memory says. */
static size_t
read_count(const struct ring_table *table)
{
	uint64_t count;

	count = atomic_load_explicit(&table->count, memory_order_relaxed);
	return (count < RING_KEYS_MAX ? (size_t)count : RING_KEYS_MAX);
}

/* How long a key seals before the next one does. */
static uint32_t
interval(const struct ring *ring)
{
	uint32_t share = ring->age / ring->count;

	return (share < 1 ? 1 : share);
}

/* Keeps the newest count keys. */
static void
cut_keys(struct ring_keys *keys, size_t count)
{
	while (keys->count > count) {
		keys->count--;
		secret_wipe(&keys->items[keys->count],
		    sizeof(keys->items[keys->count]));
	}
}

static void
add_key(struct ring *ring, uint64_t now)
{
	struct ring_keys *keys = ring->keys;
	struct ring_key *key = &keys->items[0];

	cut_keys(keys, ring->count - 1);
	memmove(&keys->items[1], key, keys->count * sizeof(*key));
	keys->count++;
	secret_random(key->name, sizeof(key->name));
	secret_random(key->cipher, sizeof(key->cipher));
	secret_random(key->mac, sizeof(key->mac));
	secret_random(key->seal, sizeof(key->seal));
	key->created = now;
	key->expires = now + ring->age;
}

static void
configure(struct ring *ring, uint32_t age, uint32_t count)
{
	ring->age = age > 0 ? age : 1;
	ring->count = count;
	if (count < 1)
		ring->count = 1;
	if (count > RING_KEYS_MAX)
		ring->count = RING_KEYS_MAX;
}

/* A memfd of the page's size, with no seal yet. */
static int
make_memory(void)
{
	int fd;

	fd = memfd_create("ftpsd-ring", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd == -1)
		return (-1);
	if (ftruncate(fd, sizeof(struct ring_page)) == -1)
		fd_close(&fd);
	return (fd);
}

/* Keys must not reach a disk, nor the memory of a child of the master. */
static int
protect_memory(void *memory, bool writer)
{
	static bool told;
	int saved;

	if (madvise(memory, sizeof(struct ring_page), MADV_DONTDUMP) == -1 ||
	    (writer &&
		madvise(memory, sizeof(struct ring_page), MADV_DONTFORK) ==
		    -1)) {
		saved = errno;
		munmap(memory, sizeof(struct ring_page));
		errno = saved;
		return (-1);
	}
	if (mlock(memory, sizeof(struct ring_page)) == -1 && !told) {
		told = true;
		log_notice("ticket keys cannot be locked in memory (%s): they "
			   "may reach the swap space; raise the limit for "
			   "locked memory",
		    strerror(errno));
	}
	return (0);
}

static struct ring_page *
map_memory(int fd, bool writer)
{
	void *memory;

	memory = mmap(NULL, sizeof(struct ring_page),
	    writer ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		return (NULL);
	if (protect_memory(memory, writer) == -1)
		return (NULL);
	return (memory);
}

struct ring *
ring_create(uint32_t age, uint32_t count)
{
	struct ring *ring;

	ring = calloc(1, sizeof(*ring));
	if (ring == NULL)
		return (NULL);
	ring->pid = getpid();
	ring->fd = make_memory();
	if (ring->fd != -1)
		ring->page = map_memory(ring->fd, true);
	if (ring->page != NULL)
		ring->keys =
		    secret_alloc(sizeof(*ring->keys), SECRET_WIPE_ON_FORK);
	/* Ours is the last writable mapping that will ever be made. */
	if (ring->keys == NULL ||
	    fcntl(ring->fd, F_ADD_SEALS, RING_SEALS) == -1) {
		ring_free(&ring);
		return (NULL);
	}
	configure(ring, age, count);
	ring->page->magic = RING_MAGIC;
	add_key(ring, (uint64_t)time(NULL));
	publish(ring);
	return (ring);
}

struct ring *
ring_attach(int fd)
{
	struct ring *ring;
	struct stat status;

	if (fstat(fd, &status) == -1)
		return (NULL);
	if (status.st_size != sizeof(struct ring_page)) {
		errno = EINVAL;
		return (NULL);
	}
	ring = calloc(1, sizeof(*ring));
	if (ring == NULL)
		return (NULL);
	ring->pid = getpid();
	ring->fd = -1;
	ring->page = map_memory(fd, false);
	if (ring->page != NULL && ring->page->magic == RING_MAGIC)
		return (ring);
	if (ring->page != NULL)
		errno = EINVAL;
	ring_free(&ring);
	return (NULL);
}

void
ring_free(struct ring **ring)
{
	struct ring *ended = *ring;
	int saved = errno;

	if (ended == NULL)
		return;
	*ring = NULL;
	/* In a child of the master something else may be mapped there. */
	if (ended->page != NULL && ended->pid == getpid())
		munmap(ended->page, sizeof(*ended->page));
	secret_free(ended->keys, sizeof(*ended->keys));
	fd_close(&ended->fd);
	free(ended);
	errno = saved;
}

int
ring_fd(const struct ring *ring)
{
	return (ring->fd);
}

void
ring_configure(struct ring *ring, uint32_t age, uint32_t count)
{
	size_t i;

	ensure(ring->keys != NULL && ring->pid == getpid());
	configure(ring, age, count);
	cut_keys(ring->keys, ring->count);
	for (i = 0; i < ring->keys->count; i++)
		ring->keys->items[i].expires =
		    ring->keys->items[i].created + ring->age;
	publish(ring);
}

/*
 * A clock that was set back would make keys live on: what was made in the
 * future was made now.  Returns whether anything changed.
 */
static bool
correct_dates(struct ring *ring, uint64_t now)
{
	bool changed = false;
	size_t i;

	for (i = 0; i < ring->keys->count; i++) {
		if (ring->keys->items[i].created <= now)
			continue;
		ring->keys->items[i].created = now;
		ring->keys->items[i].expires = now + ring->age;
		changed = true;
	}
	return (changed);
}

uint32_t
ring_rotate(struct ring *ring, uint64_t now)
{
	struct ring_keys *keys = ring->keys;
	uint64_t due, last;
	bool changed;

	ensure(keys != NULL && ring->pid == getpid());
	changed = correct_dates(ring, now);
	/* They are ordered by age, and so by the end of their lives. */
	while (keys->count > 0 && keys->items[keys->count - 1].expires <= now) {
		cut_keys(keys, keys->count - 1);
		changed = true;
	}
	if (keys->count == 0 ||
	    now - keys->items[0].created >= interval(ring)) {
		add_key(ring, now);
		changed = true;
	}
	if (changed)
		publish(ring);
	due = keys->items[0].created + interval(ring) - now;
	last = keys->items[keys->count - 1].expires - now;
	if (last < due)
		due = last;
	if (due > WAIT_MAX)
		due = WAIT_MAX;
	return (due < 1 ? 1 : (uint32_t)due);
}

void
ring_newest(const struct ring *ring, struct ring_key *key)
{
	const struct ring_table *table;
	uint64_t sequence;

	do {
		sequence = read_begin(ring, &table);
		load_key(table->keys[0], key);
	} while (read_again(ring, sequence));
}

uint64_t
ring_newest_expires(const struct ring *ring)
{
	const struct ring_table *table;
	uint64_t sequence, expires;

	do {
		sequence = read_begin(ring, &table);
		expires = atomic_load_explicit(&table->keys[0][EXPIRES_WORD],
		    memory_order_relaxed);
	} while (read_again(ring, sequence));
	return (expires);
}

static bool
has_name(const _Atomic uint64_t *words, const uint64_t name[NAME_WORDS])
{
	size_t i;

	for (i = 0; i < NAME_WORDS; i++)
		if (atomic_load_explicit(&words[i], memory_order_relaxed) !=
		    name[i])
			return (false);
	return (true);
}

bool
ring_find(const struct ring *ring, const uint8_t name[RING_NAME_LEN],
    uint64_t now, struct ring_key *key, bool *newest)
{
	const struct ring_table *table;
	uint64_t wanted[NAME_WORDS], sequence;
	size_t i, count;
	bool found;

	memcpy(wanted, name, sizeof(wanted));
	do {
		sequence = read_begin(ring, &table);
		count = read_count(table);
		for (i = 0; i < count; i++)
			if (has_name(table->keys[i], wanted))
				break;
		found = i < count;
		if (found)
			load_key(table->keys[i], key);
	} while (read_again(ring, sequence));
	if (!found)
		return (false);
	if (key->expires <= now) {
		secret_wipe(key, sizeof(*key));
		return (false);
	}
	*newest = i == 0;
	return (true);
}

size_t
ring_ages(const struct ring *ring, uint64_t now, uint64_t *ages, size_t max)
{
	const struct ring_table *table;
	uint64_t sequence, created;
	size_t i, count;

	do {
		sequence = read_begin(ring, &table);
		count = read_count(table);
		for (i = 0; i < count && i < max; i++) {
			created =
			    atomic_load_explicit(&table->keys[i][CREATED_WORD],
				memory_order_relaxed);
			ages[i] = now > created ? now - created : 0;
		}
	} while (read_again(ring, sequence));
	return (count);
}
