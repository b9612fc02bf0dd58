#include "master/ocsp/ocsp.h"

#include <errno.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "master/ocsp/asks.h"
#include "master/ocsp/staples.h"
#include "shm/base/fd.h"
#include "shm/base/log.h"
#include "shm/base/loop.h"
#include "shm/base/process.h"
#include "shm/base/trace.h"
#include "shm/conf/conf.h"
#include "shm/ipc/link.h"
#include "shm/ipc/log_channel.h"

#define OPEN_FILES      2048
#define GENERATIONS_MAX 8
#define PUTS_WAITING    256

/* What a generation's configuration says. */
struct settings {
	uint32_t generation;
	uint32_t timeout; /* seconds */
	uint32_t max_age; /* seconds */
};

struct worker {
	LIST_ENTRY(worker) link;
	struct link *channel;
	uint32_t slot;
};

/* Ours alone; handlers get it as their context. */
static struct {
	struct loop *loop;
	struct link *master, *keeper;
	pid_t parent;
	struct asks *asks; /* NULL until the first SETTINGS */
	struct staples *staples;
	LIST_HEAD(, worker) workers;
	struct settings generations[GENERATIONS_MAX];
	size_t ngenerations;
	uint32_t max_age;
} self;

/* Settings ----------------------------------------------------------------- */

/* The generation that counts; 0: there is none. */
static uint32_t
apply_newest(void)
{
	const struct settings *newest = NULL;
	size_t i;

	for (i = 0; i < self.ngenerations; i++)
		if (newest == NULL ||
		    self.generations[i].generation > newest->generation)
			newest = &self.generations[i];
	if (newest == NULL)
		return (0);
	self.max_age = newest->max_age;
	asks_set_timeout(self.asks, newest->timeout * UINT64_C(1000));
	return (newest->generation);
}

static void
forget_generation(uint32_t generation)
{
	size_t i;

	for (i = 0; i < self.ngenerations; i++)
		if (self.generations[i].generation == generation)
			break;
	if (i == self.ngenerations)
		return;
	self.ngenerations--;
	self.generations[i] = self.generations[self.ngenerations];
}

/* Answers ------------------------------------------------------------------ */

/* A worker that does not read for so long has its own ways to go on. */
static void
send_answer(const struct worker *worker, const struct channel_message *message)
{
	if (link_send(worker->channel, message) == -1 && errno != EPIPE)
		log_warn("an answer to worker %u is lost: %s", worker->slot,
		    strerror(errno));
}

static void
answer_status(const struct worker *worker, uint64_t request,
    const struct job_result *result)
{
	struct msg_ocsp_answer body = { request, result->data_len,
		result->text_len };
	const struct channel_message message = {
		.type = MSG_OCSP_ANSWER,
		.body = &body,
		.pieces = { { result->data, result->data_len },
		    { result->text, result->text_len } },
		.fd = -1,
	};

	send_answer(worker, &message);
}

static void
answer_name(const struct worker *worker, uint64_t request,
    const struct job_result *result)
{
	/* A child of ours may have been taken over. */
	bool named = result->data_len <= DNS_NAME_MAX_LEN;
	struct msg_name_answer body = { request, named ? result->data_len : 0,
		result->text_len };
	const struct channel_message message = {
		.type = MSG_NAME_ANSWER,
		.body = &body,
		.pieces = { { result->data, body.name_len },
		    { result->text, result->text_len } },
		.fd = -1,
	};

	send_answer(worker, &message);
}

static void
answer(void *asker, uint64_t request, enum job_kind kind,
    const struct job_result *result)
{
	if (kind == JOB_STATUS)
		answer_status(asker, request, result);
	else
		answer_name(asker, request, result);
}

