/*
 *	CCC --> ccc/flush --> ccc/close --> ccc/done --> command
 */
#include "worker/ftp/clear.h"

#include "worker/ftp/verbs.h"

static enum flow ccc_flush(struct session *session);
static enum flow ccc_close(struct session *session);
static enum flow ccc_done(struct session *session);

static const struct step step_ccc_flush = { "ccc/flush", ccc_flush };
static const struct step step_ccc_close = { "ccc/close", ccc_close };
static const struct step step_ccc_done = { "ccc/done", ccc_done };

enum flow
clear_ours(struct session *session, const struct step *next)
{
	enum stream_result result;

	if (buf_len(&session->reply.buf) > 0)
		return (session_flush(session));
	result = stream_close_write(session->control, false);
	if (result == STREAM_AGAIN &&
	    !session_expired(session, session_idle(session))) {
		session->wants = STREAM_WRITE;
		return (session_wait(session, WAIT_TLS | WAIT_CLOCK));
	}
	if (result != STREAM_OK)
		return (FLOW_END);
	return (session_goto(session, next));
}

/*
 * Up to the client's close_notify (END), or to where it goes on in clear
 * without one.
 */
static enum stream_result
read_rest(struct session *session)
{
	enum stream_result result;
	uint8_t block[1024];
	size_t done, room;

	for (;;) {
		/* Its close_notify may have come together with the command. */
		if (session->eof || stream_goes_clear(session->control))
			return (STREAM_END);
		room = input_room(&session->input);
		if (room == 0)
			return (STREAM_FAILED);
		result = stream_read(session->control, block,
		    room < sizeof(block) ? room : sizeof(block), &done);
		if (result != STREAM_OK)
			return (result);
		if (input_feed(&session->input, block, done) != 0)
			return (STREAM_FAILED);
	}
}

/* A client that sends no close_notify may be silent until its next command. */
enum flow
clear_theirs(struct session *session, const struct step *next)
{
	enum stream_result result = read_rest(session);

	if (result == STREAM_AGAIN &&
	    !session_expired(session, session_idle(session))) {
		session->wants = STREAM_READ;
		return (session_wait(session, WAIT_TLS | WAIT_CLOCK));
	}
	if (result != STREAM_END) {
		session->reason = "TLS on the control connection did not end";
		return (FLOW_END);
	}
	tls_keep(session->tls);
	stream_end_tls(session->control);
	session->eof = false;
	session->listening = true;
	return (session_goto(session, next));
}

enum flow
verb_ccc(struct session *session, const char *text)
{
	(void)text;
	if (!session_is_tls(session))
		return (session_answer(session, 533,
		    "The connection is not protected."));
	if (!session->logged_in)
		return (session_answer(session, 530,
		    "Please log in with USER and PASS."));
	if (!session->host->tls.allow_ccc || session_required(session)->control)
		return (session_answer(session, 534,
		    "The control connection stays protected here."));
	reply_send(&session->reply, 200, "The connection goes on in clear.");
	session->listening = false;
	return (session_goto(session, &step_ccc_flush));
}

static enum flow
ccc_flush(struct session *session)
{
	return (clear_ours(session, &step_ccc_close));
}

static enum flow
ccc_close(struct session *session)
{
	return (clear_theirs(session, &step_ccc_done));
}

static enum flow
ccc_done(struct session *session)
{
	session->ccc = true;
	session_log_tls(session, NOTICE,
	    "control connection in clear from now on (CCC)");
	return (session_goto(session, &step_command));
}
