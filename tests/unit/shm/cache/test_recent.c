/* Unit tests of the sessions of the last moment, and of puts in bulk. */
#include <errno.h>
#include <sys/wait.h>

#include "shm/cache/recent.h"
#include "tests/unit/keeper_rig.h"

/* In memory -------------------------------------------------------------- */

static void
name(uint8_t key[CACHE_KEY_LEN], uint32_t n)
{
	cache_key(key, (const uint8_t *)&n, sizeof(n), NULL, 0);
}

static struct recent_record
record_of(uint32_t n, uint64_t stamp)
{
	struct recent_record record;

	memset(&record, 0, sizeof(record));
	record.stamp = stamp;
	record.started = n;
	record.expires = n + 100;
	record.protocol = 0x0304;
	record.sealed_len = RECENT_LEN;
	memset(record.sealed, (int)(n & 0xff), RECENT_LEN);
	return (record);
}

static bool
put(struct recent *recent, uint32_t n, uint64_t stamp)
{
	struct recent_record record = record_of(n, stamp);
	uint8_t key[CACHE_KEY_LEN];

	name(key, n);
	return (recent_put(recent, key, &record));
}

/* Whether it is there, and whole. */
static bool
has(struct recent *recent, uint32_t n, uint64_t since)
{
	struct recent_record found, wanted;
	uint8_t key[CACHE_KEY_LEN];

	name(key, n);
	if (!recent_get(recent, key, since, &found))
		return (false);
	wanted = record_of(n, found.stamp);
	CU_ASSERT_EQUAL(found.started, wanted.started);
	CU_ASSERT_EQUAL(found.expires, wanted.expires);
	CU_ASSERT_EQUAL(found.protocol, wanted.protocol);
	CU_ASSERT_EQUAL_FATAL(found.sealed_len, wanted.sealed_len);
	CU_ASSERT_EQUAL(memcmp(found.sealed, wanted.sealed, found.sealed_len),
	    0);
	return (true);
}

static void
finds_what_is_recent(void)
{
	struct recent *recent = recent_new();
	uint32_t n, found = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(recent);
	CU_ASSERT_FALSE(has(recent, 1, 0));
	CU_ASSERT_TRUE(put(recent, 1, 1000));
	CU_ASSERT_TRUE(has(recent, 1, 1000));
	CU_ASSERT_FALSE(has(recent, 1, 1001));
	CU_ASSERT_FALSE(has(recent, 2, 0));
	/* Many more than there is room for: the newest are there. */
	for (n = 0; n < 20000; n++)
		(void)put(recent, n, 2000 + n);
	for (n = 19500; n < 20000; n++)
		found += has(recent, n, 0);
	CU_ASSERT(found > 450);
	CU_ASSERT_FALSE(has(recent, 1, 0));
	recent_free(&recent);
	recent_free(&recent);
}

static void
write_for_a_while(struct recent *recent, uint32_t seed)
{
	uint32_t n;

	/* Few names, so that all meet in the same places. */
	for (n = 0; n < 200000; n++)
		(void)put(recent, (n + seed) % 16, n + 1);
	_exit(0);
}

/* Two write, one dies in the midst of it; what is read is never torn. */
static void
is_never_torn(void)
{
	struct recent *recent = recent_new();
	pid_t writers[2];
	uint32_t n, found = 0;
	int status;

	CU_ASSERT_PTR_NOT_NULL_FATAL(recent);
	for (n = 0; n < NITEMS(writers); n++) {
		writers[n] = fork();
		CU_ASSERT_FATAL(writers[n] != -1);
		if (writers[n] == 0)
			write_for_a_while(recent, n * 7);
	}
	for (n = 0; n < 100000; n++)
		found += has(recent, n % 16, 0);
	(void)kill(writers[0], SIGKILL);
	for (n = 0; n < NITEMS(writers); n++)
		(void)waitpid(writers[n], &status, 0);
	CU_ASSERT(put(recent, 17, UINT64_MAX) || put(recent, 18, UINT64_MAX));
	CU_ASSERT(found > 0 || has(recent, 0, 0));
	recent_free(&recent);
}

