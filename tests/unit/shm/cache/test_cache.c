/* Unit tests of shm/cache: what is written is read. */
#include <sys/socket.h>

#include "tests/unit/stage.h"

/* Writing and reading ----------------------------------------------------- */

static int
reads_ten(const struct stage *stage)
{
	struct cache_reader *reader = reader_open(stage);
	struct msg_cache_counts counts;
	struct msg_cache_trouble trouble;
	uint32_t n;

	if (!cache_reader_in_service(reader))
		return (1);
	for (n = 0; n < 10; n++)
		if (!finds(reader, n, 100 + n))
			return (2);
	if (finds(reader, 10, 110))
		return (3);
	if (!cache_reader_counts(reader, &counts) || counts.hits != 10 ||
	    counts.misses != 1 || counts.errors != 0)
		return (4);
	if (cache_reader_counts(reader, &counts) ||
	    cache_reader_trouble(reader, &trouble))
		return (5);
	cache_reader_free(&reader);
	cache_reader_free(&reader);
	return (0);
}

static void
others_find_what_was_put(void)
{
	struct stage stage;
	uint32_t n;

	stage_open(&stage, MAP_SIZE);
	for (n = 0; n < 10; n++)
		put(&stage, n, 100 + n, NOW + 100);
	commit(&stage);
	CU_ASSERT_EQUAL(in_child(reads_ten, &stage), 0);
	CU_ASSERT_EQUAL(in_child(reads_ten, &stage), 0);
	CU_ASSERT_EQUAL(stage.totals.stored, 10);
	CU_ASSERT_EQUAL(stage.totals.errors, 0);
	stage_close(&stage);
}

static int
reads_largest(const struct stage *stage)
{
	struct cache_reader *reader = reader_open(stage);
	uint32_t n;

	for (n = 0; n < 64; n++)
		if (!finds(reader, n, CACHE_VALUE_MAX))
			return (1);
	cache_reader_free(&reader);
	return (0);
}

static void
largest_sessions_fit(void)
{
	struct stage stage;
	uint32_t n;

	stage_open(&stage, MAP_SIZE);
	for (n = 0; n < 64; n++)
		put(&stage, n, CACHE_VALUE_MAX, NOW + 100);
	CU_ASSERT_EQUAL(sessions(&stage), 64);
	CU_ASSERT_EQUAL(in_child(reads_largest, &stage), 0);
	stage_close(&stage);
}

static int
reads_the_second(const struct stage *stage)
{
	struct cache_reader *reader = reader_open(stage);

	if (finds(reader, 1, 50) || !finds(reader, 1, 60))
		return (1);
	cache_reader_free(&reader);
	return (0);
}

static void
overwriting(void)
{
	struct stage stage;
	bool more = true;

	stage_open(&stage, MAP_SIZE);
	put(&stage, 1, 50, NOW + 10);
	commit(&stage);
	put(&stage, 1, 55, NOW + 20); /* twice in one batch */
	put(&stage, 1, 60, NOW + 30);
	commit(&stage);
	CU_ASSERT_EQUAL(sessions(&stage), 1);
	CU_ASSERT_EQUAL(in_child(reads_the_second, &stage), 0);
	/* The index holds the last end of it, and no other. */
	CU_ASSERT(writer_expire(stage.writer, NOW + 29, &more) == 0);
	CU_ASSERT_EQUAL(sessions(&stage), 1);
	CU_ASSERT_EQUAL(writer_next_end(stage.writer), NOW + 30);
	CU_ASSERT(writer_expire(stage.writer, NOW + 30, &more) == 0);
	CU_ASSERT_EQUAL(sessions(&stage), 0);
	CU_ASSERT(!more);
	CU_ASSERT_EQUAL(stage.totals.stored, 3);
	CU_ASSERT_EQUAL(stage.totals.expired, 1);
	CU_ASSERT(writer_next_end(stage.writer) == UINT64_MAX);
	stage_close(&stage);
}

static int
misses_the_expired(const struct stage *stage)
{
	struct cache_reader *reader = reader_open(stage);

	if (finds(reader, 1, 10) || finds(reader, 2, 10) ||
	    !finds(reader, 3, 10))
		return (1);
	cache_reader_free(&reader);
	return (0);
}

static void
expired_sessions_are_not_found(void)
{
	struct stage stage;

	stage_open(&stage, MAP_SIZE);
	put(&stage, 1, 10, NOW - 1);
	put(&stage, 2, 10, NOW);
	put(&stage, 3, 10, NOW + 1);
	commit(&stage);
	CU_ASSERT_EQUAL(in_child(misses_the_expired, &stage), 0);
	stage_close(&stage);
}

static void
expiry_in_small_steps(void)
{
	struct stage stage;
	unsigned int steps = 0;
	bool more = true;
	uint32_t n;

	stage_open(&stage, MAP_SIZE);
	for (n = 0; n < 1000; n++)
		put(&stage, n, 100, NOW + 1 + n);
	commit(&stage);
	while (more && steps < 10) {
		CU_ASSERT(writer_expire(stage.writer, NOW + 600, &more) == 0);
		steps++;
		CHECK_CASE(stage.totals.expired <=
			(uint64_t)steps * WRITER_TRIM_MAX,
		    "no more at a time than allowed");
	}
	CU_ASSERT_EQUAL(stage.totals.expired, 600);
	CU_ASSERT_EQUAL(sessions(&stage), 400);
	CU_ASSERT_EQUAL(writer_next_end(stage.writer), NOW + 601);
	stage_close(&stage);
}

