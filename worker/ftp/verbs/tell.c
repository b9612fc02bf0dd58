#include "worker/ftp/verbs/tell.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "shm/base/buf.h"
#include "worker/ftp/files.h"
#include "worker/ftp/syntax/path.h"
#include "worker/ftp/transfer/list.h"
#include "worker/ftp/verbs.h"
#include "worker/work.h"

/*
 *	STAT --> tell/stat [--> tell/pattern] --> tell/list --> tell/done
 *	                                            ^  v
 *	                                         tell/full
 *	MLST --> tell/line --> command
 *
 * The agent writes lines into a pipe, which become lines of the reply as the
 * client reads them.  The one line of MLST comes with the answer.
 */
static enum flow told_line(struct session *session);
static enum flow told_stat(struct session *session);
static enum flow told_pattern(struct session *session);
static enum flow told_list(struct session *session);
static enum flow told_done(struct session *session);
static enum flow full(struct session *session);

static const struct step step_line = { "tell/line", told_line };
static const struct step step_stat = { "tell/stat", told_stat };
static const struct step step_pattern = { "tell/pattern", told_pattern };
static const struct step step_list = { "tell/list", told_list };
static const struct step step_full = { "tell/full", full };
static const struct step step_done = { "tell/done", told_done };

#define CHUNK          4096  /* read from the pipe at a time */
#define LINE_MAX_BYTES 16384 /* longer ones are cut in two */

struct tell {
	struct work *work;
	struct buf line; /* what came of the next line */
	ssize_t result;
	bool done, working;
	struct args_list options;
	size_t pattern; /* where the path may be one */
};

void
tell_free(struct tell **tell)
{
	if (*tell == NULL)
		return;
	work_free(&(*tell)->work);
	buf_free(&(*tell)->line);
	free(*tell);
	*tell = NULL;
}

static enum flow
ask_line(struct session *session)
{
	static const struct args_list self = { .self = true };
	const struct list_what what = {
		.path = session->path,
		.format = FS_LIST_FACTS,
		.options = &self,
	};

	return (files_ask(session, list_ask(session, &what), &step_line));
}

/* What is to be told of.  0, or an errno. */
static int
find(struct session *session, const char *name)
{
	return (files_path(session, *name == '\0' ? "." : name));
}

enum flow
verb_mlst(struct session *session, const char *text)
{
	int error = find(session, text);

	return (error == 0 ? ask_line(session)
			   : files_refuse(session, error, REFUSAL_FILE));
}

/* 0, or an errno. */
static int
begin(struct session *session, const char *name)
{
	int error = find(session, name);

	if (error != 0)
		return (error);
	tell_free(&session->tell);
	session->tell = calloc(1, sizeof(*session->tell));
	if (session->tell == NULL)
		return (ENOMEM);
	buf_init(&session->tell->line, LINE_MAX_BYTES + CHUNK);
	return (0);
}

/* RFC 959 has no other refusal for STAT. */
static enum flow
refuse_stat(struct session *session, int error)
{
	struct refusal refusal = refusal_of(error, REFUSAL_FILE);

	return (session_answer(session,
	    refusal.code >= 500 ? 450 : refusal.code, "%s", refusal.text));
}

enum flow
tell_stat(struct session *session, const char *text)
{
	struct args_list options;
	const char *name = args_list(text, &options);
	int error = begin(session, name);
	size_t before;

	if (error != 0)
		return (refuse_stat(session, error));
	session->tell->options = options;
	session->tell->pattern = path_pattern(session->path, name, &before);
	return (files_ask(session, fs_stat(session->fs, session->path),
	    &step_stat));
}

static enum flow
list(struct session *session, int code, size_t pattern)
{
	struct tell *tell = session->tell;
	struct list_what what = {
		.path = session->path,
		.format = FS_LIST_LONG,
		.options = &tell->options,
		.pattern = pattern,
	};

	tell->work = list_begin(session, &what);
	if (tell->work == NULL)
		return (refuse_stat(session, errno));
	reply_begin(&session->reply, code, "Status of %s:", session->path);
	return (session_goto(session, &step_list));
}

/* Whether there is the directory where the names are that may fit. */
static enum flow
ask_for_pattern(struct session *session)
{
	char path[FS_PATH_MAX + 1];
	size_t len = session->tell->pattern;

	if (len > 1)
		len--;
	memcpy(path, session->path, len);
	path[len] = '\0';
	return (files_ask(session, fs_stat(session->fs, path), &step_pattern));
}

