#include "tests/bench/load/report.h"

#include <inttypes.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/bench/load/mode.h"

uint64_t
report_cpu(void)
{
	struct rusage usage;
	uint64_t micro;

	(void)getrusage(RUSAGE_SELF, &usage);
	micro = (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) *
		1000000 +
	    (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
	return (micro * 1000);
}

void
report_event(const char *event, uint64_t sessions)
{
	(void)printf("{\"event\":\"%s\",\"sessions\":%" PRIu64 "}\n", event,
	    sessions);
	(void)fflush(stdout);
}

void
report_begin(const struct options *options, uint64_t sessions)
{
	char leave;

	report_event("begin", sessions);
	while (options->gated && read(STDIN_FILENO, &leave, 1) == 1 &&
	    leave != '\n')
		;
}

void
report_die(const char *what)
{
	(void)fprintf(stderr, "load: cannot get enough %s\n", what);
	exit(2);
}

void
report_add(struct report *report, struct client *client,
    const struct samples *durations)
{
	report->counts.bytes += client->counts.bytes;
	report->counts.resumed_control += client->counts.resumed_control;
	report->counts.resumed_data += client->counts.resumed_data;
	report->counts.unclean += client->counts.unclean;
	samples_merge(&report->first_byte, &client->first_byte);
	if (durations == NULL)
		return;
	samples_merge(&report->durations, durations);
	report->operations += durations->count;
}

void
report_error(struct report *report, const char *error)
{
	if (report->errors++ == 0)
		(void)snprintf(report->error, sizeof(report->error), "%s",
		    error);
}

/* Writes text as a JSON string; a server may have sent anything. */
static void
write_text(const char *name, const char *text)
{
	const unsigned char *at;

	(void)printf("\"%s\":\"", name);
	for (at = (const unsigned char *)text; *at != '\0'; at++) {
		if (*at == '"' || *at == '\\')
			(void)printf("\\%c", *at);
		else if (*at < ' ' || *at > '~')
			(void)printf("\\u%04x", *at);
		else
			(void)putchar(*at);
	}
	(void)printf("\",");
}

static void
write_micro(const char *name, double nanoseconds)
{
	(void)printf("\"%s\":%.1f,", name, nanoseconds / 1e3);
}

static void
write_count(const char *name, uint64_t count)
{
	(void)printf("\"%s\":%" PRIu64 ",", name, count);
}

int
report_write(struct report *report, const struct options *options)
{
	const struct samples *all = &report->durations;
	uint64_t operations = report->operations;

	samples_sort(&report->durations);
	samples_sort(&report->first_byte);
	(void)putchar('{');
	write_text("mode", options->mode->name);
	write_text("tls",
	    options->tls_version == TLS1_2_VERSION ? "1.2" : "1.3");
	write_text("cipher", link_cipher());
	write_count("concurrency", report->clients);
	write_count("operations", operations);
	write_count("errors", report->errors);
	write_text("first_error", report->error);
	write_micro("p50_us", (double)samples_rank(all, 0.5));
	write_micro("p90_us", (double)samples_rank(all, 0.9));
	write_micro("p99_us", (double)samples_rank(all, 0.99));
	write_micro("max_us", (double)samples_rank(all, 1));
	write_count("bytes", report->counts.bytes);
	write_count("resumed_control", report->counts.resumed_control);
	write_count("resumed_data", report->counts.resumed_data);
	write_count("unclean", report->counts.unclean);
	write_micro("first_byte_us",
	    (double)samples_rank(&report->first_byte, 0.5));
	write_micro("client_cpu_us",
	    operations == 0 ? 0 : (double)report->cpu / (double)operations);
	(void)printf("\"seconds\":%.6f}\n", (double)report->nanoseconds / 1e9);
	samples_free(&report->durations);
	samples_free(&report->first_byte);
	return (report->errors == 0 && operations > 0 ? 0 : 1);
}
