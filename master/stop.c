#include "master/stop.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "master/control/control_actions.h"
#include "master/listeners.h"
#include "master/notify.h"
#include "master/reload.h"
#include "master/supervise.h"
#include "shm/base/log.h"

/* How long who was told to stop may still be there, after his time is up. */
#define EXTRA_MS 3000

enum stop_step {
	STOP_NOT,
	STOP_WORKERS,
	STOP_SERVICES,
	STOP_LOGGER
};

struct stop {
	struct master *master;
	enum stop_step step;
	struct loop_timer *patience;
};

static bool
belongs(const struct process *process, enum stop_step step)
{
	switch (process->role) {
	case ROLE_WORKER:
		return (step == STOP_WORKERS);
	case ROLE_LOGGER:
		return (step == STOP_LOGGER);
	case ROLE_NONE:
	case ROLE_MASTER:
	case ROLE_KEEPER:
	case ROLE_LOGIN:
	case ROLE_CHECKER:
	case ROLE_AGENT:
	case ROLE_OCSP:
	case ROLE_COUNT:
		break;
	}
	return (step == STOP_SERVICES);
}

static void
patience_over(void *context)
{
	struct stop *stop = context;
	struct process *process;
	char name[PROCESS_NAME_MAX];

	LIST_FOREACH (process, &stop->master->supervisor->processes, link) {
		if (!belongs(process, stop->step))
			continue;
		log_warn("%s (pid %d) does not end: killed",
		    process_name(process, name, sizeof(name)),
		    (int)process->pid);
		(void)kill(process->pid, SIGKILL);
	}
}

struct stop *
stop_new(struct master *master)
{
	struct stop *stop;

	stop = calloc(1, sizeof(*stop));
	if (stop == NULL)
		return (NULL);
	stop->master = master;
	stop->patience = loop_timer(master->loop, patience_over, stop);
	if (stop->patience == NULL)
		stop_free(&stop);
	return (stop);
}

void
stop_free(struct stop **stop)
{
	if (*stop == NULL)
		return;
	loop_timer_free(&(*stop)->patience);
	free(*stop);
	*stop = NULL;
}

static size_t
count(const struct stop *stop)
{
	const struct process *process;
	size_t n = 0;

	LIST_FOREACH (process, &stop->master->supervisor->processes, link)
		n += belongs(process, stop->step);
	return (n);
}

static void
tell(struct stop *stop, uint32_t grace_ms)
{
	struct process *process;
	struct msg_stop how;

	memset(&how, 0, sizeof(how));
	how.mode = grace_ms > 0 ? STOP_GRACE : STOP_NOW;
	how.grace_ms = grace_ms;
	LIST_FOREACH (process, &stop->master->supervisor->processes, link)
		if (belongs(process, stop->step))
			supervise_stop(process, &how);
	loop_timer_set(stop->patience, grace_ms + EXTRA_MS);
}

/* Goes on as long as nobody of the step is left. */
static void
proceed(struct stop *stop)
{
	while (count(stop) == 0) {
		loop_timer_clear(stop->patience);
		if (stop->step == STOP_LOGGER) {
			loop_stop(stop->master->loop);
			return;
		}
		stop->step++;
		if (stop->step == STOP_LOGGER)
			log_notice("ftpsd has stopped");
		tell(stop, 0);
	}
}

void
stop_begin(struct master *master, uint32_t grace_ms)
{
	struct stop *stop = master->stop;

	if (stop->step != STOP_NOT) {
		if (stop->step == STOP_WORKERS && grace_ms == 0)
			tell(stop, 0);
		return;
	}
	if (grace_ms > 0)
		log_notice("stopping: transfers may finish within %u s",
		    grace_ms / 1000);
	else
		log_notice("stopping now");
	master->phase = MASTER_STOPPING;
	notify_stopping();
	master->supervisor->replacing = false;
	reload_free(&master->reload);
	listeners_free(&master->listeners);
	control_stopping(master->control);
	stop->step = STOP_WORKERS;
	tell(stop, grace_ms);
	proceed(stop);
}

void
stop_process_gone(struct master *master)
{
	if (master->stop->step != STOP_NOT)
		proceed(master->stop);
}
