/* Unit tests of worker/ftp/syntax/time.c. */
#include "worker/ftp/syntax/time.h"

#include <string.h>

#include "tests/unit/suites.h"

#define F TIME_FRACTION
#define M TIME_MINUTES
#define Z TIME_ZONE

static const struct {
	const char *what, *text;
	unsigned int forms;
	int ret;
	int64_t seconds;
	uint32_t nanoseconds;
} cases[] = {
	{ "the epoch", "19700101000000", 0, 0, 0, 0 },
	{ "a time of ours", "20240229123456", 0, 0, 1709210096, 0 },
	{ "without seconds", "202402291234", M, 0, 1709210040, 0 },
	{ "without seconds, not allowed", "202402291234", F | Z, -1, 0, 0 },
	{ "before the epoch", "19691231235959", 0, 0, -1, 0 },
	{ "beyond 2038", "21060207062816", 0, 0, 4294967296, 0 },
	{ "the last second", "99991231235959", 0, 0, 253402300799, 0 },
	{ "the first second", "00000101000000", 0, 0, -62167219200, 0 },
	{ "no leap year", "20230229000000", 0, -1, 0, 0 },
	{ "a leap year of a century", "20000229000000", 0, 0, 951782400, 0 },
	{ "no leap year of a century", "19000229000000", 0, -1, 0, 0 },
	{ "nor of one to come", "21000229000000", 0, -1, 0, 0 },
	{ "month 13", "20231301000000", 0, -1, 0, 0 },
	{ "month 0", "20230001000000", 0, -1, 0, 0 },
	{ "day 0", "20230100000000", 0, -1, 0, 0 },
	{ "31 April", "20230431000000", 0, -1, 0, 0 },
	{ "hour 24", "20230101240000", 0, -1, 0, 0 },
	{ "minute 60", "20230101006000", 0, -1, 0, 0 },
	{ "second 60", "20230101000060", 0, -1, 0, 0 },
	{ "second 61", "20161231235961", 0, -1, 0, 0 },
	{ "a leap second", "20161231235960", 0, 0, 1483228800, 0 },
	{ "a leap second in summer", "20150630235960", 0, 0, 1435708800, 0 },
	{ "none at the end of a month", "20150731235960", 0, -1, 0, 0 },
	{ "none at another hour", "20161231225960", 0, -1, 0, 0 },
	{ "too short", "2023010100000", 0, -1, 0, 0 },
	{ "too long", "202301010000000", F | M | Z, -1, 0, 0 },
	{ "a letter", "2023010100000x", 0, -1, 0, 0 },
	{ "a letter after it", "20230101000000x", F | M | Z, -1, 0, 0 },
	{ "a sign", "-2023010100000", Z, -1, 0, 0 },
	{ "nothing", "", F | M | Z, -1, 0, 0 },
	{ "a fraction", "20240229123456.789", F, 0, 1709210096, 789000000 },
	{ "of nine digits", "20240229123456.000000001", F, 0, 1709210096, 1 },
	{ "of ten", "20240229123456.0000000019", F, 0, 1709210096, 1 },
	{ "of many", "20240229123456.99999999999999999999", F, 0, 1709210096,
	    999999999 },
	{ "of none", "20230101000000.", F, -1, 0, 0 },
	{ "not allowed", "20240229123456.789", Z | M, -1, 0, 0 },
	{ "without seconds", "202301010000.5", F | M, -1, 0, 0 },
	{ "before the epoch", "19691231235959.5", F, 0, -1, 500000000 },
	{ "a zone in the east", "20240229123456+60", Z, 0, 1709206496, 0 },
	{ "in the west", "20240229123456-210", Z, 0, 1709222696, 0 },
	{ "of nothing", "20240229123456+0", Z, 0, 1709210096, 0 },
	{ "beyond a day", "20240229123456+1441", Z, -1, 0, 0 },
	{ "of many digits", "20240229123456+00060", Z, -1, 0, 0 },
	{ "without a number", "20240229123456+", Z, -1, 0, 0 },
	{ "not allowed", "20240229123456+60", F | M, -1, 0, 0 },
	{ "after a fraction", "20240229123456.5-60", F | Z, 0, 1709213696,
	    500000000 },
	{ "before a fraction", "20240229123456-60.5", F | Z, -1, 0, 0 },
};

static void
parses(void)
{
	struct fs_time time;
	size_t i;
	int ret;

	for (i = 0; i < NITEMS(cases); i++) {
		memset(&time, 0, sizeof(time));
		ret = time_parse(cases[i].text, strlen(cases[i].text),
		    cases[i].forms, &time);
		CHECK_CASE(ret == cases[i].ret &&
			time.seconds == cases[i].seconds &&
			time.nanoseconds == cases[i].nanoseconds,
		    cases[i].text);
	}
}

static void
formats_fractions(void)
{
	struct fs_time time = { 1709210096, 0, 0 };
	char text[TIME_TEXT_MAX];

	CU_ASSERT(time_format_exact(&time, text) == 0);
	CU_ASSERT_STRING_EQUAL(text, "20240229123456");
	time.nanoseconds = 5999999;
	CU_ASSERT(time_format_exact(&time, text) == 0);
	CU_ASSERT_STRING_EQUAL(text, "20240229123456.005");
	time.nanoseconds = 999999;
	CU_ASSERT(time_format_exact(&time, text) == 0);
	CU_ASSERT_STRING_EQUAL(text, "20240229123456");
	time.seconds = INT64_MAX;
	CU_ASSERT(time_format_exact(&time, text) == -1);
}

static void
formats(void)
{
	char text[TIME_TEXT_MAX];

	CU_ASSERT(time_format(1709210096, text) == 0);
	CU_ASSERT_STRING_EQUAL(text, "20240229123456");
	CU_ASSERT(time_format(-1, text) == 0);
	CU_ASSERT_STRING_EQUAL(text, "19691231235959");
	CU_ASSERT(time_format(253402300799, text) == 0);
	CU_ASSERT_STRING_EQUAL(text, "99991231235959");
	CU_ASSERT(time_format(253402300800, text) == -1);
	CU_ASSERT(time_format(INT64_MAX, text) == -1);
	CU_ASSERT(time_format(INT64_MIN, text) == -1);
}

CU_TestInfo time_tests[] = {
	{ "time_parse takes dates that exist", parses },
	{ "time_format", formats },
	{ "fractions are told", formats_fractions },
	CU_TEST_INFO_NULL,
};