/* For all workers, and for later; if the keeper has no room, it is lost. */
static void
keep(void *context UNUSED, const uint8_t *digest,
    const struct job_result *result, uint64_t begun)
{
	uint64_t last = begun + self.max_age;
	struct msg_cache_put body;
	struct channel_message message;

	if (self.keeper == NULL || result->data_len > CACHE_VALUE_MAX ||
	    self.max_age == 0)
		return;
	memset(&body, 0, sizeof(body));
	memcpy(body.key, digest, sizeof(body.key));
	body.started = begun;
	body.expires = result->expires < last ? result->expires : last;
	body.id_len = CACHE_KEY_LEN;
	body.sealed_len = result->data_len;
	memset(&message, 0, sizeof(message));
	message.type = MSG_OCSP_PUT;
	message.body = &body;
	message.pieces[0].data = digest;
	message.pieces[0].len = CACHE_KEY_LEN;
	message.pieces[1].data = result->data;
	message.pieces[1].len = result->data_len;
	message.fd = -1;
	if (link_send(self.keeper, &message) == -1)
		log_debug("a response is not kept: %s", strerror(errno));
}

/* Our own certificates ----------------------------------------------------- */

static bool
put_staple(const struct staple *staple)
{
	struct msg_cache_put body;
	struct channel_message message;

	if (self.keeper == NULL)
		return (false);
	memset(&body, 0, sizeof(body));
	memcpy(body.key, staple->key, sizeof(body.key));
	body.started = staple->fetched;
	body.expires = staple->expires;
	body.id_len = CACHE_KEY_LEN;
	body.sealed_len = (uint32_t)staple->len;
	memset(&message, 0, sizeof(message));
	message.type = MSG_STAPLE_PUT;
	message.body = &body;
	message.pieces[0].data = staple->key;
	message.pieces[0].len = CACHE_KEY_LEN;
	message.pieces[1].data = staple->der;
	message.pieces[1].len = staple->len;
	message.fd = -1;
	return (link_send(self.keeper, &message) == 0);
}

static bool
remove_staple(const uint8_t *key)
{
	struct msg_cache_key body;

	memcpy(body.key, key, sizeof(body.key));
	return (self.keeper != NULL &&
	    link_post(self.keeper, MSG_STAPLE_DELETE, &body) == 0);
}

static int
list_staples(const struct msg_staple_list *body)
{
	/* Of the size of half a message: not on the stack. */
	static struct msg_staple_entry entries[STAPLE_PAGE_ENTRIES];
	struct msg_staple_page page = { .request = body->request };
	struct channel_message message;

	staples_list(self.staples, body->first, &page, entries);
	memset(&message, 0, sizeof(message));
	message.type = MSG_STAPLE_PAGE;
	message.body = &page;
	message.pieces[0].data = entries;
	message.pieces[0].len = page.count * sizeof(entries[0]);
	message.fd = -1;
	if (link_send(self.master, &message) == -1)
		log_warn("an answer to the master is lost: %s",
		    strerror(errno));
	return (0);
}

/* Questions ---------------------------------------------------------------- */

enum {
	CERT,
	ISSUER,
	URLS,
	ASK_PARTS
};

static int
status_asked(struct worker *worker, const struct message *message)
{
	const struct msg_ocsp_ask *body = message->body;
	const size_t lens[ASK_PARTS] = { body->cert_len, body->issuer_len,
		body->urls_len };
	struct message_part parts[ASK_PARTS];
	struct job job;

	if (message_split(message, lens, parts, ASK_PARTS) == -1 ||
	    parts[CERT].len == 0 || parts[CERT].len > OCSP_CERT_MAX ||
	    parts[ISSUER].len == 0 || parts[ISSUER].len > OCSP_CERT_MAX ||
	    parts[URLS].len == 0 || parts[URLS].len > OCSP_URLS_MAX ||
	    parts[URLS].data[parts[URLS].len - 1] != '\0' ||
	    (body->flags & ~OCSP_ASK_NO_NONCE) != 0)
		return (-1);
	memset(&job, 0, sizeof(job));
	job.kind = JOB_STATUS;
	job.flags = body->flags;
	job.cert = parts[CERT].data;
	job.cert_len = parts[CERT].len;
	job.issuer = parts[ISSUER].data;
	job.issuer_len = parts[ISSUER].len;
	job.urls = (const char *)parts[URLS].data;
	job.urls_len = parts[URLS].len;
	asks_add(self.asks, worker, body->request, &job);
	return (0);
}

