/*
 * master_rig - a master that is put together by hand, with real children that
 * do nothing but what a test needs.
 */
#ifndef TESTS_UNIT_MASTER_RIG_H
#define TESTS_UNIT_MASTER_RIG_H

#include <CUnit/CUnit.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "master/generation.h"
#include "master/listeners.h"
#include "master/log_pairs.h"
#include "master/master.h"
#include "master/refresh.h"
#include "master/reload.h"
#include "master/stop.h"
#include "master/supervise.h"
#include "master/watch.h"
#include "shm/base/log.h"
#include "shm/ipc/channel.h"
#include "tests/unit/suites.h"

#define PATIENCE_MS 20000

struct stage {
	struct master master;
	struct loop_timer *guard, *step;
	bool (*done)(struct stage *stage);
	bool timed_out;
	char path[40]; /* of the configuration */
	uint16_t port;
	pid_t pid; /* for the test */
};

/* What is logged on purpose would only confuse. */
static inline void
discard(const struct log_record *record UNUSED, void *context UNUSED)
{
}

/* What a worker under test does when it is told something. */
static inline int
obey(struct message *message, void *context)
{
	const struct msg_stop *stop = message->body;
	const bool *stubborn = context;

	if (message->type == MSG_STOP &&
	    (!*stubborn || stop->mode != STOP_DRAIN))
		_exit(0);
	return (0);
}

/* Says that it is ready, and waits for its end. */
static inline NORETURN void
work_until_stopped(const struct worker_start *start, bool stubborn)
{
	const struct msg_empty ready = { 0 };
	struct channel *channel;
	int ret;

	channel = channel_new(start->master_fd, ROLE_WORKER, ROLE_MASTER, obey,
	    &stubborn);
	if (channel == NULL || channel_post(channel, MSG_READY, &ready) == -1)
		_exit(1);
	channel_running(channel);
	do {
		(void)usleep(1000);
		ret = channel_receive(channel, 10);
	} while (ret >= 0);
	_exit(0);
}

static inline NORETURN void
good_worker(const struct worker_start *start)
{
	work_until_stopped(start, false);
}

static inline void
rig_give_up(void *context)
{
	struct stage *stage = context;

	stage->timed_out = true;
	loop_stop(stage->master.loop);
}

static inline void
rig_look(void *context)
{
	struct stage *stage = context;

	if (stage->done(stage))
		loop_stop(stage->master.loop);
	else
		loop_timer_set(stage->step, 2);
}

/* Runs the loop until done() is true. */
static inline void
run_until(struct stage *stage, bool (*done)(struct stage *stage))
{
	stage->done = done;
	loop_timer_set(stage->guard, PATIENCE_MS);
	loop_timer_set(stage->step, 0);
	CU_ASSERT_EQUAL(loop_run(stage->master.loop), 0);
	loop_timer_clear(stage->step);
	CU_ASSERT_FALSE_FATAL(stage->timed_out);
}

static inline void
rig_child_ended(int number UNUSED, void *context)
{
	const struct stage *stage = context;

	supervise_reap(stage->master.supervisor);
}

static inline void
rig_rotate(void *context UNUSED)
{
}

/* A port of loopback that was free a moment ago. */
static inline uint16_t
rig_free_port(void)
{
	struct sockaddr_in address;
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memset(&address, 0, sizeof(address));
	address.sin_family = AF_INET;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CU_ASSERT_EQUAL(bind(fd, (struct sockaddr *)&address, len), 0);
	CU_ASSERT_EQUAL(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	close(fd);
	return (ntohs(address.sin_port));
}

/* Writes the configuration, with more at its end. */
static inline void
rig_configure(const struct stage *stage, const char *more)
{
	FILE *out = fopen(stage->path, "w");

	CU_ASSERT_PTR_NOT_NULL_FATAL(out);
	fprintf(out,
	    "workers: 2\n"
	    "grace_time: 1s\n"
	    "user: proxy\n"
	    "cache_user: backup\n"
	    "log_user: irc\n"
	    "listen: [{address: 127.0.0.1, port: %u}]\n"
	    "tls: {engine: off}\n"
	    "%s",
	    stage->port, more);
	CU_ASSERT_EQUAL(fclose(out), 0);
}

static inline void
open_stage(struct stage *stage, worker_main worker)
{
	struct master *master = &stage->master;
	struct configuration *configuration;
	int fd;

	memset(stage, 0, sizeof(*stage));
	log_set_sink(discard, NULL);
	stage->port = rig_free_port();
	snprintf(stage->path, sizeof(stage->path), "/tmp/ftpsd-unit-XXXXXX");
	fd = mkstemp(stage->path);
	CU_ASSERT_NOT_EQUAL_FATAL(fd, -1);
	close(fd);
	rig_configure(stage, "");
	configuration = configuration_load_now(stage->path, -1);
	CU_ASSERT_PTR_NOT_NULL_FATAL(configuration);
	master->worker = worker;
	master->self = -1;
	master->phase = MASTER_RUNNING;
	master->path = stage->path;
	master->loop = loop_new();
	master->generations = 1;
	master->current = generation_new(1, configuration);
	master->ring = ring_create(3600, 4);
	master->rotation = loop_timer(master->loop, rig_rotate, master);
	master->listeners = listeners_new();
	master->log_pairs = log_pairs_new();
	master->supervisor = supervise_new(master);
	master->reload = reload_new(master);
	master->refresh = refresh_new(master);
	master->stop = stop_new(master);
	master->watch = watch_new(master);
	stage->guard = loop_timer(master->loop, rig_give_up, stage);
	stage->step = loop_timer(master->loop, rig_look, stage);
	CU_ASSERT_PTR_NOT_NULL_FATAL(master->current);
	CU_ASSERT_PTR_NOT_NULL_FATAL(master->supervisor);
	CU_ASSERT_PTR_NOT_NULL_FATAL(stage->step);
	CU_ASSERT_EQUAL_FATAL(loop_signal(master->loop, SIGCHLD,
				  rig_child_ended, stage),
	    0);
	CU_ASSERT_EQUAL_FATAL(supervise_slots(master->supervisor, 2), 0);
}

static inline void
close_stage(struct stage *stage)
{
	struct master *master = &stage->master;
	sigset_t none;

	watch_free(&master->watch);
	reload_free(&master->reload);
	refresh_free(&master->refresh);
	stop_free(&master->stop);
	supervise_free(&master->supervisor);
	log_pairs_free(&master->log_pairs);
	listeners_free(&master->listeners);
	ring_free(&master->ring);
	generation_free(&master->old);
	generation_free(&master->current);
	loop_free(&master->loop);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	log_set_sink(NULL, NULL);
	log_set_level(LOG_LEVEL_INFO);
	CU_ASSERT_EQUAL(unlink(stage->path), 0);
}

static inline struct post *
slot(struct stage *stage, uint32_t number)
{
	return (supervise_post(stage->master.supervisor, ROLE_WORKER, number));
}

static inline bool
all_ready(struct stage *stage)
{
	return (supervise_workers_ready(stage->master.supervisor));
}

static inline bool
nobody_left(struct stage *stage)
{
	return (LIST_EMPTY(&stage->master.supervisor->processes));
}

#endif
