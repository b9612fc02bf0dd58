/* What is logged about transfers. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "worker/ftp/account.h"
#include "worker/ftp/entry.h"
#include "worker/ftp/transfer/transfer.h"

#define PATH_SHOWN 640 /* bytes of a line, once escaped: its end must fit */

/*
 * The path as a field of a line: spaces become underscores.  A very long one
 * is cut, so that what follows it is not.
 */
static void
put_path(char *out, const char *path)
{
	size_t cost = 0;

	for (; *path != '\0' && cost < PATH_SHOWN; path++) {
		cost += *path > ' ' && *path != '\\' ? 1 : 4;
		*out++ = isspace((unsigned char)*path) ? '_' : *path;
	}
	*out = '\0';
}

/* A line as wu-ftpd wrote it: xferlog(5). */
static void
log_xferlog(struct session *session, bool complete)
{
	const struct transfer *transfer = session->transfer;
	bool anonymous = (session->policy & LOGIN_ANONYMOUS) != 0;
	uint64_t ms = worker_now(session->worker) - transfer->began;
	char when[32], path[PATH_SHOWN + 1];
	time_t now = time(NULL);
	struct tm tm;

	if (localtime_r(&now, &tm) == NULL ||
	    strftime(when, sizeof(when), "%a %b %e %H:%M:%S %Y", &tm) == 0)
		return;
	put_path(path, transfer->path);
	log_always(LOG_STREAM_TRANSFER, &session->subject,
	    "%s %" PRIu64 " %s %" PRIu64 " %s %c _ %c %c %s ftp 0 * %c", when,
	    (ms + 500) / 1000, session->client_text, transfer->moved, path,
	    transfer->ascii ? 'a' : 'b',
	    transfer->kind == TRANSFER_RECEIVE ? 'i' : 'o',
	    anonymous ? 'a' : 'r', session->user, complete ? 'c' : 'i');
}

void
transfer_log(struct session *session, int code, const char *text)
{
	const struct entry entry = { session, code, text };
	const struct transfer *transfer = session->transfer;
	uint64_t ms = worker_now(session->worker) - transfer->began;

	session_log(session, INFO,
	    "%s %s: %d %s (%" PRIu64 " bytes in %" PRIu64 ".%03" PRIu64 " s)",
	    transfer->verb, transfer->path, code, text, transfer->moved,
	    ms / 1000, ms % 1000);
	account_data(session);
	account_transfer(session, code);
	if (!transfer->preliminary || transfer->kind == TRANSFER_LIST ||
	    session->host->transfer_log == NULL)
		return;
	if (session->host->transfer_format != NULL)
		entry_write(&entry, session->host->transfer_format,
		    LOG_STREAM_TRANSFER);
	else
		log_xferlog(session, code == 226);
}
