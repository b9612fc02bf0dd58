#include "master/launch.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "master/directories.h"
#include "master/listeners.h"
#include "master/log_pairs.h"
#include "master/messages.h"
#include "master/spawn.h"
#include "master/tracing.h"
#include "shm/base/ensure.h"
#include "shm/base/fd.h"
#include "shm/base/log.h"
#include "shm/base/process.h"
#include "shm/base/secret.h"
#include "shm/ipc/role.h"

/* What a process is started with; the ends that are its own. */
struct ends {
	int channel; /* the child's */
	int log;
	int score;
};

static bool
knows(const struct process *process, uint32_t generation)
{
	size_t i;

	for (i = 0; i < PROCESS_GENERATIONS; i++)
		if (process->known[i] == generation)
			return (true);
	return (false);
}

static void
exchange_known(struct process *process, uint32_t from, uint32_t to)
{
	size_t i;

	for (i = 0; i < PROCESS_GENERATIONS; i++)
		if (process->known[i] == from) {
			process->known[i] = to;
			return;
		}
}

void
launch_send_settings(struct process *process,
    const struct generation *generation)
{
	struct channel_message message;
	struct msg_settings body;

	if (generation == NULL || process->channel == NULL ||
	    knows(process, generation->number))
		return;
	memset(&body, 0, sizeof(body));
	body.generation = generation->number;
	memset(&message, 0, sizeof(message));
	message.type = MSG_SETTINGS;
	message.body = &body;
	message.fd = generation->fd;
	if (link_send(process->channel, &message) == -1)
		return; /* it is ending, and its successor gets them */
	exchange_known(process, 0, generation->number);
	process->generation = generation->number;
}

static bool
alive(const struct master *master, uint32_t number)
{
	return (
	    (master->current != NULL && master->current->number == number) ||
	    (master->old != NULL && master->old->number == number));
}

void
launch_drop_settings(struct process *process)
{
	struct msg_generation body;
	size_t i;

	if (process->channel == NULL || process->state == PROCESS_STARTING)
		return;
	memset(&body, 0, sizeof(body));
	for (i = 0; i < PROCESS_GENERATIONS; i++) {
		body.generation = process->known[i];
		if (body.generation == 0 ||
		    alive(process->master, body.generation))
			continue;
		process_tell(process, MSG_SETTINGS_DROP, &body);
		process->known[i] = 0;
	}
}

/* Both ends of its channel and of its log; the other ends are kept. */
static int
make_ends(struct process *process, struct ends *ends)
{
	struct master *master = process->master;
	struct msg_peer who;
	int pair[2];

	if (fd_pair(pair) == -1)
		return (-1);
	ends->channel = pair[1];
	process->channel = link_new(master->loop, pair[0], ROLE_MASTER,
	    process->role, &messages_handlers, process);
	if (process->channel == NULL)
		return (-1);
	if (process->role == ROLE_LOGGER)
		return (0);
	memset(&who, 0, sizeof(who));
	who.role = process->role;
	who.slot = process->slot;
	who.generation = process->generation;
	who.incarnation = process->incarnation;
	process->log = log_pair_new(master->log_pairs, &who, &ends->log);
	return (process->log == NULL ? -1 : 0);
}

static void
close_ends(struct ends *ends)
{
	fd_close(&ends->channel);
	fd_close(&ends->log);
	fd_close(&ends->score);
}

static int
start_role(struct process *process, const struct ends *ends)
{
	struct spawn spawn;
	char argument[32];

	memset(&spawn, 0, sizeof(spawn));
	(void)snprintf(argument, sizeof(argument), "@%s",
	    role_name(process->role));
	spawn.self = process->master->self;
	spawn.arguments[0] = argument;
	spawn.fds[0] = ends->channel;
	spawn.fds[FD_LOG - FD_MASTER] = ends->log;
	spawn.fds[FD_SELF - FD_MASTER] =
	    process->role == ROLE_LOGIN ? process->master->self : -1;
	spawn.nfds = 3;
	spawn.terminal = process->role == ROLE_LOGGER;
	process->pid = spawn_exec(&spawn);
	return (process->pid == -1 ? -1 : 0);
}

