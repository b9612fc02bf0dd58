#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "shm/base/fd.h"
#include "worker/ftp/files.h"
#include "worker/ftp/hash.h"
#include "worker/ftp/modes.h"
#include "worker/ftp/stou.h"
#include "worker/ftp/transfer.h"
#include "worker/ftp/verbs.h"

/*
 *	STOR, APPE --> stor/stat --> data/connect ... --> stor/gather
 *	    --> stor/small --> stor/committed --> command
 *	    --> stor/create --> stor/created --> receive --> stor/commit
 *	    --> stor/committed --> command
 *	STOU --> stou/create --> data/connect ... --> receive ...
 *
 * Nothing is created before the data connection has been proved to be the
 * client's; but the name that STOU chooses belongs into its 150, so it is
 * created (hidden, and discarded if need be) before.
 *
 * A small file is gathered whole, and stored with one question.
 */
static enum flow checked(struct session *session);
static enum flow gather_small(struct session *session);
static enum flow store_small(struct session *session);
static enum flow create(struct session *session);
static enum flow created(struct session *session);
static enum flow unique(struct session *session);
static enum flow receive(struct session *session);
static enum flow commit(struct session *session);
static enum flow committed(struct session *session);

static const struct step step_checked = { "stor/stat", checked };
static const struct step step_gather = { "stor/gather", gather_small };
static const struct step step_small = { "stor/small", store_small };
static const struct step step_create = { "stor/create", create };
static const struct step step_created = { "stor/created", created };
static const struct step step_unique = { "stou/created", unique };
static const struct step step_receive = { "receive", receive };
static const struct step step_commit = { "stor/commit", commit };
static const struct step step_committed = { "stor/committed", committed };

/* Room that a converted block, and a CR held back, may need. */
#define ROOM_MIN (TRANSFER_BLOCK + 2)

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

static struct fs_create
what_to_create(const struct session *session)
{
	const struct transfer *transfer = session->transfer;

	return ((struct fs_create){
	    .path = transfer->path,
	    .how = transfer->how,
	    .offset = transfer->start,
	    .mode = modes_file(session, transfer->path),
	});
}

static uint32_t
ask_create(struct session *session)
{
	struct fs_create request = what_to_create(session);

	return (fs_create(session->fs, &request));
}

static enum flow
store(struct session *session, const char *verb, const char *name,
    enum fs_create_how how)
{
	struct transfer *transfer;
	bool restart = session->rest > 0 || session->ranged;
	int error;

	if (restart && how != FS_CREATE_RESUME) {
		(void)hash_take_range(session);
		return (session_answer(session, 503,
		    "REST and RANG are for RETR and STOR."));
	}
	transfer = transfer_new(session, verb, TRANSFER_RECEIVE, name, &error);
	if (transfer == NULL)
		return (files_refuse(session, error, REFUSAL_STORE));
	transfer->how = how;
	transfer->begin = session->ascii ? &step_create : &step_gather;
	if (!transfer_allowed(session))
		return (transfer_over(session));
	if (transfer->convert) {
		transfer->block = malloc(TRANSFER_BLOCK);
		if (transfer->block == NULL)
			return (
			    transfer_refuse(session, ENOMEM, REFUSAL_STORE));
	}
	if (how != FS_CREATE_UNIQUE)
		return (transfer_ask(session,
		    fs_stat_upload(session->fs, transfer->path),
		    &step_checked));
	transfer->begin = &step_receive;
	return (transfer_ask(session, ask_create(session), &step_unique));
}

enum flow
verb_stor(struct session *session, const char *text)
{
	return (store(session, "STOR", text,
	    session->rest > 0 || session->ranged ? FS_CREATE_RESUME
						 : FS_CREATE_REPLACE));
}

enum flow
verb_appe(struct session *session, const char *text)
{
	return (store(session, "APPE", text, FS_CREATE_APPEND));
}

enum flow
verb_stou(struct session *session, const char *text)
{
	return (store(session, "STOU", *text == '\0' ? "upload" : text,
	    FS_CREATE_UNIQUE));
}

/* What cannot be stored is refused before a data connection is made. */
static enum flow
checked(struct session *session)
{
	struct fs_answer answer;
	enum flow flow;

	if (!files_answer_any(session, &answer, &flow))
		return (flow);
	if (answer.error == 0 && !S_ISREG(answer.mode))
		answer.error = S_ISDIR(answer.mode) ? EISDIR : ENXIO;
	if (answer.error != 0 && answer.error != ENOENT)
		return (transfer_refuse(session, answer.error, REFUSAL_STORE));
	return (session_goto(session, &step_connect));
}

/*
 * Whether more has come than RANG has room for, or, at the end, less.  What has
 * been written stays, but nothing outside the range is touched.
 */
static bool
misses_range(struct session *session, enum flow *flow)
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
create(struct session *session)
{
	enum flow flow;

	if (misses_range(session, &flow))
		return (flow);
	return (transfer_ask(session, ask_create(session), &step_created));
}

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

static void
note_in_place(struct session *session, const struct fs_answer *answer)
{
	struct transfer *transfer = session->transfer;

	transfer->in_place = answer->in_place ||
	    transfer->how == FS_CREATE_APPEND ||
	    transfer->how == FS_CREATE_RESUME;
	if (answer->in_place && transfer->how == FS_CREATE_REPLACE)
		session_log(session, NOTICE,
		    "%s is written in place: it has other links or another "
		    "owner, or its directory is not writable",
		    transfer->path);
}

