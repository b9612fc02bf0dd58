/* SIZE and MDTM: what is known of one file. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "worker/ftp/command.h"
#include "worker/ftp/files.h"
#include "worker/ftp/policy.h"
#include "worker/ftp/syntax/args_change.h"
#include "worker/ftp/syntax/time.h"
#include "worker/ftp/verbs.h"
#include "worker/ftp/verbs/attributes.h"

static enum flow sized(struct session *session);
static enum flow dated(struct session *session);
static enum flow dated_or_not(struct session *session);

static const struct step step_sized = { "size", sized };
static const struct step step_dated = { "mdtm", dated };
static const struct step step_dated_or_not = { "mdtm/name", dated_or_not };

enum flow
verb_size(struct session *session, const char *text)
{
	int error;

	if (session->ascii)
		return (session_answer(session, 550,
		    "The size is known in TYPE I only."));
	error = files_path(session, text);
	if (error != 0)
		return (files_refuse(session, error, REFUSAL_FILE));
	return (files_ask(session, fs_stat(session->fs, session->path),
	    &step_sized));
}

static enum flow
sized(struct session *session)
{
	struct fs_answer answer;
	enum flow flow;

	if (!files_answer(session, &answer, &flow))
		return (flow);
	if (!S_ISREG(answer.mode))
		return (
		    session_answer(session, 550, "It is not a regular file."));
	return (session_answer(session, 213, "%" PRIu64, answer.size));
}

static enum flow
say_time(struct session *session, const struct fs_answer *answer)
{
	char text[TIME_TEXT_MAX];

	if (time_format(answer->modified, text) != 0)
		return (session_answer(session, 550,
		    "Its time cannot be written."));
	return (session_answer(session, 213, "%s", text));
}

/* Whether "MDTM time name" may set a time rather than ask for that of a file
 * whose name begins so. */
static bool
may_set(const struct session *session, const char *text)
{
	struct fs_change change = { 0 };
	const bool *sets = policy_find(session, NULL, CONF_FIELD(mdtm_sets));
	const char *name;

	return (*sets && args_mdtm(text, &change, &name) != ARGS_SYNTAX);
}

/* RNTO shall not take it for what RNFR has said. */
static void
drop_text(struct session *session)
{
	free(session->rename_from);
	session->rename_from = NULL;
}

enum flow
verb_mdtm(struct session *session, const char *text)
{
	const struct step *step = &step_dated;
	int error = files_path(session, text);
	enum flow flow;

	if (error == 0 && may_set(session, text)) {
		step = &step_dated_or_not;
		session->rename_from = strdup(text);
		if (session->rename_from == NULL)
			error = ENOMEM;
	}
	if (error != 0)
		return (files_refuse(session, error, REFUSAL_FILE));
	flow = files_ask(session, fs_stat(session->fs, session->path), step);
	if (session->step != &step_dated_or_not)
		drop_text(session);
	return (flow);
}

static enum flow
dated(struct session *session)
{
	struct fs_answer answer;
	enum flow flow;

	if (!files_answer(session, &answer, &flow))
		return (flow);
	return (say_time(session, &answer));
}

static enum flow
set_time(struct session *session)
{
	struct fs_change change = { 0 };
	const char *name = "";

	if (args_mdtm(session->rename_from, &change, &name) != ARGS_OK)
		return (session_answer(session, 501, "There is no such time."));
	if (!command_may(session, VERB_WRITE))
		return (session_goto(session, &step_command));
	return (
	    attributes_change(session, name, &change, "", &attributes_stamped));
}

/* What is there under the whole name counts; else it sets a time. */
static enum flow
dated_or_not(struct session *session)
{
	struct fs_answer answer;
	enum flow flow;

	if (!files_answer_any(session, &answer, &flow))
		return (flow);
	if (answer.error == ENOENT || answer.error == ENAMETOOLONG)
		flow = set_time(session);
	else if (answer.error != 0)
		flow = files_refuse(session, answer.error, REFUSAL_FILE);
	else
		flow = say_time(session, &answer);
	drop_text(session);
	return (flow);
}
