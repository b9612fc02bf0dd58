/* Unit tests of worker/ftp/time.c. */
#include "worker/ftp/time.h"

#include <string.h>

#include "tests/unit/suites.h"

static const struct {
	const char *what, *text;
	int ret;
	int64_t seconds;
} cases[] = {
	{ "the epoch", "19700101000000", 0, 0 },
	{ "a time of ours", "20240229123456", 0, 1709210096 },
	{ "without seconds", "202402291234", 0, 1709210040 },
	{ "with a fraction", "20240229123456.789", 0, 1709210096 },
	{ "before the epoch", "19691231235959", 0, -1 },
	{ "beyond 2038", "21060207062816", 0, 4294967296 },
	{ "the last second", "99991231235959", 0, 253402300799 },
	{ "no leap year", "20230229000000", -1, 0 },
	{ "a leap year of a century", "20000229000000", 0, 951782400 },
	{ "no leap year of a century", "19000229000000", -1, 0 },
	{ "month 13", "20231301000000", -1, 0 },
	{ "month 0", "20230001000000", -1, 0 },
	{ "day 0", "20230100000000", -1, 0 },
	{ "31 April", "20230431000000", -1, 0 },
	{ "hour 24", "20230101240000", -1, 0 },
	{ "minute 60", "20230101006000", -1, 0 },
	{ "second 60", "20230101000060", -1, 0 },
	{ "too short", "2023010100000", -1, 0 },
	{ "too long", "202301010000000", -1, 0 },
	{ "a letter", "2023010100000x", -1, 0 },
	{ "a sign", "-2023010100000", -1, 0 },
	{ "a point and nothing", "20230101000000.", -1, 0 },
	{ "a fraction without seconds", "202301010000.5", -1, 0 },
	{ "nothing", "", -1, 0 },
};

static void
parses(void)
{
	int64_t seconds;
	size_t i;
	int ret;

	for (i = 0; i < NITEMS(cases); i++) {
		seconds = 0;
		ret =
		    time_parse(cases[i].text, strlen(cases[i].text), &seconds);
		CHECK_CASE(ret == cases[i].ret && seconds == cases[i].seconds,
		    cases[i].what);
	}
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
	CU_TEST_INFO_NULL,
};
