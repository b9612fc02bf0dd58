/* Unit tests of the keeper and the responses for our own certificates. */
#include <CUnit/CUnit.h>

#include "tests/unit/keeper_rig.h"

static const char settings_stapling[] = "{size: 4MiB, timeout: 10m}\n"
					"  stapling_cache: {size: 2MiB}\n"
					"  engine: on\n"
					"  certificates: [{cert: /c.pem}]\n";

static bool
is_wanted(struct end *ocsp, enum staples_wish wish)
{
	return (
	    next(ocsp) == MSG_STAPLES_WANTED && ocsp->body.wanted.wish == wish);
}

static const struct msg_cache_put sample = {
	.key = { 1, 2, 3 },
	.id_len = CACHE_KEY_LEN,
	.sealed_len = 100,
};

/* Puts the sample, which lives as long as it may. */
static void
put_sample(struct end *ocsp)
{
	struct msg_cache_put body = sample;

	body.started = (uint64_t)time(NULL);
	body.expires = body.started + STAPLE_LIFE_MAX;
	put_response(ocsp, MSG_STAPLE_PUT, &body,
	    CACHE_KEY_LEN + body.sealed_len);
}

/* Whether the sample is there, or not, before long. */
static bool
becomes(struct cache_reader *reader, bool there)
{
	static struct cache_record record;
	int i;

	for (i = 0; i < 5000; i++) {
		if (cache_reader_get(reader, sample.key, (uint64_t)time(NULL),
			&record) == there)
			return (true);
		usleep(1000);
	}
	return (false);
}

static void
ask(struct rig *rig, enum msg_type type, int error, uint64_t gone)
{
	const struct msg_request body = { .request = 70 };

	CU_ASSERT(channel_post(rig->master.channel, type, &body) == 0);
	CU_ASSERT_EQUAL_FATAL(next(&rig->master), MSG_CACHE_DONE);
	CU_ASSERT_EQUAL(rig->master.body.done.request, 70);
	CU_ASSERT_EQUAL(rig->master.body.done.error, error);
	CU_ASSERT_EQUAL(rig->master.body.done.sessions, gone);
}

static void
are_kept_cleared_and_removed(void)
{
	struct cache_reader *reader = cache_reader_new();
	struct msg_cache_key key;
	struct end worker, ocsp;
	struct rig rig;

	CU_ASSERT_PTR_NOT_NULL_FATAL(reader);
	rig_start(&rig, settings_stapling);
	worker_open(&rig, &worker, 0);
	CU_ASSERT(next(&worker) == MSG_STAPLE_DIRECTORY);
	cache_reader_open(reader, &worker.body.directory);
	ocsp_open(&rig, &ocsp);
	CU_ASSERT(is_wanted(&ocsp, STAPLES_AGAIN));
	put_sample(&ocsp);
	CU_ASSERT(becomes(reader, true));
	memcpy(key.key, sample.key, sizeof(key.key));
	CU_ASSERT(channel_post(ocsp.channel, MSG_STAPLE_DELETE, &key) == 0);
	CU_ASSERT(becomes(reader, false));
	put_sample(&ocsp);
	CU_ASSERT(becomes(reader, true));
	ask(&rig, MSG_STAPLE_CLEAR, 0, 1);
	CU_ASSERT(becomes(reader, false));
	CU_ASSERT(is_wanted(&ocsp, STAPLES_FORGET));
	put_sample(&ocsp);
	CU_ASSERT(becomes(reader, true));
	ask(&rig, MSG_STAPLE_REMOVE, 0, 1);
	CU_ASSERT(becomes(reader, false));
	CU_ASSERT(is_wanted(&ocsp, STAPLES_NONE));
	ask(&rig, MSG_STAPLE_CLEAR, ENOSYS, 0);
	CU_ASSERT(next(&worker) == MSG_STAPLE_DIRECTORY);
	CU_ASSERT_STRING_EQUAL(worker.body.directory.name, "");
	cache_reader_free(&reader);
	channel_free(&ocsp.channel);
	channel_free(&worker.channel);
	rig_close(&rig);
}

