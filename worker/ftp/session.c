#include "worker/ftp/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shm/base/ensure.h"
#include "shm/base/fd.h"
#include "worker/ftp/account.h"
#include "worker/ftp/admit.h"
#include "worker/ftp/encoding.h"
#include "worker/ftp/limits.h"
#include "worker/ftp/policy.h"
#include "worker/ftp/site.h"
#include "worker/ftp/state.h"
#include "worker/ftp/terms.h"
#include "worker/ftp/transfer/transfer.h"
#include "worker/ftp/verbs/hash.h"
#include "worker/ftp/verbs/tell.h"

#define WELCOME_MS 10u /* GnuTLS waits for a ticket 50 ms, all in all */

static void verdict(enum limit limit, void *context);
static void login(const struct broker_login *login, void *context);
static void agent(int fd, int error, void *context);

static const struct broker_handlers handlers = { verdict, login, agent,
	site_who_answered };

static void
verdict(enum limit limit, void *context)
{
	struct session *session = context;

	session->limit = limit;
	session->judged = true;
	session_run(session);
}

/* The strings are valid during the call only. */
static void
login(const struct broker_login *login, void *context)
{
	struct session *session = context;
	char *user, *group;

	session->verdict = login->verdict;
	session->login_known = true;
	if (login->verdict == LOGIN_OK) {
		user = strdup(login->name);
		group = strdup(login->group);
		if (user == NULL || group == NULL) {
			session->verdict = LOGIN_UNAVAILABLE;
			free(user);
			free(group);
		} else {
			free(session->user);
			free(session->group);
			session->user = user;
			session->group = group;
			session->subject.user = user;
			session->uid = login->uid;
			session->gid = login->gid;
			session->policy = login->policy;
			policy_logged_in(session, login->groups);
		}
	} else if (login->verdict == LOGIN_LIMIT) {
		session->limit = login->limit;
	}
	session_run(session);
}

static void
agent(int fd, int error, void *context)
{
	struct session *session = context;

	if (session->fs != NULL)
		fs_agent(session->fs, fd, error);
	else
		fd_close(&fd);
}

void
session_enter_host(struct session *session, uint32_t host)
{
	uint32_t earlier = session->host->timeout_login;

	session->host = &session->worker->conf->hosts[host];
	terms_move(session, earlier);
	encoding_choose(session);
	session->subject.host = (uint16_t)host;
	session->judged = false;
	broker_move(&session->client, host);
	account_open(session);
}

bool
session_has_place(struct session *session, enum flow *flow)
{
	if (!session->judged) {
		*flow = session_wait(session, WAIT_LOGIN);
		return (false);
	}
	if (session->limit == LIMIT_NONE)
		return (true);
	limit_count(session->worker->score, session->limit);
	*flow = session_farewell(session, limit_text(session->limit));
	return (false);
}

/* What is valid during the call only is copied. */
static int
keep_answer(struct session *session, const struct fs_answer *answer)
{
	free(session->answer_name);
	free(session->answer_contents);
	session->answer_contents = NULL;
	session->answer = *answer;
	session->answer_name = strdup(answer->name == NULL ? "" : answer->name);
	session->answer.name = session->answer_name;
	if (session->answer_name == NULL)
		return (-1);
	if (answer->contents == NULL)
		return (0);
	session->answer_contents = malloc((size_t)answer->size + 1);
	session->answer.contents = session->answer_contents;
	if (session->answer_contents == NULL)
		return (-1);
	memcpy(session->answer_contents, answer->contents,
	    (size_t)answer->size);
	return (0);
}

static void
fs_answered(const struct fs_answer *answer, void *context)
{
	struct session *session = context;
	int fd = answer->fd;

	if (session->request == 0) {
		fd_close(&fd);
		return;
	}
	if (keep_answer(session, answer) == -1) {
		fd_close(&session->answer.fd);
		if (answer->error == 0)
			session->answer.error = ENOMEM;
	}
	session->answered = true;
	session_run(session);
}

