#include "master/login/login.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "master/login/workers.h"
#include "shm/base/fd.h"
#include "shm/base/log.h"
#include "shm/base/process.h"
#include "shm/base/secret.h"
#include "shm/ipc/link.h"
#include "shm/ipc/log_channel.h"

#define OPEN_FILES  65536 /* a pair for each session that gets its agent */
#define MEMORY_LOCK ((rlim_t)32 << 20) /* passwords that wait, a page each */

struct login {
	struct loop *loop;
	struct link *master;
	pid_t parent;
	uint8_t *token_key; /* in memory that is wiped on fork */
	bool has_key;
	struct settings settings;
	struct limits limits;
	struct checkers *checkers;
	struct agents *agents;
	struct workers *workers;
};

/* Ours alone; handlers get it as their context. */
static struct login login;

/* Login stays root: what it may do is what it is for. */
static int
become_login(const struct login *self)
{
	const struct process_limits limits = { .open_files = OPEN_FILES,
		.memory_lock = MEMORY_LOCK };

	if (process_limit(&limits) == -1)
		return (-1);
	return (process_harden(self->parent, SIGKILL));
}

/* When the key and the first settings are there, in whichever order. */
static int
get_ready(struct login *self)
{
	static const struct msg_empty empty;

	if (channel_is_running(link_channel(self->master)) || !self->has_key ||
	    self->settings.count == 0)
		return (0);
	if (become_login(self) == -1)
		log_fatal("login cannot start");
	if (link_post(self->master, MSG_READY, &empty) == -1)
		return (-1);
	channel_running(link_channel(self->master));
	return (0);
}

static int
on_settings(struct login *self, struct message *message)
{
	const struct msg_settings *body = message->body;
	const struct setting *added;

	if (settings_add(&self->settings, body->generation,
		message_take_fd(message)) == -1)
		return (-1);
	added = settings_latest(&self->settings);
	log_set_level(added->conf->log_level);
	if (get_ready(self) == -1)
		return (-1);
	if (channel_is_running(link_channel(self->master)))
		checkers_settings_added(self->checkers, added);
	return (0);
}

static int
on_token_key(struct login *self, const struct message *message)
{
	const struct msg_token_key *body = message->body;

	memcpy(self->token_key, body->key, SEAL_KEY_LEN);
	self->has_key = true;
	if (get_ready(self) == -1)
		return (-1);
	if (channel_is_running(link_channel(self->master)))
		checkers_settings_added(self->checkers,
		    settings_latest(&self->settings));
	return (0);
}

static int
on_settings_drop(struct login *self, const struct message *message)
{
	const struct msg_generation *body = message->body;

	agents_settings_dropped(self->agents, body->generation);
	settings_drop(&self->settings, body->generation);
	checkers_settings_dropped(self->checkers, body->generation);
	return (0);
}

static int
on_peer(struct login *self, struct message *message)
{
	const struct msg_peer *peer = message->body;

	if (peer->role != ROLE_WORKER)
		return (-1);
	workers_add(self->workers, peer, message_take_fd(message));
	return (0);
}

static int
on_message(struct message *message, void *context)
{
	struct login *self = context;

	if (message->type == MSG_SETTINGS)
		return (on_settings(self, message));
	if (message->type == MSG_TOKEN_KEY)
		return (on_token_key(self, message));
	if (message->type == MSG_SETTINGS_DROP)
		return (on_settings_drop(self, message));
	if (message->type == MSG_PEER)
		return (on_peer(self, message));
	if (message->type == MSG_PING)
		return (link_post(self->master, MSG_PONG, message->body));
	if (message->type != MSG_STOP)
		return (-1);
	loop_stop(self->loop);
	return (0);
}

/* Workers that still end their transfers have the agents for it. */
static void
on_master_end(void *context)
{
	struct login *self = context;

	loop_stop(self->loop);
}

static void
on_child(int signal_number UNUSED, void *context)
{
	struct login *self = context;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (!agents_reaped(self->agents, pid, status))
			(void)checkers_reaped(self->checkers, pid, status);
}

static int
make_parts(struct login *self)
{
	struct workers_parts parts;

	settings_init(&self->settings);
	limits_init(&self->limits);
	self->token_key = secret_alloc(SEAL_KEY_LEN, SECRET_WIPE_ON_FORK);
	self->loop = loop_new();
	if (self->token_key == NULL || self->loop == NULL)
		return (-1);
	self->checkers = checkers_new(self->loop, &self->settings, FD_SELF);
	self->agents = agents_new(self->loop, &self->settings);
	if (self->checkers == NULL || self->agents == NULL)
		return (-1);
	parts.loop = self->loop;
	parts.settings = &self->settings;
	parts.limits = &self->limits;
	parts.checkers = self->checkers;
	parts.agents = self->agents;
	parts.token_key = self->token_key;
	self->workers = workers_new(&parts);
	return (self->workers == NULL ? -1 : 0);
}

/*
 * The checkers have been killed and idle agents end by themselves: a moment
 * for both, so that whoever inherits our children has none to bury.
 */
static void
wait_for_children(void)
{
	const struct timespec pause = { 0, 5000000 };
	int turns = 20;
	pid_t pid;

	while (turns-- > 0) {
		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			;
		if (pid == -1)
			return;
		(void)nanosleep(&pause, NULL);
	}
}

static void
free_parts(struct login *self)
{
	workers_free(&self->workers);
	agents_free(&self->agents);
	checkers_free(&self->checkers);
	limits_free(&self->limits);
	settings_free(&self->settings);
	link_free(&self->master);
	loop_free(&self->loop);
	secret_free(self->token_key, SEAL_KEY_LEN);
}

void
login_run(void)
{
	static const struct link_handlers handlers = { on_message,
		on_master_end };
	const int keep[] = { FD_MASTER, FD_LOG, FD_SELF };

	login.parent = getppid();
	process_reset_signals();
	process_ignore_signals();
	process_title("ftpsd: login");
	fd_close_all_but(keep, NITEMS(keep));
	log_set_name("login");
	log_channel_start(FD_LOG);
	if (make_parts(&login) == 0 &&
	    loop_signal(login.loop, SIGCHLD, on_child, &login) == 0)
		login.master = link_new(login.loop, FD_MASTER, ROLE_LOGIN,
		    ROLE_MASTER, &handlers, &login);
	if (login.master == NULL)
		log_fatal("login cannot start: %s", strerror(errno));
	if (loop_run(login.loop) == -1)
		log_fatal("login's loop failed: %s", strerror(errno));
	free_parts(&login);
	wait_for_children();
	exit(EXIT_SUCCESS);
}
