/* What a session asks of login: an account for a password, then an agent. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "master/login/recall.h"
#include "master/login/session.h"
#include "shm/base/digest.h"
#include "shm/base/fd.h"
#include "shm/base/log.h"

/* Session, request and verdict of an answer; the rest for LOGIN_OK only. */
static int
send_result(struct login_worker *worker, struct msg_login_result *result,
    const struct account *account, const uint8_t *token)
{
	struct channel_message message;

	memset(&message, 0, sizeof(message));
	message.type = MSG_LOGIN_RESULT;
	message.body = result;
	message.fd = -1;
	if (account != NULL) {
		result->policy = account->policy;
		result->uid = account->uid;
		result->gid = account->gid;
		result->groups = account->entries;
		result->name_len = (uint16_t)strlen(account->name);
		result->group_len = (uint16_t)strlen(account->group);
		message.pieces[0].data = account->name;
		message.pieces[0].len = result->name_len;
		message.pieces[1].data = account->group;
		message.pieces[1].len = result->group_len;
		message.pieces[2].data = token;
		message.pieces[2].len = result->token_len;
	}
	return (link_send(worker->link, &message));
}

static int
refuse(struct login_worker *worker, const struct msg_login_request *request,
    enum login_verdict verdict)
{
	struct msg_login_result result;

	memset(&result, 0, sizeof(result));
	result.session = request->session;
	result.request = request->request;
	result.verdict = (uint32_t)verdict;
	return (send_result(worker, &result, NULL, NULL));
}

static void
log_refusal(const struct login_pending *pending, const char *why)
{
	const struct login_session *session = pending->session;
	char client[ADDRESS_TEXT_MAX];
	struct log_subject subject;

	memset(&subject, 0, sizeof(subject));
	subject.generation = session->worker->generation;
	subject.host = (uint16_t)session->host;
	subject.session = session->number;
	subject.client = address_text(&session->address, client);
	subject.user = pending->user;
	log_event(LOG_LEVEL_NOTICE, LOG_STREAM_MAIN, &subject,
	    pending->proof == 0 ? "login refused: %s"
				: "no login by certificate: %s",
	    why);
}

/* The password was right: is there room, and can a token be made? */
static enum login_verdict
accept_account(struct login_session *session, const struct account *account,
    struct msg_login_result *result, uint8_t token_bytes[TOKEN_LEN_MAX])
{
	struct login_worker *worker = session->worker;
	const struct workers_parts *parts = &worker->workers->parts;
	const struct conf_host *host =
	    setting_host(settings_find(parts->settings, worker->generation),
		session->host);
	struct limits_user user;
	struct token token;
	enum limit limit;

	if (host == NULL)
		return (LOGIN_UNAVAILABLE);
	memset(&token, 0, sizeof(token));
	token.session = session->number;
	token.generation = worker->generation;
	token.host = session->host;
	token.account = *account;
	result->token_len = (uint32_t)token_close(parts->token_key,
	    &worker->owner, &token, token_bytes);
	if (result->token_len == 0)
		return (LOGIN_UNAVAILABLE);
	token_digest(&token, result->identity);
	user.name = account->name;
	user.anonymous = (account->policy & LOGIN_ANONYMOUS) != 0;
	limit = limits_login(parts->limits, &session->hold, host, &user,
	    LIMITS_ASK);
	result->limit = (uint32_t)limit;
	return (limit == LIMIT_NONE ? LOGIN_OK : LOGIN_LIMIT);
}

static struct msg_login_result
begin_result(const struct login_pending *pending)
{
	struct msg_login_result result;

	memset(&result, 0, sizeof(result));
	result.session = pending->session->number;
	result.request = pending->request;
	return (result);
}

static void
tell_reason(const struct login_pending *pending, enum login_verdict verdict,
    const char *reason)
{
	if (verdict == LOGIN_LIMIT)
		log_refusal(pending, "the limit of sessions per user");
	else if (verdict != LOGIN_OK)
		log_refusal(pending, reason[0] == '\0' ? "no reason" : reason);
	else if (reason[0] != '\0')
		log_warn("%s", reason);
}

/* The password was right, but the account's limit seemed to be reached. */
struct late {
	uint64_t session, request;
	struct account account;
};

static void
answer(struct login_pending *pending, struct msg_login_result *result,
    const struct account *account, const uint8_t *token)
{
	struct login_session *session = pending->session;

	if (result->verdict != LOGIN_OK) {
		account = NULL;
		result->token_len = 0;
		memset(result->identity, 0, sizeof(result->identity));
	}
	session->pending = NULL;
	free(pending);
	/* A worker that takes no answers is one whose channel is ending. */
	if (send_result(session->worker, result, account, token) == -1)
		log_warn("an answer to a login is lost: %s", strerror(errno));
}

