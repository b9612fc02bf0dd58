#include "worker/ending.h"

#include <stdlib.h>

#include "shm/base/log.h"
#include "worker/accept.h"
#include "worker/broker.h"
#include "worker/clock.h"
#include "worker/ftp/session.h"
#include "worker/worker.h"

/* For the last replies, when all sessions were told to end, or at once. */
#define FAREWELL_MS     3000
#define FAREWELL_NOW_MS 500

struct ending {
	struct worker *worker;
	struct deadline soft; /* sessions between transfers end */
	struct deadline hard; /* all sessions end */
	struct deadline last; /* whatever is left is cut */
	struct deadline done;
	bool ordered;
};

/* From the loop, so that a session is not freed below its own caller. */
static void
done(void *context)
{
	struct ending *ending = context;

	ending->worker->stopped = true;
}

void
ending_check(struct ending *ending)
{
	if (ending->worker->phase != WORKER_SERVING &&
	    ending->worker->sessions == 0)
		deadline_set(ending->worker, &ending->done, 0);
}

static void
end_idle(void *context)
{
	struct ending *ending = context;

	ending->worker->phase = WORKER_STOPPING;
	session_drain(ending->worker, false);
}

static void
end_all(void *context)
{
	struct ending *ending = context;

	deadline_clear(&ending->soft);
	ending->worker->phase = WORKER_STOPPING;
	deadline_set(ending->worker, &ending->last, FAREWELL_MS);
	session_drain(ending->worker, true);
}

static void
cut(void *context)
{
	struct ending *ending = context;

	log_info("%u sessions did not end by themselves and are cut",
	    ending->worker->sessions);
	done(ending);
}

/* Never later than was ordered before. */
static void
stop_within(struct ending *ending, uint64_t grace_ms)
{
	if (!deadline_is_set(&ending->hard) ||
	    deadline_left(ending->worker, &ending->hard) > grace_ms)
		deadline_set(ending->worker, &ending->hard, grace_ms);
	end_idle(ending);
}

void
ending_order(struct ending *ending, const struct msg_stop *stop)
{
	struct worker *worker = ending->worker;

	ending->ordered = true;
	accept_free(&worker->accept);
	broker_drop_agents(worker->broker);
	if (worker->phase == WORKER_SERVING)
		worker->phase = WORKER_DRAINING;
	deadline_clear(&ending->soft);
	if (stop->mode == STOP_DRAIN) {
		log_info("draining %u sessions", worker->sessions);
		deadline_set(worker, &ending->soft, stop->drain_ms);
		deadline_set(worker, &ending->hard, stop->drain_hard_ms);
	} else if (stop->mode == STOP_GRACE) {
		stop_within(ending, stop->grace_ms);
	} else {
		deadline_clear(&ending->hard);
		end_all(ending);
		deadline_set(worker, &ending->last, FAREWELL_NOW_MS);
	}
	ending_check(ending);
}

static void
stop_unordered(struct ending *ending)
{
	struct worker *worker = ending->worker;

	accept_free(&worker->accept);
	broker_drop_agents(worker->broker);
	deadline_clear(&ending->soft);
	stop_within(ending, (uint64_t)worker->conf->grace_time * 1000);
	ending_check(ending);
}

void
ending_without_master(struct ending *ending)
{
	log_error("the master is gone: transfers that run may take %u more "
		  "seconds",
	    ending->worker->conf->grace_time);
	stop_unordered(ending);
}

void
ending_without_login(struct ending *ending)
{
	log_error("login has not come back: transfers that run may take %u "
		  "more seconds, then another worker takes over",
	    ending->worker->conf->grace_time);
	stop_unordered(ending);
}

bool
ending_is_ordered(const struct ending *ending)
{
	return (ending->ordered);
}

struct ending *
ending_new(struct worker *worker)
{
	struct ending *ending = calloc(1, sizeof(*ending));

	if (ending == NULL)
		return (NULL);
	ending->worker = worker;
	deadline_init(&ending->soft, end_idle, ending);
	deadline_init(&ending->hard, end_all, ending);
	deadline_init(&ending->last, cut, ending);
	deadline_init(&ending->done, done, ending);
	return (ending);
}

void
ending_free(struct ending **ending)
{
	if (*ending == NULL)
		return;
	deadline_clear(&(*ending)->soft);
	deadline_clear(&(*ending)->hard);
	deadline_clear(&(*ending)->last);
	deadline_clear(&(*ending)->done);
	free(*ending);
	*ending = NULL;
}
