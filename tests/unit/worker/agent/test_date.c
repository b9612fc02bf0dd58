/* Unit tests of worker/agent/date.c: the dates of the C library. */
#include "worker/agent/date.h"

#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/unit/suites.h"
#include "tests/unit/zone.h"

#define YEAR 31556952

static bool
same(bool known, const struct date *date, const struct tm *tm)
{
	if (tm == NULL || tm->tm_year < -1900)
		return (!known);
	return (known && date->year == (uint64_t)(1900L + tm->tm_year) &&
	    date->month == (unsigned int)tm->tm_mon + 1 &&
	    date->day == (unsigned int)tm->tm_mday &&
	    date->hour == (unsigned int)tm->tm_hour &&
	    date->minute == (unsigned int)tm->tm_min &&
	    date->second == (unsigned int)tm->tm_sec);
}

static bool
utc_is_right(int64_t when)
{
	struct date date;
	struct tm tm;
	bool known = date_utc(when, &date);

	return (same(known, &date, gmtime_r(&when, &tm)));
}

static bool
local_is_right(struct date_zone *zone, int64_t when)
{
	struct date date;
	struct tm tm;
	bool known = date_local(zone, when, &date);

	return (same(known, &date, localtime_r(&when, &tm)));
}

static const int64_t extremes[] = { 0, 1, -1, 86399, 86400, -86400, -86401,
	951782399, 951782400, 951868800, 2147483647, 2147483648, -2147483648,
	4102444799, 4107542400, -62167219200, -62167219201, -62135596800,
	-62135596801, 253370764799, 253370764800, 253402300799, 253402300800,
	67768036191676799, 67768036191676800, -67768040609740800,
	-67768040609740801, INT64_MAX, INT64_MIN };

static void
utc_is_that_of_the_library(void)
{
	unsigned int wrong = 0;
	int64_t when;
	size_t i;

	for (i = 0; i < NITEMS(extremes); i++)
		CHECK_CASE(utc_is_right(extremes[i]), "an extreme time");
	/* Every day of all years, at a time of day that wanders. */
	for (when = INT64_C(-62200000000); when < INT64_C(253500000000);
	     when += 86413)
		wrong += utc_is_right(when) ? 0 : 1;
	CU_ASSERT_EQUAL(wrong, 0);
}

static const char *const zones[] = { "UTC", "XYZ-3", "ABC11:27:13",
	"CET-1CEST,M3.5.0,M10.5.0/3", "Europe/Berlin", "America/St_Johns",
	"Africa/Monrovia", "Africa/Casablanca", "Pacific/Apia",
	"Australia/Lord_Howe", "Antarctica/Troll", "right/Europe/Berlin" };

/* How many times are shown wrongly in the zone of the process. */
static unsigned int
count_wrong(struct date_zone *zone)
{
	unsigned int wrong = 0;
	int64_t when;
	size_t i;

	memset(zone, 0, sizeof(*zone));
	for (i = 0; i < NITEMS(extremes); i++)
		wrong += local_is_right(zone, extremes[i]) ? 0 : 1;
	for (when = -130 * (int64_t)YEAR; when < 90 * (int64_t)YEAR;
	     when += 10007)
		wrong += local_is_right(zone, when) ? 0 : 1;
	/* Each day again, for a zone that knows some of them. */
	for (when = 90 * (int64_t)YEAR; when > -130 * (int64_t)YEAR;
	     when -= 40009)
		wrong += local_is_right(zone, when) ? 0 : 1;
	return (wrong);
}

static void
local_time_is_that_of_the_library(void)
{
	static struct date_zone zone;
	char *kept = zone_keep();
	size_t i;

	for (i = 0; i < NITEMS(zones); i++) {
		zone_set(zones[i]);
		CHECK_CASE(count_wrong(&zone) == 0, zones[i]);
	}
	zone_back(kept);
}

CU_TestInfo date_tests[] = {
	{ "UTC is that of the library", utc_is_that_of_the_library },
	{ "local time is that of the library",
	    local_time_is_that_of_the_library },
	CU_TEST_INFO_NULL,
};
