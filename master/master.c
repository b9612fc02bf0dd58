#include "master/master.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "master/control/control.h"
#include "master/control/control_actions.h"
#include "master/control/control_cache.h"
#include "master/control/control_staples.h"
#include "master/directories.h"
#include "master/generation.h"
#include "master/keys/opened_keys.h"
#include "master/keys/random_seed.h"
#include "master/listeners.h"
#include "master/log_pairs.h"
#include "master/notify.h"
#include "master/pid_file.h"
#include "master/refresh.h"
#include "master/reload.h"
#include "master/spawn.h"
#include "master/start.h"
#include "master/stop.h"
#include "master/supervise.h"
#include "master/tracing.h"
#include "master/watch.h"
#include "shm/base/fd.h"
#include "shm/base/log.h"
#include "shm/base/process.h"
#include "shm/base/secret.h"

#define OPEN_FILES_WANTED 1048576

const struct conf *
master_conf(const struct master *master)
{
	return (master->current->configuration->conf);
}

static void
on_stop(int number, void *context)
{
	struct master *master = context;

	stop_begin(master,
	    number == SIGTERM ? master_conf(master)->grace_time * 1000 : 0);
}

static void
on_reload(int number UNUSED, void *context)
{
	log_notice("reload asked for by a signal");
	reload_request(context);
}

static void
on_reopen(int number UNUSED, void *context)
{
	const struct msg_empty body = { 0 };
	const struct master *master = context;
	struct process *logger;

	logger = supervise_ready(master->supervisor, ROLE_LOGGER);
	if (logger != NULL)
		process_tell(logger, MSG_LOG_REOPEN, &body);
}

static void
on_child(int number UNUSED, void *context)
{
	const struct master *master = context;

	supervise_reap(master->supervisor);
}

static int
take_signals(struct master *master)
{
	process_ignore_signals();
	if (loop_signal(master->loop, SIGTERM, on_stop, master) == -1 ||
	    loop_signal(master->loop, SIGINT, on_stop, master) == -1 ||
	    loop_signal(master->loop, SIGQUIT, on_stop, master) == -1 ||
	    loop_signal(master->loop, SIGHUP, on_reload, master) == -1 ||
	    loop_signal(master->loop, SIGUSR1, on_reopen, master) == -1)
		return (-1);
	return (loop_signal(master->loop, SIGCHLD, on_child, master));
}

static void
rotate(void *context)
{
	struct master *master = context;
	uint32_t seconds;

	seconds = ring_rotate(master->ring, (uint64_t)time(NULL));
	loop_timer_set(master->rotation, (uint64_t)seconds * 1000);
}

