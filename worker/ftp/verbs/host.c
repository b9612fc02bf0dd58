/*
 * HOST (RFC 7151), which chooses the virtual host before the login:
 *
 *	HOST --> host/limits --> command, or bye
 *
 * In TLS the host has been chosen by the server name, or by its absence; then
 * HOST can only confirm it.
 */
#include <string.h>

#include "worker/ftp/policy.h"
#include "worker/ftp/state.h"
#include "worker/ftp/syntax/args.h"
#include "worker/ftp/verbs.h"

static enum flow limits(struct session *session);

static const struct step step_limits = { "host/limits", limits };

/* The host that is meant, or -1. */
static long
find(const struct session *session, const struct args_host *argument)
{
	if (argument->name[0] != '\0')
		return (conf_find_host_at(session->worker->conf, session->base,
		    session->listener, argument->name, strlen(argument->name)));
	return (address_same_ip(&argument->address, &session->local)
		? (long)session->base
		: -1);
}

static enum flow
confirm(struct session *session, const struct args_host *argument)
{
	switch (tls_login_name(session->tls, argument->name)) {
	case TLS_NAME_SAME:
		session_greet(session);
		return (session_goto(session, &step_command));
	case TLS_NAME_OTHER:
		return (session_answer(session, 504,
		    "The TLS handshake named another host."));
	case TLS_NAME_NONE:
		break;
	}
	return (session_answer(session, 503,
	    "HOST must come before AUTH, or be named in the TLS handshake."));
}

enum flow
verb_host(struct session *session, const char *text)
{
	struct args_host argument;
	long found;

	if (session->logged_in || session->user_given)
		return (session_answer(session, 503,
		    "HOST must come before USER."));
	if (args_host(text, &argument) != ARGS_OK)
		return (session_answer(session, 501,
		    "Syntax: HOST name, without a port."));
	if (session_is_tls(session))
		return (confirm(session, &argument));
	found = find(session, &argument);
	if (found == -1) {
		session_log(session, INFO, "HOST %s: no such host", text);
		return (session_answer(session, 504, "Unknown host."));
	}
	session->named = true;
	if ((uint32_t)found != session->client.host)
		session_enter_host(session, (uint32_t)found);
	return (session_goto(session, &step_limits));
}

/* The host may have a limit of its own. */
static enum flow
limits(struct session *session)
{
	enum flow flow;

	if (!session_has_place(session, &flow))
		return (flow);
	session_log(session, INFO, "host chosen by HOST");
	session_greet(session);
	return (session_goto(session, &step_command));
}
