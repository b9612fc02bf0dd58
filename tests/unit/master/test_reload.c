/* Unit tests of going over to another configuration. */
#include <CUnit/CUnit.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/master_rig.h"

/* Lives in the first generation only. */
static NORETURN void
first_worker(const struct worker_start *start)
{
	if (start->generation > 1)
		_exit(3);
	good_worker(start);
}

/* Does not stop for as long as it may have sessions. */
static NORETURN void
stubborn_worker(const struct worker_start *start)
{
	work_until_stopped(start, true);
}

static bool
second_serves(struct stage *stage)
{
	return (stage->master.current->number == 2 && all_ready(stage) &&
	    stage->master.old == NULL);
}

static bool
second_beside_first(struct stage *stage)
{
	return (stage->master.current->number == 2 && all_ready(stage) &&
	    stage->master.old != NULL && stage->master.old->draining);
}

static bool
third_serves(struct stage *stage)
{
	return (stage->master.current->number == 3 && all_ready(stage) &&
	    stage->master.old == NULL);
}

static bool
third_beside_second(struct stage *stage)
{
	return (stage->master.current->number == 3 && all_ready(stage) &&
	    stage->master.old != NULL && stage->master.old->number == 2 &&
	    stage->master.old->draining);
}

static bool
rolled_back(struct stage *stage)
{
	return (stage->master.generations == 2 &&
	    stage->master.current->number == 1 && stage->master.old == NULL);
}

/* A reload is over when the next one can begin: by a turn of the loop. */
static int refusals;

static void
count_refusals(const struct log_record *record, void *context UNUSED)
{
	if (strstr(record->text, "reload refused") != NULL)
		refusals++;
}

static bool
was_refused(struct stage *stage UNUSED)
{
	return (refusals > 0);
}

static void
start(struct stage *stage, worker_main worker)
{
	struct conf_errors errors;

	open_stage(stage, worker);
	memset(&errors, 0, sizeof(errors));
	CU_ASSERT_EQUAL_FATAL(listeners_prepare(stage->master.listeners,
				  master_conf(&stage->master), "conf", &errors),
	    0);
	listeners_keep(stage->master.listeners, master_conf(&stage->master));
	supervise_start_workers(stage->master.supervisor);
	run_until(stage, all_ready);
	stage->pid = slot(stage, 0)->process->pid;
	refusals = 0;
	log_set_sink(count_refusals, NULL);
}

static void
replaces_the_workers(void)
{
	struct stage stage;

	start(&stage, good_worker);
	reload_request(&stage.master);
	/* Nothing has happened yet. */
	CU_ASSERT_EQUAL(stage.master.current->number, 1);
	run_until(&stage, second_serves);
	CU_ASSERT_NOT_EQUAL(slot(&stage, 0)->process->pid, stage.pid);
	CU_ASSERT_EQUAL(supervise_count_workers(stage.master.supervisor, 0), 2);
	CU_ASSERT_EQUAL(slot(&stage, 0)->restarts, 0);
	CU_ASSERT_EQUAL(refusals, 0);
	close_stage(&stage);
}

static void
changes_nothing_on_mistakes(void)
{
	static const char *const mistakes[] = {
		"nonsense: 1\n",
		"max_sessions: many\n",
		"run_directory: /somewhere/else\n",
		"control: {acl: [{actions: [all], users: [no-such-user]}]}\n",
	};
	struct stage stage;
	size_t i;

	start(&stage, good_worker);
	for (i = 0; i < NITEMS(mistakes); i++) {
		refusals = 0;
		rig_configure(&stage, mistakes[i]);
		reload_request(&stage.master);
		run_until(&stage, was_refused);
		CHECK_CASE(stage.master.current->number == 1, mistakes[i]);
		CHECK_CASE(slot(&stage, 0)->process->pid == stage.pid,
		    mistakes[i]);
	}
	rig_configure(&stage, "");
	reload_request(&stage.master);
	run_until(&stage, second_serves);
	close_stage(&stage);
}

/* Many requests while one runs are answered by one more. */
static void
joins_requests(void)
{
	struct stage stage;
	int i;

	start(&stage, good_worker);
	for (i = 0; i < 10; i++)
		reload_request(&stage.master);
	run_until(&stage, third_serves);
	CU_ASSERT_EQUAL(stage.master.generations, 3);
	close_stage(&stage);
}

static void
goes_back_when_workers_die(void)
{
	size_t before, count;
	struct stage stage;

	start(&stage, first_worker);
	free(listeners_for(stage.master.listeners, master_conf(&stage.master),
	    0, &before));
	reload_request(&stage.master);
	run_until(&stage, rolled_back);
	CU_ASSERT_EQUAL(refusals, 1);
	CU_ASSERT_PTR_NOT_NULL_FATAL(slot(&stage, 0)->process);
	CU_ASSERT_EQUAL(slot(&stage, 0)->process->pid, stage.pid);
	CU_ASSERT_TRUE(all_ready(&stage));
	CU_ASSERT_FALSE(stage.master.current->draining);
	free(listeners_for(stage.master.listeners, master_conf(&stage.master),
	    0, &count));
	CU_ASSERT_EQUAL(count, before);
	/* The next one is counted on. */
	stage.master.worker = good_worker;
	reload_request(&stage.master);
	run_until(&stage, all_ready);
	close_stage(&stage);
}

static void
has_two_generations_at_most(void)
{
	struct stage stage;

	start(&stage, stubborn_worker);
	reload_request(&stage.master);
	run_until(&stage, second_beside_first);
	CU_ASSERT_EQUAL(supervise_count_workers(stage.master.supervisor, 1), 2);
	reload_request(&stage.master);
	run_until(&stage, third_beside_second);
	CU_ASSERT_EQUAL(supervise_count_workers(stage.master.supervisor, 1), 0);
	CU_ASSERT_EQUAL(supervise_count_workers(stage.master.supervisor, 2), 2);
	close_stage(&stage);
}

/* Workers of the generation before are not replaced. */
static void
leaves_old_workers_dead(void)
{
	struct stage stage;

	start(&stage, stubborn_worker);
	reload_request(&stage.master);
	run_until(&stage, second_beside_first);
	supervise_kill_workers(stage.master.supervisor, 1);
	run_until(&stage, second_serves);
	CU_ASSERT_EQUAL(supervise_count_workers(stage.master.supervisor, 0), 2);
	close_stage(&stage);
}

CU_TestInfo reload_tests[] = {
	{ "a reload replaces the workers", replaces_the_workers },
	{ "a mistake changes nothing", changes_nothing_on_mistakes },
	{ "requests are joined", joins_requests },
	{ "new workers that die change nothing", goes_back_when_workers_die },
	{ "there are two generations at most", has_two_generations_at_most },
	{ "old workers are not replaced", leaves_old_workers_dead },
	CU_TEST_INFO_NULL,
};
