#include "master/start.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "master/log_pairs.h"
#include "master/notify.h"
#include "master/reload.h"
#include "master/stop.h"
#include "master/supervise.h"
#include "shm/base/log.h"
#include "shm/ipc/log_channel.h"

/* How long serving waits for the certificates. */
#define PATIENCE_MS 250

/* Ends of a service at the start that are taken for its last word. */
#define FAILURES_MAX 3

struct start {
	struct master *master;
	struct configuration_load *load; /* NULL: all is checked */
	struct configuration *loaded;
	struct loop_timer *patience;
};

static void
patience_over(void *context)
{
	const struct start *start = context;

	loop_stop(start->master->loop);
}

struct start *
start_new(struct master *master)
{
	struct start *start;

	start = calloc(1, sizeof(*start));
	if (start == NULL)
		return (NULL);
	start->master = master;
	start->patience = loop_timer(master->loop, patience_over, start);
	if (start->patience == NULL)
		start_free(&start);
	return (start);
}

void
start_free(struct start **start)
{
	if (*start == NULL)
		return;
	configuration_load_free(&(*start)->load);
	configuration_free(&(*start)->loaded);
	loop_timer_free(&(*start)->patience);
	free(*start);
	*start = NULL;
}

/* All workers accept, and all certificates are good. */
static void
become_running(struct master *master)
{
	if (master->phase != MASTER_STARTING || master->start->load != NULL ||
	    !supervise_workers_ready(master->supervisor))
		return;
	master->phase = MASTER_RUNNING;
	notify_ready(master_conf(master)->workers);
	reload_workers_ready(master);
}

/* What was taken to serve by is no result any more: only its mistakes are. */
static void
checked_late(struct master *master, const struct conf_errors *errors)
{
	if (master->phase != MASTER_STARTING)
		return;
	if (errors->count == 0) {
		log_notice("all certificates are checked");
		become_running(master);
		return;
	}
	configuration_log(errors);
	log_error("not all certificates are good: giving up");
	master->exit_status = 1;
	stop_begin(master, 0);
}

static void
loaded(struct configuration *configuration, const struct conf_errors *errors,
    void *context)
{
	struct start *start = context;

	start->load = NULL;
	configuration_tell(errors);
	if (start->master->current != NULL) {
		checked_late(start->master, errors);
		return;
	}
	start->loaded = configuration;
	loop_stop(start->master->loop);
}

struct configuration *
start_configuration(struct start *start)
{
	struct master *master = start->master;
	struct configuration *configuration = NULL;

	start->load = configuration_load(master->loop, master->path,
	    master->self, loaded, start);
	if (start->load == NULL) {
		log_error("cannot load the configuration: %s", strerror(errno));
		return (NULL);
	}
	configuration_may_ask(start->load);
	loop_timer_set(start->patience, PATIENCE_MS);
	while (start->load != NULL && configuration == NULL) {
		if (loop_run(master->loop) == -1) {
			log_error("the event loop failed: %s", strerror(errno));
			return (NULL);
		}
		if (start->load != NULL)
			configuration = configuration_take(start->load);
	}
	loop_timer_clear(start->patience);
	if (configuration == NULL)
		configuration = start->loaded;
	start->loaded = NULL;
	return (configuration);
}

/* Our own records go the way of all others once there is a logger. */
static int
log_by_logger(struct master *master)
{
	struct log_pair *pair;
	struct msg_peer who;
	int writer;

	memset(&who, 0, sizeof(who));
	who.role = ROLE_MASTER;
	pair = log_pair_new(master->log_pairs, &who, &writer);
	if (pair == NULL)
		return (-1);
	log_pair_started(pair, (int32_t)getpid());
	log_channel_start(writer);
	return (0);
}

void
start_processes(struct master *master)
{
	supervise_fill(supervise_post(master->supervisor, ROLE_LOGGER, 0));
}

void
start_process_ready(struct master *master, const struct process *process)
{
	struct supervisor *supervisor = master->supervisor;

	if (process->role == ROLE_LOGGER) {
		if (log_by_logger(master) == -1)
			log_warn("our own log goes on here: %s",
			    strerror(errno));
		log_notice("ftpsd " FTPSD_VERSION " starts (pid %d)",
		    (int)getpid());
		configuration_log_notices(master_conf(master));
		supervise_fill(supervise_post(supervisor, ROLE_KEEPER, 0));
		supervise_fill(supervise_post(supervisor, ROLE_LOGIN, 0));
		supervise_review(supervisor);
	} else if (process->role == ROLE_KEEPER ||
	    process->role == ROLE_LOGIN) {
		if (supervise_ready(supervisor, ROLE_KEEPER) != NULL &&
		    supervise_ready(supervisor, ROLE_LOGIN) != NULL)
			supervise_start_workers(supervisor);
	} else if (supervise_workers_ready(supervisor)) {
		log_notice("serving with %u workers%s",
		    master_conf(master)->workers,
		    master->start->load == NULL
			? ""
			: ", while certificates are still being checked");
		become_running(master);
	}
}

/* At the start someone is watching: better an error than trying for ever. */
void
start_process_gone(struct master *master, const struct process *process)
{
	if (process->post == NULL || process->post->quick_ends < FAILURES_MAX)
		return;
	log_error("%s does not start: giving up", role_name(process->role));
	master->exit_status = 1;
	stop_begin(master, 0);
}