static int
name_asked(struct worker *worker, const struct message *message)
{
	const struct msg_name_ask *body = message->body;
	struct job job;

	if (message->len != 0)
		return (-1);
	memset(&job, 0, sizeof(job));
	job.kind = JOB_NAME;
	memcpy(job.address.ip, body->address.ip, sizeof(job.address.ip));
	job.address.scope = body->address.scope;
	asks_add(self.asks, worker, body->request, &job);
	return (0);
}

static int
from_worker(struct message *message, void *context)
{
	if (message->type == MSG_OCSP_ASK)
		return (status_asked(context, message));
	if (message->type == MSG_NAME_ASK)
		return (name_asked(context, message));
	return (-1);
}

static void
worker_free(struct worker *worker)
{
	LIST_REMOVE(worker, link);
	asks_forget(self.asks, worker);
	link_free(&worker->channel);
	free(worker);
}

static void
worker_ended(void *context)
{
	worker_free(context);
}

static int
worker_came(struct message *message)
{
	static const struct link_handlers handlers = { from_worker,
		worker_ended };
	const struct msg_peer *body = message->body;
	struct worker *worker;

	worker = calloc(1, sizeof(*worker));
	if (worker != NULL)
		worker->channel = link_new(self.loop, message_take_fd(message),
		    ROLE_OCSP, ROLE_WORKER, &handlers, worker);
	if (worker == NULL || worker->channel == NULL) {
		log_error("no channel to worker %u: %s", body->slot,
		    strerror(errno));
		free(worker);
		return (0);
	}
	worker->slot = body->slot;
	LIST_INSERT_HEAD(&self.workers, worker, link);
	channel_running(link_channel(worker->channel));
	return (0);
}

/* The keeper --------------------------------------------------------------- */

static int
from_keeper(struct message *message, void *context UNUSED)
{
	const struct msg_staples_wanted *body = message->body;

	if (message->type != MSG_STAPLES_WANTED || message->len != 0)
		return (-1);
	return (staples_want(self.staples, body->wish));
}

static void
keeper_ended(void *context UNUSED)
{
	const struct msg_service lost = { ROLE_KEEPER, 0 };

	link_free(&self.keeper);
	if (link_post(self.master, MSG_SERVICE_LOST, &lost) == -1)
		log_debug("no SERVICE_LOST to the master: %s", strerror(errno));
}

static int
keeper_came(struct message *message)
{
	static const struct link_handlers handlers = { from_keeper,
		keeper_ended };

	link_free(&self.keeper);
	self.keeper = link_new(self.loop, message_take_fd(message), ROLE_OCSP,
	    ROLE_KEEPER, &handlers, NULL);
	if (self.keeper == NULL) {
		log_error("no channel to the keeper: %s", strerror(errno));
		return (0);
	}
	channel_set_queue(link_channel(self.keeper), PUTS_WAITING);
	channel_running(link_channel(self.keeper));
	return (0);
}

/* Life --------------------------------------------------------------------- */

static int
find_identity(const struct conf *conf, struct identity *identity)
{
	int error;

	memset(identity, 0, sizeof(*identity));
	identity->uid = getuid();
	identity->gid = getgid();
	if (!process_is_root())
		return (0);
	error =
	    process_find_user(conf->ocsp_user, &identity->uid, &identity->gid);
	if (error != 0)
		log_error("%s: no such user (%s)", conf->ocsp_user,
		    strerror(error));
	return (error == 0 ? 0 : -1);
}

/*
 * No other root directory: resolvers read files that are the system's choice,
 * and so are the authorities of https.  It may read those, and writes only
 * below the directory with responses to be stapled, which is its own.
 */
static int
become_ocsp(const struct conf *conf)
{
	const struct process_limits limits = { .open_files = OPEN_FILES };
	struct identity identity;

	if (find_identity(conf, &identity) == -1 ||
	    process_limit(&limits) == -1 || chdir("/") == -1 ||
	    process_drop(&identity) == -1)
		return (-1);
	return (process_harden(self.parent, SIGKILL));
}

