/* Unit tests of shm/board/ring.c. */
#include "shm/board/ring.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/suites.h"

#define AGE   1000
#define COUNT 10

/* Runs body in a child; its exit status, or -1 - signal. */
static int
in_child(int (*body)(struct ring *), struct ring *ring)
{
	struct rlimit none = { 0, 0 };
	int status;
	pid_t pid;

	(void)fflush(NULL);
	pid = fork();
	if (pid == 0) {
		(void)setrlimit(RLIMIT_CORE, &none);
		(void)signal(SIGSEGV, SIG_DFL);
		_exit(body(ring));
	}
	if (pid == -1 || waitpid(pid, &status, 0) != pid)
		return (100);
	return (
	    WIFEXITED(status) ? WEXITSTATUS(status) : -1 - WTERMSIG(status));
}

static bool
is_zero(const void *memory, size_t len)
{
	const uint8_t *bytes = memory;
	size_t i;

	for (i = 0; i < len; i++)
		if (bytes[i] != 0)
			return (false);
	return (true);
}

/* Whether len bytes occur anywhere in the memory behind fd. */
static bool
occurs(int fd, const void *bytes, size_t len)
{
	struct stat status;
	uint8_t *copy;
	bool found;

	if (fstat(fd, &status) == -1)
		return (false);
	copy = malloc((size_t)status.st_size);
	if (copy == NULL)
		return (false);
	found = pread(fd, copy, (size_t)status.st_size, 0) == status.st_size &&
	    memmem(copy, (size_t)status.st_size, bytes, len) != NULL;
	free(copy);
	return (found);
}

/* Every wait is one that a timer can be set to. */
static void
rotate(struct ring *ring, uint64_t now)
{
	uint32_t wait = ring_rotate(ring, now);

	CHECK_CASE(wait >= 1 && wait <= 3600, "the wait is within bounds");
}

static void
first_key(void)
{
	struct ring_key key, other, found;
	struct ring *ring, *second;
	bool newest = false;

	ring = ring_create(AGE, COUNT);
	second = ring_create(AGE, COUNT);
	CU_ASSERT_PTR_NOT_NULL_FATAL(ring);
	CU_ASSERT_PTR_NOT_NULL_FATAL(second);
	ring_newest(ring, &key);
	ring_newest(second, &other);
	CU_ASSERT(!is_zero(key.name, sizeof(key.name)));
	CU_ASSERT(!is_zero(key.cipher, sizeof(key.cipher)));
	CU_ASSERT(!is_zero(key.mac, sizeof(key.mac)));
	CU_ASSERT(!is_zero(key.seal, sizeof(key.seal)));
	CU_ASSERT(memcmp(key.cipher, key.seal, sizeof(key.seal)) != 0);
	CU_ASSERT(memcmp(key.name, other.name, sizeof(key.name)) != 0);
	CU_ASSERT(key.expires == key.created + AGE);
	CU_ASSERT(ring_find(ring, key.name, key.created, &found, &newest));
	CU_ASSERT(newest);
	CU_ASSERT(memcmp(&key, &found, sizeof(key)) == 0);
	CU_ASSERT(!ring_find(ring, other.name, key.created, &found, &newest));
	ring_free(&ring);
	ring_free(&second);
	CU_ASSERT_PTR_NULL(ring);
	ring_free(&ring);
}

/* With the same age, the keys always cover the whole of it. */
static void
rotation_covers_the_age(void)
{
	struct ring_key keys[40], found;
	uint64_t start, now, ages[RING_KEYS_MAX];
	struct ring *ring;
	uint32_t wait;
	size_t i, n;
	bool newest;

	ring = ring_create(AGE, COUNT);
	CU_ASSERT_PTR_NOT_NULL_FATAL(ring);
	ring_newest(ring, &keys[0]);
	start = now = keys[0].created;
	for (n = 1; n < NITEMS(keys); n++) {
		wait = ring_rotate(ring, now);
		CHECK_CASE(wait == AGE / COUNT, "the next key is due in time");
		now += wait;
		rotate(ring, now);
		ring_newest(ring, &keys[n]);
		CHECK_CASE(keys[n].created == now, "there is a new key");
		for (i = 0; i <= n; i++)
			CHECK_CASE(ring_find(ring, keys[i].name, now, &found,
				       &newest) ==
				(now - keys[i].created < AGE),
			    "a key opens for its age, and no longer");
		CHECK_CASE(ring_ages(ring, now, ages, RING_KEYS_MAX) <= COUNT,
		    "there are no more keys than asked for");
		CHECK_CASE(ages[0] == 0, "ages begin with the newest");
	}
	CU_ASSERT(now - start == (NITEMS(keys) - 1) * AGE / COUNT);
	CU_ASSERT(ring_find(ring, keys[n - 2].name, now, &found, &newest));
	CU_ASSERT(!newest);
	ring_free(&ring);
}

