/* Unit tests of worker/turns.c. */
#include "worker/turns.h"

#include <CUnit/CUnit.h>
#include <stdlib.h>

#include "tests/unit/suites.h"
#include "tests/unit/worker_rig.h"

#define MANY 50

struct shaker {
	struct rig *rig;
	struct turn turn;
	struct shaker *next; /* gives its turn back when we are woken */
	int woken;
};

static int woken;

static void
wake(void *owner)
{
	struct shaker *shaker = owner;

	shaker->woken = ++woken;
	CU_ASSERT(turn_ask(shaker->rig->worker.turns, &shaker->turn));
	if (shaker->next != NULL)
		turn_end(shaker->rig->worker.turns, &shaker->next->turn);
}

static void
start(struct rig *rig, uint32_t max, struct shaker *shakers, size_t count)
{
	size_t i;

	rig_start(rig);
	woken = 0;
	rig->worker.turns = turns_new(&rig->worker, max);
	CU_ASSERT_PTR_NOT_NULL_FATAL(rig->worker.turns);
	memset(shakers, 0, count * sizeof(*shakers));
	for (i = 0; i < count; i++) {
		shakers[i].rig = rig;
		turn_init(&shakers[i].turn, wake, &shakers[i]);
	}
}

static bool
ask(struct shaker *shaker)
{
	return (turn_ask(shaker->rig->worker.turns, &shaker->turn));
}

static void
end(struct shaker *shaker)
{
	turn_end(shaker->rig->worker.turns, &shaker->turn);
}

static void
finish(struct rig *rig)
{
	turns_free(&rig->worker.turns);
	CU_ASSERT_PTR_NULL(rig->worker.turns);
	rig_stop(rig);
}

static void
check_order(void)
{
	struct shaker shakers[MANY];
	struct rig rig;
	size_t i;

	start(&rig, 2, shakers, MANY);
	for (i = 0; i < MANY; i++)
		CU_ASSERT_EQUAL(ask(&shakers[i]), i < 2);
	CU_ASSERT(ask(&shakers[0])); /* has it already */
	CU_ASSERT_FALSE(ask(&shakers[2]));
	rig_turn(&rig);
	CU_ASSERT_EQUAL(woken, 0);
	for (i = 0; i < MANY; i++) {
		end(&shakers[i]);
		end(&shakers[i]); /* of no effect */
		CU_ASSERT_EQUAL(shakers[i].woken, i < 2 ? 0 : (int)i - 1);
		rig_turn(&rig);
	}
	CU_ASSERT_EQUAL(woken, MANY - 2);
	CU_ASSERT(ask(&shakers[1]));
	end(&shakers[1]);
	finish(&rig);
}

static void
check_leaving(void)
{
	struct shaker shakers[4];
	struct rig rig;

	start(&rig, 1, shakers, 4);
	CU_ASSERT(ask(&shakers[0]));
	CU_ASSERT_FALSE(ask(&shakers[1]));
	CU_ASSERT_FALSE(ask(&shakers[2]));
	CU_ASSERT_FALSE(ask(&shakers[3]));
	end(&shakers[1]); /* waits no longer */
	end(&shakers[0]);
	/* The turn is there, and is given back before the word of it came. */
	end(&shakers[2]);
	rig_turn(&rig);
	CU_ASSERT_EQUAL(shakers[1].woken, 0);
	CU_ASSERT_EQUAL(shakers[2].woken, 0);
	CU_ASSERT_EQUAL(shakers[3].woken, 1);
	CU_ASSERT_FALSE(ask(&shakers[0]));
	/* Back in line behind nobody, and woken by who leaves in a wake. */
	end(&shakers[3]);
	rig_turn(&rig);
	CU_ASSERT_EQUAL(shakers[0].woken, 2);
	end(&shakers[0]);
	finish(&rig);
}

static void
check_ends_in_wake(void)
{
	struct shaker shakers[3];
	struct rig rig;

	start(&rig, 1, shakers, 3);
	CU_ASSERT(ask(&shakers[0]));
	CU_ASSERT_FALSE(ask(&shakers[1]));
	CU_ASSERT_FALSE(ask(&shakers[2]));
	shakers[1].next = &shakers[1];
	end(&shakers[0]);
	rig_turn(&rig);
	rig_turn(&rig);
	CU_ASSERT_EQUAL(shakers[1].woken, 1);
	CU_ASSERT_EQUAL(shakers[2].woken, 2);
	end(&shakers[2]);
	finish(&rig);
}

static void
check_without_limit(void)
{
	struct shaker shakers[MANY];
	struct rig rig;
	size_t i;

	start(&rig, 0, shakers, MANY);
	for (i = 0; i < MANY; i++)
		CU_ASSERT(ask(&shakers[i]));
	for (i = 0; i < MANY; i++)
		end(&shakers[i]);
	rig_turn(&rig);
	CU_ASSERT_EQUAL(woken, 0);
	finish(&rig);
}

CU_TestInfo turns_tests[] = {
	{ "the first to ask is the next", check_order },
	{ "who leaves holds up nobody", check_leaving },
	{ "a turn given back at once", check_ends_in_wake },
	{ "no limit", check_without_limit },
	CU_TEST_INFO_NULL,
};
