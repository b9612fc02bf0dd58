/*
 * TLS on the control connection:
 *
 *	AUTH --> tls/turn --> tls/flush --> tls/handshake --> tls/admission
 *	            |                             |                 |
 *	            +--> command       bye <------+-----------------+
 *	                                ^                           v
 *	                                +----------------------- tls/host
 *	                                                            |
 *	                                       command, banner <----+
 */
#include <stdio.h>
#include <strings.h>

#include "worker/ftp/admit.h"
#include "worker/ftp/policy.h"
#include "worker/ftp/state.h"
#include "worker/ftp/syntax/args.h"
#include "worker/ftp/verbs.h"

#define TURN_MS 20000 /* for others' handshakes to end */

static enum flow turn(struct session *session);
static enum flow flush(struct session *session);
static enum flow handshake(struct session *session);
static enum flow admission(struct session *session);
static enum flow host(struct session *session);

const struct step step_turn = { "tls/turn", turn };
static const struct step step_flush = { "tls/flush", flush };
static const struct step step_handshake = { "tls/handshake", handshake };
static const struct step step_admission = { "tls/admission", admission };
static const struct step step_host = { "tls/host", host };

/* All others have been at it for long: likely nobody of them is honest. */
static enum flow
too_many_handshakes(struct session *session)
{
	struct worker *worker = session->worker;

	turn_end(worker->turns, &session->turn);
	score_add(worker->score, SCORE_REFUSED_HANDSHAKES, 1);
	session->prot_private = false;
	if (session->implicit) {
		session->reason = "too many handshakes (limits.handshakes)";
		return (FLOW_END);
	}
	session->listening = true;
	return (session_answer(session, 431,
	    "Too many handshakes at once (limits.handshakes)."));
}

/* The client is told to begin only when it can be served. */
static enum flow
turn(struct session *session)
{
	if (!turn_ask(session->worker->turns, &session->turn)) {
		if (session_expired(session, TURN_MS))
			return (too_many_handshakes(session));
		return (session_wait(session, WAIT_TURN | WAIT_CLOCK));
	}
	if (!session->logged_in) {
		session->user_given = false;
		policy_forget(session);
	}
	if (!session->implicit)
		reply_send(&session->reply, 234, "Begin the TLS handshake.");
	return (session_goto(session, &step_flush));
}

static enum flow
begin_auth(struct session *session, bool private)
{
	if (!tls_available(session->worker->tls, session->client.host))
		return (session_answer(session, 431,
		    "TLS is not possible: this host has no certificate."));
	if (session->logged_in &&
	    (session->host->tls.options & CONF_TLS_ALLOW_PER_USER) == 0)
		return (session_answer(session, 534,
		    "AUTH must come before the login."));
	session->listening = false;
	session->prot_private = private && policy_data_possible(session, true);
	return (session_goto(session, &step_turn));
}

enum flow
verb_auth(struct session *session, const char *text)
{
	if (session_is_tls(session))
		return (session_answer(session, 503,
		    "The connection is protected already."));
	if (session->ccc)
		return (session_answer(session, 534,
		    "AUTH is not possible after CCC."));
	if (strcasecmp(text, "TLS") == 0 || strcasecmp(text, "TLS-C") == 0)
		return (begin_auth(session, false));
	if (strcasecmp(text, "SSL") == 0 || strcasecmp(text, "TLS-P") == 0)
		return (begin_auth(session, true));
	return (
	    session_answer(session, 504, "Unknown mechanism: use AUTH TLS."));
}

static enum flow
refuse_certificate(struct session *session, const char *objection)
{
	char text[160];

	(void)snprintf(text, sizeof(text), "Your certificate is refused: %s.",
	    objection);
	return (session_farewell(session, text));
}

/*
 * The handshake failed or could not begin, which has been logged.  A client
 * that asked for it by AUTH is told in clear; nothing is ever read from it in
 * clear again.
 */
static enum flow
give_up(struct session *session)
{
	const char *objection = NULL;

	session->reason = "no TLS";
	if (session->implicit)
		return (FLOW_END);
	if (session_is_tls(session)) {
		tls_keep(session->tls);
		objection = tls_objection(stream_tls(session->control));
		stream_end_tls(session->control);
	}
	if (objection != NULL)
		return (refuse_certificate(session, objection));
	return (session_farewell(session, "The TLS handshake failed."));
}

/* After HOST, or a login, the server name can change nothing any more. */
static struct tls_login *
new_login(struct session *session)
{
	struct tls_login *login = tls_login_new(session->worker->tls,
	    session->base, &session->subject);

	if (login == NULL)
		return (NULL);
	tls_login_listener(login, session->listener);
	if (session->named || session->logged_in)
		tls_login_pin(login, session->client.host, session->named);
	return (login);
}