/* A fresh environment is filled again. */
static void
are_wanted_again_after_trouble(void)
{
	struct msg_cache_trouble trouble;
	struct end worker, ocsp;
	struct rig rig;

	rig_start(&rig, settings_stapling);
	worker_open(&rig, &worker, 0);
	CU_ASSERT(next(&worker) == MSG_STAPLE_DIRECTORY);
	ocsp_open(&rig, &ocsp);
	CU_ASSERT(is_wanted(&ocsp, STAPLES_AGAIN));
	memset(&trouble, 0, sizeof(trouble));
	trouble.number = worker.body.directory.number;
	CU_ASSERT(
	    channel_post(worker.channel, MSG_CACHE_TROUBLE, &trouble) == 0);
	CU_ASSERT(next(&worker) == MSG_STAPLE_DIRECTORY);
	CU_ASSERT(worker.body.directory.number != trouble.number);
	CU_ASSERT(is_wanted(&ocsp, STAPLES_AGAIN));
	channel_free(&ocsp.channel);
	channel_free(&worker.channel);
	rig_close(&rig);
}

static void
bad_puts_end_the_channel(void)
{
	static const struct {
		const char *what;
		uint8_t id_len, context_len;
		uint32_t sealed_len;
		size_t len;
	} cases[] = {
		{ "no key", 0, 0, 100, 100 },
		{ "no response", CACHE_KEY_LEN, 0, 0, CACHE_KEY_LEN },
		{ "a long one", CACHE_KEY_LEN, 0, CACHE_VALUE_MAX + 1,
		    CACHE_KEY_LEN + CACHE_VALUE_MAX + 1 },
		{ "less than it says", CACHE_KEY_LEN, 0, 100,
		    CACHE_KEY_LEN + 99 },
		{ "more than it says", CACHE_KEY_LEN, 0, 100,
		    CACHE_KEY_LEN + 101 },
		{ "a length that wraps", CACHE_KEY_LEN, 0, UINT32_MAX, 100 },
	};
	struct msg_cache_put body = sample;
	struct end ocsp;
	struct rig rig;
	size_t i;

	rig_start(&rig, settings_stapling);
	for (i = 0; i < NITEMS(cases); i++) {
		ocsp_open(&rig, &ocsp);
		CU_ASSERT(is_wanted(&ocsp, STAPLES_AGAIN));
		body.id_len = cases[i].id_len;
		body.context_len = cases[i].context_len;
		body.sealed_len = cases[i].sealed_len;
		put_response(&ocsp, MSG_STAPLE_PUT, &body, cases[i].len);
		CHECK_CASE(next(&ocsp) == MSG_NONE, cases[i].what);
		channel_free(&ocsp.channel);
	}
	rig_close(&rig);
}

/* Where nobody staples there is nothing. */
static void
are_not_there_where_nobody_wants_them(void)
{
	struct end ocsp;
	struct rig rig;

	rig_start(&rig, "{size: 4MiB}\n  stapling_cache: {size: 2MiB}\n");
	ocsp_open(&rig, &ocsp);
	put_sample(&ocsp);
	ask(&rig, MSG_STAPLE_CLEAR, ENOSYS, 0);
	ask(&rig, MSG_STAPLE_REMOVE, ENOSYS, 0);
	channel_free(&ocsp.channel);
	rig_close(&rig);
}

CU_TestInfo staples_kept_tests[] = {
	{ "are kept, cleared and removed", are_kept_cleared_and_removed },
	{ "are wanted again after trouble", are_wanted_again_after_trouble },
	{ "bad puts end the channel", bad_puts_end_the_channel },
	{ "are not there where nobody wants them",
	    are_not_there_where_nobody_wants_them },
	CU_TEST_INFO_NULL,
};
