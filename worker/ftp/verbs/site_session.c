/*
 * SITE IDLE, SITE WHO: about this session, and others of its account.
 *
 *	SITE WHO --> site/who --> command
 */
#include <inttypes.h>

#include "worker/ftp/site.h"
#include "worker/ftp/syntax/args.h"

#define WHO_MS 15000 /* for login, which may have to be replaced */

static enum flow who(struct session *session);

static const struct step step_who = { "site/who", who };

enum flow
site_idle(struct session *session, const char *text)
{
	uint32_t most = session->host->timeout_idle;
	uint64_t seconds;

	if (*text == '\0')
		return (session_answer(session, 200,
		    "The session ends after %" PRIu64 " seconds without a "
		    "command; at most %" PRIu32 " (timeouts.idle).",
		    session_idle(session) / 1000, most));
	if (args_number(text, &seconds) != ARGS_OK || seconds == 0 ||
	    seconds > most)
		return (session_answer(session, 501,
		    "Syntax: SITE IDLE [seconds], from 1 to %" PRIu32 ".",
		    most));
	session->idle = (uint32_t)seconds;
	return (session_answer(session, 200,
	    "The session ends after %" PRIu64 " seconds without a command.",
	    seconds));
}

/* All that were told, one to a line. */
static void
say(struct session *session, const struct broker_who *who)
{
	struct reply *reply = &session->reply;
	char text[ADDRESS_TEXT_MAX];
	size_t i;

	reply_begin(reply, 200, "Sessions of %s:", session->user);
	reply_line(reply, "%s (this session)", session->client_text);
	for (i = 0; i < who->nothers; i++)
		reply_line(reply, "%s", address_text(&who->others[i], text));
	if (who->count > who->nothers + 1)
		reply_line(reply, "and %zu more",
		    who->count - who->nothers - 1);
	reply_end(reply, "End");
}

enum flow
site_who(struct session *session, const char *text)
{
	static const struct broker_who alone = { 1, NULL, 0 };

	(void)text;
	/* Those who are anonymous have nothing in common. */
	if ((session->policy & LOGIN_ANONYMOUS) != 0) {
		say(session, &alone);
		return (session_goto(session, &step_command));
	}
	session->who_told = false;
	broker_ask_who(&session->client);
	return (session_goto(session, &step_who));
}

void
site_who_answered(const struct broker_who *who, void *context)
{
	struct session *session = context;

	if (session->step != &step_who)
		return; /* it is about to end */
	say(session, who);
	session->who_told = true;
	session_run(session);
}

static enum flow
who(struct session *session)
{
	if (session->who_told)
		return (session_goto(session, &step_command));
	if (!session_expired(session, WHO_MS))
		return (session_wait(session, WAIT_LOGIN | WAIT_CLOCK));
	broker_forget_who(&session->client);
	return (session_answer(session, 451, "Nobody can tell now."));
}
