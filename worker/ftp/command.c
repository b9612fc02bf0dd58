#include "worker/ftp/command.h"

#include <stdlib.h>
#include <string.h>

#include "shm/base/ensure.h"
#include "shm/base/secret.h"
#include "worker/ftp/encoding.h"
#include "worker/ftp/files.h"
#include "worker/ftp/policy.h"
#include "worker/ftp/state.h"
#include "worker/ftp/transfer/early.h"
#include "worker/ftp/verbs.h"

static enum flow command(struct session *session);

const struct step step_command = { "command", command };

/*
 * The line that is looked at: one at a time, in all of the worker.  It is wiped
 * afterwards, since it may be a password.  Not on the stack, where all of it
 * would be cleared before and wiped after each command.
 */
static char taken_line[INPUT_LINE_MAX + 1];

/*
 * Before the login: who is named by USER may have a section of his own, and
 * with AllowPerUser nobody else is asked for TLS until it is known who he is.
 */
static int
login_needs_tls(const struct session *session, const struct verb *verb,
    const char *argument)
{
	const struct conf_required *required = session_required(session);
	unsigned int options = session->host->tls.options;

	if (strcmp(verb->name, "USER") == 0)
		return (policy_login_needs_tls(session, argument) ? 530 : 0);
	if ((verb->flags & VERB_IDENTITY) != 0 && session->user_given)
		return (0); /* USER was let pass */
	if ((options & CONF_TLS_ALLOW_PER_USER) != 0)
		return (0);
	if (required->auth && (verb->flags & VERB_IDENTITY) != 0)
		return (530);
	if (!required->control)
		return (0);
	return ((verb->flags & (VERB_IDENTITY | VERB_LOGIN)) != 0 ? 530 : 550);
}

/* A command that tls.required does not allow in clear: its code, or 0. */
static int
needs_tls(const struct session *session, const struct verb *verb,
    const char *argument)
{
	const struct conf_required *required;

	if (session_is_tls(session) ||
	    (verb->flags & (VERB_CLEAR | VERB_TLS)) != 0)
		return (0);
	if (!session->logged_in)
		return (login_needs_tls(session, verb, argument));
	required = session_required(session);
	if (required->auth && (verb->flags & VERB_IDENTITY) != 0)
		return (530);
	if (!required->control)
		return (0);
	return ((verb->flags & VERB_IDENTITY) != 0 ? 530 : 550);
}

/* Who was named before a USER that is refused is not meant any more. */
static void
refuse_clear(struct session *session, const struct verb *verb, int code)
{
	if (!session->logged_in && (verb->flags & VERB_IDENTITY) != 0) {
		session->user_given = false;
		policy_forget(session);
	}
	reply_send(&session->reply, code,
	    "TLS is required here: send AUTH TLS first.");
}

bool
command_may(struct session *session, unsigned int does)
{
	const char *refusal = policy_refusal(session, does);

	session->does = refusal == NULL ? does : 0;
	if (refusal == NULL)
		return (true);
	reply_send(&session->reply, 550, "%s", refusal);
	return (false);
}

/* Whether the command may run; if not, it has been answered. */
static bool
admitted(struct session *session, const struct verb *verb, const char *argument)
{
	struct reply *reply = &session->reply;
	unsigned int flags = verb->flags;
	int code;

	if (verb->run == NULL)
		reply_send(reply, 502, "%s is not implemented.", verb->name);
	else if ((flags & VERB_TLS) != 0 && !session->host->tls.engine)
		reply_send(reply, 500, "%s is not understood.", verb->name);
	else if ((code = needs_tls(session, verb, argument)) != 0)
		refuse_clear(session, verb, code);
	else if ((flags & VERB_LOGIN) != 0 && !session->logged_in)
		reply_send(reply, 530, "Please log in with USER and PASS.");
	else if (verb->argument == ARGUMENT_NONE && *argument != '\0')
		reply_send(reply, 501, "%s takes no argument.", verb->name);
	else if (verb->argument == ARGUMENT_REQUIRED && *argument == '\0')
		reply_send(reply, 501, "Syntax: %s", verb->help);
	else if ((flags & VERB_NO_ALL) != 0 && session->epsv_all)
		reply_send(reply, 501, "Not allowed after EPSV ALL.");
	else
		return (command_may(session, flags & VERB_PATH));
	return (false);
}

/* What lasts for one command only. */
static void
forget(struct session *session, const struct verb *verb)
{
	if (verb == NULL || (verb->flags & (VERB_REST | VERB_DATA)) == 0) {
		session->rest = 0;
		session->ranged = false;
	}
	if (verb == NULL ||
	    strcmp(verb->name, session->copying ? "SITE" : "RNTO") != 0)
		files_forget(session);
}

/* Browsers can be made to post FTP commands; what comes first gives it away. */
static bool
speaks_http(const char *line)
{
	static const char *const methods[] = { "GET ", "POST ", "HEAD ", "PUT ",
		"OPTIONS ", "CONNECT ", "DELETE ", "PATCH ", "TRACE " };
	size_t i;

	for (i = 0; i < NITEMS(methods); i++)
		if (strncmp(line, methods[i], strlen(methods[i])) == 0)
			return (true);
	return (false);
}

