#include "worker/ftp/verbs/hash.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shm/base/fd.h"
#include "worker/ftp/files.h"
#include "worker/ftp/verbs.h"
#include "worker/ftp/verbs/known.h"
#include "worker/hasher.h"
#include "worker/work.h"

/*
 *	HASH, XCRC ... --> hash/open --> hash --> command
 *
 * The agent opens the file, as for RETR; a thread reads it.  Meanwhile the
 * session is busy: what is answered aside is answered, and ABOR is heard.
 */
static enum flow opened(struct session *session);
static enum flow hashed(struct session *session);

static const struct step step_opened = { "hash/open", opened };
static const struct step step_hashed = { "hash", hashed };

struct hash {
	uint64_t range_end;  /* of RANG, when session->ranged */
	struct known *known; /* NULL: no upload was hashed */

	/* What is under way. */
	enum checksum_kind kind;
	bool extended; /* not HASH */
	bool ended;
	char *name; /* as the client gave it */
	struct args_range range;
	struct hasher *hasher;
	uint64_t seen; /* how far it was */
};

/* NULL when memory is short. */
static struct hash *
state_of(struct session *session)
{
	if (session->hash == NULL)
		session->hash = calloc(1, sizeof(*session->hash));
	return (session->hash);
}

static void
drop(struct hash *hash)
{
	hasher_free(&hash->hasher);
	free(hash->name);
	hash->name = NULL;
}

void
hash_free(struct hash **hash)
{
	if (*hash == NULL)
		return;
	drop(*hash);
	known_free(&(*hash)->known);
	free(*hash);
	*hash = NULL;
}

void
hash_remember(struct session *session, const struct stat *st,
    const struct checksum_texts *texts)
{
	struct hash *hash = state_of(session);

	if (hash != NULL)
		known_add(&hash->known, st, texts);
}

/* Ranges ----------------------------------------------------------------- */

enum flow
verb_rang(struct session *session, const char *text)
{
	struct args_range range;

	session->rest = 0;
	session->ranged = false;
	if (args_range(text, &range) != ARGS_OK)
		return (
		    session_answer(session, 501, "Syntax: RANG first last"));
	if (range.end == ARGS_RANGE_ALL)
		return (session_answer(session, 350, "The whole file again."));
	if (state_of(session) == NULL)
		return (files_refuse(session, ENOMEM, REFUSAL_FILE));
	session->hash->range_end = range.end;
	session->rest = range.start;
	session->ranged = true;
	return (session_answer(session, 350,
	    "Send HASH, RETR or STOR for bytes %" PRIu64 " to %" PRIu64 ".",
	    range.start, range.end - 1));
}

struct args_range
hash_take_range(struct session *session)
{
	struct args_range range = { session->rest, ARGS_RANGE_ALL };

	if (session->ranged)
		range.end = session->hash->range_end;
	session->rest = 0;
	session->ranged = false;
	return (range);
}

/* Algorithms ------------------------------------------------------------- */

void
hash_feature(const struct session *session, char out[HASH_FEATURE_MAX])
{
	enum checksum_kind kind;
	unsigned int i;
	int len;

	len = snprintf(out, HASH_FEATURE_MAX, "HASH");
	for (i = 0; i < CHECKSUM_COUNT; i++) {
		kind = (enum checksum_kind)i;
		if (!checksum_available(kind))
			continue;
		len += snprintf(out + len, (size_t)(HASH_FEATURE_MAX - len),
		    "%s%s%s", len == 4 ? " " : ";", checksum_name(kind),
		    kind == session->checksum ? "*" : "");
	}
}

enum flow
hash_opts(struct session *session, const char *text)
{
	enum checksum_kind kind = session->checksum;

	if (*text != '\0' &&
	    (!checksum_find(text, &kind) || !checksum_available(kind)))
		return (session_answer(session, 501,
		    "Unknown algorithm; it is %s still.",
		    checksum_name(session->checksum)));
	session->checksum = kind;
	return (session_answer(session, 200, "%s", checksum_name(kind)));
}

/* Files ------------------------------------------------------------------ */

/* Nothing is under way any more: the reply follows. */
static void
over(struct session *session)
{
	session_drop_question(session);
	/* The agent need not wait for the rest of a pipe to be read. */
	if (session->fs != NULL)
		fs_forget(session->fs);
	drop(session->hash);
	session->busy = false;
	session->cancelled = false;
}

