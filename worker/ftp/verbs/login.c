/*
 * Logging in:
 *
 *	PASS --> login/answer --> command
 *	              |
 *	              +--> login/delay --> command, or bye
 *
 *	USER --> login/certificate --> command
 *
 * An unknown user and a wrong password differ neither in what is said nor in
 * the way through this file.
 */
#include <stdlib.h>
#include <string.h>

#include "worker/ftp/account.h"
#include "worker/ftp/encoding.h"
#include "worker/ftp/limits.h"
#include "worker/ftp/notice.h"
#include "worker/ftp/policy.h"
#include "worker/ftp/state.h"
#include "worker/ftp/terms.h"
#include "worker/ftp/verbs.h"

static enum flow certificate(struct session *session);
static enum flow answer(struct session *session);
static enum flow delay(struct session *session);

static const struct step step_certificate = { "login/certificate",
	certificate };
static const struct step step_answer = { "login/answer", answer };
static const struct step step_delay = { "login/delay", delay };

static void
forget_user(struct session *session)
{
	session->user_given = false;
	policy_forget(session);
	session->subject.user = NULL;
	free(session->user);
	session->user = NULL;
}

/*
 * Whether login is asked if the client's certificate is good for the user: it
 * names the user, or may be one of those in the user's ~/.tlslogin.
 */
static bool
ask_by_certificate(struct session *session)
{
	const struct conf_tls *conf = &session->host->tls;
	struct broker_credentials credentials = { .user = session->user,
		.tls = true };
	const struct tls_peer *peer;

	if (!session_is_tls(session))
		return (false);
	peer = tls_peer(session->tls);
	/* Nobody keeps the checkers busy by trying all names. */
	if (peer == NULL || !peer->verified ||
	    session->strange >= session->host->login_attempts)
		return (false);
	credentials.certificate = peer->digest;
	credentials.named = tls_peer_is_user(session->tls, session->user);
	if (!credentials.named &&
	    (conf->options & CONF_TLS_ALLOW_DOT_LOGIN) == 0)
		return (false);
	session->login_known = false;
	return (broker_ask_login(&session->client, &credentials) == 0);
}

enum flow
verb_user(struct session *session, const char *text)
{
	if (session->logged_in)
		return (session_answer(session, 530,
		    "Already logged in; begin a new session to change the "
		    "user."));
	forget_user(session);
	if (strlen(text) > LOGIN_NAME_MAX_LEN)
		return (session_answer(session, 501, "Name too long."));
	session->user = strdup(text);
	if (session->user == NULL)
		return (session_answer(session, 421, "Out of memory."));
	session->subject.user = session->user;
	session->user_given = true;
	policy_named(session);
	if (ask_by_certificate(session))
		return (session_goto(session, &step_certificate));
	return (session_answer(session, 331, "Password required."));
}

enum flow
verb_pass(struct session *session, const char *text)
{
	struct broker_credentials credentials = {
		.user = session->user,
		.password = text,
		.tls = session_is_tls(session) || session->ccc,
	};

	if (session->logged_in)
		return (session_answer(session, 503, "Already logged in."));
	if (!session->user_given)
		return (session_answer(session, 503, "Send USER first."));
	session->login_known = false;
	if (strlen(text) > LOGIN_PASSWORD_MAX) {
		session->verdict = LOGIN_DENIED;
		session->login_known = true;
	} else if (broker_ask_login(&session->client, &credentials) != 0) {
		return (session_answer(session, 530,
		    "Logging in is not possible now; try again later."));
	}
	return (session_goto(session, &step_answer));
}

enum flow
verb_acct(struct session *session, const char *text)
{
	(void)text;
	return (session_answer(session, 202, "No account is needed."));
}

enum flow
verb_quit(struct session *session, const char *text)
{
	(void)text;
	session->reason = "QUIT";
	reply_send(&session->reply, 221, "Goodbye.");
	return (session_goto(session, &step_bye));
}

/*
 * Only now is it known what counts for this user.  The password has crossed in
 * clear already; nothing further does.
 */