static const struct {
	const char *what;
	uint32_t age, count, wait;
} intervals[] = {
	{ "a share of the age", 1000, 10, 100 },
	{ "a call each hour", 86400 * 7, 2, 3600 },
	{ "a second at least", 5, 64, 1 },
	{ "one key for all of its life", 1000, 1, 1000 },
	{ "a count of none is one", 1000, 0, 1000 },
	{ "a count over the most", 6400, 1000, 100 },
	{ "no age", 0, 2, 1 },
};

/* Few keys of a long life: an hour's call changes nothing. */
static void
few_keys_live_long(void)
{
	struct ring_key first, key, found;
	uint64_t now, ages[RING_KEYS_MAX];
	struct ring *ring;
	bool newest;

	ring = ring_create(86400, 2);
	CU_ASSERT_PTR_NOT_NULL_FATAL(ring);
	ring_newest(ring, &first);
	CU_ASSERT(ring_newest_expires(ring) == first.expires);
	for (now = first.created; now < first.created + 43200; now += 3600) {
		rotate(ring, now);
		CU_ASSERT(ring_ages(ring, now, ages, RING_KEYS_MAX) == 1);
	}
	rotate(ring, first.created + 43200);
	ring_newest(ring, &key);
	CU_ASSERT(key.created == first.created + 43200);
	CU_ASSERT(ring_newest_expires(ring) == key.expires);
	CU_ASSERT(
	    ring_find(ring, first.name, first.expires - 1, &found, &newest));
	CU_ASSERT_FALSE(newest);
	ring_free(&ring);
}

/* There is one at all times, and the one before is gone. */
static void
a_single_key(void)
{
	struct ring_key first, key, found;
	uint64_t ages[RING_KEYS_MAX];
	struct ring *ring;
	bool newest;

	ring = ring_create(AGE, 1);
	CU_ASSERT_PTR_NOT_NULL_FATAL(ring);
	ring_newest(ring, &first);
	rotate(ring, first.expires - 1);
	ring_newest(ring, &key);
	CU_ASSERT(memcmp(key.name, first.name, sizeof(key.name)) == 0);
	rotate(ring, first.expires);
	ring_newest(ring, &key);
	CU_ASSERT(memcmp(key.name, first.name, sizeof(key.name)) != 0);
	CU_ASSERT(ring_ages(ring, first.expires, ages, RING_KEYS_MAX) == 1);
	CU_ASSERT_FALSE(
	    ring_find(ring, first.name, first.created, &found, &newest));
	CU_ASSERT(!occurs(ring_fd(ring), first.cipher, sizeof(first.cipher)));
	CU_ASSERT(!occurs(ring_fd(ring), first.mac, sizeof(first.mac)));
	CU_ASSERT(!occurs(ring_fd(ring), first.seal, sizeof(first.seal)));
	ring_free(&ring);
}

static void
intervals_obey_the_table(void)
{
	struct ring_key key;
	struct ring *ring;
	size_t i;

	for (i = 0; i < NITEMS(intervals); i++) {
		ring = ring_create(intervals[i].age, intervals[i].count);
		CU_ASSERT_PTR_NOT_NULL_FATAL(ring);
		ring_newest(ring, &key);
		CHECK_CASE(ring_rotate(ring, key.created) == intervals[i].wait,
		    intervals[i].what);
		ring_free(&ring);
	}
}