static enum flow
refuse(struct session *session, int error)
{
	bool extended = session->hash->extended;
	struct refusal refusal = refusal_of(error, REFUSAL_FILE);

	over(session);
	switch (error) {
	case EBUSY:
		refusal.text = "The file is being changed.";
		break;
	case ERANGE:
		refusal.code = extended ? 550 : 556;
		refusal.text = "The file is shorter than the range.";
		break;
	case EFBIG:
		refusal.code = 552;
		refusal.text = "That is too much (hash_max_size).";
		break;
	case EISDIR:
	case EOPNOTSUPP:
	case ENXIO:
	case ENODEV:
		refusal.code = extended ? 550 : 553;
		break;
	default:
		break;
	}
	return (session_answer(session, refusal.code, "%s", refusal.text));
}

static enum flow
cancel(struct session *session)
{
	over(session);
	return (session_answer(session, 426, "%s",
	    session->drain == DRAIN_HARD ? "The server is going down."
					 : "Aborted."));
}

static enum flow
begin(struct session *session, const char *name, enum checksum_kind kind,
    bool extended, const struct args_range *range)
{
	struct hash *hash = state_of(session);
	int error;

	if (hash == NULL)
		return (files_refuse(session, ENOMEM, REFUSAL_FILE));
	if (!checksum_available(kind))
		return (session_answer(session, 504,
		    "%s cannot be computed here.", checksum_name(kind)));
	hash->kind = kind;
	hash->extended = extended;
	hash->range = *range;
	hash->ended = false;
	hash->seen = 0;
	hash->name = strdup(name);
	error = hash->name == NULL ? ENOMEM : files_path(session, name);
	if (error != 0)
		return (refuse(session, error));
	if (session_asked(session,
		fs_open_sum(session->fs, session->path, range->start,
		    range->end)) != 0)
		return (refuse(session, errno));
	session->busy = true;
	return (session_goto(session, &step_opened));
}

enum flow
verb_hash(struct session *session, const char *text)
{
	struct args_range range = { 0, ARGS_RANGE_ALL };

	/* REST is for transfers. */
	if (session->ranged)
		range = hash_take_range(session);
	session->rest = 0;
	return (begin(session, text, session->checksum, false, &range));
}

static enum flow
extended(struct session *session, const char *text, enum checksum_kind kind)
{
	char name[INPUT_LINE_MAX];
	struct args_range range;

	if (args_checksum(text, name, sizeof(name), &range) != ARGS_OK)
		return (session_answer(session, 501,
		    "Syntax: file, or \"file\" [start [end]]"));
	return (begin(session, name, kind, true, &range));
}

enum flow
verb_xcrc(struct session *session, const char *text)
{
	return (extended(session, text, CHECKSUM_CRC32));
}

enum flow
verb_xmd5(struct session *session, const char *text)
{
	return (extended(session, text, CHECKSUM_MD5));
}

enum flow
verb_xsha(struct session *session, const char *text)
{
	return (extended(session, text, CHECKSUM_SHA1));
}

enum flow
verb_xsha256(struct session *session, const char *text)
{
	return (extended(session, text, CHECKSUM_SHA256));
}

enum flow
verb_xsha512(struct session *session, const char *text)
{
	return (extended(session, text, CHECKSUM_SHA512));
}

static void
capitals(char *text)
{
	for (; *text != '\0'; text++)
		*text = (char)toupper((unsigned char)*text);
}

static enum flow
say(struct session *session, const char *sum)
{
	const struct args_range range = session->hash->range;
	char text[CHECKSUM_TEXT_MAX], *name = session->hash->name;
	enum checksum_kind kind = session->hash->kind;
	enum flow flow;

	(void)snprintf(text, sizeof(text), "%s", sum);
	/* Clients compare the digits of XCRC with capital ones. */
	if (session->hash->extended && kind == CHECKSUM_CRC32)
		capitals(text);
	session->hash->name = NULL;
	over(session);
	if (session->hash->extended)
		flow = session_answer(session, 250, "%s", text);
	else
		flow = session_answer(session, 213,
		    "%s %" PRIu64 "-%" PRIu64 " %s %s", checksum_name(kind),
		    range.start, range.end > 0 ? range.end - 1 : 0, text, name);
	free(name);
	return (flow);
}

