#include <errno.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "worker/ftp/account.h"
#include "worker/ftp/files.h"
#include "worker/ftp/transfer/list.h"
#include "worker/ftp/transfer/transfer.h"
#include "worker/ftp/verbs.h"

/*
 *	RETR --> retr/open --> data/connect ... --> send --> send/close
 *	    --> send/end --> command
 *
 * A file and the pipe of a listing are sent alike.
 */
static enum flow opened(struct session *session);
static enum flow send_data(struct session *session);
static enum flow close_side(struct session *session);
static enum flow end(struct session *session);
static enum flow finish(struct session *session);

static const struct step step_opened = { "retr/open", opened };
const struct step step_send = { "send", send_data };
static const struct step step_close = { "send/close", close_side };
static const struct step step_end = { "send/end", end };
static const struct step step_finish = { "send/finish", finish };

#define DELIVERED_MS 1000  /* until we ask the kernel what has arrived */
#define END_MS       10000 /* for the client to end its side */

enum flow
verb_retr(struct session *session, const char *text)
{
	struct transfer *transfer;
	int error;

	transfer = transfer_new(session, "RETR", TRANSFER_SEND, text, &error);
	if (transfer == NULL)
		return (files_refuse(session, error, REFUSAL_FILE));
	transfer->begin = &step_send;
	if (!transfer_allowed(session))
		return (transfer_over(session));
	return (transfer_ask(session,
	    fs_open(session->fs, transfer->path, transfer->start,
		transfer_data(session)),
	    &step_opened));
}

/* What lies beyond the end of a range stays here. */
static void
cut_to_range(struct transfer *transfer)
{
	if (transfer->position > transfer->end) {
		transfer->len -= (size_t)(transfer->position - transfer->end);
		transfer->position = transfer->end;
	}
	transfer->eof = transfer->eof || transfer->position == transfer->end;
}

/* A range that begins after the end of the file has no bytes. */
static enum flow
send_nothing(struct session *session)
{
	struct transfer *transfer = session->transfer;

	transfer->small = malloc(1);
	if (transfer->small == NULL)
		return (transfer_refuse(session, ENOMEM, REFUSAL_FILE));
	transfer->position = transfer->start;
	transfer->eof = true;
	return (session_goto(session, &step_connect));
}

/* What is to be sent: the bytes of a small file, or where they are.  0, or -1
 * with errno. */
static int
take_source(struct session *session, const struct fs_answer *answer)
{
	struct transfer *transfer = session->transfer;

	transfer->position = transfer->start;
	if (answer->contents != NULL) {
		transfer_take_contents(session, answer);
		cut_to_range(transfer);
		return (0);
	}
	transfer->work =
	    work_new(session->worker, answer->fd, answer->pipe, session->uid);
	return (transfer->work == NULL ? -1 : 0);
}

static enum flow
opened(struct session *session)
{
	struct transfer *transfer = session->transfer;
	struct fs_answer answer;
	enum flow flow;

	if (!files_answer_any(session, &answer, &flow))
		return (flow);
	if (answer.error == ERANGE && transfer->end != ARGS_RANGE_ALL)
		return (send_nothing(session));
	if (answer.error != 0)
		return (transfer_refuse(session, answer.error, REFUSAL_FILE));
	if (take_source(session, &answer) == -1)
		return (transfer_refuse(session, errno, REFUSAL_FILE));
	/* The agent cannot say in the pipe that the file failed. */
	if (answer.pipe)
		transfer->least =
		    answer.size < transfer->end ? answer.size : transfer->end;
	return (session_goto(session, &step_connect));
}

/* Whether the coding has not been given all that it needs. */
static bool
is_to_code(const struct transfer *transfer)
{
	return (transfer->coding != NULL &&
	    (transfer->at < transfer->len ||
		(transfer->eof && !coding_is_complete(transfer->coding))));
}

/* What transfer->at and len are about. */
static const uint8_t *
source(const struct transfer *transfer)
{
	if (transfer->lines != NULL)
		return (transfer->encoded);
	return (transfer->work == NULL ? transfer->small
				       : work_buffer(transfer->work));
}

