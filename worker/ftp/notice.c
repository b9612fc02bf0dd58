#include "worker/ftp/notice.h"

#include <stdio.h>
#include <string.h>

#include "worker/ftp/files.h"
#include "worker/ftp/message.h"
#include "worker/ftp/policy.h"
#include "worker/ftp/syntax/path.h"
#include "worker/ftp/syntax/printable.h"

/* So much that it is known where the last character ends. */
#define NOTICE_ASKED (PRINTABLE_BYTES_MAX + 3)

static enum flow changed(struct session *session);
static enum flow by_password(struct session *session);
static enum flow by_certificate(struct session *session);

static const struct {
	int code;
	struct step step;
} notices[] = {
	[NOTICE_CHANGED] = { 250, { "cwd/message", changed } },
	[NOTICE_PASSWORD] = { 230, { "login/message", by_password } },
	[NOTICE_CERTIFICATE] = { 232, { "login/message", by_certificate } },
};

/* file: NULL, or the answer with its beginning. */
static enum flow
say(struct session *session, enum notice notice, const struct fs_answer *file)
{
	char text[PRINTABLE_TEXT_MAX + MESSAGE_MAX + 1],
	    filled[MESSAGE_MAX + 1];
	const char *last = notice == NOTICE_CHANGED
	    ? "Directory changed."
	    : message_login(session, filled);

	if (file != NULL) {
		printable_lines(file->contents, (size_t)file->size, text);
		memcpy(text + strlen(text), last, strlen(last) + 1);
		last = text;
	}
	session_say(session, notices[notice].code, last);
	return (session_goto(session, &step_command));
}

/* Asks for the file that the current directory may have.  -1: there is none. */
static int
ask(struct session *session)
{
	char *const *name =
	    policy_find(session, session->cwd, CONF_FIELD(directory_messages));
	char path[FS_PATH_MAX + 1];
	int len;

	if (*name == NULL || session_fs(session) == NULL)
		return (-1);
	len = snprintf(path, sizeof(path), "%s/%s",
	    path_is_root(session->cwd) ? "" : session->cwd, *name);
	if (len < 0 || (size_t)len >= sizeof(path))
		return (-1);
	return (
	    session_asked(session, fs_peek(session->fs, path, NOTICE_ASKED)));
}

enum flow
notice_answer(struct session *session, enum notice notice)
{
	if (ask(session) == -1)
		return (say(session, notice, NULL));
	return (session_goto(session, &notices[notice].step));
}

static enum flow
told(struct session *session, enum notice notice)
{
	struct fs_answer answer;
	enum flow flow;

	if (!files_answer_any(session, &answer, &flow))
		return (flow);
	return (say(session, notice,
	    answer.error == 0 && answer.contents != NULL ? &answer : NULL));
}

static enum flow
changed(struct session *session)
{
	return (told(session, NOTICE_CHANGED));
}

static enum flow
by_password(struct session *session)
{
	return (told(session, NOTICE_PASSWORD));
}

static enum flow
by_certificate(struct session *session)
{
	return (told(session, NOTICE_CERTIFICATE));
}