static enum flow
told_stat(struct session *session)
{
	struct fs_answer answer;
	enum flow flow;

	if (!files_answer_any(session, &answer, &flow))
		return (flow);
	if (answer.error == ENOENT && session->tell->pattern != 0)
		return (ask_for_pattern(session));
	if (answer.error != 0)
		return (refuse_stat(session, answer.error));
	return (list(session, S_ISDIR(answer.mode) ? 212 : 213, 0));
}

static enum flow
told_pattern(struct session *session)
{
	struct fs_answer answer;
	enum flow flow;

	if (!files_answer_any(session, &answer, &flow))
		return (flow);
	if (answer.error != 0)
		return (refuse_stat(session, answer.error));
	return (list(session, 213, session->tell->pattern));
}

static void
worked(ssize_t result, void *context)
{
	struct session *session = context;

	session->tell->working = false;
	session->tell->done = true;
	session->tell->result = result;
	session_run(session);
}

static void
say_line(struct session *session, const char *line, size_t len)
{
	if (len > 0 && line[len - 1] == '\r')
		len--;
	reply_line(&session->reply, "%.*s", (int)len, line);
}

static void
say_lines(struct session *session, bool end)
{
	struct buf *buf = &session->tell->line;
	const char *line, *newline;
	size_t len;

	while ((len = buf_len(buf)) > 0) {
		line = (const char *)buf_data(buf);
		newline = memchr(line, '\n', len);
		if (newline == NULL && len <= LINE_MAX_BYTES && !end)
			return;
		if (newline != NULL)
			len = (size_t)(newline - line);
		say_line(session, line, len);
		buf_consume(buf, len + (newline != NULL));
	}
}

/*
 * MLST names the object by its whole path, whatever the agent called it: it
 * comes after the facts, which hold no space.
 */
static enum flow
told_line(struct session *session)
{
	struct fs_answer answer;
	const char *line, *space;
	enum flow flow;

	if (!files_answer(session, &answer, &flow))
		return (flow);
	line = (const char *)answer.contents;
	space = memchr(line, ' ', (size_t)answer.size);
	reply_begin(&session->reply, 250, "Listing:");
	if (space != NULL)
		reply_line(&session->reply, "%.*s %s", (int)(space - line),
		    line, session->path);
	reply_end(&session->reply, "End");
	return (session_goto(session, &step_command));
}

/* Reads a piece: bytes, 0 at the end, -EINPROGRESS, or a negative errno. */
static ssize_t
read_piece(struct session *session)
{
	struct tell *tell = session->tell;
	ssize_t got;

	if (tell->working)
		return (-EINPROGRESS);
	if (tell->done) {
		tell->done = false;
		return (tell->result);
	}
	got = work_read(tell->work, CHUNK, 0, worked, session);
	tell->working = got == -EINPROGRESS;
	return (got);
}

static enum flow
say_end(struct session *session, const char *text)
{
	tell_free(&session->tell);
	reply_end(&session->reply, "%s", text);
	return (session_goto(session, &step_command));
}

/* Storage that hangs must not hold a session for ever. */
static enum flow
await_piece(struct session *session)
{
	uint64_t ms = session->host->timeout_stalled * UINT64_C(1000);

	if (!session_expired(session, ms))
		return (session_wait(session, WAIT_WORK | WAIT_CLOCK));
	session_drop_question(session);
	return (say_end(session, "End (not complete)"));
}

static enum flow
told_list(struct session *session)
{
	struct tell *tell = session->tell;
	ssize_t got;

	for (;;) {
		if (buf_len(&session->reply.buf) > REPLY_HIGH)
			return (session_goto(session, &step_full));
		got = read_piece(session);
		if (got == -EINPROGRESS)
			return (await_piece(session));
		if (got <= 0)
			break;
		(void)session_goto(session, &step_list); /* more time */
		if (buf_append(&tell->line, work_buffer(tell->work),
			(size_t)got) != 0)
			return (FLOW_END);
		say_lines(session, false);
	}
	say_lines(session, true);
	return (session_goto(session, &step_done));
}

/* The client reads first. */
static enum flow
full(struct session *session)
{
	if (buf_len(&session->reply.buf) > REPLY_HIGH)
		return (session_flush(session));
	return (session_goto(session, &step_list));
}

static enum flow
told_done(struct session *session)
{
	const char *text = "End";
	struct fs_answer answer;
	enum flow flow;

	if (!files_answer_any(session, &answer, &flow))
		return (flow);
	if (answer.error != 0)
		text = "End (not complete)";
	else if (answer.mode != 0)
		text = list_end_text(session, session->path, answer.mode);
	return (say_end(session, text));
}
