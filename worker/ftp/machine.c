#include "worker/ftp/state.h"

#include <stdarg.h>

#include "shm/base/ensure.h"
#include "shm/base/secret.h"
#include "worker/ftp/command.h"
#include "worker/ftp/terms.h"
#include "worker/ftp/transfer/transfer.h"

#define FLUSH_MS  60000
#define READ_MAX  1024 /* bytes at a time, which is more than most commands */
#define READS_MAX 256  /* in one turn: a record may be of one byte */

enum flow
session_goto(struct session *session, const struct step *step)
{
	deadline_clear(&session->pause);
	session->timed_out = false;
	session->wants = 0;
	session->step = step;
	return (FLOW_NEXT);
}

enum flow
session_wait(struct session *session, unsigned int waits)
{
	session->waits |= waits;
	return (FLOW_WAIT);
}

bool
session_expired(struct session *session, uint64_t ms)
{
	if (!session->timed_out && !deadline_is_set(&session->pause))
		deadline_set(session->worker, &session->pause, ms);
	return (session->timed_out);
}

bool
session_is_busy(const struct session *session)
{
	return (session->transfer != NULL || session->busy);
}

enum flow
session_answer(struct session *session, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	reply_vsend(&session->reply, code, format, args);
	va_end(args);
	if (session_is_busy(session))
		return (FLOW_NEXT);
	return (session_goto(session, &step_command));
}

enum flow
session_farewell(struct session *session, const char *text)
{
	if (session->reply.code != 0)
		reply_end(&session->reply, "Cut off.");
	if (session->reply.owed == 0)
		reply_expect(&session->reply);
	reply_send(&session->reply, 421, "%s", text);
	session_log(session, NOTICE, "told 421 %s", text);
	session->reason = "told 421";
	session->leaving = true;
	session->listening = false;
	turn_end(session->worker->turns, &session->turn);
	return (session_goto(session, &step_bye));
}

/* A client that does not read what it is told holds nobody up for ever. */
enum flow
session_flush(struct session *session)
{
	if (session_expired(session, FLUSH_MS)) {
		session->reason = "the client does not read its replies";
		return (FLOW_END);
	}
	return (session_wait(session, WAIT_OUTPUT | WAIT_CLOCK));
}

bool
session_is_tls(const struct session *session)
{
	return (stream_is_tls(session->control));
}

/* Reads as many commands as there is room for. */
static void
read_input(struct session *session)
{
	uint8_t block[READ_MAX];
	enum stream_result result;
	size_t room, done, reads;
	int fed;

	for (reads = 0; reads < READS_MAX && session->listening &&
	     !session->eof && !session->lost;
	     reads++) {
		room = input_room(&session->input);
		if (room == 0)
			return;
		if (room > sizeof(block))
			room = sizeof(block);
		result = stream_read(session->control, block, room, &done);
		if (result == STREAM_AGAIN)
			return;
		if (result == STREAM_END)
			session->eof = true;
		else if (result != STREAM_OK)
			session->lost = true;
		if (result != STREAM_OK)
			return;
		fed = input_feed(&session->input, block, done);
		secret_wipe(block, done);
		if (fed != 0)
			session->lost = true;
	}
}

static void
write_replies(struct session *session)
{
	struct buf *buf = &session->reply.buf;
	enum stream_result result;
	size_t done;

	if (session->reply.failed)
		session->lost = true;
	/* The last one goes with the end of our side, which follows. */
	stream_hold(session->control, session->step == &step_bye);
	while (!session->lost && buf_len(buf) > 0) {
		result = stream_write(session->control, buf_data(buf),
		    buf_len(buf), &done);
		if (result == STREAM_AGAIN)
			return;
		if (result == STREAM_OK)
			buf_consume(buf, done);
		else
			session->lost = true;
	}
}

/*
 * What may end a step from outside: the session's own terms, and the end of the
 * worker, which cuts a transfer (its own step does that) and anything else.
 */
static void
intervene(struct session *session)
{
	const char *why;

	if (session->step == &step_bye || session->leaving)
		return;
	if (session->transfer != NULL) {
		if (transfer_interrupted(session))
			(void)session_goto(session, &step_abort);
	} else if (session->busy) {
		session->cancelled =
		    session->cancelled || command_interrupted(session);
	} else if ((why = terms_over(session)) != NULL) {
		session_drop_question(session);
		(void)session_farewell(session, why);
	} else if (session_is_tls(session) &&
	    tls_overdue(stream_tls(session->control))) {
		session_drop_question(session);
		(void)session_farewell(session,
		    "No new keys in time (tls.renegotiate).");
	} else if (session->drain == DRAIN_HARD) {
		session_drop_question(session);
		(void)session_farewell(session, "The server is going down.");
	}
}

static enum flow
run_steps(struct session *session)
{
	enum flow flow;

	do {
		session->waits = 0;
		intervene(session);
		session_log(session, DEBUG, "step %s", session->step->name);
		flow = session->step->run(session);
		if (session->reply.failed)
			flow = FLOW_END;
	} while (flow == FLOW_NEXT);
	return (flow);
}

/* Arms the control connection for what the session wants of it. */
static void
arm(struct session *session)
{
	unsigned int wants = session->wants;

	if (buf_len(&session->reply.buf) > 0)
		wants |= STREAM_WRITE;
	if (session->listening && !session->eof &&
	    input_room(&session->input) > 0)
		wants |= STREAM_READ;
	stream_want(session->control, wants);
}

/* Whether replies that went out at once have made room for more of them. */
static bool
goes_on(const struct session *session)
{
	if (session->lost || buf_len(&session->reply.buf) > 0)
		return (false);
	return ((session->waits & WAIT_OUTPUT) != 0 ||
	    (session_is_busy(session) && command_aside_waits(session)));
}

/*
 * Only the event loop calls this, so a session is never freed below a function
 * that still uses it.
 */
void
session_run(struct session *session)
{
	enum flow flow = FLOW_WAIT;

	read_input(session);
	do {
		if (session_is_busy(session))
			command_aside(session);
		if (!session->lost)
			flow = run_steps(session);
		write_replies(session);
	} while (flow == FLOW_WAIT && goes_on(session));
	if (flow == FLOW_END || session->lost) {
		session_release(session);
		return;
	}
	ensure(session->waits != 0);
	ensure((session->waits & WAIT_CLOCK) == 0 ||
	    deadline_is_set(&session->pause) || session->timed_out);
	ensure((session->waits & WAIT_FS) == 0 || session->request != 0);
	arm(session);
}
