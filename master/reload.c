#include "master/reload.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "master/client_policy.h"
#include "master/control/control_actions.h"
#include "master/control/control_cache.h"
#include "master/generation.h"
#include "master/launch.h"
#include "master/listeners.h"
#include "master/notify.h"
#include "master/refresh.h"
#include "master/staples.h"
#include "master/supervise.h"
#include "master/tracing.h"
#include "master/watch.h"
#include "shm/base/log.h"

/* How long after the grace time a worker may still be there. */
#define GRACE_EXTRA_MS 5000

enum reload_step {
	RELOAD_IDLE,
	RELOAD_LOADING, /* files are read and checked */
	RELOAD_ROOM,    /* the oldest generation is made to end */
	RELOAD_STARTING /* the new workers are not all ready yet */
};

struct reload {
	struct master *master;
	enum reload_step step;
	bool again; /* asked for once more meanwhile */
	struct configuration_load *load;
	struct configuration *next; /* RELOAD_ROOM */
	struct loop_timer *patience;
};

static void start_load(struct reload *reload);

/* The oldest generation had its grace time. */
static void
patience_over(void *context)
{
	struct master *master = context;

	if (master->old == NULL)
		return;
	log_warn("workers of generation %u do not end: killed",
	    master->old->number);
	supervise_kill_workers(master->supervisor, master->old->number);
}

struct reload *
reload_new(struct master *master)
{
	struct reload *reload;

	reload = calloc(1, sizeof(*reload));
	if (reload == NULL)
		return (NULL);
	reload->master = master;
	reload->patience = loop_timer(master->loop, patience_over, master);
	if (reload->patience == NULL)
		reload_free(&reload);
	return (reload);
}

void
reload_free(struct reload **reload)
{
	if (*reload == NULL)
		return;
	configuration_load_free(&(*reload)->load);
	configuration_free(&(*reload)->next);
	loop_timer_free(&(*reload)->patience);
	free(*reload);
	*reload = NULL;
}

/* One reload is over; what was asked for meanwhile begins, or all is told. */
static void
finish(struct reload *reload, const struct conf_errors *errors)
{
	reload->step = RELOAD_IDLE;
	if (reload->again) {
		reload->again = false;
		start_load(reload);
		return;
	}
	notify_ready(master_conf(reload->master)->workers);
	control_reload_done(reload->master->control, errors);
}

static void
refuse(struct reload *reload, const struct conf_errors *errors)
{
	configuration_log(errors);
	log_error("reload refused: the configuration has %zu mistake%s and "
		  "nothing was changed",
	    errors->count, errors->count == 1 ? "" : "s");
	finish(reload, errors);
}

static void
refuse_for(struct reload *reload, const char *what)
{
	struct conf_errors errors;

	memset(&errors, 0, sizeof(errors));
	conf_errors_add(&errors, reload->master->path, 0, 0, "%s: %s", what,
	    strerror(errno));
	refuse(reload, &errors);
	conf_errors_free(&errors);
}

static void
tell_services(struct master *master)
{
	struct process *process;

	LIST_FOREACH (process, &master->supervisor->processes, link)
		if (process->role != ROLE_WORKER)
			launch_send_settings(process, master->current);
}

/* What the master itself does by the configuration. */
static void
apply(struct master *master)
{
	const struct conf *conf = master_conf(master);
	const struct conf *before = master->old->configuration->conf;

	log_set_level(conf->log_level);
	ring_configure(master->ring, conf->ticket_key_age,
	    conf->ticket_key_count);
	loop_timer_set(master->rotation, 0);
	/* What ftpsctl has set stays, unless the file says something new. */
	if (memcmp(before->trace, conf->trace, sizeof(conf->trace)) != 0)
		tracing_configure(master, conf);
	refresh_begin(master->refresh);
	watch_configure(master->watch);
}

/* From here on the new configuration is in force. */
static void
put_in_force(struct reload *reload, struct generation *generation)
{
	struct master *master = reload->master;

	master->old = master->current;
	master->current = generation;
	reload->step = RELOAD_STARTING;
	configuration_log_notices(master_conf(master));
	apply(master);
	tell_services(master);
	staples_tell(master);
	if (client_policy_changed(master->old->configuration,
		generation->configuration))
		control_cache_clear(master);
	supervise_review(master->supervisor);
	supervise_start_workers(master->supervisor);
}

static void
commit(struct reload *reload, struct configuration *configuration)
{
	struct master *master = reload->master;
	struct generation *generation;
	struct conf_errors errors;

	memset(&errors, 0, sizeof(errors));
	if (listeners_prepare(master->listeners, configuration->conf,
		master->path, &errors) == -1) {
		configuration_free(&configuration);
		refuse(reload, &errors);
	} else if (supervise_slots(master->supervisor,
		       configuration->conf->workers) == -1 ||
	    (generation = generation_new(master->generations + 1,
		 configuration)) == NULL) {
		configuration_free(&configuration);
		refuse_for(reload, "cannot go over to the configuration");
		listeners_undo(master->listeners);
	} else {
		master->generations++;
		put_in_force(reload, generation);
	}
	conf_errors_free(&errors);
}