static void
deleting(void)
{
	struct stage stage;
	struct sample sample;

	stage_open(&stage, MAP_SIZE);
	put(&stage, 1, 10, NOW + 10);
	put(&stage, 2, 10, NOW - 10);
	put(&stage, 3, 10, NOW + 10);
	sample_make(&sample, 1, 10, 0);
	CU_ASSERT(!writer_delete(stage.writer, sample.key));
	commit(&stage);
	sample_make(&sample, 2, 10, 0);
	CU_ASSERT(!writer_delete(stage.writer, sample.key));
	CU_ASSERT(!writer_delete(stage.writer, sample.key)); /* unknown now */
	commit(&stage);
	CU_ASSERT_EQUAL(sessions(&stage), 1);
	CU_ASSERT_EQUAL(stage.totals.deleted, 1);
	CU_ASSERT_EQUAL(stage.totals.expired, 1);
	stage_close(&stage);
}

static void
listing_in_pages(void)
{
	static struct msg_cache_entry entries[CACHE_PAGE_ENTRIES];
	struct msg_cache_page page;
	uint8_t after[CACHE_KEY_LEN];
	struct stage stage;
	unsigned int seen = 0, pages = 0;
	uint32_t n;

	stage_open(&stage, MAP_SIZE);
	for (n = 0; n < 300; n++)
		put(&stage, n, 100, NOW + 100);
	put(&stage, 300, 100, NOW - 1);
	commit(&stage);
	memset(after, 0, sizeof(after));
	do {
		CU_ASSERT_FATAL(
		    writer_list(stage.writer, after, NOW, &page, entries) == 0);
		for (n = 0; n < page.count; n++) {
			CHECK_CASE(memcmp(entries[n].key, after,
				       CACHE_KEY_LEN) > 0,
			    "each follows the one before");
			CHECK_CASE(entries[n].id_len == 32 &&
				entries[n].context_len == 32 &&
				entries[n].context[31] == 7 &&
				entries[n].protocol == 0x0304 &&
				entries[n].expires == NOW + 100,
			    "what the entry says");
			memcpy(after, entries[n].key, CACHE_KEY_LEN);
		}
		seen += page.count;
	} while (++pages < 5 && page.last == 0);
	CU_ASSERT_EQUAL(seen, 300);
	CU_ASSERT_EQUAL(pages, 3);
	memset(after, 255, sizeof(after));
	CU_ASSERT(writer_list(stage.writer, after, NOW, &page, entries) == 0);
	CU_ASSERT(page.count == 0 && page.last == 1);
	stage_close(&stage);
}

/* A child that reads, waits for a byte, and reads again ------------------- */

static int turns[2];

static int
sees_the_clearing(const struct stage *stage)
{
	struct cache_reader *reader = reader_open(stage);
	char byte;

	if (!finds(reader, 1, 100))
		return (1);
	if (write(turns[1], "r", 1) != 1 || read(turns[1], &byte, 1) != 1)
		return (2);
	if (finds(reader, 1, 100) || !cache_reader_in_service(reader))
		return (3);
	cache_reader_free(&reader);
	return (0);
}

static void
clearing(void)
{
	struct stage stage;
	uint64_t count = 0;
	int status = -1;
	char byte;
	pid_t pid;

	stage_open(&stage, MAP_SIZE);
	put(&stage, 1, 100, NOW + 10);
	put(&stage, 2, 100, NOW + 10);
	commit(&stage);
	CU_ASSERT_FATAL(
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, turns) == 0);
	(void)fflush(NULL);
	pid = fork();
	if (pid == 0) {
		close(turns[0]);
		_exit(sees_the_clearing(&stage));
	}
	close(turns[1]);
	CU_ASSERT(read(turns[0], &byte, 1) == 1);
	CU_ASSERT(writer_clear(stage.writer, &count) == 0);
	CU_ASSERT_EQUAL(count, 2);
	CU_ASSERT(write(turns[0], "c", 1) == 1);
	CU_ASSERT(waitpid(pid, &status, 0) == pid);
	CU_ASSERT_EQUAL(status, 0);
	CU_ASSERT_EQUAL(stage.totals.deleted, 0);
	CU_ASSERT(writer_clear(stage.writer, &count) == 0);
	CU_ASSERT_EQUAL(count, 0);
	put(&stage, 3, 100, NOW + 10);
	commit(&stage);
	CU_ASSERT_EQUAL(sessions(&stage), 1);
	close(turns[0]);
	stage_close(&stage);
}

CU_TestInfo cache_tests[] = {
	{ "others find what was put", others_find_what_was_put },
	{ "the largest sessions fit", largest_sessions_fit },
	{ "a key is overwritten", overwriting },
	{ "the expired are not found", expired_sessions_are_not_found },
	{ "expiry goes in small steps", expiry_in_small_steps },
	{ "sessions are deleted", deleting },
	{ "a listing comes in pages", listing_in_pages },
	{ "clearing is seen at once", clearing },
	CU_TEST_INFO_NULL,
};
