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
show_facts(const json_t *cache)
{
	char text[SHOW_TIME_MAX];

	printf("TLS session cache provided by '%s' (ftpsd %s)\n\n",
	    show_string(cache, "provider"), show_string(cache, "version"));
	printf("Path: %s\n", show_string(cache, "path"));
	printf("Map size: %lld bytes\n", show_number(cache, "map_size"));
	printf("Map used: %lld bytes\n", show_number(cache, "map_used"));
	printf("Created: %s\n", show_time(show_number(cache, "created"), text));
	printf("Readers: %lld of %lld\n\n", show_number(cache, "readers"),
	    show_number(cache, "readers_max"));
	printf("Max session cache size: %lld\n", show_number(cache, "maximum"));
	printf("Current session cache size: %lld\n\n",
	    show_number(cache, "current"));
	printf("Cache lifetime hits: %lld\n", show_number(cache, "hits"));
	printf("Cache lifetime misses: %lld\n\n", show_number(cache, "misses"));
	printf("Cache lifetime sessions stored: %lld\n",
	    show_number(cache, "stored"));
	printf("Cache lifetime sessions deleted: %lld\n",
	    show_number(cache, "deleted"));
	printf("Cache lifetime sessions expired: %lld\n\n",
	    show_number(cache, "expired"));
	printf("Cache lifetime errors handling sessions in cache: %lld\n",
	    show_number(cache, "errors"));
	printf("Cache lifetime sessions exceeding max entry size: %lld\n",
	    show_number(cache, "too_large"));
	if (show_number(cache, "largest") > 0)
		printf("  Largest session exceeding max entry size: %lld\n",
		    show_number(cache, "largest"));
	printf("Cache lifetime sessions dropped: %lld\n",
	    show_number(cache, "dropped"));
}

void
show_sesscache_info(const json_t *answer)
{
	const char *state = show_string(answer, "state");

	if (strcmp(state, "off") == 0) {
		puts("No session cache configured");
		return;
	}
	if (strcmp(state, "removed") == 0) {
		puts("The session cache was removed; it is out of service "
		     "until reload");
		return;
	}
	if (strcmp(state, "broken") == 0)
		puts("The session cache is broken: see the log\n");
	show_facts(answer);
	show_sessions(json_object_get(answer, "sessions"));
}
