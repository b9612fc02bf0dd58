/* SITE CPFR, SITE CPTO, COMB: files made of others. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "worker/ftp/modes.h"
#include "worker/ftp/site.h"
#include "worker/ftp/syntax/args.h"
#include "worker/ftp/verbs.h"
#include "worker/ftp/verbs/long.h"

static enum flow found(struct session *session);
static enum flow copied(struct session *session);
static enum flow combined(struct session *session);

static const struct step step_found = { "site/cpfr", found };
static const struct step step_copied = { "site/cpto", copied };
static const struct step step_combined = { "comb", combined };

enum flow
site_cpfr(struct session *session, const char *text)
{
	int error = files_path(session, text);

	if (error != 0)
		return (files_refuse(session, error, REFUSAL_FILE));
	return (files_ask(session, fs_stat(session->fs, session->path),
	    &step_found));
}

static enum flow
found(struct session *session)
{
	struct fs_answer answer;
	enum flow flow;

	if (!files_answer(session, &answer, &flow))
		return (flow);
	if (!S_ISREG(answer.mode))
		return (files_refuse(session,
		    S_ISDIR(answer.mode) ? EISDIR : ENXIO, REFUSAL_FILE));
	session->rename_from = session->path;
	session->path = NULL;
	session->copying = true;
	return (session_answer(session, 350,
	    "Send SITE CPTO with the name of the copy."));
}

/* The new file is session->path. */
static uint32_t
ask_copy(struct session *session, const char *sources, size_t len,
    uint32_t flags)
{
	const struct fs_copy copy = {
		.target = session->path,
		.sources = sources,
		.sources_len = len,
		.flags = flags,
		.mode = modes_new(session),
		.durability = files_durability(session),
	};

	return (fs_copy(session->fs, &copy));
}

enum flow
site_cpto(struct session *session, const char *text)
{
	const char *from = session->rename_from;
	int error;

	if (from == NULL)
		return (session_answer(session, 503, "Send SITE CPFR first."));
	error = files_path(session, text);
	if (error != 0)
		return (files_refuse(session, error, REFUSAL_STORE));
	return (long_ask(session, ask_copy(session, from, strlen(from) + 1, 0),
	    REFUSAL_STORE, &step_copied));
}

static enum flow
copied(struct session *session)
{
	struct fs_answer answer;
	enum flow flow;

	if (!long_answer(session, &answer, REFUSAL_STORE, &flow)) {
		if (!session->busy)
			files_forget(session);
		return (flow);
	}
	session_log(session, INFO, "copied %s to %s", session->rename_from,
	    session->path);
	files_forget(session);
	return (session_answer(session, 250, "Copied %" PRIu64 " bytes.",
	    answer.size));
}

/* COMB ------------------------------------------------------------------- */

/*
 * Appends to out, after *len bytes, what each of the names means.  0, or an
 * errno.
 */
static int
resolve_parts(const struct session *session, const char *name, size_t count,
    char *out, size_t *len)
{
	size_t path_len;
	char *path;

	for (*len = 0; count > 0; count--, name += strlen(name) + 1) {
		path = files_resolve(session, name);
		if (path == NULL)
			return (errno);
		path_len = strlen(path) + 1;
		if (path_len <= FS_COPY_LEN_MAX - *len)
			memcpy(out + *len, path, path_len);
		free(path);
		if (path_len > FS_COPY_LEN_MAX - *len)
			return (ENAMETOOLONG);
		*len += path_len;
	}
	return (0);
}

/* names: the target's and those of count parts. */
static enum flow
combine(struct session *session, const char *names, size_t count)
{
	int error = files_path(session, names);
	uint32_t request = 0;
	size_t len = 0;
	char *parts;

	if (error != 0)
		return (files_refuse(session, error, REFUSAL_STORE));
	parts = malloc(FS_COPY_LEN_MAX);
	error = parts == NULL
	    ? ENOMEM
	    : resolve_parts(session, names + strlen(names) + 1, count, parts,
		  &len);
	if (error == 0)
		request = ask_copy(session, parts, len, FS_COPY_JOIN);
	else
		errno = error;
	error = errno;
	free(parts);
	errno = error;
	return (long_ask(session, request, REFUSAL_FILE, &step_combined));
}

enum flow
verb_comb(struct session *session, const char *text)
{
	char names[INPUT_LINE_MAX + 1];
	size_t count;

	if (args_names(text, names, sizeof(names), &count) != ARGS_OK ||
	    count < 2)
		return (session_answer(session, 501,
		    "Syntax: COMB \"target\" \"part\" ..."));
	if (count - 1 > FS_COPY_SOURCES_MAX)
		return (session_answer(session, 501,
		    "At most %d parts can be combined.", FS_COPY_SOURCES_MAX));
	return (combine(session, names, count - 1));
}

static enum flow
combined(struct session *session)
{
	struct fs_answer answer;
	enum flow flow;

	if (!long_answer(session, &answer, REFUSAL_FILE, &flow))
		return (flow);
	session_log(session, INFO, "combined %s of %" PRIu64 " bytes",
	    session->path, answer.size);
	if (answer.entries != 0)
		return (session_answer(session, 250,
		    "Combined %" PRIu64 " bytes; %" PRIu32 " parts could not "
		    "be removed.",
		    answer.size, answer.entries));
	return (session_answer(session, 250, "Combined %" PRIu64 " bytes.",
	    answer.size));
}
