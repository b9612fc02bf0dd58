#include "worker/ftp/transfer/early.h"

#include <stdlib.h>

#include "worker/ftp/state.h"
#include "worker/ftp/transfer/fxp.h"

#define DELAY_MS   5 /* between PASV and what follows at once */
#define PATIENT_MS 100

struct early {
	struct session *session;
	struct stream *stream; /* NULL once the handshake has failed */
	struct deadline limit; /* of the handshake */
	uint64_t since;
	enum shake shake;
	bool late;
};

enum shake
shake_begin(struct session *session, struct stream *stream, bool client)
{
	struct tls_fxp facts;
	int started = -1;

	if (session->tls == NULL)
		return (SHAKE_IMPOSSIBLE);
	if (fxp_describe(session, stream, client, &facts))
		started = stream_start_tls_fxp(stream, session->tls, &facts);
	else if (!client)
		started = stream_start_tls(stream, session->tls, TLS_DATA);
	return (started == 0 ? SHAKE_AGAIN : SHAKE_IMPOSSIBLE);
}

enum shake
shake_verdict(struct stream *stream)
{
	const struct tls_channel *channel = stream_tls(stream);
	const char *why = "";

	if (tls_bound_pending(channel))
		return (SHAKE_ASK);
	if (tls_bound(channel, &why))
		return (SHAKE_DONE);
	if (tls_unverified(channel))
		return (SHAKE_UNVERIFIED);
	return (tls_same_peer(channel) ? SHAKE_UNBOUND : SHAKE_STRANGER);
}

enum shake
shake_run(struct stream *stream)
{
	switch (stream_handshake(stream)) {
	case STREAM_OK:
		break;
	case STREAM_AGAIN:
		return (SHAKE_AGAIN);
	case STREAM_END:
	case STREAM_TRUNCATED:
	case STREAM_FAILED:
		return (tls_unverified(stream_tls(stream)) ? SHAKE_UNVERIFIED
							   : SHAKE_FAILED);
	}
	return (shake_verdict(stream));
}

static bool
is_due(const struct session *session)
{
	/* Which part is ours, only the command tells. */
	if (session->sscn || session->data.client)
		return (false);
	return (session->data.mode == DATA_PASSIVE && session->prot_private);
}

uint64_t
early_delay(const struct session *session)
{
	if (!is_due(session) || session->data.attended || session->eager)
		return (0);
	return (session->patient ? PATIENT_MS : DELAY_MS);
}

static void
limit_reached(void *context)
{
	struct early *early = context;

	early->late = true;
	session_run(early->session);
}

/* The data connection is there, and the command is not. */
static void
begin(struct session *session, struct stream *stream)
{
	uint64_t ms = session->host->tls.timeout_handshake * UINT64_C(1000);
	struct early *early = calloc(1, sizeof(*early));

	if (early == NULL) {
		stream_free(&stream);
		return;
	}
	early->session = session;
	early->stream = stream;
	early->since = worker_now(session->worker);
	deadline_init(&early->limit, limit_reached, early);
	if (ms != 0)
		deadline_set(session->worker, &early->limit, ms);
	early->shake = shake_begin(session, stream, false);
	session->data.mode = DATA_EARLY;
	session->data.early = early;
}

/* What has failed is only remembered. */
static void
go_on(struct early *early)
{
	if (early->shake == SHAKE_AGAIN)
		early->shake = shake_run(early->stream);
	if (early->shake == SHAKE_AGAIN && early->late)
		early->shake = SHAKE_LATE;
	if (early->shake == SHAKE_AGAIN)
		return;
	deadline_clear(&early->limit);
	if (early->shake != SHAKE_DONE && early->shake != SHAKE_ASK)
		stream_free(&early->stream);
	else
		stream_want(early->stream, 0);
}

bool
early_run(struct session *session)
{
	struct data *data = &session->data;
	struct stream *stream;

	if (is_due(session)) {
		data->attended = true;
		switch (data_poll(session, &stream)) {
		case DATA_PENDING:
			return (true);
		case DATA_READY:
			begin(session, stream);
			break;
		case DATA_FAILED: /* the command will tell */
			break;
		}
	}
	if (data->mode != DATA_EARLY)
		return (false);
	go_on(data->early);
	if (data->early->shake != SHAKE_AGAIN)
		return (false);
	stream_want(data->early->stream, STREAM_READ | STREAM_WRITE);
	return (true);
}

enum shake
early_take(struct session *session, struct stream **stream, uint64_t *since)
{
	struct early *early = session->data.early;
	enum shake shake;

	go_on(early);
	shake = early->shake;
	session->eager = shake == SHAKE_DONE;
	session->patient = shake == SHAKE_AGAIN;
	*stream = early->stream;
	*since = early->since;
	early->stream = NULL;
	data_reset(&session->data);
	return (shake);
}

void
early_free(struct early **early)
{
	if (*early == NULL)
		return;
	deadline_clear(&(*early)->limit);
	stream_free(&(*early)->stream);
	free(*early);
	*early = NULL;
}
