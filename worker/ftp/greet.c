/*
 * The beginning and the end of a session:
 *
 *	join --> banner --> command ... bye --> linger
 *	  |         ^                    ^
 *	  |         +-- TLS (implicit)   |
 *	  +------------------------------+ refused
 */
#include <string.h>

#include "worker/ftp/limits.h"
#include "worker/ftp/message.h"
#include "worker/ftp/state.h"

#define LAST_MS      5000 /* for the last reply to be taken by the network */
#define LINGER_MS    2000 /* for the client to close its side */
#define LINGER_READS 16

static enum flow join(struct session *session);
static enum flow banner(struct session *session);
static enum flow bye(struct session *session);
static enum flow linger(struct session *session);

const struct step step_join = { "join", join };
const struct step step_banner = { "banner", banner };
const struct step step_bye = { "bye", bye };
static const struct step step_linger = { "bye/linger", linger };

static enum flow
join(struct session *session)
{
	if (!session->judged)
		return (session_wait(session, WAIT_LOGIN));
	if (session->limit != LIMIT_NONE) {
		limit_count(session->worker->score, session->limit);
		session->reason = limit_text(session->limit);
		if (session->implicit)
			return (FLOW_END);
		return (session_farewell(session, limit_text(session->limit)));
	}
	session_log(session, INFO, "session begun%s",
	    session->implicit ? " (implicit TLS)" : "");
	if (session->implicit)
		return (session_goto(session, &step_turn));
	return (session_goto(session, &step_banner));
}

void
session_say(struct session *session, int code, const char *text)
{
	struct reply *reply = &session->reply;
	size_t len = strcspn(text, "\n");

	if (text[len] == '\0' || text[len + 1] == '\0') {
		reply_send(reply, code, "%.*s", (int)len, text);
		return;
	}
	reply_begin(reply, code, "%.*s", (int)len, text);
	for (text += len + 1;; text += len + 1) {
		len = strcspn(text, "\n");
		if (text[len] == '\0' || text[len + 1] == '\0')
			break;
		reply_line(reply, "%.*s", (int)len, text);
	}
	reply_end(reply, "%.*s", (int)len, text);
}

void
session_greet(struct session *session)
{
	char filled[MESSAGE_MAX + 1];

	session_say(session, 220, message_banner(session, filled));
}

static enum flow
banner(struct session *session)
{
	reply_expect(&session->reply);
	session_greet(session);
	session->listening = true;
	return (session_goto(session, &step_command));
}

static enum flow
bye(struct session *session)
{
	session->leaving = true;
	session->listening = false;
	data_reset(&session->data);
	if (buf_len(&session->reply.buf) > 0) {
		if (session_expired(session, LAST_MS))
			return (FLOW_END);
		return (session_wait(session, WAIT_OUTPUT | WAIT_CLOCK));
	}
	return (session_goto(session, &step_linger));
}

/*
 * A socket closed with unread input sends RST, which may destroy the last
 * reply on its way: what the client still sends is read, for a moment.
 */
static enum flow
linger(struct session *session)
{
	enum stream_result result;
	uint8_t block[512];
	size_t done, i;

	if (session_expired(session, LINGER_MS))
		return (FLOW_END);
	if (!session->fin) {
		result = stream_close_write(session->control, true);
		if (result == STREAM_AGAIN) {
			session->wants = STREAM_WRITE;
			return (session_wait(session, WAIT_TLS | WAIT_CLOCK));
		}
		if (result != STREAM_OK)
			return (FLOW_END);
		session->fin = true;
	}
	if (session->drain == DRAIN_HARD)
		return (FLOW_END);
	for (i = 0; i < LINGER_READS; i++) {
		result =
		    stream_read(session->control, block, sizeof(block), &done);
		if (result != STREAM_OK && result != STREAM_AGAIN)
			return (FLOW_END);
		if (result == STREAM_AGAIN)
			break;
	}
	session->wants = STREAM_READ;
	return (session_wait(session, WAIT_INPUT | WAIT_CLOCK));
}