/*
 * The next bytes for the data connection; 0 when there are none here, or too
 * many were coded in this turn.
 */
static size_t
pending(struct transfer *transfer, size_t *budget, const uint8_t **data)
{
	const uint8_t *buffer = source(transfer);
	struct coding *coding = transfer->coding;
	size_t taken, cost;

	*data = buffer + transfer->at;
	if (coding == NULL)
		return (transfer->len - transfer->at);
	while (coding_ready(coding, data) == 0 && *budget > 0 &&
	    is_to_code(transfer)) {
		taken = coding_encode(coding, buffer + transfer->at,
		    transfer->len - transfer->at, transfer->eof);
		transfer->at += taken;
		cost = coding_cost(coding, taken);
		*budget -= cost < *budget ? cost : *budget;
	}
	return (coding_ready(coding, data));
}

static void
sent(struct session *session, size_t bytes)
{
	struct transfer *transfer = session->transfer;

	if (transfer->coding != NULL)
		coding_sent(transfer->coding, bytes);
	else
		transfer->at += bytes;
	transfer_progress(session, bytes);
	score_add(session->worker->score, SCORE_BYTES_SENT, (int64_t)bytes);
}

/* What the last read gave, which the loop had to wait for. */
static ssize_t
awaited(struct transfer *transfer)
{
	transfer->worked = false;
	if (transfer->ahead && transfer->result > 0)
		work_turn(transfer->work);
	transfer->ahead = false;
	return (transfer->result);
}

/* Where one read had to be waited for, the next one begins before its time. */
static void
look_ahead(struct session *session)
{
	struct transfer *transfer = session->transfer;

	transfer->working = work_read_ahead(transfer->work, transfer->position,
				transfer_worked, session) == -EINPROGRESS;
	transfer->ahead = transfer->working;
}

/* Reads on: bytes, 0 at the end, -EINPROGRESS, or a negative errno. */
static ssize_t
refill(struct session *session)
{
	struct transfer *transfer = session->transfer;
	bool waited = transfer->worked;
	ssize_t got;

	if (transfer->working)
		return (-EINPROGRESS);
	got = waited ? awaited(transfer)
		     : work_read(transfer->work, work_room(transfer->work),
			   transfer->position, transfer_worked, session);
	transfer->working = got == -EINPROGRESS;
	if (got == 0 && transfer->position < transfer->least)
		return (-EIO);
	transfer->eof = got == 0;
	if (got <= 0)
		return (got);
	transfer->at = 0;
	transfer->len = (size_t)got;
	transfer->position += (uint64_t)got;
	cut_to_range(transfer);
	if (!transfer->eof && waited &&
	    transfer->len == work_room(transfer->work))
		look_ahead(session);
	if (transfer_encode(transfer, work_buffer(transfer->work),
		transfer->len, false) == -1)
		return (-ENOMEM);
	return (got);
}

static enum flow
broken(struct session *session)
{
	session_log(session, NOTICE, "data connection broke: %s",
	    stream_reason(session->transfer->stream));
	return (transfer_end(session, 426,
	    "The data connection was closed; transfer aborted."));
}

/*
 * Writes what is there: STREAM_OK when all of it has gone, STREAM_AGAIN when
 * the client must read first, or this turn's budget is used up.
 */
static enum stream_result
drain(struct session *session, size_t *budget)
{
	struct transfer *transfer = session->transfer;
	enum stream_result result = STREAM_OK;
	const uint8_t *data;
	size_t len, done;

	for (;;) {
		len = pending(transfer, budget, &data);
		if (*budget == 0 && (len > 0 || is_to_code(transfer)))
			return (STREAM_AGAIN);
		if (len == 0)
			return (result);
		/* The end of our side comes right after the last bytes. */
		stream_hold(transfer->stream, transfer->eof);
		result = stream_write(transfer->stream, data, len, &done);
		if (result != STREAM_OK)
			return (result);
		sent(session, done);
		*budget -= done < *budget ? done : *budget;
	}
}

