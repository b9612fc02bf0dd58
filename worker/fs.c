#include "worker/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "shm/base/ensure.h"
#include "shm/base/fd.h"
#include "worker/clock.h"
#include "worker/fs_ask.h"
#include "worker/fs_own.h"
#include "worker/link_uv.h"
#include "worker/worker.h"

/* A client that aborts one command after the other gets no further than this
 * with an agent that does not answer. */
#define FORGOTTEN_MAX 8

/* How long an ended session's channel waits for the account's next one. */
#define KEPT_MS 5000

#define BODY_MAX 80

/* A question that waits for an agent. */
struct waiting {
	enum msg_type type;
	int fd;
	size_t len; /* of bytes */
	union {
		uint64_t align;
		uint8_t bytes[BODY_MAX];
	} body;
	uint8_t bytes[];
};

static void
drop_waiting(struct fs *fs)
{
	if (fs->waiting != NULL)
		fd_close(&fs->waiting->fd);
	free(fs->waiting);
	fs->waiting = NULL;
}

bool
fs_busy(const struct fs *fs)
{
	return (fs->current != 0 || fs->handle != 0 || fs->pipe != 0);
}

void
fs_settle(struct fs *fs)
{
	if (fs_busy(fs) || fs->link == NULL)
		return;
	deadline_set(fs->worker, &fs->deadline,
	    (uint64_t)fs->worker->conf->agent_idle * 1000);
}

void
fs_fail(struct fs *fs, int error)
{
	drop_waiting(fs);
	if (fs->current == 0)
		return;
	fs->failed = error;
	deadline_set(fs->worker, &fs->deadline, 0);
}

void
fs_lose_agent(struct fs *fs)
{
	link_uv_free(&fs->link);
	fs->handle = 0;
	fs->pipe = 0;
	fs->forgotten = 0;
	fs->piped = false;
}

void
fs_deliver(struct fs *fs, struct fs_answer *answer)
{
	fs->current = 0;
	fs->failed = 0;
	deadline_clear(&fs->deadline);
	fs_settle(fs);
	fs->handler(answer, fs->context);
}

static void
expired(void *context)
{
	struct fs *fs = context;
	struct fs_answer answer = { .error = fs->failed, .fd = -1, .name = "" };

	if (fs->failed != 0)
		fs_deliver(fs, &answer);
	else
		fs_lose_agent(fs);
}

static void
ended(void *context)
{
	struct fs *fs = context;

	fs_lose_agent(fs);
	fs_fail(fs, EIO);
}

static const struct link_uv_handlers link_handlers = { fs_receive, ended,
	NULL };

/* Questions -------------------------------------------------------------- */

static int
send_question(struct fs *fs, const struct fs_question *question)
{
	struct channel_message message = {
		.type = question->type,
		.body = question->body,
		.fd = question->fd,
	};

	memcpy(message.pieces, question->pieces, sizeof(message.pieces));
	return (link_uv_send(fs->link, &message));
}

static int
keep(struct fs *fs, const struct fs_question *question)
{
	struct waiting *waiting;
	size_t i, at = 0, len = 0;

	for (i = 0; i < NITEMS(question->pieces); i++)
		len += question->pieces[i].len;
	waiting = malloc(sizeof(*waiting) + len);
	if (waiting == NULL)
		return (-1);
	waiting->type = question->type;
	waiting->fd = -1;
	waiting->len = len;
	ensure(question->body_len <= sizeof(waiting->body));
	memcpy(waiting->body.bytes, question->body, question->body_len);
	for (i = 0; i < NITEMS(question->pieces); i++) {
		if (question->pieces[i].len > 0)
			memcpy(waiting->bytes + at, question->pieces[i].data,
			    question->pieces[i].len);
		at += question->pieces[i].len;
	}
	fs->waiting = waiting;
	if (question->fd == -1)
		return (0);
	waiting->fd = fcntl(question->fd, F_DUPFD_CLOEXEC, 3);
	if (waiting->fd != -1)
		return (0);
	drop_waiting(fs);
	return (-1);
}

/* The question waits, and an agent is asked for. */
static int
send_later(struct fs *fs, const struct fs_question *question)
{
	/* An upload that has lost its agent is lost. */
	if (question->type == MSG_FS_COMMIT) {
		errno = EIO;
		return (-1);
	}
	if (keep(fs, question) == -1)
		return (-1);
	if (!fs->asking) {
		fs->asking = true;
		broker_ask_agent(fs->client);
	}
	return (0);
}

/* Takes over a channel that a session of the same account has left. */
static void
take_kept(struct fs *fs)
{
	if (fs->asking)
		return;
	fs->link = broker_kept_agent(fs->client);
	if (fs->link != NULL)
		link_uv_adopt(fs->link, &link_handlers, fs);
}

