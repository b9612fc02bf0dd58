/* PWD, CWD, CDUP, MKD, RMD, DELE, RNFR, RNTO. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "worker/ftp/files.h"
#include "worker/ftp/modes.h"
#include "worker/ftp/notice.h"
#include "worker/ftp/syntax/path.h"
#include "worker/ftp/verbs.h"

static enum flow changed(struct session *session);
static enum flow made(struct session *session);
static enum flow removed(struct session *session);
static enum flow found(struct session *session);
static enum flow renamed(struct session *session);

static const struct step step_changed = { "cwd", changed };
static const struct step step_made = { "mkd", made };
static const struct step step_removed = { "delete", removed };
static const struct step step_found = { "rnfr", found };
static const struct step step_renamed = { "rnto", renamed };

static enum flow
say_path(struct session *session, const char *path, const char *words)
{
	char *quoted = path_quote(path);
	enum flow flow;

	if (quoted == NULL)
		return (files_refuse(session, ENOMEM, REFUSAL_FILE));
	flow = session_answer(session, 257, "\"%s\" %s", quoted, words);
	free(quoted);
	return (flow);
}

enum flow
verb_pwd(struct session *session, const char *text)
{
	(void)text;
	return (say_path(session, session->cwd, "is the current directory."));
}

enum flow
verb_cwd(struct session *session, const char *text)
{
	int error = files_path(session, text);

	if (error != 0)
		return (files_refuse(session, error, REFUSAL_FILE));
	return (files_ask(session, fs_chdir(session->fs, session->path),
	    &step_changed));
}

enum flow
verb_cdup(struct session *session, const char *text)
{
	(void)text;
	return (verb_cwd(session, ".."));
}

static enum flow
changed(struct session *session)
{
	struct fs_answer answer;
	enum flow flow;

	if (!files_answer(session, &answer, &flow))
		return (flow);
	free(session->cwd);
	session->cwd = session->path;
	session->path = NULL;
	return (notice_answer(session, NOTICE_CHANGED));
}

enum flow
verb_mkd(struct session *session, const char *text)
{
	int error = files_path(session, text);

	if (error != 0)
		return (files_refuse(session, error, REFUSAL_FILE));
	return (files_ask(session,
	    fs_mkdir(session->fs, session->path, modes_new(session)),
	    &step_made));
}

static enum flow
made(struct session *session)
{
	struct fs_answer answer;
	enum flow flow;

	if (!files_answer(session, &answer, &flow))
		return (flow);
	session_log(session, INFO, "MKD %s", session->path);
	return (say_path(session, session->path, "was made."));
}

enum flow
verb_rmd(struct session *session, const char *text)
{
	int error = files_path(session, text);

	if (error == 0 && path_is_root(session->path))
		error = EPERM;
	if (error != 0)
		return (files_refuse(session, error, REFUSAL_FILE));
	return (files_ask(session, fs_rmdir(session->fs, session->path),
	    &step_removed));
}

enum flow
verb_dele(struct session *session, const char *text)
{
	int error = files_path(session, text);

	if (error != 0)
		return (files_refuse(session, error, REFUSAL_FILE));
	return (files_ask(session, fs_unlink(session->fs, session->path),
	    &step_removed));
}

static enum flow
removed(struct session *session)
{
	struct fs_answer answer;
	enum flow flow;

	if (!files_answer(session, &answer, &flow))
		return (flow);
	session_log(session, INFO, "removed %s", session->path);
	return (session_answer(session, 250, "Removed."));
}

enum flow
verb_rnfr(struct session *session, const char *text)
{
	int error = files_path(session, text);

	if (error == 0 && path_is_root(session->path))
		error = EPERM;
	if (error != 0)
		return (files_refuse(session, error, REFUSAL_FILE));
	return (files_ask(session, fs_stat_self(session->fs, session->path),
	    &step_found));
}

static enum flow
found(struct session *session)
{
	struct fs_answer answer;
	enum flow flow;

	if (!files_answer(session, &answer, &flow))
		return (flow);
	session->rename_from = session->path;
	session->path = NULL;
	return (session_answer(session, 350, "Send RNTO with the new name."));
}

enum flow
verb_rnto(struct session *session, const char *text)
{
	int error;

	if (session->rename_from == NULL)
		return (session_answer(session, 503, "Send RNFR first."));
	error = files_path(session, text);
	if (error == 0 && path_is_root(session->path))
		error = EEXIST;
	if (error != 0)
		return (files_refuse(session, error, REFUSAL_STORE));
	return (files_ask(session,
	    fs_rename(session->fs, session->rename_from, session->path),
	    &step_renamed));
}

static enum flow
renamed(struct session *session)
{
	struct fs_answer answer;
	enum flow flow;

	if (!files_answer_any(session, &answer, &flow))
		return (flow);
	if (answer.error == 0)
		session_log(session, INFO, "renamed %s to %s",
		    session->rename_from, session->path);
	free(session->rename_from);
	session->rename_from = NULL;
	if (answer.error != 0)
		return (files_refuse(session, answer.error, REFUSAL_STORE));
	return (session_answer(session, 250, "Renamed."));
}
