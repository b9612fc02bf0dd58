#include "worker/ftp/files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "shm/base/fd.h"
#include "worker/ftp/syntax/path.h"

enum flow
files_refuse(struct session *session, int error, enum refusal_kind kind)
{
	struct refusal refusal = refusal_of(error, kind);

	return (session_answer(session, refusal.code, "%s", refusal.text));
}

char *
files_resolve(const struct session *session, const char *name)
{
	if (session->does != 0)
		return (path_resolve(session->cwd, name));
	errno = EPERM;
	return (NULL);
}

int
files_path(struct session *session, const char *name)
{
	char *path;

	if (session_fs(session) == NULL)
		return (ENOMEM);
	path = files_resolve(session, name);
	if (path == NULL)
		return (errno);
	free(session->path);
	session->path = path;
	return (0);
}

void
files_forget(struct session *session)
{
	free(session->rename_from);
	session->rename_from = NULL;
	session->copying = false;
}

enum fs_durability
files_durability(const struct session *session)
{
	switch (session->host->durability) {
	case CONF_DURABILITY_NONE:
		break;
	case CONF_DURABILITY_DATA:
		return (FS_DURABLE_DATA);
	case CONF_DURABILITY_FULL:
		return (FS_DURABLE_FULL);
	}
	return (FS_DURABLE_NONE);
}

enum flow
files_ask(struct session *session, uint32_t request, const struct step *step)
{
	if (session_asked(session, request) != 0)
		return (files_refuse(session, errno, REFUSAL_FILE));
	return (session_goto(session, step));
}

bool
files_answer_any(struct session *session, struct fs_answer *answer,
    enum flow *flow)
{
	if (session_take_answer(session, answer))
		return (true);
	if (!session_expired(session, FILES_ANSWER_MS)) {
		*flow = session_wait(session, WAIT_FS | WAIT_CLOCK);
		return (false);
	}
	session_drop_question(session);
	memset(answer, 0, sizeof(*answer));
	answer->fd = -1;
	answer->error = ETIMEDOUT;
	return (true);
}

bool
files_answer(struct session *session, struct fs_answer *answer, enum flow *flow)
{
	if (!files_answer_any(session, answer, flow))
		return (false);
	if (answer->error == 0)
		return (true);
	fd_close(&answer->fd);
	*flow = files_refuse(session, answer->error, REFUSAL_FILE);
	return (false);
}
