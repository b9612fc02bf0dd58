#include "worker/ftp/transfer/receive.h"

#include <errno.h>
#include <stdlib.h>

#include "worker/ftp/transfer/transfer.h"

static enum flow gather_small(struct session *session);
static enum flow receive(struct session *session);

const struct step step_gather = { "stor/gather", gather_small };
const struct step step_receive = { "receive", receive };

/*
 * An upload that has moved so much, and fast, is heard of in large pieces only,
 * until nothing has moved for a moment.
 */
#define FAST_BYTES 4194304u
#define FAST_PIECE 131072
#define LULL_MS    10

/* A read of few bytes costs as much as one of so many. */
#define READ_COST 1024
#define READS_MAX 1024 /* in one turn, of a small file */

/* What has come is less than a piece, and may be all for now. */
static void
lull(void *context)
{
	struct session *session = context;
	struct transfer *transfer = session->transfer;

	if (worker_now(session->worker) - transfer->progressed < LULL_MS)
		deadline_set(session->worker, &transfer->lull, LULL_MS);
	else
		stream_gather(transfer->stream, 1);
}

void
receive_begin(struct session *session)
{
	deadline_init(&session->transfer->lull, lull, session);
}

/* Wakes the loop less often for a fast upload than for each record. */
static void
hear_of_pieces(struct session *session)
{
	struct transfer *transfer = session->transfer;

	if (transfer->moved < FAST_BYTES ||
	    work_room(transfer->work) < WORK_BUFFER_MAX)
		return;
	stream_gather(transfer->stream, FAST_PIECE);
	if (!deadline_is_set(&transfer->lull))
		deadline_set(session->worker, &transfer->lull, LULL_MS);
}

bool
receive_misses_range(struct session *session, enum flow *flow)
{
	const struct transfer *transfer = session->transfer;
	uint64_t at = transfer->start + transfer->written + transfer->len;

	if (transfer->end == ARGS_RANGE_ALL ||
	    (transfer->eof ? at == transfer->end : at <= transfer->end))
		return (false);
	*flow = at > transfer->end
	    ? transfer_end(session, 552, "More came than the range holds.")
	    : transfer_end(session, 426, "Less came than the range holds.");
	return (true);
}

static enum flow
cut(struct session *session, const char *why)
{
	const struct transfer *transfer = session->transfer;

	session_log(session, NOTICE, "upload of %s %s: %s", transfer->path,
	    transfer->in_place ? "cut short" : "discarded", why);
	return (transfer_end(session, 426,
	    transfer->in_place
		? "The data connection was cut; the file is not complete."
		: "The data connection was cut; nothing was stored."));
}

/* What came in MODE Z cannot be what the client meant, or is too much. */
static enum flow
not_decoded(struct session *session)
{
	struct transfer *transfer = session->transfer;

	switch (transfer->undecoded) {
	case EFBIG:
		score_add(session->worker->score, SCORE_EXPANSIONS, 1);
		return (transfer_end(session, 552,
		    "It expands too much (mode_z_expansion)."));
	case EBADMSG:
		return (transfer_end(session, 451,
		    "The compressed data is damaged or not complete."));
	default:
		return (transfer_refuse(session, transfer->undecoded,
		    REFUSAL_STORE));
	}
}

/*
 * Whether the client is one that never says close_notify, and its host takes
 * the end of the connection for it.  A reset is no such end.
 */
static bool
is_tolerated(struct session *session)
{
	const struct transfer *transfer = session->transfer;

	if (session->host->tls.truncated_uploads != CONF_TRUNCATED_WARN ||
	    !stream_ended_bare(transfer->stream))
		return (false);
	session_log(session, WARNING,
	    "upload of %s is taken for complete, though the client did not "
	    "end TLS (tls.truncated_uploads)",
	    transfer->path);
	return (true);
}

/* The same as stream_read(), with the host's view of what is an end. */
static enum stream_result
read_data(struct session *session, void *data, size_t len, size_t *done)
{
	enum stream_result result;

	result = stream_read(session->transfer->stream, data, len, done);
	if (result == STREAM_TRUNCATED && is_tolerated(session))
		return (STREAM_END);
	return (result);
}

/* Bytes from the client: they count. */
static void
received(struct session *session, size_t bytes)
{
	transfer_progress(session, bytes);
	score_add(session->worker->score, SCORE_BYTES_RECEIVED, (int64_t)bytes);
}

/*
 * Most uploads are small.  Their bytes wait here until the client has said that
 * it was all: no file is opened, no thread asked, nothing to be discarded.
 */
static enum flow
gather_small(struct session *session)
{
	struct transfer *transfer = session->transfer;
	enum stream_result result;
	size_t done, reads = 0;

	if (transfer->small == NULL)
		transfer->small = malloc(FS_SMALL_MAX);
	if (transfer->small == NULL)
		return (transfer_refuse(session, ENOMEM, REFUSAL_STORE));
	while (transfer->len < FS_SMALL_MAX) {
		result = reads++ == READS_MAX
		    ? STREAM_AGAIN
		    : read_data(session, transfer->small + transfer->len,
			  FS_SMALL_MAX - transfer->len, &done);
		transfer->eof = result == STREAM_END;
		if (transfer->eof)
			return (session_goto(session, &step_store_small));
		if (result == STREAM_AGAIN) {
			stream_want(transfer->stream, STREAM_READ);
			return (transfer_hold(session, WAIT_DATA));
		}
		if (result != STREAM_OK)
			return (cut(session, stream_reason(transfer->stream)));
		transfer->len += done;
		received(session, done);
	}
	return (session_goto(session, &step_store_create));
}

