#include "worker/ftp/list.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shm/base/fd.h"
#include "worker/ftp/files.h"
#include "worker/ftp/path.h"
#include "worker/ftp/transfer.h"
#include "worker/ftp/verbs.h"

/*
 *	LIST, NLST, MLSD --> list/stat --> data/connect ... --> list/begin
 *	                         |              ^         --> send ... --> end
 *	                    list/parent --------+
 *
 * "*" and "?" in the last component of a name that does not exist stand for
 * the names that fit.
 */
static enum flow checked(struct session *session);
static enum flow found_parent(struct session *session);
static enum flow begin(struct session *session);

static const struct step step_checked = { "list/stat", checked };
static const struct step step_parent = { "list/parent", found_parent };
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

struct work *
list_begin(struct session *session, const struct list_what *what)
{
	bool names = session->host->list_names;
	struct fs_list list = {
		.path = what->path,
		.prefix = what->prefix,
		.format = what->format,
		.flags = flags_of(session, what),
		.facts = session->facts,
		.uid = session->uid,
		.gid = session->gid,
		.user = names ? session->user : "",
		.group = names ? session->group : "",
	};
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

static enum flow
list(struct session *session, const char *verb, const char *name)
{
	struct transfer *transfer;
	int error;

	transfer = transfer_new(session, verb, TRANSFER_LIST,
	    *name == '\0' ? "." : name, &error);
	if (transfer == NULL)
		return (files_refuse(session, error, REFUSAL_FILE));
	transfer->begin = &step_begin;
	if (!transfer_allowed(session))
		return (transfer_over(session));
	return (transfer_ask(session, fs_stat(session->fs, transfer->path),
	    &step_checked));
}

enum flow
verb_list(struct session *session, const char *text)
{
	struct args_list options;
	const char *name = args_list(text, &options);
	enum flow flow = list(session, "LIST", name);

	if (session->transfer != NULL) {
		session->transfer->list = FS_LIST_LONG;
		session->transfer->hidden = options.all;
		session->transfer->self = options.self;
	}
	return (flow);
}

enum flow
verb_nlst(struct session *session, const char *text)
{
	struct args_list options;
	const char *name = args_list(text, &options);
	enum flow flow = list(session, "NLST", name);

	if (session->transfer != NULL) {
		session->transfer->list = FS_LIST_NAMES;
		session->transfer->hidden = options.all;
		session->transfer->self = options.self;
		session->transfer->prefix = prefix_of(name);
	}
	return (flow);
}

enum flow
verb_mlsd(struct session *session, const char *text)
{
	enum flow flow = list(session, "MLSD", text);

	if (session->transfer != NULL) {
		session->transfer->list = FS_LIST_FACTS;
		session->transfer->hidden = true;
	}
	return (flow);
}

/* "a/b/" becomes "a/": b itself is shown, under its name. */
static void
cut_prefix(char *prefix)
{
	size_t len = prefix == NULL ? 0 : strlen(prefix);

	while (len > 0 && prefix[len - 1] == '/')
		len--;
	while (len > 0 && prefix[len - 1] != '/')
		len--;
	if (prefix != NULL)
		prefix[len] = '\0';
}

static bool
is_pattern(const struct transfer *transfer)
{
	return (transfer->list != FS_LIST_FACTS &&
	    strpbrk(path_base(transfer->path), "*?") != NULL);
}

static enum flow
ask_parent(struct session *session)
{
	const char *path = session->transfer->path;
	size_t len = (size_t)(path_base(path) - path);
	char *parent = strndup(path, len > 1 ? len - 1 : len);
	uint32_t request;

	if (parent == NULL)
		return (transfer_refuse(session, ENOMEM, REFUSAL_FILE));
	request = fs_stat(session->fs, parent);
	free(parent);
	return (transfer_ask(session, request, &step_parent));
}

static enum flow
found_parent(struct session *session)
{
	struct transfer *transfer = session->transfer;
	struct fs_answer answer;
	enum flow flow;

	if (!transfer_answer(session, &answer, REFUSAL_FILE, &flow))
		return (flow);
	if (!S_ISDIR(answer.mode))
		return (transfer_refuse(session, ENOTDIR, REFUSAL_FILE));
	transfer->pattern = true;
	cut_prefix(transfer->prefix);
	return (session_goto(session, &step_connect));
}

/* What cannot be listed is refused before a data connection is made. */
static enum flow
checked(struct session *session)
{
	struct transfer *transfer = session->transfer;
	struct fs_answer answer;
	enum flow flow;

	if (!files_answer_any(session, &answer, &flow))
		return (flow);
	if (answer.error == ENOENT && is_pattern(transfer))
		return (ask_parent(session));
	if (answer.error != 0)
		return (transfer_refuse(session, answer.error, REFUSAL_FILE));
	if (transfer->list == FS_LIST_FACTS && !S_ISDIR(answer.mode))
		return (
		    transfer_end(session, 501, "MLSD lists directories only."));
	if (!S_ISDIR(answer.mode) || transfer->self)
		cut_prefix(transfer->prefix);
	return (session_goto(session, &step_connect));
}

static enum flow
begin(struct session *session)
{
	struct transfer *transfer = session->transfer;
	struct list_what what = {
		.path = transfer->path,
		.prefix = transfer->prefix == NULL ? "" : transfer->prefix,
		.format = transfer->list,
		.hidden = transfer->hidden,
		.self = transfer->self,
		.pattern = transfer->pattern,
	};

	transfer->work = list_begin(session, &what);
	if (transfer->work == NULL)
		return (transfer_refuse(session, errno, REFUSAL_FILE));
	return (session_goto(session, &step_send));
}