/*
 * What came in clear behind AUTH was not protected by anything: whoever sits
 * on the wire may have put it there.
 */
static enum flow
flush(struct session *session)
{
	size_t dropped;

	if (buf_len(&session->reply.buf) > 0)
		return (session_flush(session));
	dropped = input_discard(&session->input);
	if (dropped > 0)
		session_log_tls(session, WARNING,
		    "discarded %zu bytes that came in clear before the TLS "
		    "handshake",
		    dropped);
	if (session->tls == NULL)
		session->tls = new_login(session);
	if (session->tls == NULL ||
	    stream_start_tls(session->control, session->tls, TLS_CONTROL) !=
		0) {
		session_log_tls(session, ERROR,
		    "TLS could not be set up on the control connection");
		return (give_up(session));
	}
	return (session_goto(session, &step_handshake));
}

static enum flow
handshake(struct session *session)
{
	uint64_t ms = session->host->tls.timeout_handshake * UINT64_C(1000);
	enum stream_result result;

	result = stream_handshake(session->control);
	if (result == STREAM_AGAIN) {
		if (ms != 0 && session_expired(session, ms)) {
			turn_end(session->worker->turns, &session->turn);
			session_log_tls(session, NOTICE,
			    "TLS handshake not done in time "
			    "(tls.timeout_handshake)");
			return (give_up(session));
		}
		session->wants = STREAM_READ | STREAM_WRITE;
		return (session_wait(session, WAIT_TLS));
	}
	turn_end(session->worker->turns, &session->turn);
	if (result != STREAM_OK)
		return (give_up(session));
	return (session_goto(session, &step_admission));
}

/* What the handshake could not find out about the client. */
static enum flow
admission(struct session *session)
{
	enum tls_admission verdict;
	uint32_t chosen;

	verdict = tls_admission(stream_tls(session->control));
	if (verdict == TLS_PENDING)
		return (admit_wait(session));
	admit_free(&session->admit);
	if (verdict == TLS_REFUSED)
		return (refuse_certificate(session,
		    tls_objection(stream_tls(session->control))));
	session_refresh(session);
	chosen = tls_login_host(session->tls);
	if (chosen != session->client.host)
		session_enter_host(session, chosen);
	policy_apply(session);
	return (session_goto(session, &step_host));
}

/* The host that the client named may have a limit of its own. */
static enum flow
host(struct session *session)
{
	enum flow flow;

	if (!session_has_place(session, &flow))
		return (flow);
	session->listening = true;
	if (!session->implicit)
		return (session_goto(session, &step_command));
	session->pbsz = true;
	session->prot_private = policy_data_possible(session, true);
	return (session_goto(session, &step_banner));
}

enum flow
verb_pbsz(struct session *session, const char *text)
{
	uint64_t size;

	if (!session_is_tls(session))
		return (session_answer(session, 503,
		    session->ccc ? "Not after CCC." : "Send AUTH TLS first."));
	if (args_number(text, &size) != ARGS_OK)
		return (session_answer(session, 501, "Syntax: PBSZ 0"));
	session->pbsz = true;
	return (session_answer(session, 200, "PBSZ=0"));
}

static enum flow
set_protection(struct session *session, bool private)
{
	if (!policy_data_possible(session, private))
		return (session_answer(session, 534,
		    private ? "Data connections are not protected here: PROT C."
			    : "Data connections must be protected here: PROT "
			      "P."));
	if (private != session->prot_private && session->data.early != NULL)
		data_drop(session);
	session->prot_private = private;
	return (session_answer(session, 200, "Data connections are %s.",
	    private ? "protected" : "in clear"));
}

enum flow
verb_prot(struct session *session, const char *text)
{
	if (session->ccc)
		return (session_answer(session, 534, "Not after CCC."));
	if (!session_is_tls(session))
		return (session_answer(session, 503, "Send AUTH TLS first."));
	if (session->host->strict_pbsz && !session->pbsz)
		return (session_answer(session, 503, "Send PBSZ first."));
	if (strcasecmp(text, "C") == 0)
		return (set_protection(session, false));
	if (strcasecmp(text, "P") == 0)
		return (set_protection(session, true));
	if (strcasecmp(text, "S") == 0 || strcasecmp(text, "E") == 0)
		return (session_answer(session, 536,
		    "Not possible with TLS: use PROT C or P."));
	return (session_answer(session, 504, "Use PROT C or PROT P."));
}
