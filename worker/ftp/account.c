#include "worker/ftp/account.h"

#include <stdlib.h>
#include <time.h>

#include "shm/conf/format.h"
#include "worker/ftp/entry.h"
#include "worker/ftp/transfer/transfer.h"
#include "worker/net/wire.h"

void
account_open(struct session *session)
{
	uint32_t now = (uint32_t)worker_now(session->worker);

	if (session->host->session_log == NULL) {
		account_close(session);
		return;
	}
	if (session->account != NULL)
		return;
	session->account = calloc(1, sizeof(*session->account));
	if (session->account == NULL)
		return; /* then its line is missing */
	/* It may have begun on another host, a handshake ago. */
	session->account->begun =
	    worker_now(session->worker) - (uint32_t)(now - session->begun);
}

void
account_close(struct session *session)
{
	free(session->account);
	session->account = NULL;
}

void
account_login(struct session *session)
{
	struct timespec now;

	if (session->account == NULL)
		return;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	session->account->login =
	    (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* Whether a log of the host has a variable that has to be asked for. */
static bool
wants_raw(const struct conf_host *host)
{
	const struct conf_format *format = NULL;

	if (host->transfer_log != NULL && host->transfer_format != NULL &&
	    host->transfer_format->raw)
		return (true);
	if (host->session_log != NULL)
		format = format_of_sessions(host);
	return (format != NULL && format->raw);
}

void
account_data(const struct session *session)
{
	struct transfer *transfer = session->transfer;
	const struct conf_host *host = session->host;
	struct tls_facts facts;

	if (transfer->stream == NULL)
		return;
	if (wants_raw(host))
		wire_bytes(stream_fd(transfer->stream), &transfer->raw_in,
		    &transfer->raw_out);
	if (host->transfer_log == NULL || host->transfer_format == NULL ||
	    !host->transfer_format->tls || !stream_is_tls(transfer->stream))
		return;
	tls_facts(stream_tls(transfer->stream), &facts);
	transfer->resumed = facts.resumed ? "yes" : "no";
}

void
account_transfer(struct session *session, int code)
{
	const struct transfer *transfer = session->transfer;
	struct account *account = session->account;

	if (account == NULL)
		return;
	account->raw_in += transfer->raw_in;
	account->raw_out += transfer->raw_out;
	if (code != 226)
		account->failed++;
	if (transfer->kind == TRANSFER_RECEIVE) {
		account->bytes_in += transfer->moved;
		account->files_in += code == 226;
	} else if (transfer->kind == TRANSFER_SEND) {
		account->bytes_out += transfer->moved;
		account->files_out += code == 226;
	}
}

void
account_write(struct session *session)
{
	const struct conf_format *format;
	const struct entry entry = { .session = session };

	if (session->account == NULL)
		return;
	format = format_of_sessions(session->host);
	if (format != NULL)
		entry_write(&entry, format, LOG_STREAM_SESSION);
}
