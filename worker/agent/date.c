#include "worker/agent/date.h"

#include <string.h>
#include <time.h>

#define DAY_SECONDS 86400

/*
 * Days are counted from the first of March of the year 0: so the leap day is
 * the last of its year.  For years outside these the C library is asked.
 */
#define DAYS_TO_1970 719468
#define FIRST_DAY    366     /* in the year 1 */
#define LAST_DAY     3652000 /* in the year 9999 */

#define DAYS_400_YEARS 146097
#define DAYS_100_YEARS 36524
#define DAYS_4_YEARS   1461

static bool
take(const struct tm *tm, struct date *date)
{
	if (tm->tm_year < -1900)
		return (false);
	date->year = (uint64_t)(1900L + tm->tm_year);
	date->month = (unsigned int)tm->tm_mon + 1;
	date->day = (unsigned int)tm->tm_mday;
	date->hour = (unsigned int)tm->tm_hour;
	date->minute = (unsigned int)tm->tm_min;
	date->second = (unsigned int)tm->tm_sec;
	return (true);
}

/* The day of a time; 0 when it is too far away. */
static uint32_t
day_of(int64_t when)
{
	const int64_t first = (int64_t)(FIRST_DAY - DAYS_TO_1970) * DAY_SECONDS;
	const int64_t end =
	    (int64_t)(LAST_DAY + 1 - DAYS_TO_1970) * DAY_SECONDS;

	if (when < first || when >= end)
		return (0);
	return ((uint32_t)((uint64_t)(when - first) / DAY_SECONDS) + FIRST_DAY);
}

static int64_t
start_of(uint32_t day)
{
	return (((int64_t)day - DAYS_TO_1970) * DAY_SECONDS);
}

/* Of a time for which there is a day. */
static void
compute(int64_t when, struct date *date)
{
	uint32_t day = day_of(when);
	uint32_t second = (uint32_t)(when - start_of(day));
	uint32_t era = day / DAYS_400_YEARS, rest = day % DAYS_400_YEARS;
	uint32_t year, month;

	year = (rest - rest / (DAYS_4_YEARS - 1) + rest / DAYS_100_YEARS -
		   rest / (DAYS_400_YEARS - 1)) /
	    365;
	rest -= 365 * year + year / 4 - year / 100;
	/* Months of 31 and 30 days in turn, from March: 153 days in five. */
	month = (5 * rest + 2) / 153;
	date->day = rest - (153 * month + 2) / 5 + 1;
	date->month = month < 10 ? month + 3 : month - 9;
	date->year = (uint64_t)era * 400 + year + (date->month <= 2 ? 1 : 0);
	date->hour = second / 3600;
	date->minute = second / 60 % 60;
	date->second = second % 60;
}

bool
date_utc(int64_t when, struct date *date)
{
	struct tm tm;

	if (day_of(when) != 0) {
		compute(when, date);
		return (true);
	}
	memset(&tm, 0, sizeof(tm));
	return (gmtime_r(&when, &tm) != NULL && take(&tm, date));
}

/*
 * Whether local time is offset seconds from UTC at that time.  In a zone that
 * counts leap seconds it is so at no time.
 */
static bool
offset_at(int64_t when, int32_t *offset)
{
	struct date expected;
	struct tm tm;

	memset(&tm, 0, sizeof(tm));
	if (localtime_r(&when, &tm) == NULL)
		return (false);
	compute(when + tm.tm_gmtoff, &expected);
	*offset = (int32_t)tm.tm_gmtoff;
	return (expected.hour == (unsigned int)tm.tm_hour &&
	    expected.minute == (unsigned int)tm.tm_min &&
	    expected.second == (unsigned int)tm.tm_sec);
}

/* No zone changes its clocks and changes them back within a day of UTC. */
static bool
learn(struct date_zone *zone, uint32_t day)
{
	int64_t start = start_of(day);
	int32_t first, last;

	if (!offset_at(start, &first) ||
	    !offset_at(start + DAY_SECONDS - 1, &last) || first != last)
		return (false);
	zone->known[day % DATE_DAYS].day = day;
	zone->known[day % DATE_DAYS].offset = first;
	return (true);
}

bool
date_local(struct date_zone *zone, int64_t when, struct date *date)
{
	uint32_t day = day_of(when);
	struct tm tm;

	if (day != 0 &&
	    (zone->known[day % DATE_DAYS].day == day || learn(zone, day))) {
		compute(when + zone->known[day % DATE_DAYS].offset, date);
		return (true);
	}
	memset(&tm, 0, sizeof(tm));
	return (localtime_r(&when, &tm) != NULL && take(&tm, date));
}