struct fs *
session_fs(struct session *session)
{
	if (session->fs == NULL)
		session->fs = fs_new(session->worker, &session->client,
		    fs_answered, session);
	return (session->fs);
}

int
session_asked(struct session *session, uint32_t request)
{
	ensure(session->request == 0 && !session->answered);
	if (request == 0)
		return (-1);
	session->request = request;
	return (0);
}

bool
session_take_answer(struct session *session, struct fs_answer *answer)
{
	if (!session->answered)
		return (false);
	*answer = session->answer;
	session->answered = false;
	session->request = 0;
	return (true);
}

uint8_t *
session_take_contents(struct session *session)
{
	uint8_t *contents = session->answer_contents;

	session->answer_contents = NULL;
	return (contents);
}

void
session_drop_question(struct session *session)
{
	if (session->answered)
		fd_close(&session->answer.fd);
	else if (session->request != 0)
		fs_forget(session->fs);
	session->answered = false;
	session->request = 0;
}

void
session_stream_ready(struct stream *stream, void *context)
{
	(void)stream;
	session_run(context);
}

static void
its_turn(void *context)
{
	session_run(context);
}

static void
pause_over(void *context)
{
	struct session *session = context;

	session->timed_out = true;
	session_run(session);
}

/*
 * A session of TLS 1.3 that is only idle needs a fresh ticket, too, before the
 * client's last one expires; it goes out with the next reply.  The first one
 * goes by itself, if the client is silent.
 */
static void
refresh_due(void *context)
{
	struct session *session = context;
	struct tls_channel *control;

	if (!session_is_tls(session))
		return;
	control = stream_tls(session->control);
	if (tls_welcome_due(control))
		tls_welcome(control);
	else if (tls_refresh_after(control) <= 1)
		tls_refresh(control);
	session_refresh(session);
}

void
session_refresh(struct session *session)
{
	const struct tls_channel *control = stream_tls(session->control);
	uint32_t seconds = tls_refresh_after(control);

	if (seconds != 0)
		deadline_set(session->worker, &session->refresh,
		    tls_welcome_due(control) ? WELCOME_MS
					     : seconds * UINT64_C(1000));
}

static void
list_add(struct session *session)
{
	struct worker *worker = session->worker;

	session->next = worker->first_session;
	if (session->next != NULL)
		session->next->previous = session;
	worker->first_session = session;
}

static void
list_remove(struct session *session)
{
	if (session->next != NULL)
		session->next->previous = session->previous;
	if (session->previous != NULL)
		session->previous->next = session->next;
	else
		session->worker->first_session = session->next;
}

/* Both ends of the connection; -1 when it is gone already. */
static int
find_addresses(struct session *session, int fd)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);

	if (getpeername(fd, (struct sockaddr *)&sa, &len) != 0 ||
	    address_from_sockaddr(&session->peer, (struct sockaddr *)&sa) != 0)
		return (-1);
	len = sizeof(sa);
	if (getsockname(fd, (struct sockaddr *)&sa, &len) != 0 ||
	    address_from_sockaddr(&session->local, (struct sockaddr *)&sa) != 0)
		return (-1);
	return (0);
}

uint64_t
session_idle(const struct session *session)
{
	uint32_t idle = session->host->timeout_idle;

	if (session->idle != 0 && session->idle < idle)
		idle = session->idle;
	return (idle * UINT64_C(1000));
}

void
session_defaults(struct session *session)
{
	session->facts = FS_FACT_ALL & ~(uint32_t)FS_FACT_CREATE;
	session->ascii = true;
	session->checksum = CHECKSUM_SHA256;
	session->idle = 0;
	session->rest = 0;
	session->ranged = false;
	session->zip = false;
	session->zip_level = 0;
	session->umask_set = false;
	session->epsv_all = false;
	session->utf8_chosen = false;
	session->named = false;
	session->pbsz = false;
	session->prot_private = false;
	session->ccc = false;
	session->sscn = false;
	session->eager = false;
	session->patient = false;
	session->aborted = false;
}

