#include "worker/ftp/list.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shm/base/fd.h"
#include "worker/ftp/files.h"
#include "worker/ftp/path.h"
#include "worker/ftp/transfer.h"
#include "worker/ftp/verbs.h"

/*
 *	LIST, NLST, MLSD --> list/ask --> data/connect ... --> send ... --> end
 *	    --> data/connect ... --> list/begin --> send ... --> end
 *
 * A short listing comes with the answer; a long one through a pipe, once the
 * data connection is there.
 *
 * "*" and "?" in the last component of a name that does not exist stand for
 * the names that fit.
 */
static enum flow answered(struct session *session);
static enum flow begin(struct session *session);

static const struct step step_answered = { "list/ask", answered };
static const struct step step_begin = { "list/begin", begin };

static uint32_t
flags_of(const struct session *session, const struct list_what *what)
{
	uint32_t flags = 0;

	if (what->hidden)
		flags |= FS_LIST_HIDDEN;
	if (what->self)
		flags |= FS_LIST_SELF;
	if (what->pattern)
		flags |= FS_LIST_PATTERN;
	if ((session->policy & LOGIN_READ_ONLY) != 0)
		flags |= FS_LIST_READ_ONLY;
	return (flags);
}

static struct fs_list
question_of(const struct session *session, const struct list_what *what)
{
	bool names = session->host->list_names;

	return ((struct fs_list){
	    .path = what->path,
	    .prefix = what->prefix,
	    .format = what->format,
	    .flags = flags_of(session, what),
	    .facts = session->facts,
	    .uid = session->uid,
	    .gid = session->gid,
	    .user = names ? session->user : "",
	    .group = names ? session->group : "",
	    .pipe = -1,
	});
}

uint32_t
list_ask(struct session *session, const struct list_what *what)
{
	struct fs_list list = question_of(session, what);

	return (fs_list(session->fs, &list));
}

struct work *
list_begin(struct session *session, const struct list_what *what)
{
	struct fs_list list = question_of(session, what);
	struct work *work;
	uint32_t request;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
		if (errno == EMFILE || errno == ENFILE)
			worker_out_of_descriptors(session->worker);
		return (NULL);
	}
	list.pipe = ends[1];
	work = work_new(session->worker, ends[0], true, session->uid);
	request = work == NULL ? 0 : fs_list(session->fs, &list);
	fd_close(&ends[1]);
	if (session_asked(session, request) != 0) {
		work_free(&work);
		return (NULL);
	}
	return (work);
}

/* What is to be listed, as the command said. */
static struct list_what
what_of(const struct transfer *transfer)
{
	return ((struct list_what){
	    .path = transfer->path,
	    .prefix = transfer->prefix == NULL ? "" : transfer->prefix,
	    .format = transfer->list,
	    .hidden = transfer->hidden,
	    .self = transfer->self,
	    .pattern = transfer->pattern,
	});
}

static enum flow
ask(struct session *session)
{
	struct list_what what = what_of(session->transfer);

	return (
	    transfer_ask(session, list_ask(session, &what), &step_answered));
}

/* The agent puts the prefix before names: RETR must find what NLST shows. */
static char *
prefix_of(const char *name)
{
	size_t len = strlen(name);
	char *prefix;

	if (asprintf(&prefix, "%s%s", name,
		len == 0 || name[len - 1] == '/' ? "" : "/") == -1)
		return (NULL);
	return (prefix);
}

static struct transfer *
list(struct session *session, const char *verb, const char *name,
    enum flow *flow)
{
	struct transfer *transfer;
	int error;

	transfer = transfer_new(session, verb, TRANSFER_LIST,
	    *name == '\0' ? "." : name, &error);
	if (transfer == NULL) {
		*flow = files_refuse(session, error, REFUSAL_FILE);
		return (NULL);
	}
	if (transfer_allowed(session))
		return (transfer);
	*flow = transfer_over(session);
	return (NULL);
}

enum flow
verb_list(struct session *session, const char *text)
{
	struct args_list options;
	const char *name = args_list(text, &options);
	struct transfer *transfer;
	enum flow flow;

	transfer = list(session, "LIST", name, &flow);
	if (transfer == NULL)
		return (flow);
	transfer->list = FS_LIST_LONG;
	transfer->hidden = options.all;
	transfer->self = options.self;
	return (ask(session));
}

enum flow
verb_nlst(struct session *session, const char *text)
{
	struct args_list options;
	const char *name = args_list(text, &options);
	struct transfer *transfer;
	enum flow flow;

	transfer = list(session, "NLST", name, &flow);
	if (transfer == NULL)
		return (flow);
	transfer->list = FS_LIST_NAMES;
	transfer->hidden = options.all;
	transfer->self = options.self;
	transfer->prefix = prefix_of(name);
	return (ask(session));
}

enum flow
verb_mlsd(struct session *session, const char *text)
{
	struct transfer *transfer;
	enum flow flow;

	transfer = list(session, "MLSD", text, &flow);
	if (transfer == NULL)
		return (flow);
	transfer->list = FS_LIST_FACTS;
	transfer->hidden = true;
	return (ask(session));
}

static bool
is_pattern(const struct transfer *transfer)
{
	return (!transfer->pattern && transfer->list != FS_LIST_FACTS &&
	    strpbrk(path_base(transfer->path), "*?") != NULL);
}

/* What cannot be listed is refused before a data connection is made. */
static enum flow
refused(struct session *session, const struct fs_answer *answer)
{
	struct transfer *transfer = session->transfer;

	if (answer->error == ENOENT && is_pattern(transfer)) {
		transfer->pattern = true;
		return (ask(session));
	}
	if (answer->error == ENOTDIR && answer->mode != 0 &&
	    transfer->list == FS_LIST_FACTS)
		return (
		    transfer_end(session, 501, "MLSD lists directories only."));
	return (transfer_refuse(session, answer->error, REFUSAL_FILE));
}

static enum flow
answered(struct session *session)
{
	struct transfer *transfer = session->transfer;
	struct fs_answer answer;
	enum flow flow;

	if (!files_answer_any(session, &answer, &flow))
		return (flow);
	if (answer.error != 0 && answer.error != EMSGSIZE)
		return (refused(session, &answer));
	transfer->begin = &step_begin;
	if (answer.error == 0)
		transfer_take_contents(session, &answer);
	return (session_goto(session, &step_connect));
}

/* The data connection is there. */
static enum flow
begin(struct session *session)
{
	struct transfer *transfer = session->transfer;
	struct list_what what = what_of(transfer);

	if (transfer->small != NULL)
		return (session_goto(session, &step_send));
	transfer->work = list_begin(session, &what);
	if (transfer->work == NULL)
		return (transfer_refuse(session, errno, REFUSAL_FILE));
	return (session_goto(session, &step_send));
}
