#include "master/login/session.h"

#include <stdlib.h>
#include <string.h>

#include "master/login/recall.h"
#include "shm/base/ensure.h"
#include "shm/base/log.h"

struct login_session *
session_find(const struct login_worker *worker, uint64_t number)
{
	struct login_session *session;
	struct table_node *node;

	node = table_find(&worker->workers->sessions, &number, sizeof(number));
	if (node == NULL)
		return (NULL);
	session = (struct login_session *)(void *)node;
	return (session->worker == worker ? session : NULL);
}

void
session_cancel_login(struct login_session *session)
{
	if (session->pending == NULL)
		return;
	checkers_cancel(&session->pending->check);
	free(session->pending);
	session->pending = NULL;
}

void
session_end(struct login_session **session)
{
	struct login_session *ended = *session;
	struct workers *workers = ended->worker->workers;

	*session = NULL;
	session_cancel_login(ended);
	recall_forget(ended->worker, ended->number);
	limits_leave(workers->parts.limits, &ended->hold);
	table_remove(&workers->sessions, &ended->node);
	LIST_REMOVE(ended, list);
	ended->worker->nsessions--;
	free(ended);
}

/* The incarnation is the upper half: no worker can speak for another's. */
static bool
is_of_worker(const struct login_worker *worker, uint64_t number)
{
	return (number >> 32 == worker->owner.incarnation);
}

/* Enters a session that is not there; NULL: memory is short. */
static struct login_session *
add_session(struct login_worker *worker, uint64_t number,
    const struct address *address)
{
	struct login_session *session;

	if (worker->nsessions >= WORKERS_SESSIONS_MAX)
		return (NULL);
	session = calloc(1, sizeof(*session));
	if (session == NULL)
		return (NULL);
	session->worker = worker;
	session->number = number;
	session->address = *address;
	session->node.key = &session->number;
	session->node.key_len = sizeof(session->number);
	if (table_add(&worker->workers->sessions, &session->node) == -1) {
		free(session);
		return (NULL);
	}
	LIST_INSERT_HEAD(&worker->sessions, session, list);
	worker->nsessions++;
	return (session);
}

int
session_renew(struct login_worker *worker, uint64_t place, uint64_t number)
{
	struct workers *workers = worker->workers;
	struct login_session *session;

	if (place == 0)
		return (0);
	session = session_find(worker, place);
	if (session == NULL || !is_of_worker(worker, number) ||
	    session_find(worker, number) != NULL)
		return (-1);
	session_cancel_login(session);
	recall_forget(worker, place);
	session->asks_who = false;
	limits_logout(workers->parts.limits, &session->hold);
	table_remove(&workers->sessions, &session->node);
	session->number = number;
	/* There is room: it was in the table just now. */
	ensure(table_add(&workers->sessions, &session->node) == 0);
	return (0);
}

static int
send_verdict(struct login_worker *worker, uint64_t number, enum limit limit,
    uint32_t host)
{
	struct msg_session_verdict body = { .session = number,
		.limit = (uint32_t)limit,
		.host = host };
	const struct login_session *session =
	    limit == LIMIT_NONE ? session_find(worker, number) : NULL;

	if (session != NULL)
		body.sessions = limits_of_host(&session->hold);
	return (link_post(worker->link, MSG_SESSION_VERDICT, &body));
}

/* What both ways into the table have in common. */
static enum limit
enter(struct login_worker *worker, const struct msg_session_open *open,
    enum limits_how how, struct login_session **entered)
{
	struct workers *workers = worker->workers;
	const struct setting *setting =
	    settings_find(workers->parts.settings, worker->generation);
	const struct conf_host *host = setting_host(setting, open->host);
	struct login_session *session;
	enum limit limit;

	*entered = NULL;
	session = session_find(worker, open->session);
	if (session != NULL)
		session_end(&session); /* told twice: the later word counts */
	session = host == NULL
	    ? NULL
	    : add_session(worker, open->session, &open->address);
	if (session == NULL)
		return (LIMIT_SESSIONS);
	session->host = open->host;
	limit = limits_enter(workers->parts.limits, &session->hold,
	    setting->conf, host, &session->address, how);
	if (limit != LIMIT_NONE)
		session_end(&session);
	*entered = session;
	return (limit);
}

static bool
open_again(struct login_worker *worker, const void *question, bool last UNUSED)
{
	const struct msg_session_open *body = question;
	struct login_session *session;
	enum limit limit;

	limit = enter(worker, body, LIMITS_ASK, &session);
	/* Its channel is ending if it cannot be told. */
	(void)!send_verdict(worker, body->session, limit, body->host);
	return (true);
}