static struct session *
session_new(struct worker *worker, const struct start_listener *listener)
{
	struct session *session = calloc(1, sizeof(*session));

	if (session == NULL)
		return (NULL);
	session->worker = worker;
	session->host = &worker->conf->hosts[listener->host];
	session->base = listener->host;
	session->listener =
	    conf_listener(worker->conf, listener->host, &listener->address);
	session->implicit = listener->implicit;
	session_defaults(session);
	session->step = &step_join;
	session->answer.fd = -1;
	input_init(&session->input);
	reply_init(&session->reply);
	data_init(&session->data);
	turn_init(&session->turn, its_turn, session);
	deadline_init(&session->pause, pause_over, session);
	terms_init(session);
	deadline_init(&session->refresh, refresh_due, session);
	session->subject.generation = worker->conf->generation;
	session->subject.host = (uint16_t)listener->host;
	session->subject.session = worker_session_number(worker);
	session->subject.client = session->client_text;
	session->begun = (uint32_t)worker_now(worker);
	session->client.handlers = &handlers;
	session->client.context = session;
	session->client.session = session->subject.session;
	session->client.host = listener->host;
	return (session);
}

void
session_accept(struct worker *worker, int fd,
    const struct start_listener *listener)
{
	struct session *session = session_new(worker, listener);

	if (session == NULL || find_addresses(session, fd) != 0) {
		free(session);
		fd_close(&fd);
		return;
	}
	address_text(&session->peer, session->client_text);
	session->client.address = session->peer;
	session->control =
	    stream_new(&worker->loop, fd, session_stream_ready, session);
	if (session->control == NULL) {
		session_log(session, WARNING, "refused: %s", strerror(errno));
		free(session);
		return;
	}
	session->subject.port = session->peer.port;
	account_open(session);
	list_add(session);
	worker_session_added(worker);
	terms_begin_login(session);
	encoding_choose(session);
	session->judged = broker_join(worker->broker, &session->client);
	session_run(session);
}

void
session_release(struct session *session)
{
	struct worker *worker = session->worker;

	if (session->reason == NULL)
		session->reason =
		    session->lost ? stream_reason(session->control) : "cut off";
	session_log(session, INFO, "session ended: %s", session->reason);
	if (session->logged_in)
		score_add(worker->score, SCORE_LOGGED_IN, -1);
	turn_end(worker->turns, &session->turn);
	if (session->transfer != NULL) {
		transfer_log(session, 426, "The session ended.");
		score_add(worker->score, SCORE_TRANSFERS, -1);
	}
	account_write(session);
	account_close(session);
	transfer_free(&session->transfer);
	tell_free(&session->tell);
	hash_free(&session->hash);
	data_reset(&session->data);
	session_drop_question(session);
	fs_free(&session->fs);
	broker_leave(&session->client);
	admit_free(&session->admit);
	stream_free(&session->control);
	tls_login_free(&session->tls);
	deadline_clear(&session->pause);
	deadline_clear(&session->term);
	deadline_clear(&session->refresh);
	input_free(&session->input);
	reply_free(&session->reply);
	free(session->answer_name);
	free(session->answer_contents);
	free(session->user);
	free(session->group);
	free(session->cwd);
	free(session->rename_from);
	free(session->path);
	list_remove(session);
	free(session);
	worker_session_removed(worker);
}

/*
 * Whoever waits for something other than a command is not told: the step that
 * reads commands does that, or, when all must end, nobody waits for it.
 */
void
session_drain(struct worker *worker, bool hard)
{
	struct session *session, *next;

	for (session = worker->first_session; session != NULL; session = next) {
		next = session->next;
		session->drain = hard ? DRAIN_HARD : DRAIN_SOFT;
		session_run(session);
	}
}
