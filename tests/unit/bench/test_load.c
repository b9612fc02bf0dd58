/* Unit tests of what the load generator computes: tests/bench/load/. */
#include <CUnit/CUnit.h>
#include <string.h>

#include "tests/bench/load/reply.h"
#include "tests/bench/load/samples.h"
#include "tests/unit/suites.h"

static const struct {
	const char *data;
	ssize_t taken;
	int code;
	const char *text;
} replies[] = {
	{ "220 Hello\r\n", 11, 220, "220 Hello" },
	{ "220 Hello\r\n331 x\r\n", 11, 220, "220 Hello" },
	{ "226 bare\n", 9, 226, "226 bare" },
	{ "200\r\n", 5, 200, "200" },
	{ "220-One\r\n220 Two\r\n", 18, 220, "220 Two" },
	{ "230-a\r\n 230 b\r\n221 c\r\n230-d\r\n230 e\r\n", 36, 230, "230 e" },
	{ "", 0, 0, NULL },
	{ "220 He", 0, 0, NULL },
	{ "220-One\r\n220-Two\r\n", 0, 0, NULL },
	{ "hello\r\n", -1, 0, NULL },
	{ "22\r\n", -1, 0, NULL },
	{ "\r\n", -1, 0, NULL },
};

static void
replies_are_taken(void)
{
	struct reply reply;
	const char *data;
	ssize_t taken;
	size_t i;

	for (i = 0; i < NITEMS(replies); i++) {
		data = replies[i].data;
		taken = reply_scan(data, strlen(data), &reply);
		CHECK_CASE(taken == replies[i].taken, data);
		if (taken <= 0)
			continue;
		CHECK_CASE(reply.code == replies[i].code, data);
		CHECK_CASE(reply.len == strlen(replies[i].text) &&
			memcmp(reply.text, replies[i].text, reply.len) == 0,
		    data);
	}
}

static const struct {
	const char *text;
	unsigned int port;
} ports[] = {
	{ "229 Entering Extended Passive Mode (|||34567|)", 34567 },
	{ "229 (|||1|).", 1 },
	{ "229 (|||65535|)", 65535 },
	{ "229 (|||65536|)", 0 },
	{ "229 (|||99999999999999999999|)", 0 },
	{ "229 (|||345", 0 },
	{ "229 (||||)", 0 },
	{ "229 no port", 0 },
};

static void
ports_are_found(void)
{
	struct reply reply = { 0 };
	size_t i;

	for (i = 0; i < NITEMS(ports); i++) {
		reply.text = ports[i].text;
		reply.len = strlen(ports[i].text);
		CHECK_CASE(reply_port(&reply) == ports[i].port, ports[i].text);
	}
}

static void
ranks_are_of_the_values(void)
{
	struct samples some = { 0 }, all = { 0 };
	uint64_t i;

	CU_ASSERT_EQUAL(samples_rank(&all, 0.5), 0);
	for (i = 2000; i > 0; i--)
		samples_add(&some, i);
	samples_merge(&all, &some);
	samples_merge(&all, &some);
	samples_free(&some);
	samples_merge(&all, &some);
	samples_sort(&all);
	CU_ASSERT_EQUAL(all.count, 4000);
	CU_ASSERT_EQUAL(samples_rank(&all, 0), 1);
	CU_ASSERT_EQUAL(samples_rank(&all, 0.5), 1000);
	CU_ASSERT_EQUAL(samples_rank(&all, 0.99), 1980);
	CU_ASSERT_EQUAL(samples_rank(&all, 1), 2000);
	samples_free(&all);
	CU_ASSERT_PTR_NULL(all.values);
}

static void
one_sample_is_every_rank(void)
{
	struct samples one = { 0 };

	samples_add(&one, 7);
	samples_sort(&one);
	CU_ASSERT_EQUAL(samples_rank(&one, 0.5), 7);
	CU_ASSERT_EQUAL(samples_rank(&one, 0.99), 7);
	samples_free(&one);
	CU_ASSERT(samples_now() > 0);
}

CU_TestInfo load_tests[] = {
	{ "replies are taken whole, of one line or many", replies_are_taken },
	{ "the port of EPSV is found", ports_are_found },
	{ "ranks are of the values", ranks_are_of_the_values },
	{ "one sample is every rank", one_sample_is_every_rank },
	CU_TEST_INFO_NULL,
};