static void
dead_keys_are_wiped(void)
{
	struct ring_key first, key, found;
	struct ring *ring;
	bool newest;

	ring = ring_create(AGE, 2);
	CU_ASSERT_PTR_NOT_NULL_FATAL(ring);
	ring_newest(ring, &first);
	CU_ASSERT(occurs(ring_fd(ring), first.cipher, sizeof(first.cipher)));
	rotate(ring, first.created + AGE / 2);
	CU_ASSERT(occurs(ring_fd(ring), first.seal, sizeof(first.seal)));
	rotate(ring, first.created + AGE);
	ring_newest(ring, &key);
	CU_ASSERT(!occurs(ring_fd(ring), first.cipher, sizeof(first.cipher)));
	CU_ASSERT(!occurs(ring_fd(ring), first.mac, sizeof(first.mac)));
	CU_ASSERT(!occurs(ring_fd(ring), first.seal, sizeof(first.seal)));
	CU_ASSERT(occurs(ring_fd(ring), key.seal, sizeof(key.seal)));
	memset(&found, 0xff, sizeof(found));
	CU_ASSERT(!ring_find(ring, key.name, key.expires, &found, &newest));
	CU_ASSERT(is_zero(&found, sizeof(found)));
	ring_free(&ring);
}

static void
clock_jumps(void)
{
	struct ring_key first, key;
	struct ring *ring;
	uint64_t ages[4];

	ring = ring_create(AGE, 4);
	CU_ASSERT_PTR_NOT_NULL_FATAL(ring);
	ring_newest(ring, &first);
	/* Back by a day: the key does not live a day longer for it. */
	rotate(ring, first.created - 86400);
	ring_newest(ring, &key);
	CU_ASSERT(memcmp(key.name, first.name, sizeof(key.name)) == 0);
	CU_ASSERT(key.expires == first.created - 86400 + AGE);
	/* Far ahead: all are dead, and there is one that seals. */
	rotate(ring, first.created + 10000);
	ring_newest(ring, &key);
	CU_ASSERT(memcmp(key.name, first.name, sizeof(key.name)) != 0);
	CU_ASSERT(ring_ages(ring, first.created + 10000, ages, 4) == 1);
	ring_free(&ring);
}

static void
reconfigured(void)
{
	struct ring_key first, found;
	struct ring *ring;
	uint64_t ages[RING_KEYS_MAX], now;
	size_t i;
	bool newest;

	ring = ring_create(AGE, COUNT);
	CU_ASSERT_PTR_NOT_NULL_FATAL(ring);
	ring_newest(ring, &first);
	now = first.created;
	for (i = 0; i < 5; i++) {
		now += AGE / COUNT;
		rotate(ring, now);
	}
	CU_ASSERT(ring_ages(ring, now, ages, 1) == 6);
	ring_configure(ring, AGE, 3);
	CU_ASSERT(ring_ages(ring, now, ages, RING_KEYS_MAX) == 3);
	CU_ASSERT(ages[2] == 2 * AGE / COUNT);
	CU_ASSERT(!occurs(ring_fd(ring), first.seal, sizeof(first.seal)));
	ring_newest(ring, &first);
	ring_configure(ring, 50, 3);
	CU_ASSERT(!ring_find(ring, first.name, now + 50, &found, &newest));
	rotate(ring, now + 49);
	CU_ASSERT(ring_ages(ring, now + 49, ages, RING_KEYS_MAX) == 2);
	ring_free(&ring);
}

/* What a worker may do with the descriptor: read, and nothing else. */
static int
child_tries(struct ring *master)
{
	struct ring_key key;
	struct stat status;
	char path[64];
	struct ring *ring;
	void *memory;
	int fd = ring_fd(master), again;

	if (fstat(fd, &status) == -1)
		return (1);
	memory = mmap(NULL, (size_t)status.st_size, PROT_READ | PROT_WRITE,
	    MAP_SHARED, fd, 0);
	if (memory != MAP_FAILED || errno != EPERM)
		return (2);
	memory =
	    mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		return (3);
	if (mprotect(memory, (size_t)status.st_size, PROT_READ | PROT_WRITE) !=
		-1 ||
	    errno != EACCES)
		return (4);
	if (pwrite(fd, "x", 1, 0) != -1 || errno != EPERM)
		return (5);
	if (ftruncate(fd, 0) != -1 || errno != EPERM)
		return (6);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_RDWR);
	if (again != -1 &&
	    mmap(NULL, (size_t)status.st_size, PROT_READ | PROT_WRITE,
		MAP_SHARED, again, 0) != MAP_FAILED)
		return (7);
	ring = ring_attach(fd);
	if (ring == NULL)
		return (8);
	ring_newest(ring, &key);
	if (is_zero(&key, sizeof(key)))
		return (9);
	ring_free(&ring);
	/* Frees what is ours and leaves alone what was the master's. */
	ring_free(&master);
	return (0);
}