/* Reads once, if need be, and decodes into the work's buffer. */
static enum stream_result
fill_decoded(struct session *session, uint8_t *at, size_t room, size_t *done)
{
	struct transfer *transfer = session->transfer;
	enum stream_result result = STREAM_OK;
	size_t space;
	uint8_t *to = coding_space(transfer->coding, &space);
	ssize_t got;

	if (to != NULL) {
		result = read_data(session, to, space, done);
		if (result != STREAM_OK && result != STREAM_END)
			return (result);
		coding_received(transfer->coding,
		    result == STREAM_OK ? *done : 0);
	}
	if (to != NULL && result == STREAM_OK)
		received(session, *done);
	got = result == STREAM_END ? coding_end(transfer->coding, at)
				   : coding_decode(transfer->coding, at, room);
	if (got < 0) {
		transfer->undecoded = errno;
		return (STREAM_FAILED);
	}
	transfer->len += (size_t)got;
	*done = coding_cost(transfer->coding, (size_t)got);
	return (result);
}

/* Reads once, into the work's buffer. */
static enum stream_result
fill(struct session *session, size_t *done)
{
	struct transfer *transfer = session->transfer;
	uint8_t *at = work_buffer(transfer->work) + transfer->len;
	size_t room = work_room(transfer->work) - transfer->len;
	enum stream_result result;

	if (transfer->coding != NULL)
		return (fill_decoded(session, at, room, done));
	result = read_data(session, at, room, done);
	if (result != STREAM_OK)
		return (result);
	transfer->len += *done;
	received(session, *done);
	return (result);
}

static bool
is_full(const struct transfer *transfer)
{
	size_t room = work_room(transfer->work) - transfer->len;

	return (room < (transfer->coding != NULL ? CODING_ROOM_MIN : 1));
}

/* What became of the last write: 0, -EINPROGRESS, or a negative errno. */
static ssize_t
settle(struct transfer *transfer)
{
	if (transfer->working)
		return (-EINPROGRESS);
	if (!transfer->worked)
		return (0);
	transfer->worked = false;
	if (transfer->result < 0)
		return (transfer->result);
	return ((size_t)transfer->result == transfer->writing ? 0 : -EIO);
}

/* Begins to write the buffer, and goes on with another one. */
static ssize_t
spill(struct session *session)
{
	struct transfer *transfer = session->transfer;
	ssize_t put;

	put = work_write(transfer->work, transfer->len, transfer->position,
	    transfer_worked, session);
	transfer->working = put == -EINPROGRESS;
	if (put < 0 && !transfer->working)
		return (put);
	transfer->writing = transfer->len;
	transfer->position += transfer->len;
	transfer->written += transfer->len;
	transfer->len = 0;
	hear_of_pieces(session);
	return (0);
}

/* Reads until the buffer is full or nothing is there; the last result. */
static enum stream_result
gather(struct session *session, size_t *budget)
{
	enum stream_result result;
	size_t done;

	while (!is_full(session->transfer)) {
		if (*budget == 0)
			return (STREAM_AGAIN);
		result = fill(session, &done);
		if (result != STREAM_OK)
			return (result);
		done = done < READ_COST ? READ_COST : done;
		*budget -= done < *budget ? done : *budget;
	}
	return (STREAM_OK);
}

/*
 * Writes what must be written now: the buffer is full, or it is the end.
 * -EINPROGRESS when nothing can go on before a write has ended.
 */
static ssize_t
relieve(struct session *session)
{
	struct transfer *transfer = session->transfer;
	ssize_t put = settle(transfer);

	if (put < 0 && put != -EINPROGRESS)
		return (put);
	if (!transfer->eof && !is_full(transfer))
		return (0);
	if (put == 0 && transfer->len > 0)
		put = spill(session);
	if (put == 0 && transfer->eof && transfer->working)
		put = -EINPROGRESS;
	return (put);
}

/* No more has come for now, or what came is no good. */
static enum flow
gathered_not(struct session *session, enum stream_result result)
{
	struct transfer *transfer = session->transfer;

	if (result == STREAM_AGAIN) {
		stream_want(transfer->stream, STREAM_READ);
		return (transfer_hold(session, WAIT_DATA));
	}
	if (transfer->undecoded != 0)
		return (not_decoded(session));
	return (cut(session, stream_reason(transfer->stream)));
}

static enum flow
receive(struct session *session)
{
	struct transfer *transfer = session->transfer;
	size_t budget = transfer_budget(session);
	enum stream_result result;
	enum flow flow;
	ssize_t put;

	if (transfer_stalled(session))
		return (transfer_hold(session, WAIT_CLOCK));
	for (;;) {
		put = relieve(session);
		if (put == -EINPROGRESS) {
			stream_want(transfer->stream, 0);
			return (transfer_hold(session, WAIT_WORK));
		}
		if (put == -EPIPE)
			return (session_goto(session, &step_store_broken));
		if (put < 0)
			return (
			    transfer_refuse(session, (int)-put, REFUSAL_STORE));
		if (transfer->eof)
			return (session_goto(session, &step_store_commit));
		result = gather(session, &budget);
		transfer->eof = result == STREAM_END;
		if (receive_misses_range(session, &flow))
			return (flow);
		if (result != STREAM_OK && result != STREAM_END)
			return (gathered_not(session, result));
	}
}
