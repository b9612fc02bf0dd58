/* Unit tests of shm/cache: sessions in a worker's own memory. */
#include <string.h>

#include "shm/cache/internal.h"
#include "shm/cache/reader.h"
#include "tests/unit/suites.h"

#define SIZE   65536u
#define LENGTH 200u

static void
name(uint8_t key[CACHE_KEY_LEN], uint32_t n)
{
	cache_key(key, (const uint8_t *)&n, sizeof(n), NULL, 0);
}

static void
put(struct internal *internal, uint32_t n, uint64_t now,
    struct msg_cache_counts *counts)
{
	uint8_t sealed[LENGTH];
	struct msg_cache_put body;

	memset(&body, 0, sizeof(body));
	name(body.key, n);
	body.started = now;
	body.expires = now + 100;
	body.protocol = 0x0303;
	body.sealed_len = sizeof(sealed);
	memset(sealed, (int)(n & 0xff), sizeof(sealed));
	internal_put(internal, &body, sealed, now, counts);
}

static bool
has(struct internal *internal, uint32_t n, uint64_t now)
{
	static struct cache_record record;
	uint8_t key[CACHE_KEY_LEN];

	name(key, n);
	return (internal_get(internal, key, now, &record) &&
	    record.sealed_len == LENGTH && record.protocol == 0x0303 &&
	    record.sealed[LENGTH - 1] == (n & 0xff));
}

static void
finds_until_the_end(void)
{
	struct internal *internal = internal_new(SIZE);
	struct msg_cache_counts counts;

	CU_ASSERT_PTR_NOT_NULL_FATAL(internal);
	memset(&counts, 0, sizeof(counts));
	CU_ASSERT_FALSE(has(internal, 1, 1000));
	put(internal, 1, 1000, &counts);
	CU_ASSERT_TRUE(has(internal, 1, 1099));
	CU_ASSERT_FALSE(has(internal, 1, 1100));
	CU_ASSERT_FALSE(has(internal, 2, 1000));
	CHECK_CASE(counts.expired == 0, "it is still there");
	put(internal, 2, 1100, &counts);
	CU_ASSERT_EQUAL(counts.expired, 1);
	/* The same again takes the place of the first. */
	put(internal, 2, 1110, &counts);
	CU_ASSERT_TRUE(has(internal, 2, 1205));
	CU_ASSERT_EQUAL(counts.stored, 3);
	CU_ASSERT_EQUAL(counts.deleted, 0);
	internal_free(&internal);
	internal_free(&internal);
}

/* It never grows beyond its size: the oldest go, and all is counted. */
static void
the_oldest_go(void)
{
	struct internal *internal = internal_new(SIZE);
	struct msg_cache_counts counts;
	uint32_t n, found = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(internal);
	memset(&counts, 0, sizeof(counts));
	for (n = 0; n < 10000; n++)
		put(internal, n, 1000, &counts);
	CU_ASSERT_EQUAL(counts.stored, 10000);
	for (n = 0; n < 10000; n++)
		found += has(internal, n, 1000);
	CU_ASSERT_EQUAL(found + counts.deleted, 10000);
	CU_ASSERT(found > 100 && found <= SIZE / LENGTH);
	CHECK_CASE(has(internal, 9999, 1000) &&
		has(internal, 10000 - found, 1000),
	    "the newest are there");
	internal_free(&internal);
}

static void
the_expired_go_first(void)
{
	struct internal *internal = internal_new(SIZE);
	struct msg_cache_counts counts;
	uint32_t n;

	CU_ASSERT_PTR_NOT_NULL_FATAL(internal);
	memset(&counts, 0, sizeof(counts));
	for (n = 0; n < 100; n++)
		put(internal, n, 1000, &counts);
	for (n = 100; n < 200; n++)
		put(internal, n, 1100, &counts);
	CU_ASSERT_EQUAL(counts.deleted, 0);
	CU_ASSERT_EQUAL(counts.expired, 100);
	for (n = 100; n < 200; n++)
		CU_ASSERT_TRUE(has(internal, n, 1100));
	internal_free(&internal);
}

static void
too_small_for_one(void)
{
	struct internal *internal = internal_new(LENGTH);
	struct msg_cache_counts counts;

	CU_ASSERT_PTR_NOT_NULL_FATAL(internal);
	memset(&counts, 0, sizeof(counts));
	put(internal, 1, 1000, &counts);
	CU_ASSERT_EQUAL(counts.dropped, 1);
	CU_ASSERT_FALSE(has(internal, 1, 1000));
	internal_free(&internal);
}

/* As the worker uses it: the reader stores, finds and counts. */
static void
behind_the_reader(void)
{
	struct cache_reader *reader = cache_reader_new();
	static struct cache_record record;
	struct msg_cache_counts counts;
	struct msg_cache_directory none;
	struct msg_cache_put body;
	uint8_t sealed[LENGTH];

	CU_ASSERT_PTR_NOT_NULL_FATAL(reader);
	memset(&body, 0, sizeof(body));
	memset(&none, 0, sizeof(none));
	memset(sealed, 3, sizeof(sealed));
	name(body.key, 1);
	body.expires = UINT64_MAX;
	body.sealed_len = sizeof(sealed);
	CU_ASSERT_FALSE(cache_reader_put(reader, &body, sealed));
	CU_ASSERT(cache_reader_own(reader, SIZE) == 0);
	cache_reader_open(reader, &none);
	CU_ASSERT_TRUE(cache_reader_in_service(reader));
	CU_ASSERT_TRUE(cache_reader_put(reader, &body, sealed));
	CU_ASSERT_TRUE(cache_reader_get(reader, body.key, 1, &record));
	CU_ASSERT_TRUE(cache_reader_get(reader, body.key, 1, &record));
	cache_reader_reject(reader);
	CU_ASSERT_TRUE(cache_reader_counts(reader, &counts));
	CU_ASSERT_EQUAL(counts.stored, 1);
	CU_ASSERT_EQUAL(counts.hits, 1);
	CU_ASSERT_EQUAL(counts.misses, 1);
	cache_reader_free(&reader);
}

CU_TestInfo internal_tests[] = {
	{ "finds what was put until its end", finds_until_the_end },
	{ "the oldest go", the_oldest_go },
	{ "the expired go first", the_expired_go_first },
	{ "too small for one", too_small_for_one },
	{ "behind the reader", behind_the_reader },
	CU_TEST_INFO_NULL,
};