static void
log_command(struct session *session, const struct verb *verb,
    const char *argument)
{
	bool secret = strcmp(verb->name, "PASS") == 0;

	session_log(session, DEBUG, "command %s %s", verb->name,
	    secret ? "(hidden)" : argument);
}

static enum flow
unknown(struct session *session, const char *line)
{
	if (!session->logged_in && speaks_http(line)) {
		session->reason = "the client speaks HTTP";
		return (FLOW_END);
	}
	if (!session->logged_in && line[0] == 0x16) {
		session->reason = "the client speaks TLS without AUTH TLS";
		return (FLOW_END);
	}
	return (session_answer(session, 500, "Command not understood."));
}

static enum flow
dispatch(struct session *session, const char *line)
{
	const struct verb *verb;
	const char *argument = "";

	verb = verb_find(line, &argument);
	forget(session, verb);
	if (verb == NULL)
		return (unknown(session, line));
	log_command(session, verb, argument);
	if (!admitted(session, verb, argument))
		return (session_goto(session, &step_command));
	return (verb->run(session, argument));
}

/* Nothing to do: how long may that last? */
static enum flow
idle(struct session *session)
{
	uint64_t delay = early_delay(session);
	unsigned int waits = WAIT_INPUT;

	if (session->eof) {
		session->reason = "the client closed the connection";
		return (session_goto(session, &step_bye));
	}
	if (delay != 0) {
		if (!session_expired(session, delay))
			return (session_wait(session, WAIT_INPUT | WAIT_CLOCK));
		session->timed_out = false;
	}
	if (early_run(session))
		waits |= WAIT_DATA;
	if (session_expired(session, session_idle(session)))
		return (session_farewell(session,
		    "No command for too long (timeouts.idle)."));
	return (session_wait(session, waits | WAIT_CLOCK));
}

static enum flow
command(struct session *session)
{
	enum input_result taken;
	enum flow flow;

	ensure(session->reply.owed == 0);
	if (session->drain != DRAIN_NO)
		return (session_farewell(session, "The server is going down."));
	if (buf_len(&session->reply.buf) > REPLY_HIGH)
		return (session_flush(session));
	taken = input_take(&session->input, taken_line);
	if (taken == INPUT_NONE)
		return (idle(session));
	reply_expect(&session->reply);
	if (taken == INPUT_LINE)
		taken = encoding_take(session, taken_line);
	switch (taken) {
	case INPUT_TOO_LONG:
		score_add(session->worker->score, SCORE_LINES_TOO_LONG, 1);
		return (session_answer(session, 500, "Line too long."));
	case INPUT_BAD:
		return (session_answer(session, 501,
		    "A command may not contain NUL or CR."));
	case INPUT_NONE:
	case INPUT_LINE:
		break;
	}
	flow = dispatch(session, taken_line);
	secret_wipe(taken_line, strlen(taken_line));
	return (flow);
}

/*
 * The next line, if it is a command that is answered while a transfer runs:
 * STAT with a path needs the agent, and waits.
 */
static const struct verb *
next_aside(const struct session *session)
{
	const struct verb *verb;
	const char *argument;
	size_t offset = 0;
	char head[16];

	if (!input_peek(&session->input, &offset, head, sizeof(head)))
		return (NULL);
	verb = verb_find(head, &argument);
	if (verb == NULL || (verb->flags & VERB_ASIDE) == 0)
		return (NULL);
	if (strcmp(verb->name, "STAT") == 0 && *argument != '\0')
		return (NULL);
	return (verb);
}

/* The busy command's own final reply is owed while these are answered. */
void
command_aside(struct session *session)
{
	struct reply *reply = &session->reply;
	const struct verb *verb;
	unsigned int owed = reply->owed;

	while (buf_len(&reply->buf) <= REPLY_HIGH) {
		verb = next_aside(session);
		if (verb == NULL)
			return;
		reply_expect(reply);
		if (input_take(&session->input, taken_line) == INPUT_LINE)
			(void)verb->run(session, "");
		else
			reply_send(reply, 501, "Syntax: %s", verb->help);
		ensure(reply->owed == owed);
	}
}

bool
command_aside_waits(const struct session *session)
{
	return (next_aside(session) != NULL);
}

static bool
abort_waits(const struct session *session)
{
	const struct verb *verb;
	const char *argument;
	size_t offset = 0;
	char head[16];

	while (input_peek(&session->input, &offset, head, sizeof(head))) {
		verb = verb_find(head, &argument);
		if (verb == NULL)
			continue;
		if (strcmp(verb->name, "ABOR") == 0)
			return (true);
		if ((verb->flags & (VERB_DATA | VERB_LONG)) != 0)
			return (false);
	}
	return (false);
}

bool
command_aborted(struct session *session)
{
	if (session->drain == DRAIN_HARD || session->overdue)
		return (true);
	if (!abort_waits(session))
		return (false);
	session->aborted = true;
	return (true);
}

bool
command_interrupted(struct session *session)
{
	return (command_aborted(session) ||
	    (session->eof && buf_len(&session->input.buf) == 0));
}