static void
ended(void *context)
{
	struct session *session = context;

	session->hash->ended = true;
	session_run(session);
}

/*
 * Makes the range that of the file, which has size bytes.  0, or an errno.  A
 * range may go beyond the file's end, as with RETR; but not for the commands
 * whose reply does not say where it ended.
 */
static int
fit_range(struct session *session, uint64_t size)
{
	struct args_range *range = &session->hash->range;

	if (range->start > 0 && range->start >= size)
		return (ERANGE);
	if (range->end > size) {
		if (session->hash->extended && range->end != ARGS_RANGE_ALL)
			return (ERANGE);
		range->end = size;
	}
	return (0);
}

/* The sum of the whole file, if that came with this session; or NULL. */
static const char *
look_up(const struct hash *hash, const struct fs_answer *answer)
{
	struct stat st;

	if (hash->known == NULL || answer->fd == -1 || answer->pipe ||
	    fstat(answer->fd, &st) == -1 || hash->range.start != 0 ||
	    hash->range.end != (uint64_t)st.st_size)
		return (NULL);
	return (known_find(hash->known, &st, hash->kind));
}

/* Begins to read.  0, or an errno. */
static int
start(struct session *session, const struct fs_answer *answer)
{
	struct hash *hash = session->hash;
	struct hasher_source source = {
		.fd = answer->fd,
		.pipe = answer->pipe,
		.start = hash->range.start,
		.len = hash->range.end - hash->range.start,
	};

	if (answer->contents != NULL)
		source.bytes = session_take_contents(session);
	hash->hasher = hasher_new(session->worker, session->uid, &source,
	    hash->kind, ended, session);
	return (hash->hasher == NULL ? errno : 0);
}

/* A file that need not be read is closed like those that are: by a thread. */
static void
put_back(struct session *session, const struct fs_answer *answer)
{
	struct work *work;

	if (answer->fd == -1)
		return;
	work =
	    work_new(session->worker, answer->fd, answer->pipe, session->uid);
	work_free(&work);
}

static enum flow
opened(struct session *session)
{
	struct hash *hash = session->hash;
	const char *sum = NULL;
	struct fs_answer answer;
	enum flow flow;
	int error;

	if (session->cancelled)
		return (cancel(session));
	if (!files_answer_any(session, &answer, &flow))
		return (flow);
	error = answer.error;
	if (error == 0)
		error = fit_range(session,
		    (answer.contents != NULL ? hash->range.start : 0) +
			answer.size);
	if (error == 0)
		sum = look_up(hash, &answer);
	if (error == 0 && sum == NULL)
		error = start(session, &answer);
	else
		put_back(session, &answer);
	if (error != 0)
		return (refuse(session, error));
	if (sum != NULL) {
		session_log(session, DEBUG, "%s is known since it came",
		    session->path);
		return (say(session, sum));
	}
	return (session_goto(session, &step_hashed));
}

/* Whether not one byte was read for timeouts.stalled. */
static bool
is_stalled(struct session *session)
{
	uint64_t limit = session->host->timeout_stalled * UINT64_C(1000);
	struct hash *hash = session->hash;
	uint64_t done = hasher_done(hash->hasher);

	if (limit == 0 || !session_expired(session, limit))
		return (false);
	if (done == hash->seen)
		return (true);
	hash->seen = done;
	session->timed_out = false;
	return (session_expired(session, limit));
}

static enum flow
hashed(struct session *session)
{
	struct hash *hash = session->hash;
	const char *sum;
	int error;

	if (session->cancelled)
		return (cancel(session));
	if (!hash->ended && is_stalled(session))
		return (refuse(session, ETIMEDOUT));
	if (!hash->ended)
		return (session_wait(session, WAIT_WORK));
	error = hasher_result(hash->hasher, &sum);
	return (error != 0 ? refuse(session, error) : say(session, sum));
}

void
hash_tell(struct session *session)
{
	const struct hash *hash = session->hash;

	if (hash == NULL || hash->name == NULL) {
		reply_line(&session->reply, "%s: under way",
		    session->step->name);
		return;
	}
	reply_line(&session->reply, "%s of %s: %" PRIu64 " bytes so far",
	    checksum_name(hash->kind), session->path,
	    hash->hasher == NULL
		? 0
		: hasher_done(hash->hasher) - hash->range.start);
}
