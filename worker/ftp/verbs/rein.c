/*
 * REIN: the session is as it was when the connection was made.
 *
 *	REIN --> rein/host --> rein/flush --> rein/close --> rein/clear
 *	             |                                           |
 *	             +--> command, or bye                        +--> command
 *
 * In TLS the reply is still protected; then TLS ends (RFC 4217, section 13).
 */
#include <stdlib.h>

#include "worker/ftp/account.h"
#include "worker/ftp/clear.h"
#include "worker/ftp/encoding.h"
#include "worker/ftp/policy.h"
#include "worker/ftp/terms.h"
#include "worker/ftp/verbs.h"
#include "worker/ftp/verbs/hash.h"

static enum flow host(struct session *session);
static enum flow flush(struct session *session);
static enum flow end(struct session *session);
static enum flow clear(struct session *session);

static const struct step step_host = { "rein/host", host };
static const struct step step_flush = { "rein/flush", flush };
static const struct step step_end = { "rein/close", end };
static const struct step step_clear = { "rein/clear", clear };

static void
drop_text(char **text)
{
	free(*text);
	*text = NULL;
}

/*
 * The account, and what login and the agent hold for it.  Failed logins are
 * remembered, or REIN would grant as many as one likes.
 */
static void
log_out(struct session *session)
{
	if (session->logged_in) {
		session->reason = "REIN";
		account_write(session);
		session->reason = NULL;
		account_close(session);
		account_open(session);
		score_add(session->worker->score, SCORE_LOGGED_IN, -1);
		terms_begin_login(session);
	}
	session->logged_in = false;
	session->user_given = false;
	policy_forget(session);
	fs_free(&session->fs);
	broker_logout(&session->client);
	session->subject.user = NULL;
	drop_text(&session->user);
	drop_text(&session->group);
	session->uid = 0;
	session->gid = 0;
	session->policy = 0;
}

/* All that commands have set. */
static void
reset(struct session *session)
{
	data_reset(&session->data);
	hash_free(&session->hash);
	drop_text(&session->cwd);
	drop_text(&session->rename_from);
	drop_text(&session->path);
	session_defaults(session);
	encoding_choose(session);
}

enum flow
verb_rein(struct session *session, const char *text)
{
	(void)text;
	if (session->implicit)
		return (session_answer(session, 502,
		    "Not where TLS begins with the connection; connect "
		    "again."));
	session_log(session, INFO, "REIN");
	log_out(session);
	reset(session);
	if (session->client.host != session->base)
		session_enter_host(session, session->base);
	return (session_goto(session, &step_host));
}

/* What HOST or the TLS handshake has chosen is void, too. */
static enum flow
host(struct session *session)
{
	enum flow flow;

	if (!session_has_place(session, &flow))
		return (flow);
	session_greet(session);
	if (!session_is_tls(session))
		return (session_goto(session, &step_clear));
	session->listening = false;
	tls_expect_end(stream_tls(session->control));
	return (session_goto(session, &step_flush));
}

static enum flow
flush(struct session *session)
{
	return (clear_ours(session, &step_end));
}

static enum flow
end(struct session *session)
{
	return (clear_theirs(session, &step_clear));
}

/* The next AUTH is the first one: nothing of this TLS is known then. */
static enum flow
clear(struct session *session)
{
	deadline_clear(&session->refresh);
	tls_login_free(&session->tls);
	return (session_goto(session, &step_command));
}
