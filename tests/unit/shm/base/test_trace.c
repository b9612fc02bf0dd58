/* Unit tests of trace channels: rules as text, and whom they mean. */
#include <CUnit/CUnit.h>
#include <string.h>

#include "shm/base/trace.h"
#include "tests/unit/suites.h"

static const struct {
	const char *what, *level, *client;
	bool good;
	const char *shown;
} rules[] = {
	{ "off", "0", NULL, true, "" },
	{ "everything", "20", NULL, true, "" },
	{ "an IPv4 address", "5", "192.0.2.7", true, "192.0.2.7" },
	{ "an IPv4 network", "5", "192.0.2.7/24", true, "192.0.2.0/24" },
	{ "all of IPv4", "5", "0.0.0.0/0", true, "0.0.0.0/0" },
	{ "an IPv6 address", "1", "2001:db8::1", true, "2001:db8::1" },
	{ "an IPv6 network", "1", "2001:db8::1/33", true, "2001:db8::/33" },
	{ "a level above all", "21", NULL, false, NULL },
	{ "a negative level", "-1", NULL, false, NULL },
	{ "no number", "much", NULL, false, NULL },
	{ "an empty level", "", NULL, false, NULL },
	{ "a number and more", "5x", NULL, false, NULL },
	{ "a huge number", "99999999999999999999", NULL, false, NULL },
	{ "a name", "5", "localhost", false, NULL },
	{ "a network too narrow", "5", "192.0.2.0/33", false, NULL },
	{ "a slash alone", "5", "192.0.2.0/", false, NULL },
	{ "an empty client", "5", "", false, NULL },
	{ "a client too long", "5",
	    "1111111111111111111111111111111111111111111111111111", false,
	    NULL },
};

static void
reads_rules(void)
{
	char shown[TRACE_CLIENT_MAX];
	struct trace_rule rule;
	const char *why;
	size_t i;
	int ret;

	for (i = 0; i < NITEMS(rules); i++) {
		ret = trace_parse(&rule, rules[i].level, rules[i].client, &why);
		CHECK_CASE((ret == 0) == rules[i].good, rules[i].what);
		if (ret == 0)
			CHECK_CASE(strcmp(trace_client(&rule, shown),
				       rules[i].shown) == 0,
			    rules[i].what);
	}
}

static unsigned int lines;
static char last[LOG_TEXT_MAX];

static void
collect(const struct log_record *record, void *context UNUSED)
{
	CU_ASSERT_EQUAL(record->stream, LOG_STREAM_TLS);
	lines++;
	(void)strncpy(last, record->text, sizeof(last) - 1);
}

static unsigned int
evaluated(unsigned int *count)
{
	return (++*count);
}

/* Puts one rule in force for tls, and writes a line for that client. */
static bool
is_written(const char *level, const char *client, const char *subject)
{
	const struct log_subject about = { .client = subject };
	struct trace_rule wanted[TRACE_COUNT] = { 0 };
	unsigned int count = 0;
	const char *why;

	CU_ASSERT_EQUAL(trace_parse(&wanted[TRACE_TLS], level, client, &why),
	    0);
	CU_ASSERT_EQUAL(trace_set(wanted), 0);
	lines = 0;
	trace_line(TLS, 5, subject == NULL ? NULL : &about, "line %u",
	    evaluated(&count));
	CU_ASSERT_EQUAL(count, trace_on(TLS, 5) ? 1 : 0);
	return (lines == 1);
}

static void
writes_what_is_meant(void)
{
	enum log_level level = log_get_level();

	log_set_sink(collect, NULL);
	log_set_level(LOG_LEVEL_ERROR);
	CU_ASSERT_FALSE(is_written("0", NULL, "192.0.2.7"));
	CU_ASSERT_FALSE(is_written("4", NULL, "192.0.2.7"));
	CU_ASSERT_TRUE(is_written("5", NULL, "192.0.2.7"));
	CU_ASSERT_STRING_EQUAL(last, "trace tls:5: line 1");
	CU_ASSERT_TRUE(is_written("20", NULL, NULL));
	CU_ASSERT_TRUE(is_written("5", "192.0.2.7", "192.0.2.7"));
	CU_ASSERT_FALSE(is_written("5", "192.0.2.7", "192.0.2.8"));
	CU_ASSERT_FALSE(is_written("5", "192.0.2.7", NULL));
	CU_ASSERT_FALSE(is_written("5", "192.0.2.7", "nonsense"));
	CU_ASSERT_TRUE(is_written("5", "192.0.2.0/24", "192.0.2.8"));
	CU_ASSERT_TRUE(is_written("5", "2001:db8::/33", "2001:db8:7fff::1"));
	CU_ASSERT_FALSE(is_written("5", "2001:db8::/33", "2001:db8:8000::1"));
	CU_ASSERT_FALSE(is_written("5", "0.0.0.0/0", "2001:db8::1"));
	CU_ASSERT_FALSE(is_written("0", NULL, "192.0.2.7"));
	log_set_sink(NULL, NULL);
	log_set_level(level);
}

/* As a message could bring them. */
static void
refuses_rules_that_cannot_be(void)
{
	struct trace_rule wanted[TRACE_COUNT] = { 0 };

	wanted[TRACE_TLS_SESSION].level = TRACE_LEVEL_MAX + 1;
	CU_ASSERT_EQUAL(trace_set(wanted), -1);
	wanted[TRACE_TLS_SESSION].level = 1;
	wanted[TRACE_TLS_VERIFY].bits = 129;
	CU_ASSERT_EQUAL(trace_set(wanted), -1);
	CU_ASSERT_EQUAL(trace_levels[TRACE_TLS_SESSION], 0);
	wanted[TRACE_TLS_VERIFY].bits = 128;
	CU_ASSERT_EQUAL(trace_set(wanted), 0);
	CU_ASSERT_TRUE(trace_on(TLS_SESSION, 1));
	memset(wanted, 0, sizeof(wanted));
	CU_ASSERT_EQUAL(trace_set(wanted), 0);
}

static void
knows_its_channels(void)
{
	CU_ASSERT_EQUAL(trace_find("tls"), TRACE_TLS);
	CU_ASSERT_EQUAL(trace_find("tls.ocsp"), TRACE_TLS_OCSP);
	CU_ASSERT_EQUAL(trace_find("tls."), TRACE_COUNT);
	CU_ASSERT_EQUAL(trace_find(""), TRACE_COUNT);
	CU_ASSERT_STRING_EQUAL(trace_name(TRACE_TLS_VERIFY), "tls.verify");
}

CU_TestInfo trace_tests[] = {
	{ "rules are read", reads_rules },
	{ "lines are written for who is meant", writes_what_is_meant },
	{ "rules that cannot be are refused", refuses_rules_that_cannot_be },
	{ "channels have names", knows_its_channels },
	CU_TEST_INFO_NULL,
};
