#include "worker/ftp/time.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

static int
number(const char *text, size_t digits)
{
	int value = 0;
	size_t i;

	for (i = 0; i < digits; i++)
		value = value * 10 + (text[i] - '0');
	return (value);
}

/* 14 or 12 digits, and after 14 perhaps a point and digits. */
static bool
well_formed(const char *text, size_t len)
{
	size_t digits = 0, i;

	while (digits < len && isdigit((unsigned char)text[digits]))
		digits++;
	if (digits == len)
		return (len == 12 || len == 14);
	if (digits != 14 || text[14] != '.' || len == 15 || len > 24)
		return (false);
	for (i = 15; i < len; i++)
		if (!isdigit((unsigned char)text[i]))
			return (false);
	return (true);
}

int
time_parse(const char *text, size_t len, int64_t *seconds)
{
	struct tm tm = { 0 }, back;
	time_t when;

	if (!well_formed(text, len))
		return (-1);
	tm.tm_year = number(text, 4) - 1900;
	tm.tm_mon = number(text + 4, 2) - 1;
	tm.tm_mday = number(text + 6, 2);
	tm.tm_hour = number(text + 8, 2);
	tm.tm_min = number(text + 10, 2);
	tm.tm_sec = len >= 14 ? number(text + 12, 2) : 0;

	/* timegm() makes 1 March of 30 February: the way back shows it. */
	back = tm;
	when = timegm(&back);
	if (back.tm_year != tm.tm_year || back.tm_mon != tm.tm_mon ||
	    back.tm_mday != tm.tm_mday || back.tm_hour != tm.tm_hour ||
	    back.tm_min != tm.tm_min || back.tm_sec != tm.tm_sec)
		return (-1);
	*seconds = when;
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
