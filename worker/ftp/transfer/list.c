#include "worker/ftp/transfer/list.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shm/base/fd.h"
#include "worker/ftp/encoding.h"
#include "worker/ftp/files.h"
#include "worker/ftp/syntax/path.h"
#include "worker/ftp/transfer/transfer.h"
#include "worker/ftp/verbs.h"

/*
 *	LIST, NLST, MLSD --> list/ask --> data/connect ... --> send ... --> end
 *	    --> data/connect ... --> list/begin --> send ... --> end
 *
 * A short listing comes with the answer; a long one through a pipe, once the
 * data connection is there.
 *
 * A name that does not exist may be a pattern: then those that fit are listed.
 */
static enum flow answered(struct session *session);
static enum flow begin(struct session *session);

static const struct step step_answered = { "list/ask", answered };
static const struct step step_begin = { "list/begin", begin };

static uint32_t
flags_of(const struct session *session, const struct list_what *what)
{
	const struct args_list *options = what->options;

	return ((options->hidden ? FS_LIST_HIDDEN : 0) |
	    (options->dots ? FS_LIST_DOTS : 0) |
	    (options->self ? FS_LIST_SELF : 0) |
	    (options->follow ? FS_LIST_FOLLOW : 0) |
	    (options->classify ? FS_LIST_CLASSIFY : 0) |
	    (options->reverse ? FS_LIST_REVERSE : 0) |
	    (options->recursive ? FS_LIST_RECURSIVE : 0) |
	    (session->host->list_times == CONF_TIMES_UTC ? FS_LIST_UTC : 0));
}

