#include "worker/ftp/transfer/transfer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "shm/base/fd.h"
#include "worker/ftp/command.h"
#include "worker/ftp/encoding.h"
#include "worker/ftp/files.h"
#include "worker/ftp/policy.h"
#include "worker/ftp/syntax/path.h"
#include "worker/ftp/transfer/fxp.h"
#include "worker/ftp/transfer/mode_z.h"
#include "worker/ftp/transfer/stou.h"
#include "worker/ftp/verbs/hash.h"

static enum flow connect_data(struct session *session);
static enum flow handshake(struct session *session);
static enum flow ask_name(struct session *session);
static enum flow abort_transfer(struct session *session);

const struct step step_connect = { "data/connect", connect_data };
const struct step step_abort = { "abort", abort_transfer };
static const struct step step_handshake = { "data/handshake", handshake };
static const struct step step_name = { "data/name", ask_name };

struct transfer *
transfer_new(struct session *session, const char *verb, enum transfer_kind kind,
    const char *name, int *error)
{
	struct args_range range = hash_take_range(session);
	struct transfer *transfer;

	*error = ENOMEM;
	if (session_fs(session) == NULL)
		return (NULL);
	transfer = calloc(1, sizeof(*transfer));
	if (transfer == NULL)
		return (NULL);
	transfer->path = files_resolve(session, name);
	if (transfer->path == NULL) {
		*error = errno;
		free(transfer);
		return (NULL);
	}
	transfer->verb = verb;
	transfer->kind = kind;
	transfer->start = kind == TRANSFER_LIST ? 0 : range.start;
	transfer->end = kind == TRANSFER_LIST ? ARGS_RANGE_ALL : range.end;
	if (mode_z_begin(session, transfer) == -1) {
		*error = errno;
		transfer_free(&transfer);
		return (NULL);
	}
	transfer->began = worker_now(session->worker);
	transfer->progressed = transfer->began;
	session->transfer = transfer;
	score_add(session->worker->score, SCORE_TRANSFERS, 1);
	return (transfer);
}

void
transfer_free(struct transfer **transfer)
{
	if (*transfer == NULL)
		return;
	deadline_clear(&(*transfer)->lull);
	fxp_free(&(*transfer)->fxp);
	stream_free(&(*transfer)->stream);
	work_free(&(*transfer)->work);
	free((*transfer)->path);
	free((*transfer)->prefix);
	coding_free(&(*transfer)->coding);
	encoding_lines_free(&(*transfer)->lines);
	free((*transfer)->small);
	free((*transfer)->sums);
	free(*transfer);
	*transfer = NULL;
}

/* In listings ours is always the server's. */
static void
note_part(const struct session *session)
{
	struct transfer *transfer = session->transfer;

	transfer->client = (session->sscn || session->data.client) &&
	    session->prot_private && transfer->kind != TRANSFER_LIST &&
	    fxp_allowed(session);
}

enum fs_data
transfer_data(const struct session *session)
{
	return (session->prot_private ? FS_DATA_PRIVATE : FS_DATA_CLEAR);
}

/* For which paths this PROT is good is the agent's to judge. */
bool
transfer_allowed(struct session *session)
{
	bool private = session->prot_private;
	struct refusal refusal =
	    refusal_of(private ? FS_ERROR_PRIVATE : FS_ERROR_CLEAR,
		REFUSAL_FILE);

	if (!policy_data_possible(session, private))
		reply_send(&session->reply, refusal.code, "%s", refusal.text);
	else if (session->zip && !mode_z_allowed(session))
		reply_send(&session->reply, 504,
		    "MODE Z is not allowed with PROT P: send MODE S.");
	else if (session->data.mode == DATA_NONE)
		reply_send(&session->reply, 425,
		    "Send PASV, EPSV, PORT or EPRT first.");
	else if (session->transfer->ascii &&
	    session->transfer->end != ARGS_RANGE_ALL)
		reply_send(&session->reply, 551,
		    "RANG is possible in TYPE I only.");
	else {
		note_part(session);
		return (true);
	}
	return (false);
}

/*
 * Releases everything.  A client that uses each session ticket once gets a
 * fresh one, on the control connection, for its next data connection; it must
 * have arrived by the time of the final reply.
 */
enum flow
transfer_over(struct session *session)
{
	struct transfer *transfer = session->transfer;

	session_drop_question(session);
	if (transfer->created)
		fs_discard(session->fs, transfer->handle);
	score_add(session->worker->score, SCORE_TRANSFERS, -1);
	transfer_free(&session->transfer);
	data_reset(&session->data);
	session->moved = (uint32_t)worker_now(session->worker);
	return (session_goto(session, &step_command));
}