static enum flow
dismiss(struct session *session)
{
	score_add(session->worker->score, SCORE_LOGINS_FAILED, 1);
	session_log(session, NOTICE,
	    "login refused: tls.required demands TLS for this user");
	session->reason = "login without TLS";
	reply_send(&session->reply, 530,
	    "TLS is required for this user: send AUTH TLS first.");
	return (session_goto(session, &step_bye));
}

static bool
lacks_tls(const struct session *session)
{
	const struct conf_required *required = session_required(session);

	return (
	    !session_is_tls(session) && (required->auth || required->control));
}

static enum flow
welcome(struct session *session, int code)
{
	session->cwd = strdup("/");
	if (session->cwd == NULL)
		return (session_farewell(session, "Out of memory."));
	session->logged_in = true;
	account_login(session);
	policy_apply(session);
	terms_begin_session(session);
	encoding_choose(session);
	score_add(session->worker->score, SCORE_LOGINS, 1);
	score_add(session->worker->score, SCORE_LOGGED_IN, 1);
	session_log(session, INFO, "logged in%s%s%s",
	    (session->policy & LOGIN_ANONYMOUS) != 0 ? " as anonymous" : "",
	    code == 232 ? " by certificate" : "",
	    session_is_tls(session) ? "" : " without TLS");
	return (notice_answer(session,
	    code == 232 ? NOTICE_CERTIFICATE : NOTICE_PASSWORD));
}

/* The login was refused for another reason than who the client is: whether. */
static bool
is_refused(struct session *session, enum flow *flow)
{
	switch (session->verdict) {
	case LOGIN_LIMIT:
		limit_count(session->worker->score, session->limit);
		*flow = session_farewell(session, limit_text(session->limit));
		return (true);
	case LOGIN_HOME:
		session_log(session, WARNING,
		    "login refused: the home directory is missing or closed");
		*flow = session_answer(session, 530,
		    "The home directory is not accessible.");
		return (true);
	case LOGIN_UNAVAILABLE:
		session_log(session, WARNING,
		    "login refused: no answer about the password in time");
		*flow = session_answer(session, 530,
		    "Logging in is not possible now; try again later.");
		return (true);
	case LOGIN_OK:
	case LOGIN_DENIED:
	case LOGIN_VERDICT_COUNT:
		break;
	}
	return (false);
}

/* Who is not known by the certificate may be so by a password. */
static enum flow
certificate(struct session *session)
{
	enum flow flow;

	if (!session->login_known)
		return (session_wait(session, WAIT_LOGIN));
	session->login_known = false;
	if (session->verdict == LOGIN_OK)
		return (welcome(session, 232));
	if (session->verdict != LOGIN_UNAVAILABLE &&
	    is_refused(session, &flow)) {
		score_add(session->worker->score, SCORE_LOGINS_FAILED, 1);
		return (flow);
	}
	session->strange++;
	return (session_answer(session, 331, "Password required."));
}

static enum flow
answer(struct session *session)
{
	enum flow flow;

	if (!session->login_known)
		return (session_wait(session, WAIT_LOGIN));
	session->login_known = false;
	if (session->verdict == LOGIN_OK)
		return (lacks_tls(session) ? dismiss(session)
					   : welcome(session, 230));
	score_add(session->worker->score, SCORE_LOGINS_FAILED, 1);
	if (is_refused(session, &flow))
		return (flow);
	return (session_goto(session, &step_delay));
}

/* The session waits; the worker does not. */
static enum flow
delay(struct session *session)
{
	const struct conf_host *host = session->host;

	if (host->login_delay != 0 &&
	    !session_expired(session, host->login_delay * UINT64_C(1000)))
		return (session_wait(session, WAIT_CLOCK));
	session->attempts++;
	session_log(session, NOTICE, "login failed (attempt %u)",
	    (unsigned int)session->attempts);
	forget_user(session);
	if (host->login_attempts != 0 &&
	    session->attempts >= host->login_attempts)
		return (session_farewell(session,
		    "Too many failed logins (limits.login_attempts)."));
	if (session->attempts == UINT8_MAX)
		session->attempts--;
	return (session_answer(session, 530, "Login incorrect."));
}
