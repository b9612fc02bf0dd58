/* MFMT, MFF, SITE CHMOD, CHGRP and UTIME: what changes a file's attributes. */
#include "worker/ftp/verbs/attributes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "worker/ftp/files.h"
#include "worker/ftp/modes.h"
#include "worker/ftp/site.h"
#include "worker/ftp/syntax/args_change.h"
#include "worker/ftp/syntax/time.h"
#include "worker/ftp/verbs.h"

static enum flow stamped(struct session *session);
static enum flow modified(struct session *session);
static enum flow done(struct session *session);

const struct step attributes_stamped = { "mfmt", stamped };
static const struct step step_modified = { "mff", modified };
static const struct step step_done = { "site/change", done };

/* The account's own group is known by name even where no file names it. */
static const char *
known_group(const struct session *session, struct fs_change *change,
    const char *group)
{
	if ((change->what & FS_CHANGE_GROUP) == 0 || group[0] == '\0' ||
	    strcmp(group, session->group) != 0)
		return (group);
	change->gid = session->gid;
	return ("");
}

enum flow
attributes_change(struct session *session, const char *name,
    const struct fs_change *change, const char *group, const struct step *step)
{
	struct fs_change wanted = *change;
	int error = files_path(session, name);

	if (error != 0)
		return (files_refuse(session, error, REFUSAL_FILE));
	group = known_group(session, &wanted, group);
	return (files_ask(session,
	    fs_change(session->fs, session->path, &wanted, group), step));
}

/* As files_answer(), with words for what only a change can meet. */
static bool
changed(struct session *session, struct fs_answer *answer, enum flow *flow)
{
	if (!files_answer_any(session, answer, flow))
		return (false);
	if (answer->error == 0)
		return (true);
	if (answer->error == EINVAL)
		*flow = session_answer(session, 504,
		    "Such a file cannot have that mode.");
	else if (answer->error == ENODATA)
		*flow = session_answer(session, 550,
		    "The account is in no group of that name.");
	else
		*flow = files_refuse(session, answer->error, REFUSAL_FILE);
	return (false);
}

/* Times ------------------------------------------------------------------ */

enum flow
verb_mfmt(struct session *session, const char *text)
{
	struct fs_change change = { 0 };
	const char *name;

	if (args_mfmt(text, &change, &name) != ARGS_OK)
		return (session_answer(session, 501,
		    "Syntax: MFMT YYYYMMDDHHMMSS file"));
	return (
	    attributes_change(session, name, &change, "", &attributes_stamped));
}

/* What the file has now, which need not be what was asked. */
static int
time_of(const struct fs_answer *answer, char *out)
{
	const struct fs_time time = { answer->modified, answer->modified_ns,
		0 };

	return (time_format_exact(&time, out));
}

static enum flow
stamped(struct session *session)
{
	char text[TIME_TEXT_MAX];
	struct fs_answer answer;
	enum flow flow;

	if (!changed(session, &answer, &flow))
		return (flow);
	if (time_of(&answer, text) != 0)
		return (session_answer(session, 550,
		    "Its time cannot be written."));
	return (
	    session_answer(session, 213, "Modify=%s; %s", text, session->path));
}

enum flow
site_utime(struct session *session, const char *text)
{
	char name[INPUT_LINE_MAX];
	struct fs_change change = { 0 };

	if (args_utime(text, &change, name, sizeof(name)) != ARGS_OK)
		return (session_answer(session, 501,
		    "Syntax: SITE UTIME YYYYMMDDHHMMSS path"));
	return (attributes_change(session, name, &change, "", &step_done));
}

/* Modes and groups ------------------------------------------------------- */

enum flow
site_chmod(struct session *session, const char *text)
{
	struct fs_change change = { 0 };
	const char *name;
	size_t len = args_word(text, &name);
	uint32_t umask = modes_umask(session);

	switch (len == 0 ? ARGS_SYNTAX : args_mode(text, len, umask, &change)) {
	case ARGS_OK:
		break;
	case ARGS_SYNTAX:
		return (session_answer(session, 501,
		    "Syntax: SITE CHMOD mode path"));
	case ARGS_UNSUPPORTED:
		return (session_answer(session, 504,
		    "That mode cannot be set from here."));
	}
	return (attributes_change(session, name, &change, "", &step_done));
}

enum flow
site_chgrp(struct session *session, const char *text)
{
	char group[ARGS_GROUP_MAX + 1];
	struct fs_change change = { 0 };
	const char *name;
	size_t len = args_word(text, &name);

	if (args_group(text, len, &change, group) != ARGS_OK)
		return (session_answer(session, 501,
		    "Syntax: SITE CHGRP group path"));
	return (attributes_change(session, name, &change, group, &step_done));
}

static enum flow
done(struct session *session)
{
	struct fs_answer answer;
	enum flow flow;

	if (!changed(session, &answer, &flow))
		return (flow);
	return (session_answer(session, 200, "Done."));
}

/* MFF -------------------------------------------------------------------- */

enum flow
verb_mff(struct session *session, const char *text)
{
	struct args_mff mff = { .fact = NULL };

	switch (args_mff(text, &mff)) {
	case ARGS_OK:
		break;
	case ARGS_SYNTAX:
		if (mff.fact == NULL)
			return (session_answer(session, 501,
			    "Syntax: MFF fact=value;fact=value; path"));
		return (session_answer(session, 501,
		    "%.*s: not a value for it.", (int)mff.fact_len, mff.fact));
	case ARGS_UNSUPPORTED:
		return (session_answer(session, 504, "%.*s: cannot be changed.",
		    (int)mff.fact_len, mff.fact));
	}
	return (attributes_change(session, mff.name, &mff.change, mff.group,
	    &step_modified));
}

static enum flow
modified(struct session *session)
{
	char time[TIME_TEXT_MAX], facts[128] = "", *end = facts;
	struct fs_answer answer;
	enum flow flow;

	if (!changed(session, &answer, &flow))
		return (flow);
	if ((answer.changed & FS_CHANGE_MODIFIED) != 0) {
		if (time_of(&answer, time) != 0)
			return (session_answer(session, 550,
			    "Its time cannot be written."));
		end += snprintf(end, 40, "Modify=%s;", time);
	}
	if ((answer.changed & FS_CHANGE_GROUP) != 0)
		end += snprintf(end, 40, "UNIX.group=%u;", answer.gid);
	if ((answer.changed & FS_CHANGE_MODE) != 0)
		(void)snprintf(end, 40, "UNIX.mode=0%03o;",
		    answer.mode & 07777);
	return (session_answer(session, 213, "%s %s", facts, session->path));
}
