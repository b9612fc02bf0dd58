/* worker_rig - as much of a worker as its modules need to be tested. */
#ifndef TESTS_UNIT_WORKER_RIG_H
#define TESTS_UNIT_WORKER_RIG_H

#include <CUnit/CUnit.h>
#include <string.h>

#include "shm/base/attr.h"
#include "shm/base/log.h"
#include "shm/ipc/channel.h"
#include "worker/clock.h"
#include "worker/pool.h"
#include "worker/worker.h"

#define RIG_HOSTS 8

struct rig {
	struct worker worker;
	struct conf conf;
	struct conf_host hosts[RIG_HOSTS];
};

/* What a hostile peer makes a module say is not for the test's output. */
static inline void
rig_no_log(const struct log_record *record UNUSED, void *context UNUSED)
{
}

static inline void
rig_start(struct rig *rig)
{
	memset(rig, 0, sizeof(*rig));
	log_set_sink(rig_no_log, NULL);
	rig->conf.generation = 7;
	rig->conf.agent_idle = 3600;
	rig->conf.hosts = rig->hosts;
	rig->conf.nhosts = RIG_HOSTS;
	rig->worker.conf = &rig->conf;
	CU_ASSERT_EQUAL_FATAL(uv_loop_init(&rig->worker.loop), 0);
	rig->worker.clock = clock_new(&rig->worker);
	rig->worker.pool = pool_new(&rig->worker.loop);
	CU_ASSERT_PTR_NOT_NULL_FATAL(rig->worker.clock);
	CU_ASSERT_PTR_NOT_NULL_FATAL(rig->worker.pool);
}

/* One turn of the loop, without waiting. */
static inline void
rig_turn(struct rig *rig)
{
	(void)uv_run(&rig->worker.loop, UV_RUN_NOWAIT);
}

/* Turns until *value is not 0, or 5 seconds have gone. */
static inline bool
rig_until(struct rig *rig, const int *value)
{
	uint64_t end;

	uv_update_time(&rig->worker.loop);
	end = worker_now(&rig->worker) + 5000;
	while (*value == 0 && worker_now(&rig->worker) < end)
		(void)uv_run(&rig->worker.loop, UV_RUN_ONCE);
	return (*value != 0);
}

/* Nothing may be left that keeps the loop from being closed. */
static inline void
rig_stop(struct rig *rig)
{
	clock_free(&rig->worker.clock);
	(void)uv_run(&rig->worker.loop, UV_RUN_DEFAULT);
	pool_free(&rig->worker.pool);
	CU_ASSERT_EQUAL(uv_loop_close(&rig->worker.loop), 0);
	log_set_sink(NULL, NULL);
}

#endif
