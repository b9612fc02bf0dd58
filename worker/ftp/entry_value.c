/* What the variables say that are not about TLS, and where they are found. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "worker/ftp/account.h"
#include "worker/ftp/entry.h"
#include "worker/ftp/syntax/path.h"
#include "worker/ftp/transfer/transfer.h"
#include "worker/net/wire.h"

static bool
put(struct buf *out, const char *text)
{
	return (text != NULL && buf_append(out, text, strlen(text)) == 0);
}

static bool
put_number(struct buf *out, uint64_t number)
{
	return (buf_printf(out, "%" PRIu64, number) == 0);
}

static bool
put_address(struct buf *out, const struct address *address)
{
	char text[ADDRESS_TEXT_MAX];

	return (put(out, address_text(address, text)));
}

static uint64_t
now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return ((uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000);
}

/* As in the main log: "2026-11-22T07:49:00.123+0100". */
static bool
put_time(struct buf *out, uint64_t time_us)
{
	time_t seconds = (time_t)(time_us / 1000000);
	char date[32], zone[8];
	struct tm local;

	if (localtime_r(&seconds, &local) == NULL ||
	    strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &local) == 0 ||
	    strftime(zone, sizeof(zone), "%z", &local) == 0)
		return (false);
	return (buf_printf(out, "%s.%03u%s", date,
		    (unsigned int)(time_us / 1000 % 1000), zone) == 0);
}

static const struct transfer *
transfer_of(const struct entry *entry)
{
	return (entry->text == NULL ? NULL : entry->session->transfer);
}

/* Milliseconds since the session, or the transfer, began. */
static uint64_t
elapsed(const struct entry *entry)
{
	const struct transfer *transfer = transfer_of(entry);
	const struct session *session = entry->session;

	return (worker_now(session->worker) -
	    (transfer != NULL ? transfer->began : session->account->begun));
}

/* --- who and where -------------------------------------------------------- */

static bool
put_place(const struct entry *entry, enum variable variable, struct buf *out)
{
	const struct session *session = entry->session;

	switch ((int)variable) {
	case VARIABLE_CLIENT_ADDRESS:
		return (put(out, session->client_text));
	case VARIABLE_CLIENT_PORT:
		return (put_number(out, session->peer.port));
	case VARIABLE_SERVER_ADDRESS:
		return (put_address(out, &session->local));
	case VARIABLE_SERVER_PORT:
		return (put_number(out, session->local.port));
	case VARIABLE_HOST:
		return (put(out, session->host->name));
	case VARIABLE_SESSION:
		return (buf_printf(out, "%u.%u",
			    (uint32_t)(session->subject.session >> 32),
			    (uint32_t)session->subject.session) == 0);
	case VARIABLE_PROCESS:
		return (put(out, log_get_name()));
	case VARIABLE_PID:
		return (put_number(out, (uint64_t)getpid()));
	case VARIABLE_PROTOCOL:
		return (put(out,
		    session_is_tls(session) || session->ccc ? "ftps" : "ftp"));
	case VARIABLE_SESSIONS:
		return (put_number(out, session->client.sessions));
	default:
		return (put(out, FTPSD_VERSION));
	}
}

static bool
put_account(const struct entry *entry, enum variable variable, struct buf *out)
{
	const struct session *session = entry->session;

	if (variable == VARIABLE_USER)
		return (put(out, session->user));
	if (!session->logged_in)
		return (false);
	if (variable == VARIABLE_GROUP)
		return (put(out, session->group));
	return (put_number(out,
	    variable == VARIABLE_UID ? session->uid : session->gid));
}

/* --- when ----------------------------------------------------------------- */

static bool
put_when(const struct entry *entry, enum variable variable, struct buf *out)
{
	const struct account *account = entry->session->account;
	uint64_t ms;

	switch ((int)variable) {
	case VARIABLE_TIME:
		return (put_time(out, now_us()));
	case VARIABLE_EPOCH:
		return (put_number(out, now_us() / 1000000));
	case VARIABLE_TIME_BEGUN:
		return (put_time(out, now_us() - elapsed(entry) * 1000));
	case VARIABLE_TIME_LOGIN:
		return (account->login != 0 && put_time(out, account->login));
	default:
		ms = elapsed(entry);
		return (buf_printf(out, "%" PRIu64 ".%03" PRIu64, ms / 1000,
			    ms % 1000) == 0);
	}
}

