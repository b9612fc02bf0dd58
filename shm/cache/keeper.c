#include "shm/cache/keeper.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shm/base/fd.h"
#include "shm/base/log.h"
#include "shm/base/loop.h"
#include "shm/base/process.h"
#include "shm/cache/peers.h"
#include "shm/cache/place.h"
#include "shm/cache/service.h"
#include "shm/conf/conf.h"
#include "shm/ipc/link.h"
#include "shm/ipc/log_channel.h"

#define OPEN_FILES 4096
/* Generations alive at once; the master has two, and one that starts. */
#define GENERATIONS_MAX 8
/* Of responses: enough for some ten thousand certificates. */
#define OCSP_SIZE (UINT64_C(64) * 1024 * 1024)

/* What a generation's configuration says about the caches. */
struct settings {
	struct service_settings sessions, ocsp, staples;
};

struct keeper {
	struct loop *loop;
	struct link *master;
	pid_t parent;
	struct service
	    *service;         /* of sessions; NULL until the first SETTINGS */
	struct service *ocsp; /* of responses, likewise */
	struct service *staples; /* of those for our own certificates */
	struct peers *peers;
	char *directory; /* as the administrator sees it */
	struct settings generations[GENERATIONS_MAX];
	size_t ngenerations;
};

/* Ours alone; handlers get it as their context. */
static struct keeper keeper;

/* Only the master can make the cache directory anew. */
static void
told(const struct keeper *self, const struct msg_cache_directory *where)
{
	static const struct msg_empty empty;

	if (where->name[0] == '\0' && !place_is_there() &&
	    link_post(self->master, MSG_CACHE_GONE, &empty) == -1)
		log_debug("no CACHE_GONE to the master: %s", strerror(errno));
}

static void
tell_workers(const struct msg_cache_directory *where, void *context)
{
	struct keeper *self = context;

	peers_tell(self->peers, MSG_CACHE_DIRECTORY, where);
	told(self, where);
}

static void
tell_ocsp(const struct msg_cache_directory *where, void *context)
{
	struct keeper *self = context;

	peers_tell(self->peers, MSG_OCSP_DIRECTORY, where);
	told(self, where);
}

/* A fresh environment has nothing: the ocsp process has, or asks for it. */
static void
tell_staples(const struct msg_cache_directory *where, void *context)
{
	struct keeper *self = context;

	peers_tell(self->peers, MSG_STAPLE_DIRECTORY, where);
	told(self, where);
	if (where->name[0] != '\0')
		peers_want(self->peers, STAPLES_AGAIN);
}

/* The settings of the latest generation count, whatever the order they came. */
static void
apply_newest(struct keeper *self)
{
	const struct settings *newest = NULL, *other;
	size_t i;

	for (i = 0; i < self->ngenerations; i++) {
		other = &self->generations[i];
		if (newest == NULL ||
		    other->sessions.generation > newest->sessions.generation)
			newest = other;
	}
	if (newest == NULL)
		return;
	service_configure(self->service, &newest->sessions);
	service_configure(self->ocsp, &newest->ocsp);
	service_configure(self->staples, &newest->staples);
}

static void
forget_generation(struct keeper *self, uint32_t generation)
{
	size_t i;

	for (i = 0; i < self->ngenerations; i++)
		if (self->generations[i].sessions.generation == generation)
			break;
	if (i == self->ngenerations)
		return;
	self->ngenerations--;
	self->generations[i] = self->generations[self->ngenerations];
}

static int
find_identity(const struct conf *conf, struct identity *identity)
{
	int error;

	identity->groups = NULL;
	identity->ngroups = 0;
	identity->uid = getuid();
	identity->gid = getgid();
	if (!process_is_root())
		return (0);
	error =
	    process_find_user(conf->cache_user, &identity->uid, &identity->gid);
	if (error != 0)
		log_error("%s: no such user (%s)", conf->cache_user,
		    strerror(error));
	return (error == 0 ? 0 : -1);
}

/* From root, or whoever started us, to a process that can do little. */
static int
become_keeper(const struct keeper *self, const struct conf *conf)
{
	const struct process_limits limits = { .open_files = OPEN_FILES,
		.no_processes = 1 };
	struct identity identity;

	if (find_identity(conf, &identity) == -1 ||
	    process_limit(&limits) == -1 ||
	    place_confine(conf->run_directory) == -1 ||
	    process_drop(&identity) == -1)
		return (-1);
	return (process_harden(self->parent, SIGKILL));
}