enum flow
transfer_end(struct session *session, int code, const char *text)
{
	transfer_log(session, code, text);
	if (session->transfer->handshaking && session_is_tls(session))
		tls_refresh(stream_tls(session->control));
	data_drop(session);
	reply_send(&session->reply, code, "%s", text);
	return (transfer_over(session));
}

enum flow
transfer_refuse(struct session *session, int error, enum refusal_kind kind)
{
	struct refusal refusal = refusal_of(error, kind);

	return (transfer_end(session, refusal.code, refusal.text));
}

enum flow
transfer_ask(struct session *session, uint32_t request, const struct step *step)
{
	if (session_asked(session, request) != 0)
		return (transfer_refuse(session, errno, REFUSAL_FILE));
	return (session_goto(session, step));
}

bool
transfer_answer(struct session *session, struct fs_answer *answer,
    enum refusal_kind kind, enum flow *flow)
{
	if (!files_answer_any(session, answer, flow))
		return (false);
	if (answer->error == 0)
		return (true);
	fd_close(&answer->fd);
	*flow = transfer_refuse(session, answer->error, kind);
	return (false);
}

int
transfer_encode(struct transfer *transfer, const uint8_t *bytes, size_t len,
    bool last)
{
	ssize_t got;

	if (transfer->lines == NULL)
		return (0);
	got = encoding_lines_feed(transfer->lines, bytes, len, last,
	    &transfer->encoded);
	transfer->len = got == -1 ? 0 : (size_t)got;
	return (got == -1 ? -1 : 0);
}

void
transfer_take_contents(struct session *session, const struct fs_answer *answer)
{
	struct transfer *transfer = session->transfer;

	transfer->small = session_take_contents(session);
	transfer->len = (size_t)answer->size;
	transfer->position += answer->size;
	transfer->eof = true;
}

void
transfer_progress(struct session *session, size_t bytes)
{
	session->transfer->moved += bytes;
	session->transfer->progressed = worker_now(session->worker);
}

/*
 * Asked before anything is written: a peer that reads nothing still lets its
 * kernel take a few bytes now and then, whenever they are offered.
 */
bool
transfer_stalled(const struct session *session)
{
	uint64_t limit = session->host->timeout_stalled * UINT64_C(1000);
	uint64_t now = worker_now(session->worker);

	return (limit != 0 && now - session->transfer->progressed >= limit);
}

size_t
transfer_budget(const struct session *session)
{
	uint64_t transfers, budget;

	/* This one at least, whatever the scoreboard says. */
	transfers = score_get(session->worker->score, SCORE_TRANSFERS);
	budget = TRANSFER_TURN / (transfers == 0 ? 1 : transfers);
	if (budget < TRANSFER_BUDGET_MIN)
		return (TRANSFER_BUDGET_MIN);
	return (budget < TRANSFER_BUDGET_MAX ? budget : TRANSFER_BUDGET_MAX);
}

/* One timer a period, not one a byte: it is set anew only when it fires. */
enum flow
transfer_hold(struct session *session, unsigned int waits)
{
	uint64_t limit = session->host->timeout_stalled * UINT64_C(1000);
	uint64_t now = worker_now(session->worker);

	if (transfer_stalled(session))
		return (transfer_end(session, 426,
		    "Nothing moved for too long (timeouts.stalled)."));
	if (limit != 0 && !deadline_is_set(&session->pause)) {
		session->timed_out = false;
		deadline_set(session->worker, &session->pause,
		    session->transfer->progressed + limit - now);
	}
	return (session_wait(session, waits));
}

void
transfer_worked(ssize_t result, void *context)
{
	struct session *session = context;
	struct transfer *transfer = session->transfer;

	transfer->working = false;
	transfer->worked = true;
	transfer->result = result;
	session_run(session);
}

/*
 * A client that has gone cannot be asked whether its upload in clear was
 * whole; one that said QUIT before, or that ends its data connection with TLS,
 * has said so.
 */
bool
transfer_interrupted(struct session *session)
{
	struct transfer *transfer = session->transfer;

	if (transfer->committing || session->step == &step_abort)
		return (false);
	if (command_aborted(session))
		return (true);
	return (session->eof && transfer->kind == TRANSFER_RECEIVE &&
	    !transfer->handshaking && buf_len(&session->input.buf) == 0);
}

static enum flow
abort_transfer(struct session *session)
{
	if (session->drain == DRAIN_HARD)
		return (transfer_end(session, 426,
		    "The server is going down; transfer cut."));
	if (session->overdue)
		return (transfer_end(session, 426,
		    "The session has lasted too long; transfer cut."));
	return (transfer_end(session, 426, "Transfer aborted."));
}

