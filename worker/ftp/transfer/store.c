/* STOR, APPE, STOU: what is done with a file before its bytes, and after. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "worker/ftp/files.h"
#include "worker/ftp/modes.h"
#include "worker/ftp/transfer/hash_upload.h"
#include "worker/ftp/transfer/receive.h"
#include "worker/ftp/transfer/stou.h"
#include "worker/ftp/transfer/transfer.h"
#include "worker/ftp/verbs.h"
#include "worker/ftp/verbs/hash.h"

/*
 *	STOR, APPE --> stor/stat --> data/connect ... --> stor/gather
 *	    --> stor/small --> stor/committed --> command
 *	    --> stor/create --> stor/created --> receive --> stor/commit
 *	    --> stor/committed --> command
 *	receive --> stor/broken --> stor/told --> command
 *	STOU --> stou/create --> data/connect ... --> receive ...
 *
 * Nothing is created before the data connection has been proved to be the
 * client's; but the name that STOU chooses belongs into its 150, so it is
 * created (hidden, and discarded if need be) before.
 *
 * A small file is gathered whole, and stored with one question.
 */
static enum flow checked(struct session *session);
static enum flow store_small(struct session *session);
static enum flow create(struct session *session);
static enum flow created(struct session *session);
static enum flow unique(struct session *session);
static enum flow commit(struct session *session);
static enum flow committed(struct session *session);
static enum flow broken(struct session *session);
static enum flow told(struct session *session);

static const struct step step_checked = { "stor/stat", checked };
const struct step step_store_small = { "stor/small", store_small };
const struct step step_store_create = { "stor/create", create };
static const struct step step_created = { "stor/created", created };
static const struct step step_unique = { "stou/created", unique };
const struct step step_store_commit = { "stor/commit", commit };
static const struct step step_committed = { "stor/committed", committed };
const struct step step_store_broken = { "stor/broken", broken };
static const struct step step_told = { "stor/told", told };

static struct fs_create
what_to_create(const struct session *session)
{
	const struct transfer *transfer = session->transfer;

	return ((struct fs_create){
	    .path = transfer->path,
	    .how = transfer->how,
	    .offset = transfer->start,
	    .data = transfer_data(session),
	    .mode = modes_new(session),
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
	transfer->begin =
	    transfer->coding != NULL ? &step_store_create : &step_gather;
	if (!transfer_allowed(session))
		return (transfer_over(session));
	if (how != FS_CREATE_UNIQUE)
		return (transfer_ask(session,
		    fs_stat_upload(session->fs, transfer->path,
			transfer_data(session)),
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

/* Why the upload cannot begin, by what it would come upon: errno, or 0. */
static int
obstacle(const struct transfer *transfer, const struct fs_answer *answer)
{
	if (answer->mode == 0)
		return (transfer->start > 0 ? ENOENT : 0);
	if (!S_ISREG(answer->mode))
		return (S_ISDIR(answer->mode) ? EISDIR : ENXIO);
	return (transfer->start > answer->size ? ERANGE : 0);
}

/* What cannot be stored is refused before a data connection is made. */
static enum flow
checked(struct session *session)
{
	struct fs_answer answer;
	enum flow flow;

	if (!transfer_answer(session, &answer, REFUSAL_STORE, &flow))
		return (flow);
	answer.error = obstacle(session->transfer, &answer);
	if (answer.error != 0)
		return (transfer_refuse(session, answer.error, REFUSAL_STORE));
	if (hash_upload_wanted(session, answer.entries))
		session->transfer->begin = &step_store_create;
	return (session_goto(session, &step_connect));
}

static enum flow
create(struct session *session)
{
	enum flow flow;

	if (receive_misses_range(session, &flow))
		return (flow);
	return (transfer_ask(session, ask_create(session), &step_created));
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
		    "%s is written in place: it has other links, another "
		    "owner, or attributes that may not be read, or its "
		    "directory is not writable",
		    transfer->path);
}

/* The file is open; -1 when its descriptor cannot be used. */
static int
take_file(struct session *session, const struct fs_answer *answer)
{
	struct transfer *transfer = session->transfer;

	receive_begin(session);
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
	if (!answer->pipe)
		hash_upload_begin(session, answer->entries);
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

	if (receive_misses_range(session, &flow))
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
	if (work_sums(transfer->work) == NULL)
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
	hash_upload_end(session);
	score_add(session->worker->score, SCORE_FILES_RECEIVED, 1);
	if (session->transfer->how == FS_CREATE_UNIQUE)
		return (stou_complete(session));
	return (transfer_end(session, 226, "Transfer complete."));
}

/*
 * The agent has closed the pipe, and only it knows why.  It says so when it is
 * asked to commit more than it has got, which cannot succeed.
 */
static enum flow
broken(struct session *session)
{
	struct transfer *transfer = session->transfer;
	uint64_t size = transfer->written + transfer->len;

	stream_want(transfer->stream, 0);
	if (session_asked(session,
		fs_commit(session->fs, transfer->handle, FS_DURABLE_NONE,
		    size)) != 0)
		return (transfer_refuse(session, errno, REFUSAL_STORE));
	return (session_goto(session, &step_told));
}

static enum flow
told(struct session *session)
{
	struct fs_answer answer;
	enum flow flow;

	if (!transfer_answer(session, &answer, REFUSAL_STORE, &flow))
		return (flow);
	return (transfer_refuse(session, EPIPE, REFUSAL_STORE));
}
