#include "worker/ftp/terms.h"

#include "worker/ftp/policy.h"

#define NEVER UINT64_MAX

static uint64_t
seconds(const struct session *session, size_t field)
{
	const uint32_t *value = policy_find(session, NULL, field);

	return (*value * UINT64_C(1000));
}

/* Milliseconds that are left of a time that began then; 0: of none. */
static uint64_t
left(const struct session *session, uint32_t since, uint64_t time)
{
	uint32_t passed = (uint32_t)worker_now(session->worker) - since;

	if (time == 0)
		return (NEVER);
	return (passed < time ? time - passed : 0);
}

static uint64_t
left_in_all(const struct session *session)
{
	return (left(session, session->begun,
	    seconds(session, CONF_FIELD(timeout_session))));
}

/* All of it while a transfer runs: it begins with that one's end. */
static uint64_t
left_without(const struct session *session)
{
	uint64_t time = seconds(session, CONF_FIELD(timeout_no_transfer));

	if (session->transfer != NULL)
		return (time == 0 ? NEVER : time);
	return (left(session, session->moved, time));
}

static void
rearm(struct session *session)
{
	uint64_t all = left_in_all(session), without = left_without(session);
	uint64_t first = all < without ? all : without;

	session->term_over = false;
	if (first == NEVER)
		deadline_clear(&session->term);
	else
		deadline_set(session->worker, &session->term, first);
}

static void
over(void *context)
{
	struct session *session = context;

	if (session->logged_in) {
		session->overdue = left_in_all(session) == 0;
		if (!session->overdue && left_without(session) > 0) {
			rearm(session);
			return;
		}
	}
	session->term_over = true;
	session_run(session);
}

void
terms_init(struct session *session)
{
	deadline_init(&session->term, over, session);
}

void
terms_begin_login(struct session *session)
{
	session->term_over = false;
	session->overdue = false;
	deadline_set(session->worker, &session->term,
	    session->host->timeout_login * UINT64_C(1000));
}

void
terms_move(struct session *session, uint32_t earlier)
{
	uint64_t passed, time = session->host->timeout_login * UINT64_C(1000);

	if (session->logged_in || !deadline_is_set(&session->term))
		return;
	passed = earlier * UINT64_C(1000) -
	    deadline_left(session->worker, &session->term);
	deadline_set(session->worker, &session->term,
	    passed < time ? time - passed : 0);
}

void
terms_begin_session(struct session *session)
{
	session->moved = (uint32_t)worker_now(session->worker);
	session->overdue = false;
	rearm(session);
}

const char *
terms_over(struct session *session)
{
	if (!session->term_over)
		return (NULL);
	if (!session->logged_in)
		return ("No login in time (timeouts.login).");
	if (session->step != &step_command)
		return (NULL);
	if (session->overdue)
		return ("The session has lasted too long (timeouts.session).");
	if (left_without(session) == 0)
		return ("No transfer for too long (timeouts.no_transfer).");
	rearm(session);
	return (NULL);
}
