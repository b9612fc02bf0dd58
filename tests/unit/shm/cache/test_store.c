/* Unit tests of shm/cache: records, keys, counts. */
#include "tests/unit/stage.h"

/* Records ---------------------------------------------------------------- */

/* Cut anywhere, or longer than it says: refused. */
static void
refuse_other_lengths(const MDB_val *place, const MDB_val *value)
{
	struct store_session read;
	MDB_val other = *value;

	for (other.mv_size = 0; other.mv_size < value->mv_size; other.mv_size++)
		CHECK_CASE(store_decode(place, &other, &read) == MDB_CORRUPTED,
		    "a cut record");
	other.mv_size = value->mv_size + 1;
	CHECK_CASE(store_decode(place, &other, &read) == MDB_CORRUPTED,
	    "a longer record");
}

static void
records_survive(void)
{
	static const struct {
		const char *what;
		uint8_t id_len, context_len;
		uint16_t sealed_len;
	} cases[] = {
		{ "an ordinary one", 32, 32, 200 },
		{ "the largest", 32, 32, CACHE_VALUE_MAX },
		{ "no context", 16, 0, 1 },
		{ "nothing at all", 0, 0, 0 },
	};
	static uint8_t record[STORE_RECORD_MAX];
	static struct sample sample;
	struct store_session read;
	uint8_t bytes[STORE_PLACE_LEN];
	MDB_val place = { sizeof(bytes), bytes }, value;
	size_t i;

	store_place(bytes, NOW + 9, 3);
	for (i = 0; i < NITEMS(cases); i++) {
		sample_make(&sample, 77, CACHE_VALUE_MAX, NOW + 9);
		sample.session.id_len = cases[i].id_len;
		sample.session.context_len = cases[i].context_len;
		sample.session.sealed_len = cases[i].sealed_len;
		value.mv_size = store_encode(&sample.session, record);
		value.mv_data = record;
		CHECK_CASE(store_decode(&place, &value, &read) == 0,
		    cases[i].what);
		CHECK_CASE(read.id_len == cases[i].id_len &&
			read.context_len == cases[i].context_len &&
			read.sealed_len == cases[i].sealed_len &&
			read.expires == NOW + 9 &&
			memcmp(read.sealed, sample.sealed, read.sealed_len) ==
			    0,
		    cases[i].what);
		refuse_other_lengths(&place, &value);
	}
}

static void
hostile_records_are_refused(void)
{
	static const struct {
		const char *what;
		size_t at;
		uint8_t value;
	} cases[] = {
		{ "another format", 0, STORE_FORMAT + 1 },
		{ "an id beyond the end", 1, 33 },
		{ "the longest id", 1, 255 },
		{ "a context beyond the end", 2, 255 },
		{ "a sealed part beyond the end", 6, 201 },
		{ "a huge sealed part", 7, 255 },
	};
	static uint8_t record[STORE_RECORD_MAX];
	static struct sample sample;
	struct store_session read;
	uint8_t bytes[STORE_PLACE_LEN];
	MDB_val place = { sizeof(bytes), bytes }, value;
	size_t i;

	store_place(bytes, NOW, 1);
	for (i = 0; i < NITEMS(cases); i++) {
		sample_make(&sample, 1, 200, NOW);
		value.mv_size = store_encode(&sample.session, record);
		value.mv_data = record;
		record[cases[i].at] = cases[i].value;
		CHECK_CASE(store_decode(&place, &value, &read) == MDB_CORRUPTED,
		    cases[i].what);
	}
}

static void
places_sort_by_time(void)
{
	static const uint64_t times[] = { 0, 1, 255, 256, 65536, NOW,
		(uint64_t)1 << 40, UINT64_MAX };
	uint8_t a[STORE_PLACE_LEN], b[STORE_PLACE_LEN];
	size_t i;

	for (i = 0; i < NITEMS(times); i++) {
		store_place(b, times[i], 0);
		CHECK_CASE(store_place_time(b) == times[i], "a time");
		if (i > 0) {
			store_place(a, times[i - 1], UINT32_MAX);
			CHECK_CASE(memcmp(a, b, sizeof(a)) < 0, "by time");
		}
		store_place(a, times[i], 255);
		store_place(b, times[i], 256);
		CHECK_CASE(memcmp(a, b, sizeof(a)) < 0, "then by number");
	}
}

static void
counting(void)
{
	struct cache_reader *reader;
	struct msg_cache_counts counts;
	uint8_t key[CACHE_KEY_LEN] = { 0 };
	struct cache_record record;

	reader = cache_reader_new();
	CU_ASSERT_PTR_NOT_NULL_FATAL(reader);
	CU_ASSERT(!cache_reader_counts(reader, &counts));
	CU_ASSERT(!cache_reader_get(reader, key, NOW, &record));
	cache_reader_count_error(reader);
	cache_reader_count_dropped(reader);
	cache_reader_count_too_large(reader, 5000);
	cache_reader_count_too_large(reader, 4500);
	CU_ASSERT(cache_reader_counts(reader, &counts));
	CU_ASSERT(counts.misses == 1 && counts.hits == 0);
	CU_ASSERT(counts.errors == 1 && counts.dropped == 1);
	CU_ASSERT(counts.too_large == 2 && counts.largest == 5000);
	CU_ASSERT(!cache_reader_counts(reader, &counts));
	cache_reader_free(&reader);
}

/* SHA-256("ab" || "c"), from FIPS 180-2. */
static void
key_is_a_digest(void)
{
	static const uint8_t start[] = { 0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01,
		0xcf, 0xea };
	uint8_t key[CACHE_KEY_LEN], other[CACHE_KEY_LEN];

	cache_key(key, (const uint8_t *)"ab", 2, (const uint8_t *)"c", 1);
	CU_ASSERT(memcmp(key, start, sizeof(start)) == 0);
	cache_key(other, NULL, 0, (const uint8_t *)"abd", 3);
	CU_ASSERT(memcmp(key, other, sizeof(key)) != 0);
}

CU_TestInfo store_tests[] = {
	{ "records survive encoding", records_survive },
	{ "hostile records are refused", hostile_records_are_refused },
	{ "the index sorts by time", places_sort_by_time },
	{ "counts are handed over once", counting },
	{ "the key is a digest", key_is_a_digest },
	CU_TEST_INFO_NULL,
};
