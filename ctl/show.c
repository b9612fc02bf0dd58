#include "ctl/show.h"

#include <stdio.h>
#include <time.h>

long long
show_number(const json_t *object, const char *key)
{
	return (json_integer_value(json_object_get(object, key)));
}

const char *
show_string(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return (text == NULL ? "-" : text);
}

const char *
show_time(long long seconds, char *out)
{
	time_t when = (time_t)seconds;
	struct tm local;

	if (localtime_r(&when, &local) == NULL ||
	    strftime(out, SHOW_TIME_MAX, "%a %b %e %H:%M:%S %Y", &local) == 0)
		(void)snprintf(out, SHOW_TIME_MAX, "-");
	return (out);
}

const char *
show_duration(long long seconds, char *out)
{
	long long days = seconds / 86400;
	int len = 0;

	if (days > 0)
		len = snprintf(out, SHOW_TIME_MAX, "%lld d ", days);
	seconds %= 86400;
	(void)snprintf(out + len, SHOW_TIME_MAX - (size_t)len,
	    "%02lld:%02lld:%02lld", seconds / 3600, seconds / 60 % 60,
	    seconds % 60);
	return (out);
}

void
show_reload(const json_t *answer)
{
	long long workers = show_number(answer, "workers");

	printf("reload: generation %lld serves with %lld worker%s\n",
	    show_number(answer, "generation"), workers,
	    workers == 1 ? "" : "s");
	if (show_number(answer, "alarms") > 0)
		puts("reload: some files are bad, and what was good before is "
		     "still used: see ftpsctl status");
}

void
show_stop(const json_t *answer)
{
	printf("stop: process %lld stops; transfers may finish within %lld s\n",
	    show_number(answer, "pid"), show_number(answer, "grace"));
}

void
show_trace(const json_t *answer)
{
	const json_t *list = json_object_get(answer, "channels"), *item;
	const char *client;
	size_t i;

	puts("channel       level  client");
	json_array_foreach(list, i, item)
	{
		client = show_string(item, "client");
		printf("%-12s  %5lld  %s\n", show_string(item, "channel"),
		    show_number(item, "level"),
		    *client == '\0' ? "any" : client);
	}
}