static int
send_now_or_later(struct fs *fs, const struct fs_question *question)
{
	if (fs->link == NULL)
		take_kept(fs);
	if (fs->link == NULL)
		return (send_later(fs, question));
	if (send_question(fs, question) == 0)
		return (0);
	if (errno != EPIPE)
		return (-1);
	/* It has died since it was last heard of. */
	fs_lose_agent(fs);
	return (send_later(fs, question));
}

uint32_t
fs_ask(struct fs *fs, const struct fs_question *question)
{
	uint32_t number = fs->requests + 1;

	ensure(fs->current == 0);
	if (fs->forgotten >= FORGOTTEN_MAX) {
		errno = EAGAIN;
		return (0);
	}
	if (number == 0)
		number = 1;
	memcpy(question->body, &number, sizeof(number));
	deadline_clear(&fs->deadline);
	fs->pipe = 0;
	if (send_now_or_later(fs, question) == -1) {
		int saved = errno;

		fs_settle(fs);
		errno = saved;
		return (0);
	}
	fs->requests = number;
	fs->current = number;
	fs->asked = question->type;
	fs->heard = worker_now(fs->worker);
	return (number);
}

bool
fs_take_handle(struct fs *fs, uint32_t handle)
{
	if (handle == 0 || handle != fs->handle)
		return (false);
	fs->handle = 0;
	return (true);
}

void
fs_discard(struct fs *fs, uint32_t handle)
{
	if (!fs_take_handle(fs, handle))
		return;
	fs_send_discard(fs, handle);
	fs_settle(fs);
}

uint64_t
fs_heard(const struct fs *fs)
{
	return (fs->heard);
}

/* What takes an agent long is not only forgotten, but ended. */
static void
cancel(struct fs *fs)
{
	struct msg_fs_handle body = { .request = fs->current };

	fs->forgotten++;
	if (fs->asked != MSG_FS_COPY && fs->asked != MSG_FS_ERASE)
		return;
	if (link_uv_post(fs->link, MSG_FS_CANCEL, &body) == -1)
		fs_lose_agent(fs);
}

void
fs_forget(struct fs *fs)
{
	if (fs->current != 0 && fs->waiting == NULL && fs->failed == 0 &&
	    fs->link != NULL)
		cancel(fs);
	drop_waiting(fs);
	deadline_clear(&fs->deadline);
	fs->failed = 0;
	fs->current = 0;
	fs->pipe = 0;
	fs_settle(fs);
}

/* Agent ------------------------------------------------------------------ */

static int
send_waiting(struct fs *fs)
{
	const struct waiting *waiting = fs->waiting;
	struct channel_message message = { .fd = -1 };

	if (waiting == NULL)
		return (0);
	message.type = waiting->type;
	message.body = waiting->body.bytes;
	message.pieces[0].data = waiting->bytes;
	message.pieces[0].len = waiting->len;
	message.fd = waiting->fd;
	return (link_uv_send(fs->link, &message));
}

void
fs_agent(struct fs *fs, int fd, int error)
{
	if (!fs->asking || fd == -1) {
		fd_close(&fd);
		if (fs->asking)
			fs_fail(fs, error != 0 ? error : EIO);
		fs->asking = false;
		return;
	}
	fs->asking = false;
	fs->link =
	    link_uv_new(&fs->worker->loop, fd, ROLE_AGENT, &link_handlers, fs);
	if (fs->link == NULL) {
		fs_fail(fs, errno);
		return;
	}
	channel_running(link_uv_channel(fs->link));
	if (send_waiting(fs) == -1) {
		fs_fail(fs, errno == EPIPE ? EIO : errno);
		return;
	}
	drop_waiting(fs);
	fs_settle(fs);
}

struct fs *
fs_new(struct worker *worker, struct broker_client *client, fs_handler handler,
    void *context)
{
	struct fs *fs = calloc(1, sizeof(*fs));

	if (fs == NULL)
		return (NULL);
	fs->worker = worker;
	fs->client = client;
	fs->handler = handler;
	fs->context = context;
	deadline_init(&fs->deadline, expired, fs);
	return (fs);
}

/* Whether the agent has forgotten the session but for its channel. */
static bool
is_clean(const struct fs *fs)
{
	return (fs->link != NULL && !fs_busy(fs) && fs->forgotten == 0 &&
	    !fs->piped && !channel_wants_write(link_uv_channel(fs->link)));
}

/* For no longer than the agent would have been kept otherwise. */
static void
leave_agent(struct fs *fs)
{
	uint64_t left;

	if (!is_clean(fs) || !deadline_is_set(&fs->deadline))
		return;
	left = deadline_left(fs->worker, &fs->deadline);
	if (left > 0)
		broker_keep_agent(fs->client, &fs->link,
		    left < KEPT_MS ? left : KEPT_MS);
}

void
fs_free(struct fs **fs)
{
	struct fs *ending = *fs;

	if (ending == NULL)
		return;
	*fs = NULL;
	if (ending->asking)
		broker_forget_agent(ending->client);
	drop_waiting(ending);
	leave_agent(ending);
	deadline_clear(&ending->deadline);
	link_uv_free(&ending->link);
	free(ending);
}