static void
shows_other_workers(void)
{
	struct msg_cache_directory none = { .number = 1 };
	struct cache_reader *reader = cache_reader_new();
	struct msg_cache_put body = { .sealed_len = RECENT_LEN + 1 };
	struct recent *recent = recent_new();
	uint8_t sealed[RECENT_LEN + 1] = { 1 };
	struct cache_record found;

	CU_ASSERT_PTR_NOT_NULL_FATAL(reader);
	name(body.key, 1);
	CU_ASSERT_FALSE(cache_reader_show(reader, &body, sealed));
	cache_reader_share(reader, recent);
	CU_ASSERT_FALSE(cache_reader_show(reader, &body, sealed));
	body.sealed_len = RECENT_LEN;
	CU_ASSERT_TRUE(cache_reader_show(reader, &body, sealed));
	/* Out of service is out of service. */
	cache_reader_open(reader, &none);
	CU_ASSERT_FALSE(cache_reader_get(reader, body.key, 0, &found));
	cache_reader_free(&reader);
	recent_free(&recent);
}

/* Puts in bulk ----------------------------------------------------------- */

struct bulk {
	size_t len;
	uint8_t bytes[8192];
};

static void
add(struct bulk *bulk, const struct put *one)
{
	size_t len = (size_t)one->body.id_len + one->body.context_len +
	    one->body.sealed_len;

	memcpy(bulk->bytes + bulk->len, &one->body, sizeof(one->body));
	memcpy(bulk->bytes + bulk->len + sizeof(one->body), one->bytes, len);
	bulk->len += sizeof(one->body) + len;
}

static void
send_bulk(struct end *worker, const struct bulk *bulk, uint32_t count)
{
	struct msg_cache_puts body = { .count = count };
	struct channel_message message = {
		.type = MSG_CACHE_PUTS,
		.body = &body,
		.pieces = { { bulk->bytes, bulk->len } },
		.fd = -1,
	};

	CU_ASSERT_EQUAL(channel_send(worker->channel, &message), 0);
}

static void
takes_many_at_once(void)
{
	static const struct {
		const char *what;
		size_t cut;
		uint32_t count;
		uint8_t id_len;
	} bad[] = {
		{ "more than there are", 0, 3, 32 },
		{ "fewer than there are", 0, 1, 32 },
		{ "the last one cut", 1, 2, 32 },
		{ "half a head", 300, 2, 32 },
		{ "an id too long", 0, 2, 33 },
		{ "all there could be", 0, UINT32_MAX, 32 },
	};
	static struct put one;
	struct bulk bulk = { .len = 0 };
	struct end worker;
	struct rig rig;
	uint32_t n;
	size_t i;

	rig_start(&rig, settings_on);
	worker_open(&rig, &worker, 0);
	for (n = 0; n < 20; n++) {
		put_make(&one, n);
		add(&bulk, &one);
	}
	send_bulk(&worker, &bulk, 20);
	CU_ASSERT_EQUAL(facts(&rig, 20)->current, 20);
	channel_free(&worker.channel);
	for (i = 0; i < NITEMS(bad); i++) {
		worker_open(&rig, &worker, 1);
		bulk.len = 0;
		put_make(&one, 1);
		add(&bulk, &one);
		one.body.id_len = bad[i].id_len;
		add(&bulk, &one);
		bulk.len -= bad[i].cut;
		send_bulk(&worker, &bulk, bad[i].count);
		CHECK_CASE(next(&worker) == MSG_NONE, bad[i].what);
		channel_free(&worker.channel);
	}
	rig_close(&rig);
}

CU_TestInfo recent_tests[] = {
	{ "what is recent is found", finds_what_is_recent },
	{ "what is found is whole", is_never_torn },
	{ "other workers see what one puts", shows_other_workers },
	{ "the keeper takes many at once", takes_many_at_once },
	CU_TEST_INFO_NULL,
};