int
session_on_open(struct login_worker *worker, const struct message *message)
{
	const struct msg_session_open *body = message->body;
	struct login_session *session;
	enum limit limit;

	if (message->len != 0 || body->generation != worker->generation ||
	    !is_of_worker(worker, body->session))
		return (-1);
	limit = enter(worker, body, LIMITS_ASK, &session);
	if (limit != LIMIT_NONE &&
	    recall_wait(worker, body->session, open_again, body,
		sizeof(*body)) == 0)
		return (0);
	return (send_verdict(worker, body->session, limit, body->host));
}

/* The settings may have gone with the worker's last words. */
static enum limit
move(struct login_worker *worker, const struct msg_session_host *body)
{
	struct workers *workers = worker->workers;
	const struct conf_host *host =
	    setting_host(settings_find(workers->parts.settings,
			     worker->generation),
		body->host);
	struct login_session *session = session_find(worker, body->session);
	enum limit limit;

	if (session == NULL || host == NULL)
		return (LIMIT_SESSIONS);
	limit = limits_move(workers->parts.limits, &session->hold, host,
	    LIMITS_ASK);
	if (limit == LIMIT_NONE)
		session->host = body->host;
	return (limit);
}

static bool
move_again(struct login_worker *worker, const void *question, bool last UNUSED)
{
	const struct msg_session_host *body = question;

	(void)!send_verdict(worker, body->session, move(worker, body),
	    body->host);
	return (true);
}

int
session_on_renew(struct login_worker *worker, const struct message *message)
{
	const struct msg_session_place *body = message->body;

	if (message->len != 0 || body->place == 0)
		return (-1);
	return (session_renew(worker, body->place, body->session));
}

int
session_on_host(struct login_worker *worker, const struct message *message)
{
	const struct msg_session_host *body = message->body;
	const struct setting *setting =
	    settings_find(worker->workers->parts.settings, worker->generation);
	enum limit limit;

	/* The last words of a worker may come when its settings have gone. */
	if (message->len != 0 ||
	    (setting != NULL && setting_host(setting, body->host) == NULL) ||
	    session_renew(worker, body->place, body->session) == -1)
		return (-1);
	limit = move(worker, body);
	if (limit == LIMIT_HOST &&
	    recall_wait(worker, body->session, move_again, body,
		sizeof(*body)) == 0)
		return (0);
	return (send_verdict(worker, body->session, limit, body->host));
}

/* One that was refused is not there: that is no mistake of the worker's. */
int
session_on_close(struct login_worker *worker, const struct message *message)
{
	const struct msg_session *body = message->body;
	struct login_session *session;

	if (message->len != 0)
		return (-1);
	session = session_find(worker, body->session);
	if (session != NULL)
		session_end(&session);
	else
		recall_forget(worker, body->session);
	return (0);
}

int
session_on_logout(struct login_worker *worker, const struct message *message)
{
	const struct msg_session *body = message->body;
	struct login_session *session;

	if (message->len != 0)
		return (-1);
	session = session_find(worker, body->session);
	if (session == NULL)
		return (0);
	session_cancel_login(session);
	limits_logout(worker->workers->parts.limits, &session->hold);
	return (0);
}

/* Counts the user of a token that our predecessor gave out. */
static void
count_user(struct login_session *session, const struct message *message)
{
	struct login_worker *worker = session->worker;
	const struct workers_parts *parts = &worker->workers->parts;
	struct seal_data sealed = { message->bytes, message->len };
	struct token token;
	struct limits_user user;
	const struct conf_host *host;

	if (token_open(parts->token_key, &worker->owner, sealed, &token) ==
		-1 ||
	    token.session != session->number) {
		log_warn("a worker announced a session with a token that is "
			 "not its own");
		return;
	}
	host = setting_host(settings_find(parts->settings, token.generation),
	    token.host);
	if (host == NULL)
		return;
	user.name = token.account.name;
	user.anonymous = (token.account.policy & LOGIN_ANONYMOUS) != 0;
	(void)limits_login(parts->limits, &session->hold, host, &user,
	    LIMITS_COUNT);
}

int
session_on_announce(struct login_worker *worker, const struct message *message)
{
	const struct msg_session_announce *body = message->body;
	struct msg_session_open open = { body->session, body->generation,
		body->host, body->address };
	struct login_session *session;

	if (message->len != body->token_len ||
	    body->token_len > TOKEN_LEN_MAX ||
	    body->generation != worker->generation ||
	    !is_of_worker(worker, body->session))
		return (-1);
	(void)enter(worker, &open, LIMITS_COUNT, &session);
	if (session != NULL && body->token_len > 0)
		count_user(session, message);
	return (0);
}
