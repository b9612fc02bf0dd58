/* SIZE, MDTM, MFMT, SITE CHMOD, SITE UTIME: facts about one file. */
#include <inttypes.h>
#include <sys/stat.h>

#include "worker/ftp/args.h"
#include "worker/ftp/files.h"
#include "worker/ftp/site.h"
#include "worker/ftp/time.h"
#include "worker/ftp/verbs.h"

static enum flow sized(struct session *session);
static enum flow dated(struct session *session);
static enum flow stamped(struct session *session);
static enum flow looked_up(struct session *session);
static enum flow done(struct session *session);

static const struct step step_sized = { "size", sized };
static const struct step step_dated = { "mdtm", dated };
static const struct step step_stamped = { "mfmt", stamped };
static const struct step step_looked_up = { "mfmt/time", looked_up };
static const struct step step_done = { "site", done };

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

enum flow
verb_mdtm(struct session *session, const char *text)
{
	int error = files_path(session, text);

	if (error != 0)
		return (files_refuse(session, error, REFUSAL_FILE));
	return (files_ask(session, fs_stat(session->fs, session->path),
	    &step_dated));
}

static enum flow
dated(struct session *session)
{
	char text[TIME_TEXT_MAX];
	struct fs_answer answer;
	enum flow flow;

	if (!files_answer(session, &answer, &flow))
		return (flow);
	if (time_format(answer.modified, text) != 0)
		return (session_answer(session, 550,
		    "Its time cannot be written."));
	return (session_answer(session, 213, "%s", text));
}

enum flow
verb_mfmt(struct session *session, const char *text)
{
	const char *name;
	int64_t when;
	int error;

	if (args_mfmt(text, &when, &name) != ARGS_OK)
		return (session_answer(session, 501,
		    "Syntax: MFMT YYYYMMDDHHMMSS file"));
	error = files_path(session, name);
	if (error != 0)
		return (files_refuse(session, error, REFUSAL_FILE));
	return (files_ask(session,
	    fs_set_time(session->fs, session->path, when, when),
	    &step_stamped));
}

/* The reply says what the file has now, which need not be what was asked. */
static enum flow
stamped(struct session *session)
{
	struct fs_answer answer;
	enum flow flow;

	if (!files_answer(session, &answer, &flow))
		return (flow);
	return (files_ask(session, fs_stat(session->fs, session->path),
	    &step_looked_up));
}

static enum flow
looked_up(struct session *session)
{
	char text[TIME_TEXT_MAX];
	struct fs_answer answer;
	enum flow flow;

	if (!files_answer(session, &answer, &flow))
		return (flow);
	if (time_format(answer.modified, text) != 0)
		return (session_answer(session, 550,
		    "Its time cannot be written."));
	return (
	    session_answer(session, 213, "Modify=%s; %s", text, session->path));
}

enum flow
site_chmod(struct session *session, const char *text)
{
	const char *name;
	uint32_t mode;
	int error;

	switch (args_chmod(text, &mode, &name)) {
	case ARGS_OK:
		break;
	case ARGS_SYNTAX:
		return (session_answer(session, 501,
		    "Syntax: SITE CHMOD mode path"));
	case ARGS_UNSUPPORTED:
		return (session_answer(session, 504,
		    "The mode must be octal, 0 to 777."));
	}
	error = files_path(session, name);
	if (error != 0)
		return (files_refuse(session, error, REFUSAL_FILE));
	return (files_ask(session, fs_chmod(session->fs, session->path, mode),
	    &step_done));
}

enum flow
site_utime(struct session *session, const char *text)
{
	char name[INPUT_LINE_MAX];
	struct args_utime times;
	int error;

	if (args_utime(text, &times, name, sizeof(name)) != ARGS_OK)
		return (session_answer(session, 501,
		    "Syntax: SITE UTIME YYYYMMDDHHMMSS path"));
	error = files_path(session, name);
	if (error != 0)
		return (files_refuse(session, error, REFUSAL_FILE));
	return (files_ask(session,
	    fs_set_time(session->fs, session->path, times.modified,
		times.accessed),
	    &step_done));
}

static enum flow
done(struct session *session)
{
	struct fs_answer answer;
	enum flow flow;

	if (!files_answer(session, &answer, &flow))
		return (flow);
	return (session_answer(session, 200, "Done."));
}