static int
start(struct keeper *self, const struct conf *conf)
{
	static const struct msg_empty empty;
	struct peers_services services;

	if (asprintf(&self->directory, "%s/cache", conf->run_directory) == -1) {
		self->directory = NULL;
		return (-1);
	}
	if (become_keeper(self, conf) == -1)
		return (-1);
	place_clean();
	services.sessions = self->service =
	    service_new(self->loop, "session cache", tell_workers, self);
	services.ocsp = self->ocsp =
	    service_new(self->loop, "OCSP cache", tell_ocsp, self);
	services.staples = self->staples =
	    service_new(self->loop, "stapling cache", tell_staples, self);
	if (self->service != NULL && self->ocsp != NULL &&
	    self->staples != NULL)
		self->peers = peers_new(self->loop, &services);
	if (self->peers == NULL)
		return (-1);
	if (link_post(self->master, MSG_READY, &empty) == -1)
		return (-1);
	channel_running(link_channel(self->master));
	return (0);
}

static void
take_settings(struct settings *settings, uint32_t generation,
    const struct conf *conf)
{
	settings->sessions.generation = settings->ocsp.generation =
	    settings->staples.generation = generation;
	settings->sessions.internal = conf->session_cache &&
	    conf->session_cache_type == CONF_CACHE_INTERNAL;
	settings->sessions.enabled =
	    conf->session_cache && !settings->sessions.internal;
	settings->sessions.size = conf->session_cache_size;
	settings->sessions.timeout = conf->session_cache_timeout;
	settings->ocsp.enabled = conf_asks(conf) && conf->ocsp_max_age > 0;
	settings->ocsp.size = OCSP_SIZE;
	settings->ocsp.timeout = conf->ocsp_max_age;
	settings->staples.enabled = conf_staples(conf);
	settings->staples.size = conf->stapling_cache_size;
	settings->staples.timeout = STAPLE_LIFE_MAX;
}

static int
on_settings(struct keeper *self, const struct message *message)
{
	const struct msg_settings *body = message->body;
	struct conf *conf;

	conf = conf_receive(message->fd);
	if (conf == NULL)
		return (-1);
	forget_generation(self, body->generation);
	if (self->ngenerations == GENERATIONS_MAX) {
		log_error("too many generations of settings");
		conf_free(&conf);
		return (-1);
	}
	take_settings(&self->generations[self->ngenerations++],
	    body->generation, conf);
	log_set_level(conf->log_level);
	if (self->service == NULL && start(self, conf) == -1)
		log_fatal("the keeper cannot start");
	conf_free(&conf);
	apply_newest(self);
	return (0);
}

/* The master that does not take an answer has given up on it. */
static void
answer(struct keeper *self, const struct channel_message *message)
{
	if (link_send(self->master, message) == -1)
		log_warn("an answer to the master is lost: %s",
		    strerror(errno));
}

static void
answer_done(struct keeper *self, uint64_t request, int error, uint64_t sessions)
{
	struct channel_message message;
	struct msg_cache_done done;

	memset(&done, 0, sizeof(done));
	done.request = request;
	done.error = error;
	done.sessions = sessions;
	memset(&message, 0, sizeof(message));
	message.type = MSG_CACHE_DONE;
	message.body = &done;
	message.fd = -1;
	answer(self, &message);
}

static void
on_staple_clear(struct keeper *self, const struct msg_request *body)
{
	uint64_t responses;
	int error;

	error = service_clear(self->staples, &responses);
	if (error == 0) {
		peers_want(self->peers, STAPLES_FORGET);
		log_notice("stapling cache: %llu responses were cleared, fresh "
			   "ones are asked for",
		    (unsigned long long)responses);
	}
	answer_done(self, body->request, error, responses);
}

static void
on_staple_remove(struct keeper *self, const struct msg_request *body)
{
	uint64_t responses;
	int error;

	error = service_remove(self->staples, &responses);
	if (error == 0) {
		peers_want(self->peers, STAPLES_NONE);
		log_notice("stapling cache: out of service until the next "
			   "reload, %llu responses are gone",
		    (unsigned long long)responses);
	}
	answer_done(self, body->request, error, responses);
}

static void
on_clear(struct keeper *self, const struct msg_request *body)
{
	struct msg_cache_directory where;
	uint64_t sessions;
	int error;

	error = service_clear(self->service, &sessions);
	if (error == 0) {
		/* What the workers see of each other is cleared by that. */
		service_where(self->service, &where);
		tell_workers(&where, self);
		log_notice("session cache: %llu sessions were cleared",
		    (unsigned long long)sessions);
	}
	answer_done(self, body->request, error, sessions);
}

