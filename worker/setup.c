#include "worker/setup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "shm/base/fd.h"
#include "shm/base/log.h"
#include "shm/base/process.h"
#include "shm/cache/place.h"
#include "shm/ipc/log_channel.h"
#include "worker/ports.h"
#include "worker/tls/tls.h"

static int
close_others(const struct worker_start *start)
{
	int *keep = calloc(start->nlisteners + 4, sizeof(*keep));
	size_t i, n = 0;

	if (keep == NULL)
		return (-1);
	keep[n++] = start->master_fd;
	keep[n++] = start->log_fd;
	keep[n++] = start->ring_fd;
	keep[n++] = start->score_fd;
	for (i = 0; i < start->nlisteners; i++)
		keep[n++] = start->listeners[i].fd;
	fd_close_all_but(keep, n);
	free(keep);
	return (fd_null_standard(0));
}

static void
take_name(const struct worker_start *start)
{
	static char name[32];

	(void)snprintf(name, sizeof(name), "worker %u", start->slot);
	process_title("ftpsd: %s", name);
	log_set_name(name);
	log_set_level(start->conf->log_level);
	log_channel_start(start->log_fd);
}

/*
 * Who opens an environment of the keeper's may have to wait for long: each has
 * a thread, beyond those for files (cache_open.h).
 */
static uint32_t
count_environments(const struct conf *conf)
{
	bool shares =
	    conf->session_cache && conf->session_cache_type == CONF_CACHE_LMDB;

	return ((uint32_t)shares + (uint32_t)conf_staples(conf) +
	    (uint32_t)conf_asks(conf));
}

static int
set_threads(const struct worker_start *start)
{
	const struct conf *conf = start->conf;
	char threads[16];

	(void)snprintf(threads, sizeof(threads), "%u",
	    conf->threads + count_environments(conf));
	return (setenv("UV_THREADPOOL_SIZE", threads, 1));
}

int
setup_process(const struct worker_start *start)
{
	const struct process_limits limits = {
		.open_files = RLIM_INFINITY, /* as many as we may */
		.memory_lock = RLIM_INFINITY,
	};
	const struct identity identity = { .uid = start->uid,
		.gid = start->gid };

	process_reset_signals();
	process_ignore_signals();
	take_name(start);
	if (close_others(start) == -1 || set_threads(start) == -1) {
		log_error("cannot start: %s", strerror(errno));
		return (-1);
	}
	ports_load();
	tzset(); /* the files of time zones are outside the root directory */
	if (tls_prepare(start) == -1 || process_limit(&limits) == -1 ||
	    place_confine(start->conf->run_directory) == -1 ||
	    process_drop(&identity) == -1)
		return (-1);
	/* No signal at the master's end: transfers may finish. */
	return (process_harden(start->master, 0));
}

int
setup_last(void)
{
	const struct process_limits limits = { .no_processes = 1 };

	return (process_limit(&limits));
}
