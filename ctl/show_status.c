#include <stdio.h>
#include <string.h>

#include "ctl/show.h"

/* Counters by what they are about; a label for each. */
static const struct {
	const char *key;
	const char *label;
} counters[] = {
	{ "sessions", "sessions now" },
	{ "logged_in", "logged in now" },
	{ "transfers", "transfers now" },
	{ "accepted", "connections accepted" },
	{ "logins", "logins" },
	{ "logins_failed", "logins failed" },
	{ "handshakes_full", "handshakes, full" },
	{ "handshakes_resumed", "handshakes, resumed" },
	{ "handshakes_failed", "handshakes, failed" },
	{ "resumed_cache", "  resumed from the cache" },
	{ "resumed_ticket", "  resumed by a ticket" },
	{ "data_full", "data handshakes, full" },
	{ "data_resumed", "data handshakes, resumed" },
	{ "data_refused", "data connections refused" },
	{ "files_sent", "files sent" },
	{ "files_received", "files received" },
	{ "bytes_sent", "bytes sent" },
	{ "bytes_received", "bytes received" },
	{ "refused_sessions", "refused: sessions" },
	{ "refused_address", "refused: address" },
	{ "refused_network", "refused: network" },
	{ "refused_host", "refused: host" },
	{ "refused_user", "refused: user" },
	{ "refused_handshakes", "refused: handshakes" },
	{ "accept_paused", "accept paused" },
	{ "no_port", "no port free for data" },
	{ "data_strangers", "data from strangers" },
	{ "lines_too_long", "lines too long" },
	{ "listings_cut", "listings cut" },
	{ "expansions", "uploads that expand too much" },
	{ "log_lost", "log records lost" },
};

static void
show_server(const json_t *server)
{
	char started[SHOW_TIME_MAX], uptime[SHOW_TIME_MAX];

	printf("ftpsd %s, process %lld, %s\n", show_string(server, "version"),
	    show_number(server, "pid"), show_string(server, "state"));
	printf("Configuration: %s\n", show_string(server, "configuration"));
	printf("Started: %s (up %s)\n",
	    show_time(show_number(server, "started"), started),
	    show_duration(show_number(server, "uptime"), uptime));
}

static void
show_alarms(const json_t *list)
{
	char since[SHOW_TIME_MAX];
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
	    printf("ALARM since %s: %s: what was good before is still used\n",
		show_time(show_number(item, "since"), since),
		show_string(item, "text"));
}

static void
show_generations(const json_t *list)
{
	const json_t *item;
	char text[SHOW_TIME_MAX];
	size_t i;

	puts("\nGENERATION  STATE     WORKERS  SESSIONS  HOSTS  LOADED");
	json_array_foreach(list, i, item)
	    printf("%10lld  %-8s  %7lld  %8lld  %5lld  %s\n",
		show_number(item, "number"), show_string(item, "state"),
		show_number(item, "workers"), show_number(item, "sessions"),
		show_number(item, "hosts"),
		show_time(show_number(item, "loaded"), text));
}

static void
show_processes(const json_t *list)
{
	char name[64], uptime[SHOW_TIME_MAX];
	const json_t *item;
	size_t i;

	puts("\nPROCESS        PID  GENERATION  STATE     RESTARTS  UPTIME");
	json_array_foreach(list, i, item)
	{
		if (strcmp(show_string(item, "role"), "worker") == 0)
			(void)snprintf(name, sizeof(name), "worker %lld",
			    show_number(item, "slot"));
		else
			(void)snprintf(name, sizeof(name), "%s",
			    show_string(item, "role"));
		printf("%-10s %7lld  %10lld  %-8s  %8lld  %s\n", name,
		    show_number(item, "pid"), show_number(item, "generation"),
		    show_string(item, "state"), show_number(item, "restarts"),
		    show_duration(show_number(item, "uptime"), uptime));
	}
}

static void
show_counters(const json_t *total, const json_t *workers)
{
	const json_t *worker;
	size_t i, j;

	printf("\n%-26s %14s", "COUNTER", "ALL");
	json_array_foreach(workers, j, worker)
	    printf("     WORKER %-3lld", show_number(worker, "slot"));
	putchar('\n');
	for (i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
		printf("%-26s %14lld", counters[i].label,
		    show_number(total, counters[i].key));
		json_array_foreach(workers, j, worker)
		    printf(" %14lld", show_number(worker, counters[i].key));
		putchar('\n');
	}
}

static void
show_ticket_keys(const json_t *ages)
{
	char age[SHOW_TIME_MAX];

	if (json_array_size(ages) == 0)
		return;
	printf("\nTicket keys: %zu, the newest made %s ago\n",
	    json_array_size(ages),
	    show_duration(json_integer_value(json_array_get(ages, 0)), age));
}

void
show_status(const json_t *answer)
{
	show_server(answer);
	show_alarms(json_object_get(answer, "alarms"));
	show_generations(json_object_get(answer, "generations"));
	show_processes(json_object_get(answer, "processes"));
	show_counters(json_object_get(answer, "counters"),
	    json_object_get(answer, "workers"));
	show_ticket_keys(json_object_get(answer, "ticket_key_ages"));
}