/* Ends the oldest generation, since there is to be a third. */
static void
make_room(struct reload *reload)
{
	struct master *master = reload->master;
	uint32_t grace = master_conf(master)->grace_time;
	struct msg_stop how;

	log_notice("reload: the sessions of generation %u are ended first, "
		   "within %u s",
	    master->old->number, grace);
	memset(&how, 0, sizeof(how));
	how.mode = STOP_GRACE;
	how.grace_ms = grace * 1000;
	reload->step = RELOAD_ROOM;
	loop_timer_set(reload->patience, how.grace_ms + GRACE_EXTRA_MS);
	supervise_stop_workers(master->supervisor, master->old->number, &how);
}

static void
loaded(struct configuration *configuration, const struct conf_errors *errors,
    void *context)
{
	struct reload *reload = context;
	struct conf_errors restart;

	reload->load = NULL;
	if (configuration == NULL) {
		refuse(reload, errors);
		return;
	}
	memset(&restart, 0, sizeof(restart));
	if (conf_restart_needed(master_conf(reload->master),
		configuration->conf, &restart) > 0) {
		configuration_free(&configuration);
		refuse(reload, &restart);
	} else if (reload->master->old != NULL) {
		reload->next = configuration;
		make_room(reload);
	} else {
		commit(reload, configuration);
	}
	conf_errors_free(&restart);
}

static void
start_load(struct reload *reload)
{
	struct master *master = reload->master;

	watch_interrupt(master->watch);
	notify_reloading();
	log_notice("reloading %s", master->path);
	reload->step = RELOAD_LOADING;
	reload->load = configuration_load(master->loop, master->path,
	    master->self, loaded, reload);
	if (reload->load == NULL)
		refuse_for(reload, "cannot be loaded");
	else
		configuration_load_after(reload->load,
		    master->current->configuration->certificates);
}

bool
reload_is_busy(const struct reload *reload)
{
	return (reload->step != RELOAD_IDLE);
}

void
reload_request(struct master *master)
{
	struct reload *reload = master->reload;

	if (master->phase == MASTER_STOPPING)
		return;
	if (master->phase == MASTER_STARTING || reload->step != RELOAD_IDLE)
		reload->again = true;
	else
		start_load(reload);
}

/* The old workers go on with the sessions they have. */
static void
drain(struct master *master)
{
	const struct conf *conf = master_conf(master);
	struct msg_stop how;

	master->old->draining = true;
	memset(&how, 0, sizeof(how));
	how.mode = STOP_DRAIN;
	how.grace_ms = conf->grace_time * 1000;
	how.drain_ms = (uint64_t)conf->drain_time * 1000;
	how.drain_hard_ms = (uint64_t)conf->drain_hard * 1000;
	supervise_stop_workers(master->supervisor, master->old->number, &how);
}

void
reload_workers_ready(struct master *master)
{
	struct reload *reload = master->reload;

	if (reload->step == RELOAD_STARTING) {
		log_notice("reloaded: generation %u serves",
		    master->current->number);
		listeners_keep(master->listeners, master_conf(master));
		if (master->old != NULL) {
			drain(master);
			reload_worker_gone(master);
		}
		finish(reload, NULL);
	} else if (reload->step == RELOAD_IDLE && reload->again) {
		reload->again = false;
		start_load(reload);
	}
}

/* Nobody works by the old configuration any more. */
static void
forget_old(struct master *master)
{
	struct process *process;

	log_info("generation %u has ended", master->old->number);
	generation_free(&master->old);
	LIST_FOREACH (process, &master->supervisor->processes, link)
		if (process->role != ROLE_WORKER)
			launch_drop_settings(process);
	supervise_review(master->supervisor);
}

/*
 * The new workers cannot live, and the old ones have not stopped accepting:
 * they stay, and the failed generation is the one to go.
 */
static void
roll_back(struct reload *reload)
{
	struct master *master = reload->master;
	struct generation *failed = master->current;

	master->current = master->old;
	master->old = failed;
	failed->draining = true;
	apply(master);
	listeners_undo(master->listeners);
	supervise_adopt(master->supervisor, master->current->number);
	supervise_kill_workers(master->supervisor, failed->number);
	errno = ECHILD;
	refuse_for(reload, "the new workers end as soon as they start");
}

void
reload_worker_gone(struct master *master)
{
	struct reload *reload = master->reload;
	struct configuration *next;

	if (reload->step == RELOAD_STARTING && master->old != NULL &&
	    supervise_in_trouble(master->supervisor) &&
	    supervise_count_workers(master->supervisor, master->old->number) >
		0)
		roll_back(reload);
	next = reload->next;
	if (master->old == NULL ||
	    supervise_count_workers(master->supervisor, master->old->number) >
		0)
		return;
	loop_timer_clear(reload->patience);
	forget_old(master);
	if (reload->step != RELOAD_ROOM)
		return;
	reload->next = NULL;
	commit(reload, next);
}
