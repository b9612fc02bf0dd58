#include <stdio.h>
#include <string.h>

#include "ctl/show.h"

static const char *
plural(long long n)
{
	return (n == 1 ? "" : "s");
}

void
show_sesscache_clear(const json_t *answer)
{
	long long n = show_number(answer, "sessions");

	printf("tls sesscache: cleared %lld session%s from 'lmdb' session "
	       "cache\n",
	    n, plural(n));
}

void
show_sesscache_remove(const json_t *answer)
{
	long long n = show_number(answer, "sessions");

	printf("tls sesscache: removed 'lmdb' session cache, %lld session%s; "
	       "out of service until reload\n",
	    n, plural(n));
}

static void
show_session(const json_t *session)
{
	long long started = show_number(session, "started");
	long long expires = show_number(session, "expires");
	char text[SHOW_TIME_MAX];

	puts("-----BEGIN SSL SESSION PARAMETERS-----");
	printf("  Session ID: %s\n", show_string(session, "id"));
	printf("  Session ID Context: %s\n", show_string(session, "context"));
	printf("  Protocol: %s\n", show_string(session, "protocol"));
	printf("  Started: %s\n", show_time(started, text));
	printf("  Expires: %s (%lld secs)\n", show_time(expires, text),
	    expires - started);
	puts("-----END SSL SESSION PARAMETERS-----");
}

static void
show_sessions(const json_t *list)
{
	const json_t *session;
	size_t i;

	if (list == NULL)
		return;
	puts("\nCached sessions:");
	if (json_array_size(list) == 0)
		puts("  (none)");
	json_array_foreach(list, i, session) show_session(session);
}

static void
show_place(const json_t *cache, const char *one)
{
	char text[SHOW_TIME_MAX];

	printf("Path: %s\n", show_string(cache, "path"));
	printf("Map size: %lld bytes\n", show_number(cache, "map_size"));
	printf("Map used: %lld bytes\n", show_number(cache, "map_used"));
	printf("Created: %s\n", show_time(show_number(cache, "created"), text));
	printf("Readers: %lld of %lld\n\n", show_number(cache, "readers"),
	    show_number(cache, "readers_max"));
	printf("Max %s cache size: %lld\n", one, show_number(cache, "maximum"));
	printf("Current %s cache size: %lld\n\n", one,
	    show_number(cache, "current"));
}

static void
show_counts(const json_t *cache, const char *one, const char *many)
{
	printf("Cache lifetime hits: %lld\n", show_number(cache, "hits"));
	printf("Cache lifetime misses: %lld\n\n", show_number(cache, "misses"));
	printf("Cache lifetime %s stored: %lld\n", many,
	    show_number(cache, "stored"));
	printf("Cache lifetime %s deleted: %lld\n", many,
	    show_number(cache, "deleted"));
	printf("Cache lifetime %s expired: %lld\n\n", many,
	    show_number(cache, "expired"));
	printf("Cache lifetime errors handling %s in cache: %lld\n", many,
	    show_number(cache, "errors"));
	printf("Cache lifetime %s exceeding max entry size: %lld\n", many,
	    show_number(cache, "too_large"));
	if (show_number(cache, "largest") > 0)
		printf("  Largest %s exceeding max entry size: %lld\n", one,
		    show_number(cache, "largest"));
	printf("Cache lifetime %s dropped: %lld\n", many,
	    show_number(cache, "dropped"));
	printf("Cache lifetime environments replaced: %lld\n",
	    show_number(cache, "renewed"));
}

/* What there is in a cache: "session" and "sessions", or responses. */
static void
show_facts(const json_t *cache, const char *one, const char *many)
{
	printf("TLS %s cache provided by '%s' (ftpsd %s)\n\n", one,
	    show_string(cache, "provider"), show_string(cache, "version"));
	if (strcmp(show_string(cache, "state"), "internal") == 0)
		puts("Each worker has its own, in memory; what follows is of "
		     "all together.\n");
	else
		show_place(cache, one);
	show_counts(cache, one, many);
}

void
show_sesscache_info(const json_t *answer)
{
	const char *state = show_string(answer, "state");

	if (strcmp(state, "off") == 0) {
		puts("No TLSSessionCache configured");
		return;
	}
	if (strcmp(state, "removed") == 0) {
		puts("The session cache was removed; it is out of service "
		     "until reload");
		return;
	}
	if (strcmp(state, "broken") == 0)
		puts("The session cache is broken: see the log\n");
	show_facts(answer, "session", "sessions");
	show_sessions(json_object_get(answer, "sessions"));
}

void
show_ocspcache_clear(const json_t *answer)
{
	long long n = show_number(answer, "responses");

	printf("tls ocspcache: cleared %lld response%s from 'lmdb' response "
	       "cache\n",
	    n, plural(n));
}

void
show_ocspcache_remove(const json_t *answer)
{
	long long n = show_number(answer, "responses");

	printf("tls ocspcache: removed 'lmdb' response cache, %lld response%s; "
	       "out of service until reload\n",
	    n, plural(n));
}

static void
show_moment(const char *what, long long moment)
{
	char text[SHOW_TIME_MAX];

	printf("  %s: %s\n", what,
	    moment == 0 ? "(never)" : show_time(moment, text));
}

static void
show_response(const json_t *staple)
{
	long long others = show_number(staple, "hosts") - 1;

	puts("-----BEGIN OCSP RESPONSE PARAMETERS-----");
	printf("  Host: %s", show_string(staple, "host"));
	if (others > 0)
		printf(" and %lld other%s", others, plural(others));
	printf("\n  Serial: %s\n", show_string(staple, "serial"));
	printf("  Status: %s%s%s\n", show_string(staple, "status"),
	    json_is_true(json_object_get(staple, "served")) ? ", stapled" : "",
	    json_is_true(json_object_get(staple, "must_staple"))
		? ", must be stapled"
		: "");
	show_moment("This update", show_number(staple, "this_update"));
	show_moment("Next update", show_number(staple, "next_update"));
	show_moment("Fetched", show_number(staple, "fetched"));
	show_moment("Next try", show_number(staple, "next_try"));
	printf("  Last error: %s\n",
	    show_string(staple, "error")[0] == '\0'
		? "(none)"
		: show_string(staple, "error"));
	puts("-----END OCSP RESPONSE PARAMETERS-----");
}

static void
show_responses(const json_t *list)
{
	const json_t *staple;
	size_t i;

	if (list == NULL)
		return;
	puts("\nCached responses:");
	if (json_array_size(list) == 0)
		puts("  (none)");
	json_array_foreach(list, i, staple) show_response(staple);
}

void
show_ocspcache_info(const json_t *answer)
{
	const char *state = show_string(answer, "state");

	if (strcmp(state, "off") == 0) {
		puts("No stapling cache configured");
		return;
	}
	if (strcmp(state, "removed") == 0) {
		puts("The stapling cache was removed; it is out of service "
		     "until reload");
		return;
	}
	if (strcmp(state, "broken") == 0)
		puts("The stapling cache is broken: see the log\n");
	show_facts(answer, "response", "responses");
	show_responses(json_object_get(answer, "staples"));
}