/* The worker's side of the fork. */
static NORETURN void
be_worker(struct process *process, const struct ends *ends,
    const struct start_listener *listeners, size_t count)
{
	struct master *master = process->master;
	const struct configuration *configuration =
	    master->current->configuration;
	struct worker_start start;

	memset(&start, 0, sizeof(start));
	start.slot = process->slot;
	start.generation = process->generation;
	start.incarnation = process->incarnation;
	start.master = getppid();
	start.conf = configuration->conf;
	start.keys = certificates_keys(configuration->certificates);
	start.listeners = listeners;
	start.nlisteners = count;
	start.ring_fd = ring_fd(master->ring);
	start.score_fd = ends->score;
	start.recent = master->recent;
	start.master_fd = ends->channel;
	start.log_fd = ends->log;
	start.uid = configuration->users.worker.uid;
	start.gid = configuration->users.worker.gid;
	master->worker(&start);
}

static int
start_worker(struct process *process, const struct ends *ends)
{
	struct master *master = process->master;
	struct start_listener *listeners;
	size_t i, count, n = 0;
	int *keep;

	listeners = listeners_for(master->listeners, master_conf(master),
	    process->slot, &count);
	keep = calloc(count + 4, sizeof(*keep));
	if (listeners == NULL || keep == NULL) {
		free(listeners);
		free(keep);
		return (-1);
	}
	for (i = 0; i < count; i++)
		keep[n++] = listeners[i].fd;
	keep[n++] = ring_fd(master->ring);
	keep[n++] = ends->score;
	keep[n++] = ends->channel;
	keep[n++] = ends->log;
	process->pid = spawn_fork(keep, n);
	if (process->pid == 0)
		be_worker(process, ends, listeners, count);
	free(listeners);
	free(keep);
	return (process->pid == -1 ? -1 : 0);
}

/* What a role needs before it can be ready. */
static void
introduce(struct process *process)
{
	struct master *master = process->master;
	struct msg_token_key key;

	if (process->role == ROLE_WORKER)
		return;
	launch_send_settings(process, master->old);
	launch_send_settings(process, master->current);
	tracing_tell(process);
	if (process->role != ROLE_LOGIN)
		return;
	memcpy(key.key, master->token_key, sizeof(key.key));
	process_tell(process, MSG_TOKEN_KEY, &key);
	secret_wipe(&key, sizeof(key));
}

static struct process *
failed(struct process *process, struct ends *ends)
{
	char name[PROCESS_NAME_MAX];

	log_error("%s cannot be started: %s",
	    process_name(process, name, sizeof(name)), strerror(errno));
	close_ends(ends);
	link_free(&process->channel);
	if (process->log != NULL)
		log_pair_ended(process->log);
	score_free(&process->score);
	free(process);
	return (NULL);
}

void
launch_mend_cache(const struct master *master)
{
	const struct configuration *configuration =
	    master->current->configuration;

	directories_mend_cache(configuration->conf, &configuration->users);
}

struct process *
launch_process(struct post *post)
{
	struct ends ends = { -1, -1, -1 };
	struct process *process;
	int ret;

	process = calloc(1, sizeof(*process));
	if (process == NULL)
		return (NULL);
	process->master = post->master;
	process->post = post;
	process->role = post->role;
	process->slot = post->slot;
	process->incarnation = ++post->master->supervisor->incarnations;
	process->started = (uint64_t)time(NULL);
	process->born = loop_now();
	if (post->role == ROLE_WORKER) {
		process->generation = post->master->current->number;
		process->keys_version =
		    post->master->current->configuration->keys_version;
		process->score = score_create(&ends.score);
		if (process->score == NULL)
			return (failed(process, &ends));
	}
	if (make_ends(process, &ends) == -1)
		return (failed(process, &ends));
	if (post->role == ROLE_WORKER || post->role == ROLE_KEEPER)
		launch_mend_cache(post->master);
	ret = post->role == ROLE_WORKER ? start_worker(process, &ends)
					: start_role(process, &ends);
	if (ret == -1)
		return (failed(process, &ends));
	close_ends(&ends);
	if (process->log != NULL)
		log_pair_started(process->log, process->pid);
	introduce(process);
	return (process);
}