/* As many descriptors as we may have: the workers inherit the limit. */
static void
raise_limits(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		return;
	if (process_is_root() && limit.rlim_max < OPEN_FILES_WANTED) {
		limit.rlim_cur = OPEN_FILES_WANTED;
		limit.rlim_max = OPEN_FILES_WANTED;
		if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
			return;
		(void)getrlimit(RLIMIT_NOFILE, &limit);
	}
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

static int
open_listeners(struct master *master)
{
	struct conf_errors errors;
	size_t i;
	int ret;

	memset(&errors, 0, sizeof(errors));
	ret = listeners_prepare(master->listeners, master_conf(master),
	    master->path, &errors);
	if (ret == 0)
		listeners_keep(master->listeners, master_conf(master));
	for (i = 0; i < errors.count; i++)
		log_error("%s", errors.items[i].text);
	conf_errors_free(&errors);
	return (ret);
}

/* The parts that live as long as the master.  0, or -1 with errno. */
static int
make_parts(struct master *master)
{
	const struct conf *conf = master_conf(master);

	master->token_key = secret_alloc(SEAL_KEY_LEN, SECRET_WIPE_ON_FORK);
	master->ring =
	    ring_create(conf->ticket_key_age, conf->ticket_key_count);
	master->rotation = loop_timer(master->loop, rotate, master);
	master->listeners = listeners_new();
	master->log_pairs = log_pairs_new();
	master->supervisor = supervise_new(master);
	master->reload = reload_new(master);
	master->refresh = refresh_new(master);
	master->stop = stop_new(master);
	master->watch = watch_new(master);
	master->recent = recent_new();
	if (master->token_key == NULL || master->ring == NULL ||
	    master->recent == NULL || master->rotation == NULL ||
	    master->listeners == NULL || master->log_pairs == NULL ||
	    master->refresh == NULL || master->supervisor == NULL ||
	    master->reload == NULL || master->stop == NULL ||
	    master->watch == NULL)
		return (-1);
	secret_random(master->token_key, SEAL_KEY_LEN);
	loop_timer_set(master->rotation, 0);
	refresh_begin(master->refresh);
	watch_configure(master->watch);
	return (supervise_slots(master->supervisor, conf->workers));
}

static void
free_parts(struct master *master)
{
	start_free(&master->start);
	control_free(&master->control);
	watch_free(&master->watch);
	reload_free(&master->reload);
	refresh_free(&master->refresh);
	stop_free(&master->stop);
	supervise_free(&master->supervisor);
	log_set_sink(NULL, NULL);
	log_pairs_free(&master->log_pairs);
	listeners_free(&master->listeners);
	loop_timer_free(&master->rotation);
	ring_free(&master->ring);
	recent_free(&master->recent);
	secret_free(master->token_key, SEAL_KEY_LEN);
	generation_free(&master->old);
	generation_free(&master->current);
	opened_keys_forget();
	fd_close(&master->self);
	loop_free(&master->loop);
}

/* From a checked configuration to a running loop.  Returns when it ends. */
static int
serve(struct master *master)
{
	if (make_parts(master) == -1 || take_signals(master) == -1) {
		log_error("cannot start: %s", strerror(errno));
		return (1);
	}
	if (open_listeners(master) == -1 || control_actions_start(master) == -1)
		return (1);
	start_processes(master);
	if (loop_run(master->loop) == -1) {
		log_error("the event loop failed: %s", strerror(errno));
		return (1);
	}
	return (master->exit_status);
}

/* Loads the configuration; exits when there is a mistake in it. */
static struct configuration *
load(struct master *master)
{
	struct configuration *configuration = NULL;

	master->self = spawn_open_self();
	if (master->self == -1)
		log_fatal("/proc/self/exe: %s", strerror(errno));
	master->loop = loop_new();
	if (master->loop != NULL)
		master->start = start_new(master);
	if (master->start == NULL)
		log_error("cannot start: %s", strerror(errno));
	else
		configuration = start_configuration(master->start);
	if (configuration == NULL ||
	    directories_make(configuration->conf, &configuration->users) ==
		-1) {
		start_free(&master->start);
		exit(1);
	}
	return (configuration);
}

void
master_run(const struct master_options *options)
{
	struct configuration *configuration;
	struct master master;
	char *pid_file;
	int lock, status = 1;

	memset(&master, 0, sizeof(master));
	master.path = options->path;
	master.worker = options->worker;
	master.started = (uint64_t)time(NULL);
	umask(022);
	notify_init();
	raise_limits();
	configuration = load(&master);
	pid_file = strdup(configuration->conf->pid_file);
	lock = pid_file == NULL ? -1 : pid_file_take(pid_file);
	if (lock == -1) {
		start_free(&master.start);
		exit(1);
	}
	log_set_level(configuration->conf->log_level);
	tracing_configure(&master, configuration->conf);
	master.generations = 1;
	master.current = generation_new(master.generations, configuration);
	if (master.current != NULL) {
		random_seed_mix(configuration->conf);
		status = serve(&master);
		if (status == 0)
			random_seed_save(master_conf(&master));
	}
	free_parts(&master);
	pid_file_release(pid_file, &lock);
	free(pid_file);
	exit(status);
}

int
master_check(const char *path, bool print)
{
	struct configuration *configuration;
	char *text = NULL;
	size_t len = 0;
	int self, status = 1;

	self = spawn_open_self();
	if (self == -1)
		log_fatal("/proc/self/exe: %s", strerror(errno));
	configuration = configuration_load_now(path, self);
	if (configuration != NULL) {
		status = 0;
		text = print ? conf_dump(configuration->conf, &len) : NULL;
		if (print &&
		    (text == NULL || fwrite(text, 1, len, stdout) != len ||
			fflush(stdout) != 0)) {
			log_error("cannot print the configuration");
			status = 1;
		}
	}
	free(text);
	configuration_free(&configuration);
	opened_keys_forget();
	fd_close(&self);
	return (status);
}

void
master_process_ready(struct master *master, struct process *process)
{
	if (master->phase == MASTER_STARTING)
		start_process_ready(master, process);
	else if (master->phase == MASTER_RUNNING &&
	    process->role == ROLE_WORKER &&
	    supervise_workers_ready(master->supervisor))
		reload_workers_ready(master);
}

void
master_process_gone(struct master *master, const struct process *process)
{
	if (master->phase == MASTER_STARTING)
		start_process_gone(master, process);
	if (process->role == ROLE_KEEPER)
		control_cache_keeper_gone(master->control);
	else if (process->role == ROLE_OCSP)
		control_staples_gone(master->control);
	if (process->role == ROLE_WORKER && master->phase == MASTER_RUNNING)
		reload_worker_gone(master);
	stop_process_gone(master);
}
