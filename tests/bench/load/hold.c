#include "tests/bench/load/hold.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/bench/load/client.h"
#include "tests/bench/load/mode.h"

#define TICK_MS 1000

/* What all threads share; each opens whatever is next. */
struct hall {
	const struct options *options;
	struct report *report;
	pthread_mutex_t lock; /* of report */
	struct client *clients;
	bool *held;
	uint64_t count;
	_Atomic uint64_t next;
};

static void
refuse(struct hall *hall, struct client *client)
{
	(void)pthread_mutex_lock(&hall->lock);
	report_error(hall->report, client->error);
	(void)pthread_mutex_unlock(&hall->lock);
	client_drop(client);
}

static void *
open_some(void *argument)
{
	struct hall *hall = argument;
	const struct mode *mode = hall->options->mode;
	struct samples durations = { 0 };
	struct client *client;
	uint64_t i, began;

	while ((i = atomic_fetch_add(&hall->next, 1)) < hall->count) {
		client = &hall->clients[i];
		client_init(client, hall->options, (unsigned int)i);
		began = samples_now();
		hall->held[i] = mode->prepare(client) == 0;
		if (hall->held[i])
			samples_add(&durations, samples_now() - began);
		else
			refuse(hall, client);
	}
	(void)pthread_mutex_lock(&hall->lock);
	samples_merge(&hall->report->durations, &durations);
	hall->report->operations += durations.count;
	(void)pthread_mutex_unlock(&hall->lock);
	samples_free(&durations);
	return (NULL);
}

/* Few threads open many sessions. */
static void
open_all(struct hall *hall)
{
	unsigned int count = hall->options->threads, i;
	pthread_t *threads = calloc(count, sizeof(threads[0]));

	if (threads == NULL)
		report_die("threads");
	for (i = 0; i < count; i++) {
		if (pthread_create(&threads[i], NULL, open_some, hall) != 0)
			report_die("threads");
	}
	for (i = 0; i < count; i++)
		(void)pthread_join(threads[i], NULL);
	free(threads);
}

/* Does something with each that is held; a failure lets it go. */
static void
each(struct hall *hall, int (*operate)(struct client *client))
{
	uint64_t i;

	if (operate == NULL)
		return;
	for (i = 0; i < hall->count; i++) {
		if (!hall->held[i] || operate(&hall->clients[i]) == 0)
			continue;
		hall->held[i] = false;
		refuse(hall, &hall->clients[i]);
	}
}

/* Until standard input ends; what it says does not matter. */
static void
wait_for_end(struct hall *hall)
{
	struct pollfd input = { STDIN_FILENO, POLLIN, 0 };
	char rest[256];

	for (;;) {
		if (poll(&input, 1, TICK_MS) == 0)
			each(hall, hall->options->mode->operate);
		else if (read(STDIN_FILENO, rest, sizeof(rest)) <= 0)
			return;
	}
}

/* A session that has ended while it was held is an error. */
static void
close_all(struct hall *hall)
{
	uint64_t i;

	if (hall->options->mode->operate == NULL)
		each(hall, client_quit);
	for (i = 0; i < hall->count; i++) {
		report_add(hall->report, &hall->clients[i], NULL);
		client_free(&hall->clients[i]);
	}
}

void
hold_run(const struct options *options, struct report *report)
{
	struct hall hall = { .options = options, .report = report };
	uint64_t began, cpu;

	hall.count =
	    options->operations != 0 ? options->operations : options->threads;
	hall.clients = calloc(hall.count, sizeof(hall.clients[0]));
	hall.held = calloc(hall.count, sizeof(hall.held[0]));
	if (hall.clients == NULL || hall.held == NULL ||
	    pthread_mutex_init(&hall.lock, NULL) != 0)
		report_die("clients");
	report_begin(options, hall.count);
	cpu = report_cpu();
	began = samples_now();
	open_all(&hall);
	report->nanoseconds = samples_now() - began;
	report->cpu = report_cpu() - cpu;
	report->clients = (unsigned int)hall.count;
	report_event("ready", report->operations);
	wait_for_end(&hall);
	report_event("end", report->operations);
	close_all(&hall);
	free(hall.clients);
	free(hall.held);
}
