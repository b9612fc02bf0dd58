#include "worker/ftp/verbs/rmda.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "worker/ftp/policy.h"
#include "worker/ftp/syntax/path.h"
#include "worker/ftp/verbs.h"
#include "worker/ftp/verbs/long.h"

static enum flow erased(struct session *session);

static const struct step step_erased = { "rmda", erased };

bool
rmda_allowed(const struct session *session)
{
	const bool *allowed =
	    policy_find(session, NULL, CONF_FIELD(allow_rmda));

	return (*allowed);
}

enum flow
verb_rmda(struct session *session, const char *text)
{
	int error;

	if (!rmda_allowed(session))
		return (session_answer(session, 502,
		    "RMDA is not allowed here (allow_rmda)."));
	error = files_path(session, text);
	if (error == 0 && path_is_root(session->path))
		error = EPERM;
	if (error != 0)
		return (files_refuse(session, error, REFUSAL_FILE));
	return (long_ask(session, fs_erase(session->fs, session->path),
	    REFUSAL_FILE, &step_erased));
}

static enum flow
erased(struct session *session)
{
	struct msg_fs_erased counts;
	struct fs_answer answer;
	struct refusal refusal;
	enum flow flow;

	if (!long_answer(session, &answer, REFUSAL_FILE, &flow))
		return (flow);
	memcpy(&counts, answer.contents, sizeof(counts));
	session_log(session, INFO,
	    "RMDA %s: %" PRIu64 " files, %" PRIu64 " directories removed, "
	    "%" PRIu64 " failed",
	    session->path, counts.files, counts.directories, counts.failed);
	if (counts.failed == 0)
		return (session_answer(session, 250,
		    "Removed %" PRIu64 " files and %" PRIu64 " directories.",
		    counts.files, counts.directories));
	refusal = refusal_of(counts.error, REFUSAL_FILE);
	return (session_answer(session, 550,
	    "Removed %" PRIu64 " files and %" PRIu64 " directories; "
	    "%" PRIu64 " could not be: %s",
	    counts.files, counts.directories, counts.failed, refusal.text));
}