static void
on_remove(struct keeper *self, const struct msg_request *body)
{
	uint64_t sessions;
	int error;

	error = service_remove(self->service, &sessions);
	if (error == 0)
		log_notice("session cache: out of service until the next "
			   "reload, %llu sessions are gone",
		    (unsigned long long)sessions);
	answer_done(self, body->request, error, sessions);
}

static void
on_info(struct keeper *self, struct service *service,
    const struct msg_request *body)
{
	struct channel_message message;
	struct msg_cache_facts facts;
	struct msg_cache_directory where;
	char *path = NULL;

	service_facts(service, &facts);
	facts.request = body->request;
	service_where(service, &where);
	if (where.name[0] == '\0' ||
	    asprintf(&path, "%s/%s", self->directory, where.name) == -1)
		path = NULL;
	facts.path_len = path == NULL ? 0 : (uint32_t)strlen(path);
	memset(&message, 0, sizeof(message));
	message.type = MSG_CACHE_FACTS;
	message.body = &facts;
	message.pieces[0].data = path;
	message.pieces[0].len = facts.path_len;
	message.fd = -1;
	answer(self, &message);
	free(path);
}

static void
on_list(struct keeper *self, const struct msg_cache_list *body)
{
	/* Of the size of half a message: not on the stack. */
	static struct msg_cache_entry entries[CACHE_PAGE_ENTRIES];
	struct channel_message message;
	struct msg_cache_page page;

	service_list(self->service, body->after, &page, entries);
	page.request = body->request;
	memset(&message, 0, sizeof(message));
	message.type = MSG_CACHE_PAGE;
	message.body = &page;
	message.pieces[0].data = entries;
	message.pieces[0].len = page.count * sizeof(entries[0]);
	message.fd = -1;
	answer(self, &message);
}

/* Messages that are legal only when there is a service. */
static int
running_message(struct keeper *self, const struct message *message)
{
	const struct msg_generation *generation;

	if (message->type == MSG_PING)
		return (link_post(self->master, MSG_PONG, message->body));
	if (message->type == MSG_CACHE_CLEAR)
		on_clear(self, message->body);
	else if (message->type == MSG_CACHE_REMOVE)
		on_remove(self, message->body);
	else if (message->type == MSG_CACHE_INFO)
		on_info(self, self->service, message->body);
	else if (message->type == MSG_STAPLE_CLEAR)
		on_staple_clear(self, message->body);
	else if (message->type == MSG_STAPLE_REMOVE)
		on_staple_remove(self, message->body);
	else if (message->type == MSG_STAPLE_INFO)
		on_info(self, self->staples, message->body);
	else if (message->type == MSG_CACHE_LIST)
		on_list(self, message->body);
	else if (message->type == MSG_SETTINGS_DROP) {
		generation = message->body;
		forget_generation(self, generation->generation);
		apply_newest(self);
	} else
		return (-1);
	return (0);
}

static int
from_master(struct message *message, void *context)
{
	struct keeper *self = context;

	if (message->type == MSG_SETTINGS)
		return (on_settings(self, message));
	if (message->type == MSG_STOP) {
		loop_stop(self->loop);
		return (0);
	}
	if (self->service == NULL)
		return (-1);
	if (message->type == MSG_PEER)
		return (peers_add(self->peers, message));
	return (running_message(self, message));
}

/* Without a master nobody would tell us of workers: there is nothing to do. */
static void
master_ended(void *context)
{
	struct keeper *self = context;

	loop_stop(self->loop);
}

void
keeper_run(void)
{
	static const struct link_handlers handlers = { from_master,
		master_ended };
	const int keep[] = { FD_MASTER, FD_LOG };

	keeper.parent = getppid();
	process_reset_signals();
	process_ignore_signals();
	process_title("ftpsd: keeper");
	fd_close_all_but(keep, NITEMS(keep));
	log_set_name("keeper");
	log_channel_start(FD_LOG);
	keeper.loop = loop_new();
	if (keeper.loop != NULL)
		keeper.master = link_new(keeper.loop, FD_MASTER, ROLE_KEEPER,
		    ROLE_MASTER, &handlers, &keeper);
	if (keeper.master == NULL)
		log_fatal("the keeper cannot start: %s", strerror(errno));
	if (loop_run(keeper.loop) == -1)
		log_fatal("the keeper's loop failed: %s", strerror(errno));
	peers_free(&keeper.peers);
	service_free(&keeper.service);
	service_free(&keeper.ocsp);
	service_free(&keeper.staples);
	link_free(&keeper.master);
	loop_free(&keeper.loop);
	free(keeper.directory);
	_exit(0); /* nothing is registered to run, or was left to write */
}
