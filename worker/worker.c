#include "worker/worker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shm/base/log.h"
#include "shm/ipc/log_channel.h"
#include "worker/accept.h"
#include "worker/asker.h"
#include "worker/broker.h"
#include "worker/cache_link.h"
#include "worker/clock.h"
#include "worker/ending.h"
#include "worker/master_link.h"
#include "worker/memory.h"
#include "worker/net/watch.h"
#include "worker/pool.h"
#include "worker/setup.h"
#include "worker/turns.h"

static int
make_loop(struct worker *worker)
{
	int error = uv_loop_init(&worker->loop);

	if (error != 0) {
		errno = -error;
		return (-1);
	}
	/* Kept for good: made and freed with each lone session, it is dear. */
	worker->watch = watch_get(&worker->loop);
	if (worker->watch == NULL)
		return (-1);
	worker->clock = clock_new(worker);
	worker->pool = pool_new(&worker->loop);
	worker->ending = ending_new(worker);
	worker->memory = memory_new(worker);
	worker->turns = turns_new(worker, worker->conf->max_handshakes);
	if (worker->clock == NULL || worker->pool == NULL ||
	    worker->ending == NULL || worker->memory == NULL ||
	    worker->turns == NULL)
		return (-1);
	return (pool_start(worker->pool));
}

/* As the master has found them; it tells when one changes. */
static int
copy_names(struct worker *worker)
{
	const struct conf *conf = worker->conf;
	size_t i;

	if (conf->nnames == 0)
		return (0);
	worker->names = calloc(conf->nnames, sizeof(*worker->names));
	if (worker->names == NULL)
		return (-1);
	for (i = 0; i < conf->nnames; i++)
		worker->names[i] = conf->names[i].address;
	return (0);
}

/* Responses for clients that ask for the status of our certificates. */
static int
make_staples(struct worker *worker)
{
	if (!conf_staples(worker->conf))
		return (0);
	worker->staples = cache_reader_new();
	if (worker->staples == NULL)
		return (-1);
	cache_reader_call(worker->staples, "stapling cache");
	return (0);
}

/* Where clients' certificates are asked about. */
static int
make_asker(struct worker *worker)
{
	if (!conf_asks(worker->conf))
		return (0);
	worker->asker = asker_new(worker);
	worker->responses = cache_reader_new();
	if (worker->asker == NULL || worker->responses == NULL)
		return (-1);
	cache_reader_call(worker->responses, "OCSP cache");
	return (0);
}

static int
make_shared(struct worker *worker)
{
	worker->ring = ring_attach(worker->start->ring_fd);
	worker->score = score_attach(worker->start->score_fd);
	if (worker->ring == NULL || worker->score == NULL)
		return (-1);
	worker->cache = cache_reader_new();
	if (worker->cache == NULL)
		return (-1);
	if (!worker->conf->session_cache ||
	    worker->conf->session_cache_type == CONF_CACHE_LMDB)
		cache_reader_share(worker->cache, worker->start->recent);
	else if (cache_reader_own(worker->cache,
		     worker->conf->session_cache_size /
			 worker->conf->workers) == -1)
		return (-1);
	if (make_staples(worker) == -1 || make_asker(worker) == -1)
		return (-1);
	worker->cache_link = cache_link_new(worker);
	worker->broker = broker_new(worker);
	return (worker->cache_link == NULL || worker->broker == NULL ? -1 : 0);
}

static int
make_tls(struct worker *worker)
{
	const struct tls_setup setup = {
		.start = worker->start,
		.ring = worker->ring,
		.cache = worker->conf->session_cache ? worker->cache : NULL,
		.responses = worker->responses,
		.staples = worker->staples,
		.store = { .put = cache_link_put,
		    .caller = worker->cache_link },
		.score = worker->score,
	};

	worker->tls = tls_new(&setup);
	return (worker->tls == NULL ? -1 : 0);
}

/* Longer than most sessions' next record takes, and too short to be missed. */
#define RECORDS_MS 10

static void
send_records(void *context UNUSED)
{
	log_channel_flush();
}

/* It may be set still: a warning has sent what it was set for. */
static void
records_wait(void *context)
{
	static struct deadline due = { .handler = send_records };

	if (!deadline_is_set(&due))
		deadline_set(context, &due, RECORDS_MS);
}

/* 0, or -1 with errno; what is missing then is not looked at: it exits. */
static int
begin(struct worker *worker)
{
	if (copy_names(worker) == -1 || make_loop(worker) == -1 ||
	    make_shared(worker) == -1 || make_tls(worker) == -1 ||
	    setup_last() == -1)
		return (-1);
	worker->master = master_link_new(worker);
	if (worker->master == NULL || master_link_ready(worker->master) == -1)
		return (-1);
	worker->accept = accept_new(worker);
	log_channel_gather(records_wait, worker);
	return (worker->accept == NULL ? -1 : 0);
}

/*
 * By _exit(): sessions that were cut may still have work in a thread, and
 * exit() would wait for storage that hangs.  Memory goes with the process; only
 * what others see is put in order: counts, the reader's slot, the last word.
 */
static NORETURN void
finish(struct worker *worker)
{
	cache_link_free(&worker->cache_link);
	cache_reader_free(&worker->cache);
	cache_reader_free(&worker->responses);
	cache_reader_free(&worker->staples);
	log_channel_flush();
	if (!ending_is_ordered(worker->ending))
		_exit(1);
	master_link_drained(worker->master);
	_exit(0);
}

void
worker_run(const struct worker_start *start)
{
	struct worker *worker = calloc(1, sizeof(*worker));

	if (worker == NULL || setup_process(start) == -1)
		_exit(1);
	worker->start = start;
	worker->conf = start->conf;
	if (begin(worker) == -1) {
		log_error("cannot start: %s", strerror(errno));
		_exit(1);
	}
	while (!worker->stopped) {
		watch_turn(worker->watch);
		cache_link_turn(worker->cache_link);
	}
	finish(worker);
}

void
worker_session_added(struct worker *worker)
{
	worker->sessions++;
	score_add(worker->score, SCORE_SESSIONS, 1);
}

void
worker_session_removed(struct worker *worker)
{
	worker->sessions--;
	score_add(worker->score, SCORE_SESSIONS, -1);
	memory_released(worker->memory);
	ending_check(worker->ending);
}

uint64_t
worker_session_number(struct worker *worker)
{
	return (
	    (uint64_t)worker->start->incarnation << 32 | ++worker->numbered);
}

void
worker_out_of_descriptors(struct worker *worker)
{
	if (worker->accept != NULL)
		accept_pause(worker->accept);
}

uint64_t
worker_now(const struct worker *worker)
{
	return (uv_now(&worker->loop));
}
