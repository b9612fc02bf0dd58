#include "worker/ftp/verbs/long.h"

#include <errno.h>

enum flow
long_ask(struct session *session, uint32_t request, enum refusal_kind kind,
    const struct step *step)
{
	if (session_asked(session, request) != 0)
		return (files_refuse(session, errno, kind));
	session->busy = true;
	return (session_goto(session, step));
}

static void
over(struct session *session)
{
	session->busy = false;
	session->cancelled = false;
}

/* Not more than a moment ago the agent was at work: it gets more time. */
static void
extend(struct session *session)
{
	if (session->timed_out &&
	    worker_now(session->worker) - fs_heard(session->fs) <
		FILES_ANSWER_MS)
		session->timed_out = false;
}

static enum flow
cancel(struct session *session)
{
	session_drop_question(session);
	over(session);
	return (session_answer(session, 426, "%s",
	    session->drain == DRAIN_HARD ? "The server is going down."
					 : "Aborted."));
}

bool
long_answer(struct session *session, struct fs_answer *answer,
    enum refusal_kind kind, enum flow *flow)
{
	if (session->cancelled) {
		*flow = cancel(session);
		return (false);
	}
	extend(session);
	if (!files_answer_any(session, answer, flow))
		return (false);
	over(session);
	if (answer->error == 0)
		return (true);
	*flow = files_refuse(session, answer->error, kind);
	return (false);
}