/* The file is open; -1 when its descriptor cannot be used. */
static int
take_file(struct session *session, const struct fs_answer *answer)
{
	struct transfer *transfer = session->transfer;

	deadline_init(&transfer->lull, lull, session);
	transfer->handle = answer->handle;
	transfer->created = true;
	transfer->position = transfer->start;
	if (transfer->how == FS_CREATE_APPEND)
		transfer->position = answer->size;
	transfer->start = transfer->position;
	note_in_place(session, answer);
	transfer->work =
	    work_new(session->worker, answer->fd, answer->pipe, session->uid);
	if (transfer->work == NULL)
		return (-1);
	/* What was gathered before it was too much for a small file. */
	if (transfer->len > 0)
		memcpy(work_buffer(transfer->work), transfer->small,
		    transfer->len);
	free(transfer->small);
	transfer->small = NULL;
	return (0);
}

static enum flow
created(struct session *session)
{
	struct fs_answer answer;
	enum flow flow;

	if (!transfer_answer(session, &answer, REFUSAL_STORE, &flow))
		return (flow);
	if (take_file(session, &answer) != 0)
		return (transfer_refuse(session, errno, REFUSAL_STORE));
	return (session_goto(session, &step_receive));
}

static enum flow
unique(struct session *session)
{
	struct fs_answer answer;
	enum flow flow;
	int error;

	if (!transfer_answer(session, &answer, REFUSAL_STORE, &flow))
		return (flow);
	if (take_file(session, &answer) != 0)
		return (transfer_refuse(session, errno, REFUSAL_STORE));
	error = stou_take_name(session, answer.name);
	if (error != 0)
		return (transfer_refuse(session, error, REFUSAL_STORE));
	return (session_goto(session, &step_connect));
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
			return (session_goto(session, &step_small));
		if (result == STREAM_AGAIN) {
			stream_want(transfer->stream, STREAM_READ);
			return (transfer_hold(session, WAIT_DATA));
		}
		if (result != STREAM_OK)
			return (cut(session, stream_reason(transfer->stream)));
		transfer->len += done;
		received(session, done);
	}
	return (session_goto(session, &step_create));
}

/* Reads once, into the work's buffer. */
static enum stream_result
fill(struct session *session, size_t *done)
{
	struct transfer *transfer = session->transfer;
	uint8_t *at = work_buffer(transfer->work) + transfer->len;
	size_t room = work_room(transfer->work) - transfer->len;
	enum stream_result result;

	result = transfer->convert
	    ? read_data(session, transfer->block, TRANSFER_BLOCK, done)
	    : read_data(session, at, room, done);
	if (result == STREAM_END && transfer->convert)
		transfer->len += ascii_end(&transfer->ascii, at);
	if (result != STREAM_OK)
		return (result);
	if (transfer->convert)
		transfer->len +=
		    ascii_to_file(&transfer->ascii, transfer->block, *done, at);
	else
		transfer->len += *done;
	received(session, *done);
	return (result);
}

static bool
is_full(const struct transfer *transfer)
{
	size_t room = work_room(transfer->work) - transfer->len;

	return (room < (transfer->convert ? ROOM_MIN : 1));
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
		if (put < 0)
			return (
			    transfer_refuse(session, (int)-put, REFUSAL_STORE));
		if (transfer->eof)
			return (session_goto(session, &step_commit));
		result = gather(session, &budget);
		transfer->eof = result == STREAM_END;
		if (misses_range(session, &flow))
			return (flow);
		if (result == STREAM_AGAIN) {
			stream_want(transfer->stream, STREAM_READ);
			return (transfer_hold(session, WAIT_DATA));
		}
		if (result != STREAM_OK && result != STREAM_END)
			return (cut(session, stream_reason(transfer->stream)));
	}
}

/*
 * The client has said that this is all.  Our side of the data connection is
 * closed at once; the client may want that before it reads the final reply.
 */
static void
close_side(struct session *session)
{
	if (stream_close_write(session->transfer->stream, true) != STREAM_OK)
		session_log(session, DEBUG,
		    "the data connection's other side "
		    "has gone already");
}

/* A question was asked that cannot be taken back. */
static enum flow
await_commit(struct session *session, uint32_t request)
{
	if (session_asked(session, request) != 0)
		return (transfer_refuse(session, errno, REFUSAL_STORE));
	session->transfer->committing = true;
	return (session_goto(session, &step_committed));
}

static enum flow
store_small(struct session *session)
{
	struct fs_create request = what_to_create(session);
	const struct transfer *transfer = session->transfer;
	enum flow flow;

	if (misses_range(session, &flow))
		return (flow);
	close_side(session);
	return (await_commit(session,
	    fs_store(session->fs, &request, files_durability(session),
		transfer->small, (uint32_t)transfer->len)));
}

static enum flow
commit(struct session *session)
{
	struct transfer *transfer = session->transfer;

	close_side(session);
	work_free(&transfer->work);
	return (await_commit(session,
	    fs_commit(session->fs, transfer->handle, files_durability(session),
		transfer->written)));
}

static enum flow
committed(struct session *session)
{
	struct fs_answer answer;
	enum flow flow;

	if (!transfer_answer(session, &answer, REFUSAL_STORE, &flow))
		return (flow);
	/* A small file: told only now. */
	if (!session->transfer->created)
		note_in_place(session, &answer);
	session->transfer->created = false;
	score_add(session->worker->score, SCORE_FILES_RECEIVED, 1);
	if (session->transfer->how == FS_CREATE_UNIQUE)
		return (stou_complete(session));
	return (transfer_end(session, 226, "Transfer complete."));
}