static void
children_cannot_write(void)
{
	struct ring *ring;

	ring = ring_create(AGE, COUNT);
	CU_ASSERT_PTR_NOT_NULL_FATAL(ring);
	CU_ASSERT_EQUAL(in_child(child_tries, ring), 0);
	ring_free(&ring);
}

static int
child_reads_master(struct ring *master)
{
	struct ring_key key;

	ring_newest(master, &key);
	return (0);
}

static void
mapping_is_not_inherited(void)
{
	struct ring *ring;
	int ended;

	if (skip_in_uml("its forks have all mappings"))
		return;
	ring = ring_create(AGE, COUNT);
	CU_ASSERT_PTR_NOT_NULL_FATAL(ring);
	ended = in_child(child_reads_master, ring);
	CU_ASSERT_EQUAL(ended, -1 - SIGSEGV);
	ring_free(&ring);
}

static void
attach_refuses(void)
{
	static const char text[] = "no ring";
	struct stat status;
	struct ring *ring;
	int fd;

	fd = memfd_create("test", MFD_CLOEXEC);
	CU_ASSERT(fd != -1);
	CU_ASSERT(write(fd, text, sizeof(text)) == sizeof(text));
	CU_ASSERT_PTR_NULL(ring_attach(fd));
	CU_ASSERT(errno == EINVAL);
	ring = ring_create(AGE, COUNT);
	CU_ASSERT_PTR_NOT_NULL_FATAL(ring);
	CU_ASSERT(fstat(ring_fd(ring), &status) == 0);
	CU_ASSERT(ftruncate(fd, 0) == 0);
	CU_ASSERT(ftruncate(fd, status.st_size) == 0);
	CU_ASSERT_PTR_NULL(ring_attach(fd));
	CU_ASSERT(errno == EINVAL);
	ring_free(&ring);
	close(fd);
	CU_ASSERT_PTR_NULL(ring_attach(fd));
}

#define ROTATIONS 3000

/* Every key that is seen is whole: its expiry fits its creation. */
static int
child_watches(struct ring *master)
{
	struct ring_key key, found;
	struct ring *ring;
	uint64_t last = 0;
	bool newest;
	size_t i;

	ring = ring_attach(ring_fd(master));
	if (ring == NULL)
		return (1);
	for (i = 0; i < 200000 && last < ROTATIONS; i++) {
		ring_newest(ring, &key);
		if (key.expires != key.created + AGE)
			return (2);
		last = key.created % 1000000;
		if (ring_find(ring, key.name, key.created, &found, &newest) &&
		    memcmp(&key, &found, sizeof(key)) != 0)
			return (3);
	}
	ring_free(&ring);
	return (0);
}

static void
readers_see_whole_keys(void)
{
	struct ring_key key;
	struct ring *ring;
	uint64_t now;
	pid_t pid;
	int status = -1;
	size_t i;

	ring = ring_create(AGE, 64);
	CU_ASSERT_PTR_NOT_NULL_FATAL(ring);
	ring_newest(ring, &key);
	(void)fflush(NULL);
	pid = fork();
	if (pid == 0)
		_exit(child_watches(ring));
	CU_ASSERT_FATAL(pid != -1);
	now = key.created;
	for (i = 0; i < ROTATIONS; i++) {
		now += 20;
		rotate(ring, now);
	}
	CU_ASSERT(waitpid(pid, &status, 0) == pid);
	CU_ASSERT_EQUAL(status, 0);
	ring_free(&ring);
}

CU_TestInfo ring_tests[] = {
	{ "a ring begins with a random key", first_key },
	{ "rotation covers the age", rotation_covers_the_age },
	{ "intervals obey the table", intervals_obey_the_table },
	{ "few keys live long", few_keys_live_long },
	{ "a single key", a_single_key },
	{ "dead keys are wiped", dead_keys_are_wiped },
	{ "the clock may jump", clock_jumps },
	{ "age and count may change", reconfigured },
	{ "a child cannot write", children_cannot_write },
	{ "the master's mapping is not inherited", mapping_is_not_inherited },
	{ "attaching refuses what is no ring", attach_refuses },
	{ "readers see whole keys", readers_see_whole_keys },
	CU_TEST_INFO_NULL,
};
