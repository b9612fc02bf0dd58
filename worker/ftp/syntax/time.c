#include "worker/ftp/syntax/time.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define FRACTION_DIGITS 9
#define ZONE_MAX        (24 * 60) /* minutes, and beyond all zones */

/* How many of the first digits there are at text, of at most len bytes. */
static size_t
count_digits(const char *text, size_t len)
{
	size_t digits = 0;

	while (digits < len && isdigit((unsigned char)text[digits]))
		digits++;
	return (digits);
}

static int
number(const char *text, size_t digits)
{
	int value = 0;
	size_t i;

	for (i = 0; i < digits; i++)
		value = value * 10 + (text[i] - '0');
	return (value);
}

/*
 * ".5" is 500,000,000 of them.  There may be more digits than count.  How many
 * bytes that was, or 0.
 */
static size_t
read_fraction(const char *text, size_t len, uint32_t *nanoseconds)
{
	size_t digits, used, i;

	if (len < 2 || text[0] != '.')
		return (0);
	digits = count_digits(text + 1, len - 1);
	if (digits == 0)
		return (0);
	used = digits < FRACTION_DIGITS ? digits : FRACTION_DIGITS;
	*nanoseconds = (uint32_t)number(text + 1, used);
	for (i = used; i < FRACTION_DIGITS; i++)
		*nanoseconds *= 10;
	return (1 + digits);
}

/* "+120" is east of Greenwich.  How many bytes that was, or 0. */
static size_t
read_zone(const char *text, size_t len, int *minutes)
{
	size_t digits;

	if (len < 2 || (text[0] != '+' && text[0] != '-'))
		return (0);
	digits = count_digits(text + 1, len - 1);
	if (digits == 0 || digits > 4 || number(text + 1, digits) > ZONE_MAX)
		return (0);
	*minutes = number(text + 1, digits);
	if (text[0] == '-')
		*minutes = -*minutes;
	return (1 + digits);
}

/* They come at the end of June or December, as UTC counts. */
static bool
may_be_leap(const struct tm *tm)
{
	return (tm->tm_hour == 23 && tm->tm_min == 59 &&
	    ((tm->tm_mon == 5 && tm->tm_mday == 30) ||
		(tm->tm_mon == 11 && tm->tm_mday == 31)));
}

static int
read_date(const char *text, size_t digits, int64_t *seconds)
{
	struct tm tm = { 0 }, back;
	bool leap;

	tm.tm_year = number(text, 4) - 1900;
	tm.tm_mon = number(text + 4, 2) - 1;
	tm.tm_mday = number(text + 6, 2);
	tm.tm_hour = number(text + 8, 2);
	tm.tm_min = number(text + 10, 2);
	tm.tm_sec = digits == 14 ? number(text + 12, 2) : 0;
	leap = tm.tm_sec == 60 && may_be_leap(&tm);
	if (leap)
		tm.tm_sec = 59;

	/* timegm() makes 1 March of 30 February: the way back shows it. */
	back = tm;
	*seconds = timegm(&back) + (leap ? 1 : 0);
	return (back.tm_year == tm.tm_year && back.tm_mon == tm.tm_mon &&
		    back.tm_mday == tm.tm_mday && back.tm_hour == tm.tm_hour &&
		    back.tm_min == tm.tm_min && back.tm_sec == tm.tm_sec
		? 0
		: -1);
}

int
time_parse(const char *text, size_t len, unsigned int forms,
    struct fs_time *time)
{
	size_t digits = count_digits(text, len), at = digits;
	struct fs_time read = { 0 };
	int minutes = 0;

	if (digits != 14 && (digits != 12 || (forms & TIME_MINUTES) == 0))
		return (-1);
	if (digits == 14 && (forms & TIME_FRACTION) != 0)
		at += read_fraction(text + at, len - at, &read.nanoseconds);
	if ((forms & TIME_ZONE) != 0)
		at += read_zone(text + at, len - at, &minutes);
	if (at != len || read_date(text, digits, &read.seconds) != 0)
		return (-1);
	read.seconds -= (int64_t)minutes * 60;
	*time = read;
	return (0);
}

int
time_format(int64_t seconds, char *out)
{
	time_t when = seconds;
	struct tm tm;

	if (gmtime_r(&when, &tm) == NULL || tm.tm_year < -1900 ||
	    tm.tm_year > 9999 - 1900)
		return (-1);
	(void)snprintf(out, TIME_TEXT_MAX, "%04d%02d%02d%02d%02d%02d",
	    (tm.tm_year + 1900) % 10000, (tm.tm_mon + 1) % 100,
	    tm.tm_mday % 100, tm.tm_hour % 100, tm.tm_min % 100,
	    tm.tm_sec % 100);
	return (0);
}

int
time_format_exact(const struct fs_time *time, char *out)
{
	uint32_t thousandths = time->nanoseconds / 1000000 % 1000;
	size_t len;

	if (time_format(time->seconds, out) != 0)
		return (-1);
	len = strlen(out);
	if (thousandths != 0)
		(void)snprintf(out + len, TIME_TEXT_MAX - len, ".%03u",
		    thousandths);
	return (0);
}
