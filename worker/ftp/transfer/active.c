#include "worker/ftp/transfer/active.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "shm/base/fd.h"
#include "worker/ftp/state.h"
#include "worker/source_port.h"

#define SHUT_PORTS 1024 /* those below are not for a worker to bind */

struct active {
	struct source_question question;
	bool answered;
	int fd, error; /* then */
};

static struct address
source_of(const struct session *session)
{
	const struct conf_host *host = session->host;
	struct address source = session->local;

	if (!address_is_any(&host->active_address) &&
	    address_is_v4(&host->active_address) == address_is_v4(&source))
		source = host->active_address;
	source.port = (uint16_t)host->active_port;
	return (source);
}

static void
answered(int fd, int error, void *context)
{
	struct session *session = context;
	struct active *active = session->data.active;

	active->answered = true;
	active->fd = fd;
	active->error = error;
	session_run(session);
}

static int
ask(struct session *session, const struct address *source)
{
	struct active *active = calloc(1, sizeof(*active));

	if (active == NULL)
		return (-1);
	active->fd = -1;
	active->question.answered = answered;
	active->question.context = session;
	session->data.active = active;
	if (source_ask(session->worker, &active->question, source) == -1)
		return (-1);
	errno = EINPROGRESS;
	return (-1);
}

static int
take(struct session *session)
{
	struct active *active = session->data.active;
	int fd = active->fd, error = active->error;

	if (!active->answered) {
		errno = EINPROGRESS;
		return (-1);
	}
	active->fd = -1;
	active_free(&session->data.active);
	errno = error;
	return (fd);
}

int
active_socket(struct session *session)
{
	struct address source;

	if (session->data.active != NULL)
		return (take(session));
	source = source_of(session);
	if (source.port == 0 || source.port >= SHUT_PORTS)
		return (address_source(&source));
	return (ask(session, &source));
}

void
active_free(struct active **active)
{
	struct active *ended = *active;

	if (ended == NULL)
		return;
	*active = NULL;
	source_forget(&ended->question);
	fd_close(&ended->fd);
	free(ended);
}