static int
start(const struct conf *conf)
{
	static const struct asks_handlers handlers = { answer, keep, NULL };
	static const struct staples_handlers stapling = { put_staple,
		remove_staple };
	static const struct msg_empty empty;

	/* Once for all children, and without the system's openssl.cnf. */
	if (OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1 ||
	    become_ocsp(conf) == -1)
		return (-1);
	self.asks = asks_new(self.loop, &handlers);
	self.staples = staples_new(self.loop, &stapling);
	if (self.asks == NULL || self.staples == NULL ||
	    link_post(self.master, MSG_READY, &empty) == -1)
		return (-1);
	channel_running(link_channel(self.master));
	return (0);
}

static int
on_settings(const struct message *message)
{
	const struct msg_settings *body = message->body;
	struct settings *settings;
	struct conf *conf;

	conf = conf_receive(message->fd);
	if (conf == NULL)
		return (-1);
	forget_generation(body->generation);
	if (self.ngenerations == GENERATIONS_MAX) {
		log_error("too many generations of settings");
		conf_free(&conf);
		return (-1);
	}
	settings = &self.generations[self.ngenerations++];
	settings->generation = body->generation;
	settings->timeout = conf->ocsp_timeout;
	settings->max_age = conf->ocsp_max_age;
	log_set_level(conf->log_level);
	if (self.asks == NULL && start(conf) == -1)
		log_fatal("the ocsp process cannot start");
	if (apply_newest() == body->generation) {
		asks_set_proxy(self.asks, conf->ocsp_proxy);
		staples_configure(self.staples, body->generation, conf);
	}
	conf_free(&conf);
	return (0);
}

static int
peer_came(struct message *message)
{
	const struct msg_peer *peer = message->body;

	if (peer->role == ROLE_WORKER)
		return (worker_came(message));
	return (peer->role == ROLE_KEEPER ? keeper_came(message) : -1);
}

/* Messages that are legal only when all is there. */
static int
running_message(const struct message *message)
{
	const struct msg_generation *generation = message->body;

	if (message->type == MSG_STAPLES) {
		staples_take(self.staples, generation->generation, message->fd);
		return (0);
	}
	if (message->type == MSG_STAPLE_LIST)
		return (list_staples(message->body));
	if (message->type != MSG_SETTINGS_DROP)
		return (-1);
	forget_generation(generation->generation);
	(void)apply_newest();
	return (0);
}

static int
from_master(struct message *message, void *context UNUSED)
{
	const struct msg_trace *trace = message->body;

	if (message->type == MSG_SETTINGS)
		return (on_settings(message));
	if (message->type == MSG_TRACE)
		return (trace_set(trace->rules));
	if (message->type == MSG_STOP) {
		loop_stop(self.loop);
		return (0);
	}
	if (self.asks == NULL)
		return (-1);
	if (message->type == MSG_PEER)
		return (peer_came(message));
	if (message->type == MSG_PING)
		return (link_post(self.master, MSG_PONG, message->body));
	return (running_message(message));
}

static void
master_ended(void *context UNUSED)
{
	loop_stop(self.loop);
}

void
ocsp_run(void)
{
	static const struct link_handlers handlers = { from_master,
		master_ended };
	const int fds[] = { FD_MASTER, FD_LOG };

	self.parent = getppid();
	process_reset_signals();
	process_ignore_signals();
	process_title("ftpsd: ocsp");
	fd_close_all_but(fds, NITEMS(fds));
	log_set_name("ocsp");
	log_channel_start(FD_LOG);
	LIST_INIT(&self.workers);
	self.loop = loop_new();
	if (self.loop != NULL)
		self.master = link_new(self.loop, FD_MASTER, ROLE_OCSP,
		    ROLE_MASTER, &handlers, NULL);
	if (self.master == NULL)
		log_fatal("the ocsp process cannot start: %s", strerror(errno));
	if (loop_run(self.loop) == -1)
		log_fatal("the loop of ocsp failed: %s", strerror(errno));
	asks_free(&self.asks); /* and with it the children */
	staples_free(&self.staples);
	_exit(0);
}
