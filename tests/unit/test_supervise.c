/*
 * Unit tests of the table of processes: real children, which do nothing but
 * what each test needs, under a master that is put together by hand.
 */
#include <CUnit/CUnit.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "master/generation.h"
#include "master/listeners.h"
#include "master/log_pairs.h"
#include "master/master.h"
#include "master/reload.h"
#include "master/stop.h"
#include "master/supervise.h"
#include "shm/base/fd.h"
#include "shm/base/log.h"
#include "shm/base/secret.h"
#include "shm/ipc/channel.h"
#include "tests/unit/suites.h"

#define PATIENCE_MS 20000

struct stage {
	struct master master;
	struct loop_timer *guard, *step;
	bool (*done)(struct stage *stage);
	bool timed_out;
	pid_t pid; /* of a worker that has to go */
};

/* What is logged on purpose would only confuse. */
static void
discard(const struct log_record *record UNUSED, void *context UNUSED)
{
}

/* What a worker under test does when it is told something. */
static int
obey(struct message *message, void *context UNUSED)
{
	if (message->type == MSG_STOP)
		_exit(0);
	return (0);
}

/* Says that it is ready, and waits for its end. */
static NORETURN void
good_worker(const struct worker_start *start)
{
	const struct msg_empty ready = { 0 };
	struct channel *channel;
	int ret;

	channel =
	    channel_new(start->master_fd, ROLE_WORKER, ROLE_MASTER, obey, NULL);
	if (channel == NULL || channel_post(channel, MSG_READY, &ready) == -1)
		_exit(1);
	channel_running(channel);
	do {
		(void)usleep(1000);
		ret = channel_receive(channel, 10);
	} while (ret >= 0);
	_exit(0);
}

static NORETURN void
bad_worker(const struct worker_start *start UNUSED)
{
	_exit(3);
}

/* Says what no worker may say. */
static NORETURN void
lying_worker(const struct worker_start *start)
{
	static const char garbage[] = "this is no message of ours";

	(void)!write(start->master_fd, garbage, sizeof(garbage));
	for (;;)
		(void)pause();
}

static void
give_up(void *context)
{
	struct stage *stage = context;

	stage->timed_out = true;
	loop_stop(stage->master.loop);
}

static void
look(void *context)
{
	struct stage *stage = context;

	if (stage->done(stage))
		loop_stop(stage->master.loop);
	else
		loop_timer_set(stage->step, 2);
}

/* Runs the loop until done() is true. */
static void
run_until(struct stage *stage, bool (*done)(struct stage *stage))
{
	stage->done = done;
	loop_timer_set(stage->guard, PATIENCE_MS);
	loop_timer_set(stage->step, 0);
	CU_ASSERT_EQUAL(loop_run(stage->master.loop), 0);
	loop_timer_clear(stage->step);
	CU_ASSERT_FALSE_FATAL(stage->timed_out);
}

static void
child_ended(int number UNUSED, void *context)
{
	const struct stage *stage = context;

	supervise_reap(stage->master.supervisor);
}

static struct configuration *
make_configuration(void)
{
	static const char text[] =
	    "workers: 2\n"
	    "listen: [{address: 127.0.0.1, port: 2121}]\n"
	    "tls: {engine: off}\n";
	struct configuration *configuration;
	struct conf_errors errors;

	memset(&errors, 0, sizeof(errors));
	configuration = calloc(1, sizeof(*configuration));
	CU_ASSERT_PTR_NOT_NULL_FATAL(configuration);
	configuration->conf =
	    conf_parse("test", text, sizeof(text) - 1, &errors);
	if (errors.count > 0)
		fprintf(stderr, "%s\n", errors.items[0].text);
	CU_ASSERT_PTR_NOT_NULL_FATAL(configuration->conf);
	configuration->certificates =
	    certificates_load(configuration->conf, &errors);
	CU_ASSERT_PTR_NOT_NULL_FATAL(configuration->certificates);
	conf_errors_free(&errors);
	return (configuration);
}

static void
open_stage(struct stage *stage, worker_main worker)
{
	struct master *master = &stage->master;

	memset(stage, 0, sizeof(*stage));
	log_set_sink(discard, NULL);
	master->worker = worker;
	master->self = -1;
	master->phase = MASTER_RUNNING;
	master->path = "test";
	master->loop = loop_new();
	master->generations = 1;
	master->current = generation_new(1, make_configuration());
	master->ring = ring_create(3600, 4);
	master->listeners = listeners_new();
	master->log_pairs = log_pairs_new();
	master->supervisor = supervise_new(master);
	master->reload = reload_new(master);
	master->stop = stop_new(master);
	stage->guard = loop_timer(master->loop, give_up, stage);
	stage->step = loop_timer(master->loop, look, stage);
	CU_ASSERT_PTR_NOT_NULL_FATAL(master->current);
	CU_ASSERT_PTR_NOT_NULL_FATAL(master->supervisor);
	CU_ASSERT_PTR_NOT_NULL_FATAL(stage->step);
	CU_ASSERT_EQUAL_FATAL(loop_signal(master->loop, SIGCHLD, child_ended,
				  stage),
	    0);
	CU_ASSERT_EQUAL_FATAL(supervise_slots(master->supervisor, 2), 0);
}

