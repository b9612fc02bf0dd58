/* SITE SYMLINK. */
#include <errno.h>

#include "worker/ftp/files.h"
#include "worker/ftp/site.h"
#include "worker/ftp/syntax/args_change.h"

static enum flow linked(struct session *session);

static const struct step step_linked = { "site/symlink", linked };

enum flow
site_symlink(struct session *session, const char *text)
{
	char target[INPUT_LINE_MAX], name[INPUT_LINE_MAX];
	int error;

	if (args_pair(text, target, name, sizeof(name)) != ARGS_OK)
		return (session_answer(session, 501,
		    "Syntax: SITE SYMLINK target link (with \"\" around what "
		    "has blanks)"));
	error = files_path(session, name);
	if (error != 0)
		return (files_refuse(session, error, REFUSAL_FILE));
	return (files_ask(session,
	    fs_symlink(session->fs, session->path, target), &step_linked));
}

static enum flow
linked(struct session *session)
{
	struct fs_answer answer;
	enum flow flow;

	if (!files_answer_any(session, &answer, &flow))
		return (flow);
	if (answer.error == EXDEV)
		return (session_answer(session, 550,
		    "The target is outside of the root directory."));
	if (answer.error != 0)
		return (files_refuse(session, answer.error, REFUSAL_FILE));
	session_log(session, INFO, "SITE SYMLINK %s", session->path);
	return (session_answer(session, 200, "Done."));
}
