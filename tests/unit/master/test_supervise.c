/* Unit tests of the table of processes. */
#include <CUnit/CUnit.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/master_rig.h"

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