static bool
answer_again(struct login_worker *worker, const void *question,
    bool last UNUSED)
{
	const struct late *late = question;
	const struct login_session *session =
	    session_find(worker, late->session);
	uint8_t token[TOKEN_LEN_MAX];
	struct msg_login_result result;
	enum login_verdict verdict;

	/* The client may have begun anew. */
	if (session == NULL || session->pending == NULL ||
	    session->pending->request != late->request)
		return (true);
	result = begin_result(session->pending);
	verdict = accept_account(session->pending->session, &late->account,
	    &result, token);
	result.verdict = (uint32_t)verdict;
	tell_reason(session->pending, verdict, "");
	answer(session->pending, &result, &late->account, token);
	return (true);
}

/* Whether the answer waits until places of ended sessions are back. */
static bool
comes_later(const struct login_pending *pending, const struct account *account)
{
	struct late late = { pending->session->number, pending->request,
		*account };

	return (recall_wait(pending->session->worker, late.session,
		    answer_again, &late, sizeof(late)) == 0);
}

static void
on_answer(const struct checkers_answer *checked, void *context)
{
	struct login_pending *pending = context;
	struct login_session *session = pending->session;
	enum login_verdict verdict = checked->verdict;
	struct msg_login_result result = begin_result(pending);
	uint8_t token[TOKEN_LEN_MAX];

	pending->check = NULL;
	if (verdict == LOGIN_OK)
		verified_add(session->worker->workers->verified, &pending->key,
		    &checked->account);
	/* An account of one host is none of another's. */
	if (verdict == LOGIN_OK && session->host != pending->host)
		verdict = LOGIN_UNAVAILABLE;
	if (verdict == LOGIN_OK)
		verdict =
		    accept_account(session, &checked->account, &result, token);
	if (verdict == LOGIN_LIMIT && comes_later(pending, &checked->account))
		return;
	result.verdict = (uint32_t)verdict;
	tell_reason(pending, verdict, checked->reason);
	answer(pending, &result, &checked->account, token);
}

/* A login that was right a moment ago is so again: whether it is one. */
static bool
is_verified(struct login_pending *pending,
    const struct checkers_question *question)
{
	struct workers *workers = pending->session->worker->workers;
	const struct account *account;
	struct checkers_answer answer;

	account = verified_find(workers->verified,
	    settings_find(workers->parts.settings, question->generation),
	    question, &pending->key);
	if (account == NULL)
		return (false);
	answer.verdict = LOGIN_OK;
	answer.account = *account;
	answer.reason = "";
	/* Once more does not make it longer. */
	pending->key.usable = false;
	on_answer(&answer, pending);
	return (true);
}

static void
fill_question(struct checkers_question *question,
    const struct login_session *session,
    const struct msg_login_request *request, const struct message_part parts[2])
{
	question->generation = session->worker->generation;
	question->host = session->host;
	question->address = session->address;
	question->tls = request->tls != 0;
	question->proof = request->proof;
	question->user = parts[0].data;
	question->user_len = parts[0].len;
	question->password = parts[1].data;
	question->password_len = parts[1].len;
}

/* 0, or -1: it cannot be checked now. */
static int
begin_check(struct login_session *session,
    const struct msg_login_request *request, const struct message_part parts[2])
{
	struct checkers_question question;
	struct login_pending *pending;

	pending = calloc(1, sizeof(*pending));
	if (pending == NULL)
		return (-1);
	pending->session = session;
	pending->request = request->request;
	pending->host = session->host;
	memcpy(pending->user, parts[0].data, parts[0].len);
	fill_question(&question, session, request, parts);
	session->pending = pending;
	pending->proof = request->proof;
	if (request->proof == 0 && is_verified(pending, &question))
		return (0);
	pending->check = checkers_ask(session->worker->workers->parts.checkers,
	    &question, on_answer, pending);
	if (pending->check == NULL) {
		log_refusal(pending, "too many logins are waiting");
		session_cancel_login(session);
		return (-1);
	}
	return (0);
}

/* Whether what is there instead of a password makes sense. */
static bool
is_sound(const struct msg_login_request *request)
{
	const uint32_t known = LOGIN_BY_CERTIFICATE | LOGIN_NAMED;

	if (request->proof == 0)
		return (true);
	return ((request->proof & ~known) == 0 &&
	    (request->proof & LOGIN_BY_CERTIFICATE) != 0 &&
	    request->password_len == DIGEST_LEN && request->tls == 1);
}

/*
 * A worker's word is taken for a certificate only where the host's clients are
 * to log in so.
 */