/* --- how much ------------------------------------------------------------- */

static bool
put_raw(const struct entry *entry, enum variable variable, struct buf *out)
{
	const struct transfer *transfer = transfer_of(entry);
	const struct session *session = entry->session;
	uint64_t in = 0, sent = 0;

	if (transfer != NULL) {
		in = transfer->raw_in;
		sent = transfer->raw_out;
	} else {
		in = session->account->raw_in;
		sent = session->account->raw_out;
		wire_bytes(stream_fd(session->control), &in, &sent);
	}
	return (put_number(out, variable == VARIABLE_RAW_IN ? in : sent));
}

static bool
put_bytes(const struct entry *entry, enum variable variable, struct buf *out)
{
	const struct account *account = entry->session->account;
	const struct transfer *transfer = transfer_of(entry);
	bool in = variable == VARIABLE_BYTES_IN;

	if (transfer == NULL)
		return (put_number(out,
		    in ? account->bytes_in : account->bytes_out));
	return (put_number(out,
	    in == (transfer->kind == TRANSFER_RECEIVE) ? transfer->moved : 0));
}

static bool
put_count(const struct entry *entry, enum variable variable, struct buf *out)
{
	const struct account *account = entry->session->account;

	switch ((int)variable) {
	case VARIABLE_FILES_IN:
		return (put_number(out, account->files_in));
	case VARIABLE_FILES_OUT:
		return (put_number(out, account->files_out));
	case VARIABLE_FAILED:
		return (put_number(out, account->failed));
	default:
		return (put(out, entry->session->reason));
	}
}

/* --- a transfer ----------------------------------------------------------- */

static bool
put_transfer(const struct entry *entry, enum variable variable, struct buf *out)
{
	const struct transfer *transfer = entry->session->transfer;

	switch ((int)variable) {
	case VARIABLE_COMMAND:
		return (put(out, transfer->verb));
	case VARIABLE_FILE:
		return (put(out, transfer->path));
	case VARIABLE_FILE_NAME:
		return (put(out, path_base(transfer->path)));
	case VARIABLE_DIRECTION:
		return (put(out,
		    transfer->kind == TRANSFER_RECEIVE ? "in" : "out"));
	case VARIABLE_TYPE:
		return (put(out, transfer->ascii ? "A" : "I"));
	case VARIABLE_RESTART:
		return (put_number(out, transfer->start));
	case VARIABLE_STATUS:
		return (
		    put(out, entry->code == 226 ? "complete" : "incomplete"));
	case VARIABLE_REPLY_CODE:
		return (put_number(out, (uint64_t)entry->code));
	case VARIABLE_CHECKSUM:
		return (put(out, transfer->sums));
	default:
		return (put(out, entry->text));
	}
}

/* From a variable on, up to the next row. */
static const struct {
	enum variable first;
	bool (*put)(const struct entry *entry, enum variable variable,
	    struct buf *out);
} writers[] = {
	{ VARIABLE_CLIENT_ADDRESS, put_place },
	{ VARIABLE_USER, put_account },
	{ VARIABLE_PROTOCOL, put_place },
	{ VARIABLE_TIME, put_when },
	{ VARIABLE_BYTES_IN, put_bytes },
	{ VARIABLE_RAW_IN, put_raw },
	{ VARIABLE_FILES_IN, put_count },
	{ VARIABLE_COMMAND, put_transfer },
};

bool
entry_value(const struct entry *entry, enum variable variable, struct buf *out)
{
	size_t i = NITEMS(writers) - 1;

	while (writers[i].first > variable)
		i--;
	return (writers[i].put(entry, variable, out));
}

bool
entry_tls(const struct entry *entry, const struct format_piece *piece,
    struct buf *out)
{
	const struct transfer *transfer = transfer_of(entry);

	if (piece->variable != VARIABLE_TLS_DATA_RESUMED)
		return (tls_variable(entry->session->tls, piece, out));
	return (transfer != NULL && put(out, transfer->resumed));
}
