#include "tests/bench/load/repeat.h"

#include <openssl/rand.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "tests/bench/load/client.h"
#include "tests/bench/load/mode.h"

#define STACK_SIZE \
	((size_t)256 * 1024) /* of which a handshake touches little */
#define LARGE_BUFFER ((size_t)256 * 1024)
#define SMALL_BUFFER ((size_t)16 * 1024)
#define FAILURES_MAX 10 /* in a row, then a client gives up */
#define PAUSE_NS     10000000
#define BILLION      1000000000

/* What all threads share. */
struct crew {
	const struct options *options;
	struct report *report;
	pthread_mutex_t lock; /* of report */
	pthread_barrier_t ready, go;
	uint64_t began, until; /* by samples_now(); until 0: no end */
	uint64_t each;         /* operations of one client; 0: no end */
	_Atomic uint64_t claimed, last;
};

struct hand {
	struct crew *crew;
	pthread_t thread;
	struct client client;
	struct samples durations;
	unsigned int failures; /* since the last success */
	bool settled;          /* the mode's preparation holds */
};

static void
note_failure(struct hand *hand)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };
	struct crew *crew = hand->crew;

	client_drop(&hand->client);
	hand->settled = false;
	hand->failures++;
	(void)pthread_mutex_lock(&crew->lock);
	report_error(crew->report, hand->client.error);
	(void)pthread_mutex_unlock(&crew->lock);
	(void)nanosleep(&pause, NULL);
}

/* Whatever the mode needs before an operation; tried again after a failure. */
static bool
settle(struct hand *hand)
{
	const struct mode *mode = hand->crew->options->mode;

	if (hand->settled)
		return (true);
	if (mode->prepare != NULL && mode->prepare(&hand->client) == -1) {
		note_failure(hand);
		return (false);
	}
	hand->settled = true;
	return (true);
}

/* Whether one more operation may begin. */
static bool
claim(struct hand *hand, uint64_t now)
{
	struct crew *crew = hand->crew;
	uint64_t limit = crew->options->operations;

	if (hand->failures >= FAILURES_MAX)
		return (false);
	if (crew->until != 0 && now >= crew->until)
		return (false);
	if (crew->each != 0)
		return (hand->durations.count + hand->failures < crew->each);
	return (limit == 0 || atomic_fetch_add(&crew->claimed, 1) < limit);
}

static void
operate(struct hand *hand)
{
	struct client *client = &hand->client;
	uint64_t from = samples_now(), to;

	client->answered = 0;
	if (hand->crew->options->mode->operate(client) == -1) {
		note_failure(hand);
		return;
	}
	to = client->answered != 0 ? client->answered : samples_now();
	samples_add(&hand->durations, to - from);
	hand->failures = 0;
}

static void
note_end(struct crew *crew, uint64_t now)
{
	uint64_t last = atomic_load(&crew->last);

	while (last < now &&
	    !atomic_compare_exchange_weak(&crew->last, &last, now))
		;
}

static void *
work(void *argument)
{
	struct hand *hand = argument;
	struct crew *crew = hand->crew;
	struct client *client = &hand->client;

	client->buffer_size =
	    crew->options->mode->large ? LARGE_BUFFER : SMALL_BUFFER;
	client->buffer = malloc(client->buffer_size);
	if (client->buffer == NULL ||
	    RAND_bytes((unsigned char *)client->buffer,
		(int)client->buffer_size) != 1)
		report_die("buffers");
	(void)settle(hand);
	(void)pthread_barrier_wait(&crew->ready);
	(void)pthread_barrier_wait(&crew->go);
	while (claim(hand, samples_now())) {
		if (settle(hand))
			operate(hand);
	}
	note_end(crew, samples_now());
	if (client->control.fd != -1 && client_quit(client) == -1)
		note_failure(hand);
	free(client->buffer);
	return (NULL);
}

static void
start_threads(struct crew *crew, struct hand *hands, unsigned int count)
{
	pthread_attr_t attributes;
	unsigned int i;

	if (pthread_attr_init(&attributes) != 0 ||
	    pthread_attr_setstacksize(&attributes, STACK_SIZE) != 0)
		report_die("threads");
	for (i = 0; i < count; i++) {
		hands[i].crew = crew;
		client_init(&hands[i].client, crew->options, i);
		if (pthread_create(&hands[i].thread, &attributes, work,
			&hands[i]) != 0)
			report_die("threads");
	}
	(void)pthread_attr_destroy(&attributes);
}

/* Opens the clock for all at once, and waits until the last has ended. */
static void
conduct(struct crew *crew, struct hand *hands, unsigned int count)
{
	uint64_t cpu;
	unsigned int i;

	(void)pthread_barrier_wait(&crew->ready);
	report_begin(crew->options, count);
	cpu = report_cpu();
	crew->began = samples_now();
	if (crew->options->seconds > 0)
		crew->until =
		    crew->began + (uint64_t)(crew->options->seconds * BILLION);
	(void)pthread_barrier_wait(&crew->go);
	for (i = 0; i < count; i++)
		(void)pthread_join(hands[i].thread, NULL);
	crew->report->cpu = report_cpu() - cpu;
	report_event("end", count);
	crew->report->nanoseconds = atomic_load(&crew->last) - crew->began;
}

void
repeat_run(const struct options *options, struct report *report)
{
	struct crew crew = { .options = options, .report = report };
	unsigned int count = options->threads, i;
	struct hand *hands;

	if (options->mode->shape == SHAPE_ONCE) {
		crew.each = 1;
		if (options->operations > 0)
			count = (unsigned int)options->operations;
	}
	hands = calloc(count, sizeof(hands[0]));
	if (hands == NULL || pthread_mutex_init(&crew.lock, NULL) != 0 ||
	    pthread_barrier_init(&crew.ready, NULL, count + 1) != 0 ||
	    pthread_barrier_init(&crew.go, NULL, count + 1) != 0)
		report_die("clients");
	start_threads(&crew, hands, count);
	conduct(&crew, hands, count);
	report->clients = count;
	for (i = 0; i < count; i++) {
		report_add(report, &hands[i].client, &hands[i].durations);
		client_free(&hands[i].client);
		samples_free(&hands[i].durations);
	}
	free(hands);
}