static enum flow
send_data(struct session *session)
{
	struct transfer *transfer = session->transfer;
	size_t budget = transfer_budget(session);
	enum stream_result result;
	ssize_t got;

	if (transfer_stalled(session))
		return (transfer_hold(session, WAIT_CLOCK));
	for (;;) {
		result = drain(session, &budget);
		if (result == STREAM_AGAIN) {
			stream_want(transfer->stream, STREAM_WRITE);
			return (transfer_hold(session, WAIT_DATA));
		}
		if (result != STREAM_OK)
			return (broken(session));
		if (transfer->eof)
			return (session_goto(session, &step_close));
		got = refill(session);
		if (got == -EINPROGRESS)
			return (transfer_hold(session, WAIT_WORK));
		if (got < 0)
			return (
			    transfer_refuse(session, (int)-got, REFUSAL_FILE));
	}
}

static enum flow
close_side(struct session *session)
{
	struct transfer *transfer = session->transfer;

	switch (stream_close_write(transfer->stream, true)) {
	case STREAM_OK:
		return (session_goto(session, &step_end));
	case STREAM_AGAIN:
		stream_want(transfer->stream, STREAM_WRITE);
		return (transfer_hold(session, WAIT_DATA));
	case STREAM_END:
	case STREAM_TRUNCATED:
	case STREAM_FAILED:
		break;
	}
	return (broken(session));
}

/* Whether the client's kernel has acknowledged every byte. */
static bool
delivered(const struct stream *stream)
{
	int unsent = 1;

	return (
	    ioctl(stream_fd(stream), SIOCOUTQ, &unsent) == 0 && unsent == 0);
}

/* Whether the client has ended its side, or need not be waited for. */
static bool
is_over(struct session *session)
{
	struct transfer *transfer = session->transfer;
	uint64_t now = worker_now(session->worker);
	enum stream_result result = STREAM_OK;
	uint8_t block[512];
	size_t done, reads;

	for (reads = 0; reads < 16 && result == STREAM_OK; reads++)
		result =
		    stream_read(transfer->stream, block, sizeof(block), &done);
	/* A server may object to us only after the handshake was done here. */
	transfer->rejected = transfer->client && result == STREAM_FAILED;
	if (result != STREAM_OK && result != STREAM_AGAIN)
		return (true);
	if (!session->timed_out)
		return (false);
	session->timed_out = false;
	return (delivered(transfer->stream) ||
	    now - transfer->progressed >= END_MS);
}

/*
 * Closing a socket that has unread input destroys what is still on its way to
 * the client; so its end is waited for.  A client that ends only after the 226
 * has been given all bytes once they are acknowledged.
 */
static enum flow
end(struct session *session)
{
	struct transfer *transfer = session->transfer;

	if (is_over(session)) {
		if (session->transfer->rejected)
			return (broken(session));
		account_data(session);
		stream_free(&transfer->stream);
		return (session_goto(session, &step_finish));
	}
	stream_want(transfer->stream, STREAM_READ);
	if (session_expired(session, DELIVERED_MS))
		return (session_goto(session, &step_end));
	return (session_wait(session, WAIT_DATA | WAIT_CLOCK));
}

/* What the agent says about its listing, after the pipe has ended. */
static enum flow
finish_list(struct session *session)
{
	const char *text = "Transfer complete.";
	struct fs_answer answer;
	enum flow flow;

	if (!transfer_answer(session, &answer, REFUSAL_FILE, &flow))
		return (flow);
	if (answer.mode != 0)
		text = list_end_text(session, session->transfer->path,
		    answer.mode);
	return (transfer_end(session, 226, text));
}

static enum flow
finish(struct session *session)
{
	if (session->transfer->kind == TRANSFER_LIST &&
	    session->transfer->small == NULL)
		return (finish_list(session));
	if (session->transfer->kind == TRANSFER_SEND)
		score_add(session->worker->score, SCORE_FILES_SENT, 1);
	return (transfer_end(session, 226, "Transfer complete."));
}
