/* ALLO, AVBL, SITE QUOTA: whether there is room. */
#include <inttypes.h>
#include <string.h>

#include "worker/ftp/files.h"
#include "worker/ftp/site.h"
#include "worker/ftp/syntax/args.h"
#include "worker/ftp/verbs.h"
#include "worker/ftp/verbs/room.h"

static enum flow looked(struct session *session);
static enum flow available(struct session *session);
static enum flow limits(struct session *session);

static const struct step step_looked = { "allo", looked };
static const struct step step_available = { "avbl", available };
static const struct step step_limits = { "site/quota", limits };

/* name: "" is the current directory; wanted: bytes, which come back. */
static enum flow
look(struct session *session, const char *name, uint64_t wanted,
    const struct step *step)
{
	int error = files_path(session, *name == '\0' ? "." : name);

	if (error != 0)
		return (files_refuse(session, error, REFUSAL_FILE));
	return (files_ask(session, fs_space(session->fs, session->path, wanted),
	    step));
}

/* The agent's facts.  false: *flow is what the step returns. */
static bool
take(struct session *session, struct msg_fs_room *facts, enum flow *flow)
{
	struct fs_answer answer;

	if (!files_answer(session, &answer, flow))
		return (false);
	memcpy(facts, answer.contents, sizeof(*facts));
	return (true);
}

enum flow
verb_allo(struct session *session, const char *text)
{
	uint64_t size;

	if (args_allo(text, &size) != ARGS_OK)
		return (
		    session_answer(session, 501, "Syntax: ALLO size [R size]"));
	return (look(session, "", size, &step_looked));
}

static enum flow
looked(struct session *session)
{
	struct msg_fs_room facts;
	struct room room;
	enum flow flow;

	if (!take(session, &facts, &flow))
		return (flow);
	room = room_of(&facts);
	if (facts.wanted > room.bytes)
		return (session_answer(session, room.bytes_by_quota ? 552 : 452,
		    "%s%" PRIu64 " bytes, not %" PRIu64 ".",
		    room.bytes_by_quota ? "The quota leaves room for "
					: "There is room for ",
		    room.bytes, facts.wanted));
	if (room.files == 0)
		return (session_answer(session, room.files_by_quota ? 552 : 452,
		    room.files_by_quota
			? "The quota leaves room for no further file."
			: "There is room for no further file."));
	return (session_answer(session, 200,
	    "There is room for %" PRIu64 " bytes.", room.bytes));
}

enum flow
verb_avbl(struct session *session, const char *text)
{
	return (look(session, text, 0, &step_available));
}

static enum flow
available(struct session *session)
{
	struct msg_fs_room facts;
	struct room room;
	enum flow flow;

	if (!take(session, &facts, &flow))
		return (flow);
	room = room_of(&facts);
	return (session_answer(session, 213, "%" PRIu64,
	    room.files == 0 ? 0 : room.bytes));
}

enum flow
site_quota(struct session *session, const char *text)
{
	return (look(session, text, 0, &step_limits));
}

static void
tell_quota(struct session *session, const struct msg_fs_room *facts,
    enum fs_quota_kind kind, const char *whose)
{
	const struct fs_quota *quota = &facts->quota[kind];
	char text[ROOM_TEXT_MAX];

	if ((facts->quotas & (1u << kind)) == 0)
		return;
	room_text(&quota->bytes, "bytes", facts->now, text);
	reply_line(&session->reply, "%s %s", whose, text);
	room_text(&quota->files, "files", facts->now, text);
	reply_line(&session->reply, "%s %s", whose, text);
}

static enum flow
limits(struct session *session)
{
	struct msg_fs_room facts;
	enum flow flow;

	if (!take(session, &facts, &flow))
		return (flow);
	if (!room_has_quota(&facts))
		return (session_answer(session, 202, "No quota is kept here."));
	reply_begin(&session->reply, 200, "Quota at %s:", session->path);
	tell_quota(session, &facts, FS_QUOTA_USER, "User");
	tell_quota(session, &facts, FS_QUOTA_GROUP, "Group");
	reply_end(&session->reply, "End");
	return (session_goto(session, &step_command));
}
