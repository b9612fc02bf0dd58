#include "ctl/check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/show.h"

#define DAY      86400
#define TEXT_MAX 4096

static const char *const words[] = {
	[CHECK_OK] = "OK",
	[CHECK_WARNING] = "WARNING",
	[CHECK_CRITICAL] = "CRITICAL",
	[CHECK_UNKNOWN] = "UNKNOWN",
};

/* What is being looked for, and what has been found. */
struct check {
	json_t *findings;
	enum check_state worst;
	long days;
	long long now;
};

bool
check_days(const char *text, long *days)
{
	char *end;

	errno = 0;
	*days = strtol(text, &end, 10);
	return (errno == 0 && end != text && *end == '\0' && *days >= 0 &&
	    *days <= CHECK_DAYS_MAX);
}

static void PRINTF_LIKE(3, 4)
    found(struct check *check, enum check_state state, const char *format, ...)
{
	char text[TEXT_MAX];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	(void)json_array_append_new(check->findings,
	    json_pack("{s:s, s:o}", "state", words[state], "text",
		json_sprintf("%s", text)));
	if (state > check->worst)
		check->worst = state;
}

/* "in 3 days", "12 days ago" */
static const char *
in_days(long long seconds, char out[SHOW_TIME_MAX])
{
	long long days = (seconds < 0 ? -seconds : seconds) / DAY;

	if (days == 0)
		(void)snprintf(out, SHOW_TIME_MAX, "%s",
		    seconds < 0 ? "today" : "within a day");
	else
		(void)snprintf(out, SHOW_TIME_MAX, "%s%lld day%s%s",
		    seconds < 0 ? "" : "in ", days, days == 1 ? "" : "s",
		    seconds < 0 ? " ago" : "");
	return (out);
}

static void
check_dates(struct check *check, const json_t *certificate)
{
	const char *file = show_string(certificate, "file");
	long long until = show_number(certificate, "until");
	long long chain = show_number(certificate, "chain_until");
	char text[SHOW_TIME_MAX];

	if (json_object_get(certificate, "until") == NULL) {
		found(check, CHECK_WARNING, "%s: not looked at yet", file);
		return;
	}
	if (show_number(certificate, "from") > check->now)
		found(check, CHECK_CRITICAL, "%s: not valid yet", file);
	if (until <= check->now)
		found(check, CHECK_CRITICAL, "%s: has expired %s", file,
		    in_days(until - check->now, text));
	else if (until - check->now < (long long)check->days * DAY)
		found(check, CHECK_WARNING, "%s: expires %s", file,
		    in_days(until - check->now, text));
	if (chain >= until)
		return;
	if (chain <= check->now)
		found(check, CHECK_CRITICAL,
		    "%s: a certificate of its chain has expired %s", file,
		    in_days(chain - check->now, text));
	else if (chain - check->now < (long long)check->days * DAY)
		found(check, CHECK_WARNING,
		    "%s: a certificate of its chain expires %s", file,
		    in_days(chain - check->now, text));
}

/* One that was never asked for yet, and never in vain, is on its way. */
static bool
is_waiting(const json_t *staple)
{
	return (show_number(staple, "fetched") == 0 &&
	    show_number(staple, "failures") == 0);
}

static void
check_staple(struct check *check, const json_t *certificate,
    const json_t *staple)
{
	bool must = json_is_true(json_object_get(certificate, "must_staple"));
	const char *file = show_string(certificate, "file"), *error;
	bool fresh;

	if (strcmp(show_string(staple, "status"), "revoked") == 0) {
		found(check, CHECK_CRITICAL, "%s: is revoked", file);
		return;
	}
	/* One without a date is served for as long as it may be. */
	fresh = json_is_true(json_object_get(staple, "served")) &&
	    (show_number(staple, "next_update") == 0 ||
		show_number(staple, "next_update") > check->now);
	if (fresh ||
	    (!must &&
		(is_waiting(staple) ||
		    json_is_true(json_object_get(staple, "no_responder")))))
		return;
	error = show_string(staple, "error");
	found(check, must ? CHECK_CRITICAL : CHECK_WARNING,
	    "%s: there is no fresh staple%s%s%s", file,
	    must ? ", which clients demand" : "", *error == '\0' ? "" : ": ",
	    error);
}

/* Hosts may ask in ways of their own about the same certificate. */
static void
check_staples(struct check *check, const json_t *certificate,
    const json_t *staples)
{
	const json_t *staple;
	bool any = false;
	size_t i = 0;

	for (; (staple = show_find_staple(staples, certificate, &i)) != NULL;
	     i++) {
		check_staple(check, certificate, staple);
		any = true;
	}
	if (!any && json_is_true(json_object_get(certificate, "must_staple")))
		found(check, CHECK_CRITICAL,
		    "%s: clients demand a staple, and there is none",
		    show_string(certificate, "file"));
}

enum check_state
check_answer(json_t *answer, long days, long long now)
{
	const json_t *list = json_object_get(answer, "certificates"), *item;
	const json_t *alarms = json_object_get(answer, "alarms");
	struct check check = { json_array(), CHECK_OK, days, now };
	size_t i;

	json_array_foreach(alarms, i, item) found(&check, CHECK_CRITICAL,
	    "%s: what was good before is used", show_string(item, "text"));
	json_array_foreach(list, i, item)
	{
		check_dates(&check, item);
		check_staples(&check, item, json_object_get(answer, "staples"));
	}
	(void)json_object_set_new(answer, "findings", check.findings);
	(void)json_object_set_new(answer, "state",
	    json_string(words[check.worst]));
	(void)json_object_set_new(answer, "days", json_integer(days));
	return (check.worst);
}

/* When the first of them expires; 0: there is none. */
static long long
first_end(const json_t *list)
{
	long long first = 0, chain;
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		chain = show_number(item, "chain_until");
		if (first == 0 || chain < first)
			first = chain;
	}
	return (first);
}

void
check_show(const json_t *answer)
{
	const json_t *list = json_object_get(answer, "findings"), *item;
	const json_t *certificates = json_object_get(answer, "certificates");
	size_t i, count = json_array_size(certificates);
	char text[SHOW_TIME_MAX];

	json_array_foreach(list, i, item) printf("%s: %s\n",
	    show_string(item, "state"), show_string(item, "text"));
	if (json_array_size(list) > 0)
		return;
	printf("OK: %zu certificate%s", count, count == 1 ? "" : "s");
	if (count > 0)
		printf(", the first one expires %s",
		    show_time(first_end(certificates), text));
	putchar('\n');
}
