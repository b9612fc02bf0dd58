/* Unit tests of worker/clock.c. */
#include "worker/clock.h"

#include <CUnit/CUnit.h>
#include <stdint.h>

#include "tests/unit/suites.h"
#include "tests/unit/worker_rig.h"

#define MANY   500
#define ROUNDS 10000

struct waiter {
	struct rig *rig;
	struct deadline deadline;
	struct waiter *victim; /* cleared, or freed, by the handler */
	uint64_t due;          /* 0: must not fire */
	int fired, again;
	bool early;
};

static uint64_t last_due;
static int in_order, done_count;

static void
fired(void *context)
{
	struct waiter *waiter = context;

	waiter->fired++;
	done_count++;
	CU_ASSERT_FALSE(deadline_is_set(&waiter->deadline));
	if (worker_now(&waiter->rig->worker) < waiter->due)
		waiter->early = true;
	if (waiter->due < last_due)
		in_order = 0;
	last_due = waiter->due;
	if (waiter->victim != NULL)
		deadline_clear(&waiter->victim->deadline);
	if (waiter->again-- > 0)
		deadline_set(&waiter->rig->worker, &waiter->deadline, 0);
}

static void
set(struct waiter *waiter, uint64_t ms)
{
	waiter->due = worker_now(&waiter->rig->worker) + ms;
	deadline_set(&waiter->rig->worker, &waiter->deadline, ms);
}

static void
start(struct rig *rig, struct waiter *waiters, size_t count)
{
	size_t i;

	rig_start(rig);
	last_due = 0;
	in_order = 1;
	done_count = 0;
	memset(waiters, 0, count * sizeof(*waiters));
	for (i = 0; i < count; i++) {
		waiters[i].rig = rig;
		deadline_init(&waiters[i].deadline, fired, &waiters[i]);
	}
}

static void
run_all(struct rig *rig)
{
	(void)uv_run(&rig->worker.loop, UV_RUN_DEFAULT);
}

static void
fires_in_order_and_never_early(void)
{
	static const uint64_t times[] = { 9, 2, 5, 5, 0, 12, 3, 7, 2, 10 };
	struct waiter waiters[NITEMS(times)];
	struct rig rig;
	size_t i;

	start(&rig, waiters, NITEMS(times));
	for (i = 0; i < NITEMS(times); i++)
		set(&waiters[i], times[i]);
	CU_ASSERT_EQUAL(done_count, 0);
	run_all(&rig);
	CU_ASSERT_TRUE(in_order);
	for (i = 0; i < NITEMS(times); i++)
		CU_ASSERT_TRUE(waiters[i].fired == 1 && !waiters[i].early);
	rig_stop(&rig);
}

static void
clears_and_moves(void)
{
	struct waiter waiters[4];
	struct rig rig;

	start(&rig, waiters, NITEMS(waiters));
	set(&waiters[0], 2);
	set(&waiters[1], 3);
	set(&waiters[2], 4);
	waiters[0].victim = &waiters[1];
	set(&waiters[2], 100000);
	set(&waiters[2], 5);
	deadline_clear(&waiters[3].deadline);
	CU_ASSERT_TRUE(deadline_is_set(&waiters[1].deadline));
	CU_ASSERT_TRUE(deadline_left(&rig.worker, &waiters[2].deadline) == 5);
	CU_ASSERT_TRUE(deadline_left(&rig.worker, &waiters[3].deadline) == 0);
	run_all(&rig);
	CU_ASSERT_EQUAL(waiters[0].fired, 1);
	CU_ASSERT_EQUAL(waiters[1].fired, 0);
	CU_ASSERT_EQUAL(waiters[2].fired, 1);
	CU_ASSERT_EQUAL(waiters[3].fired, 0);
	rig_stop(&rig);
}

/* Two that are due in the same turn: the first clears the second. */
static void
clears_one_that_is_due(void)
{
	struct waiter waiters[2];
	struct rig rig;

	start(&rig, waiters, 2);
	set(&waiters[0], 1);
	set(&waiters[1], 1);
	waiters[0].victim = &waiters[1];
	waiters[1].victim = &waiters[0];
	run_all(&rig);
	CU_ASSERT_EQUAL(done_count, 1);
	rig_stop(&rig);
}

static void
does_not_hold_the_loop(void)
{
	struct waiter waiter;
	struct rig rig;
	int turns = 0;

	start(&rig, &waiter, 1);
	waiter.again = 20;
	set(&waiter, 0);
	while (uv_run(&rig.worker.loop, UV_RUN_ONCE) != 0)
		turns++;
	CU_ASSERT_EQUAL(waiter.fired, 21);
	/* A turn looks at timers before and after it polls. */
	CU_ASSERT_TRUE(turns >= 10);
	rig_stop(&rig);
}

static void
takes_the_largest_time(void)
{
	struct waiter waiter;
	struct rig rig;

	start(&rig, &waiter, 1);
	rig_turn(&rig);
	deadline_set(&rig.worker, &waiter.deadline, UINT64_MAX);
	rig_turn(&rig);
	CU_ASSERT_EQUAL(waiter.fired, 0);
	CU_ASSERT_TRUE(deadline_left(&rig.worker, &waiter.deadline) > 1);
	deadline_clear(&waiter.deadline);
	rig_stop(&rig);
}

/* Freeing the clock takes deadlines along that are set. */
static void
is_freed_with_deadlines(void)
{
	struct waiter waiters[3];
	struct rig rig;

	start(&rig, waiters, 3);
	set(&waiters[0], 1);
	set(&waiters[1], 50000);
	rig_stop(&rig);
	CU_ASSERT_EQUAL(done_count, 0);
	CU_ASSERT_FALSE(deadline_is_set(&waiters[1].deadline));
}

/* Many, set, moved and cleared at random: exactly those that are set fire. */
static void
keeps_a_crowd(void)
{
	static struct waiter waiters[MANY];
	unsigned int random = 1;
	struct waiter *waiter;
	struct rig rig;
	size_t i;

	start(&rig, waiters, MANY);
	for (i = 0; i < ROUNDS; i++) {
		random = random * 1103515245u + 12345u;
		waiter = &waiters[(random >> 8) % MANY];
		if ((random >> 24) % 4 == 0) {
			deadline_clear(&waiter->deadline);
			waiter->due = 0;
		} else {
			set(waiter, 1 + (random >> 20) % 16);
		}
	}
	run_all(&rig);
	CU_ASSERT_TRUE(in_order);
	for (i = 0; i < MANY; i++)
		if (waiters[i].fired != (waiters[i].due != 0) ||
		    waiters[i].early)
			CU_FAIL("fired wrongly");
	rig_stop(&rig);
}

CU_TestInfo clock_tests[] = {
	{ "deadlines fire in order, never early",
	    fires_in_order_and_never_early },
	{ "a deadline is cleared and moved", clears_and_moves },
	{ "a due deadline can be cleared", clears_one_that_is_due },
	{ "a handler that sets itself lets the loop turn",
	    does_not_hold_the_loop },
	{ "the largest time does not wrap", takes_the_largest_time },
	{ "the clock goes with deadlines set", is_freed_with_deadlines },
	{ "a crowd of deadlines", keeps_a_crowd },
	CU_TEST_INFO_NULL,
};