/* The data connection is there: 150, and TLS on it. */
static enum flow
connected(struct session *session)
{
	struct transfer *transfer = session->transfer;
	const char *mode = transfer->ascii ? "ASCII" : "Image";

	if (transfer->how == FS_CREATE_UNIQUE &&
	    transfer->kind == TRANSFER_RECEIVE)
		reply_send(&session->reply, 150, "FILE: %s",
		    stou_name(session));
	else if (transfer->kind == TRANSFER_LIST)
		reply_send(&session->reply, 150, "The listing follows.");
	else
		reply_send(&session->reply, 150,
		    "Data connection open, %s mode.", mode);
	transfer->preliminary = true;
	transfer->began = worker_now(session->worker);
	transfer->progressed = transfer->began;
	if (!session->prot_private)
		return (session_goto(session, transfer->begin));
	transfer->handshaking = true;
	if (transfer->shake == SHAKE_NONE) {
		transfer->accepted = transfer->began;
		transfer->shake =
		    shake_begin(session, transfer->stream, transfer->client);
	}
	return (session_goto(session, &step_handshake));
}

static enum flow
connect_data(struct session *session)
{
	uint64_t ms = session->host->timeout_data * UINT64_C(1000);
	struct transfer *transfer = session->transfer;

	if (session->data.mode == DATA_EARLY) {
		transfer->shake =
		    early_take(session, &transfer->stream, &transfer->accepted);
		return (connected(session));
	}
	switch (data_poll(session, &transfer->stream)) {
	case DATA_PENDING:
		break;
	case DATA_READY:
		return (connected(session));
	case DATA_FAILED:
		session_log(session, NOTICE, "data connection failed: %s",
		    strerror(errno));
		return (transfer_end(session, 425,
		    "The data connection could not be opened."));
	}
	if (ms == 0)
		return (session_wait(session, WAIT_DATA));
	if (session_expired(session, ms))
		return (transfer_end(session, 425,
		    "No data connection in time (timeouts.data)."));
	return (session_wait(session, WAIT_DATA | WAIT_CLOCK));
}

/* Whether the other server is whom it should be, its address decides. */
static enum flow
ask_name(struct session *session)
{
	struct transfer *transfer = session->transfer;

	if (fxp_ask(session))
		return (session_wait(session, WAIT_ASK | WAIT_CLOCK));
	transfer->shake = shake_verdict(transfer->stream);
	return (session_goto(session, &step_handshake));
}

/* What is left of the time for a handshake that may have begun early. */
static bool
handshake_late(struct session *session)
{
	uint64_t ms = session->host->tls.timeout_handshake * UINT64_C(1000);
	uint64_t spent =
	    worker_now(session->worker) - session->transfer->accepted;

	return (
	    ms != 0 && session_expired(session, spent < ms ? ms - spent : 0));
}

/* Why there is no TLS on the data connection, for the client. */
static const char *
shake_text(enum shake shake)
{
	switch (shake) {
	case SHAKE_LATE:
		return ("No TLS handshake on the data connection in time "
			"(tls.timeout_handshake).");
	case SHAKE_UNBOUND:
		return ("The data connection must resume the TLS session of "
			"the control connection.");
	case SHAKE_STRANGER:
		return ("The data connection must show the certificate of the "
			"control connection.");
	case SHAKE_UNVERIFIED:
		return ("The certificate of the other server is refused "
			"(tls.verify_server).");
	case SHAKE_FAILED:
		return ("The TLS handshake on the data connection failed.");
	case SHAKE_NONE:
	case SHAKE_AGAIN:
	case SHAKE_DONE:
	case SHAKE_ASK:
	case SHAKE_IMPOSSIBLE:
		break;
	}
	return ("TLS on the data connection is not possible.");
}

static enum flow
handshake(struct session *session)
{
	struct transfer *transfer = session->transfer;
	struct stream *stream = transfer->stream;

	if (transfer->shake == SHAKE_AGAIN)
		transfer->shake = shake_run(stream);
	if (transfer->shake == SHAKE_AGAIN && handshake_late(session))
		transfer->shake = SHAKE_LATE;
	if (transfer->shake == SHAKE_AGAIN) {
		stream_want(stream, STREAM_READ | STREAM_WRITE);
		return (session_wait(session, WAIT_DATA));
	}
	if (transfer->shake == SHAKE_ASK)
		return (session_goto(session, &step_name));
	if (transfer->shake != SHAKE_DONE)
		return (
		    transfer_end(session, 522, shake_text(transfer->shake)));
	if (transfer->kind == TRANSFER_RECEIVE)
		data_hasten(stream);
	transfer->progressed = worker_now(session->worker);
	return (session_goto(session, transfer->begin));
}
