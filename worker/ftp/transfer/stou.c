#include "worker/ftp/transfer/stou.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/ftp/syntax/path.h"
#include "worker/ftp/transfer/transfer.h"

/* The name lies in the directory that was asked for. */
int
stou_take_name(struct session *session, const char *name)
{
	struct transfer *transfer = session->transfer;
	size_t directory = (size_t)(path_base(transfer->path) - transfer->path);
	char *chosen;

	if (*name == '\0')
		return (0);
	if (asprintf(&chosen, "%.*s%s", (int)directory, transfer->path,
		path_base(name)) == -1)
		return (ENOMEM);
	free(transfer->path);
	transfer->path = chosen;
	return (0);
}

const char *
stou_name(const struct session *session)
{
	const char *path = session->transfer->path, *cwd = session->cwd;
	const char *base = path_base(path);
	size_t directory = (size_t)(base - path);

	if (directory > 1)
		directory--; /* the slash */
	return (strlen(cwd) == directory && strncmp(cwd, path, directory) == 0
		? base
		: path);
}

enum flow
stou_complete(struct session *session)
{
	enum flow flow;
	char *text;

	if (asprintf(&text, "Transfer complete (unique file name:%s).",
		stou_name(session)) == -1)
		return (transfer_end(session, 226, "Transfer complete."));
	flow = transfer_end(session, 226, text);
	free(text);
	return (flow);
}