static void
close_stage(struct stage *stage)
{
	struct master *master = &stage->master;
	sigset_t none;

	reload_free(&master->reload);
	stop_free(&master->stop);
	supervise_free(&master->supervisor);
	log_pairs_free(&master->log_pairs);
	listeners_free(&master->listeners);
	ring_free(&master->ring);
	generation_free(&master->current);
	loop_free(&master->loop);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	log_set_sink(NULL, NULL);
}

static struct post *
slot(struct stage *stage, uint32_t number)
{
	return (supervise_post(stage->master.supervisor, ROLE_WORKER, number));
}

static bool
all_ready(struct stage *stage)
{
	return (supervise_workers_ready(stage->master.supervisor));
}

static bool
replaced(struct stage *stage)
{
	return (all_ready(stage) && slot(stage, 1)->process->pid != stage->pid);
}

static bool
in_trouble(struct stage *stage)
{
	return (supervise_in_trouble(stage->master.supervisor) &&
	    slot(stage, 0)->pause_ms > 0);
}

static bool
cut_off(struct stage *stage)
{
	const struct process *process = slot(stage, 0)->process;

	return (process != NULL && process->channel == NULL);
}

static bool
nobody_left(struct stage *stage)
{
	return (LIST_EMPTY(&stage->master.supervisor->processes));
}

static void
replaces_who_dies(void)
{
	uint32_t incarnation;
	struct stage stage;

	open_stage(&stage, good_worker);
	CU_ASSERT_FALSE(all_ready(&stage));
	supervise_start_workers(stage.master.supervisor);
	run_until(&stage, all_ready);
	CU_ASSERT_EQUAL(supervise_count_workers(stage.master.supervisor, 1), 2);
	stage.pid = slot(&stage, 1)->process->pid;
	incarnation = slot(&stage, 1)->process->incarnation;
	CU_ASSERT_EQUAL(kill(stage.pid, SIGKILL), 0);
	run_until(&stage, replaced);
	CU_ASSERT_EQUAL(slot(&stage, 1)->restarts, 1);
	CU_ASSERT_EQUAL(slot(&stage, 0)->restarts, 0);
	CU_ASSERT(slot(&stage, 1)->process->incarnation > incarnation);
	CU_ASSERT_FALSE(supervise_in_trouble(stage.master.supervisor));
	close_stage(&stage);
}

static void
pauses_when_all_die(void)
{
	struct stage stage;
	uint64_t first;

	open_stage(&stage, bad_worker);
	supervise_start_workers(stage.master.supervisor);
	run_until(&stage, in_trouble);
	first = slot(&stage, 0)->pause_ms;
	CU_ASSERT(first >= 100);
	CU_ASSERT(slot(&stage, 0)->restarts >= 4);
	CU_ASSERT(slot(&stage, 0)->restarts < 10);
	close_stage(&stage);
}

/* It is cut off and not heard again; the rest is the tick's. */
static void
cuts_off_who_breaks_rules(void)
{
	struct stage stage;

	open_stage(&stage, lying_worker);
	supervise_start_workers(stage.master.supervisor);
	run_until(&stage, cut_off);
	CU_ASSERT_FALSE(all_ready(&stage));
	close_stage(&stage);
}

static void
stops_in_order(void)
{
	struct stage stage;

	open_stage(&stage, good_worker);
	supervise_start_workers(stage.master.supervisor);
	run_until(&stage, all_ready);
	stop_begin(&stage.master, 1000);
	CU_ASSERT_EQUAL(stage.master.phase, MASTER_STOPPING);
	CU_ASSERT_FALSE(stage.master.supervisor->replacing);
	run_until(&stage, nobody_left);
	close_stage(&stage);
}

static void
gives_posts_to_the_next_generation(void)
{
	struct stage stage;
	struct msg_stop now;
	pid_t old;

	open_stage(&stage, good_worker);
	supervise_start_workers(stage.master.supervisor);
	run_until(&stage, all_ready);
	old = slot(&stage, 0)->process->pid;
	stage.master.current->number = 2;
	supervise_start_workers(stage.master.supervisor);
	CU_ASSERT_NOT_EQUAL(slot(&stage, 0)->process->pid, old);
	run_until(&stage, all_ready);
	CU_ASSERT_EQUAL(supervise_count_workers(stage.master.supervisor, 1), 2);
	CU_ASSERT_EQUAL(supervise_count_workers(stage.master.supervisor, 0), 4);
	/* And back again: those that still run are taken as they are. */
	stage.master.current->number = 1;
	supervise_adopt(stage.master.supervisor, 1);
	CU_ASSERT_EQUAL(slot(&stage, 0)->process->pid, old);
	memset(&now, 0, sizeof(now));
	now.mode = STOP_NOW;
	stage.master.supervisor->replacing = false;
	supervise_stop_workers(stage.master.supervisor, 0, &now);
	run_until(&stage, nobody_left);
	close_stage(&stage);
}

CU_TestInfo supervise_tests[] = {
	{ "who dies is replaced", replaces_who_dies },
	{ "who dies again and again has to wait", pauses_when_all_die },
	{ "who breaks the rules is cut off", cuts_off_who_breaks_rules },
	{ "the end comes in order", stops_in_order },
	{ "posts go to the next generation",
	    gives_posts_to_the_next_generation },
	CU_TEST_INFO_NULL,
};