static bool
is_admitted(const struct login_worker *worker,
    const struct msg_login_request *request)
{
	const struct conf_host *host =
	    setting_host(settings_find(worker->workers->parts.settings,
			     worker->generation),
		request->host);

	/* The settings may have gone: then there is no login at all. */
	if (request->proof == 0 || host == NULL)
		return (true);
	if (host->tls.verify_client == CONF_VERIFY_OFF)
		return (false);
	if ((request->proof & LOGIN_NAMED) != 0)
		return (host->tls.user_name != NULL);
	return ((host->tls.options & CONF_TLS_ALLOW_DOT_LOGIN) != 0);
}

int
session_on_login(struct login_worker *worker, const struct message *message)
{
	const struct msg_login_request *body = message->body;
	size_t lens[2] = { body->user_len, body->password_len };
	struct login_session *session;
	struct message_part parts[2];

	if (message_split(message, lens, parts, 2) == -1 ||
	    body->generation != worker->generation ||
	    body->user_len > LOGIN_NAME_MAX_LEN ||
	    body->password_len > LOGIN_PASSWORD_MAX || !is_sound(body) ||
	    !is_admitted(worker, body) ||
	    session_renew(worker, body->place, body->session) == -1)
		return (-1);
	session = session_find(worker, body->session);
	if (session == NULL || session->host != body->host)
		return (refuse(worker, body, LOGIN_UNAVAILABLE));
	session_cancel_login(session); /* the client has begun anew */
	if (begin_check(session, body, parts) == 0)
		return (0);
	return (refuse(worker, body, LOGIN_UNAVAILABLE));
}

static int
refuse_agent(struct login_worker *worker,
    const struct msg_agent_request *request, int error)
{
	struct msg_agent_refused body;

	memset(&body, 0, sizeof(body));
	body.session = request->session;
	body.request = request->request;
	body.error = error;
	return (link_post(worker->link, MSG_AGENT_REFUSED, &body));
}

static int
grant_agent(struct login_worker *worker,
    const struct msg_agent_request *request, int fd)
{
	struct msg_session body = { request->session, request->request };
	struct channel_message message;

	memset(&message, 0, sizeof(message));
	message.type = MSG_AGENT_GRANTED;
	message.body = &body;
	message.fd = fd;
	return (link_send(worker->link, &message));
}

static int
answer_agent(struct login_worker *worker,
    const struct msg_agent_request *request, int error, int fd)
{
	int ret;

	if (error != 0)
		return (refuse_agent(worker, request, error));
	ret = grant_agent(worker, request, fd);
	fd_close(&fd);
	/* When it cannot wait in a queue for lack of descriptors: a refusal. */
	if (ret == -1 && errno != EPIPE)
		ret = refuse_agent(worker, request, EAGAIN);
	return (ret);
}

/* There were too many agents; some may serve only channels that were kept. */
struct late_agent {
	struct msg_agent_request request;
	struct token token;
};

static bool
attach_again(struct login_worker *worker, const void *question, bool last)
{
	const struct late_agent *late = question;
	int error, fd;

	error = agents_attach(worker->workers->parts.agents, &late->token, &fd);
	if (error == EAGAIN && !last)
		return (false);
	/* Its channel is ending if it cannot be told. */
	(void)!answer_agent(worker, &late->request, error, fd);
	return (true);
}

/* Whether the answer waits until channels of ended sessions are closed. */
static bool
attaches_later(struct login_worker *worker,
    const struct msg_agent_request *request, const struct token *token)
{
	struct late_agent late = { *request, *token };

	return (recall_wait(worker, request->session, attach_again, &late,
		    sizeof(late)) == 0);
}

int
session_on_agent(struct login_worker *worker, const struct message *message)
{
	const struct msg_agent_request *body = message->body;
	const struct workers_parts *parts = &worker->workers->parts;
	struct seal_data sealed = { message->bytes, message->len };
	struct token token;
	int error, fd;

	if (message->len != body->token_len || body->token_len > TOKEN_LEN_MAX)
		return (-1);
	if (session_find(worker, body->session) == NULL)
		return (refuse_agent(worker, body, EACCES));
	if (token_open(parts->token_key, &worker->owner, sealed, &token) ==
		-1 ||
	    token.session != body->session ||
	    token.generation != worker->generation) {
		log_warn("a worker asked for an agent with a token that is "
			 "not its own");
		return (refuse_agent(worker, body, EACCES));
	}
	error = agents_attach(parts->agents, &token, &fd);
	if (error == EAGAIN && attaches_later(worker, body, &token))
		return (0);
	return (answer_agent(worker, body, error, fd));
}