static struct fs_list
question_of(const struct session *session, const struct list_what *what)
{
	const struct conf_host *host = session->host;
	bool names = host->list_names;

	return ((struct fs_list){
	    .path = what->path,
	    .pattern = what->pattern,
	    .prefix = what->prefix == NULL ? "" : what->prefix,
	    .format = what->format,
	    .data = what->data,
	    .flags = flags_of(session, what),
	    .facts = session->facts,
	    .order = what->options->order,
	    .sorted_max = host->max_list_sorted,
	    .entries_max = host->max_list_entries,
	    .directories_max = host->max_list_directories,
	    .depth_max = host->max_list_depth,
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
what_of(const struct session *session)
{
	const struct transfer *transfer = session->transfer;

	return ((struct list_what){
	    .path = transfer->path,
	    .prefix = transfer->prefix,
	    .format = transfer->list,
	    .data = transfer_data(session),
	    .options = &transfer->options,
	    .pattern = transfer->patterned ? transfer->pattern : 0,
	});
}

static enum flow
ask(struct session *session)
{
	struct list_what what = what_of(session);

	return (
	    transfer_ask(session, list_ask(session, &what), &step_answered));
}

/* Whether it says where something is, but not its name: "", ".", "a/..". */
static bool
is_nameless(const char *name)
{
	const char *slash = strrchr(name, '/');
	const char *last = slash == NULL ? name : slash + 1;

	return (
	    *name == '\0' || strcmp(last, ".") == 0 || strcmp(last, "..") == 0);
}

/*
 * The agent puts the prefix before names: RETR must find what NLST shows.  Long
 * lines have names alone, but for the headings of "-R".  0, or -1.
 */
static int
set_prefix(struct transfer *transfer, const char *name)
{
	size_t len;

	if (transfer->list == FS_LIST_LONG && !transfer->options.recursive)
		return (0);
	if (transfer->options.self && is_nameless(name))
		name = transfer->path;
	/* Programs look for names in what "NLST ." shows. */
	if (transfer->list == FS_LIST_NAMES && strcmp(name, ".") == 0)
		name = "";
	len = strlen(name);
	if (asprintf(&transfer->prefix, "%s%s", name,
		len == 0 || name[len - 1] == '/' ? "" : "/") != -1)
		return (0);
	transfer->prefix = NULL;
	return (-1);
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
	if (!transfer_allowed(session)) {
		*flow = transfer_over(session);
		return (NULL);
	}
	if (session->reply.charset == NULL)
		return (transfer);
	transfer->lines = encoding_lines_new(session->reply.charset);
	if (transfer->lines != NULL)
		return (transfer);
	*flow = transfer_refuse(session, ENOMEM, REFUSAL_FILE);
	return (NULL);
}

/* LIST and NLST differ in which lines they have, if no option says it. */
static enum flow
list_names(struct session *session, const char *verb,
    enum fs_list_format format, const char *text)
{
	struct args_list options;
	const char *name = args_list(text, &options);
	struct transfer *transfer;
	enum flow flow;

	transfer = list(session, verb, name, &flow);
	if (transfer == NULL)
		return (flow);
	transfer->options = options;
	transfer->list = format;
	if (options.names)
		transfer->list = FS_LIST_NAMES;
	if (options.lines)
		transfer->list = FS_LIST_LONG;
	transfer->pattern =
	    path_pattern(transfer->path, name, &transfer->before);
	if (set_prefix(transfer, name) == -1)
		return (transfer_refuse(session, ENOMEM, REFUSAL_FILE));
	return (ask(session));
}

enum flow
verb_list(struct session *session, const char *text)
{
	return (list_names(session, "LIST", FS_LIST_LONG, text));
}

enum flow
verb_nlst(struct session *session, const char *text)
{
	return (list_names(session, "NLST", FS_LIST_NAMES, text));
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
	transfer->options.hidden = true;
	return (ask(session));
}

/* Of the prefix stays what is in front of the patterns. */
static enum flow
ask_for_pattern(struct session *session)
{
	struct transfer *transfer = session->transfer;

	transfer->patterned = true;
	if (transfer->prefix != NULL)
		transfer->prefix[transfer->list == FS_LIST_LONG
			? 0
			: transfer->before] = '\0';
	return (ask(session));
}

const char *
list_end_text(const struct session *session, const char *path, uint32_t cut)
{
	static const struct {
		uint32_t bit;
		const char *text;
	} bounds[] = {
		{ FS_CUT_ENTRIES,
		    "Not all is listed: limits.list_entries is reached." },
		{ FS_CUT_DIRECTORIES,
		    "Not all is listed: limits.list_directories is reached." },
		{ FS_CUT_DEPTH,
		    "Not all is listed: limits.list_depth is reached." },
		{ FS_CUT_SORTED,
		    "Not sorted: limits.list_sorted is exceeded." },
	};
	size_t i;

	for (i = 0; i < NITEMS(bounds); i++) {
		if ((cut & bounds[i].bit) == 0)
			continue;
		score_add(session->worker->score, SCORE_LISTINGS_CUT, 1);
		session_log(session, INFO, "listing of %s: %s", path,
		    bounds[i].text);
		return (bounds[i].text);
	}
	return ("Complete.");
}

/* What cannot be listed is refused before a data connection is made. */
static enum flow
refused(struct session *session, const struct fs_answer *answer)
{
	struct transfer *transfer = session->transfer;

	if (answer->error == ENOENT && transfer->pattern != 0 &&
	    !transfer->patterned)
		return (ask_for_pattern(session));
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
	if (answer.error == 0) {
		transfer_take_contents(session, &answer);
		if (transfer_encode(transfer, transfer->small, transfer->len,
			true) == -1)
			return (transfer_refuse(session, ENOMEM, REFUSAL_FILE));
	}
	return (session_goto(session, &step_connect));
}

/* The data connection is there. */
static enum flow
begin(struct session *session)
{
	struct transfer *transfer = session->transfer;
	struct list_what what = what_of(session);

	if (transfer->small != NULL)
		return (session_goto(session, &step_send));
	transfer->work = list_begin(session, &what);
	if (transfer->work == NULL)
		return (transfer_refuse(session, errno, REFUSAL_FILE));
	return (session_goto(session, &step_send));
}
