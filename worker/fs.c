#include "worker/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "shm/base/ensure.h"
#include "shm/base/fd.h"
#include "worker/clock.h"
#include "worker/fs_ask.h"
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

struct fs {
	struct worker *worker;
	struct broker_client *client;
	fs_handler handler;
	void *context;
	struct link_uv *link;     /* NULL: no agent */
	struct waiting *waiting;  /* the current question, not sent yet */
	struct deadline deadline; /* to report a failure, or to let go */
	uint32_t requests;        /* the last number */
	uint32_t current;         /* that the session waits for; 0: none */
	enum msg_type asked;      /* what it is */
	uint32_t forgotten;       /* questions whose answers are swallowed */
	uint32_t handle;          /* of the open upload; 0: none */
	uint32_t pipe;            /* question whose pipe is served; 0: none */
	bool asking;              /* an agent is asked for */
	bool piped;               /* the agent may still serve a pipe */
	int failed;               /* errno that answers the current question */
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

/* Nothing to do may mean that the agent can be let go, after a while. */
static void
settle(struct fs *fs)
{
	if (fs_busy(fs) || fs->link == NULL)
		return;
	deadline_set(fs->worker, &fs->deadline,
	    (uint64_t)fs->worker->conf->agent_idle * 1000);
}

/* The current question is answered with error, from the loop. */
static void
fail(struct fs *fs, int error)
{
	drop_waiting(fs);
	if (fs->current == 0)
		return;
	fs->failed = error;
	deadline_set(fs->worker, &fs->deadline, 0);
}

/* Everything that only this agent knew is gone with it. */
static void
lose_agent(struct fs *fs)
{
	link_uv_free(&fs->link);
	fs->handle = 0;
	fs->pipe = 0;
	fs->forgotten = 0;
	fs->piped = false;
}

static void
deliver(struct fs *fs, struct fs_answer *answer)
{
	fs->current = 0;
	fs->failed = 0;
	deadline_clear(&fs->deadline);
	settle(fs);
	fs->handler(answer, fs->context);
}

static void
expired(void *context)
{
	struct fs *fs = context;
	struct fs_answer answer = { .error = fs->failed, .fd = -1, .name = "" };

	if (fs->failed != 0)
		deliver(fs, &answer);
	else
		lose_agent(fs);
}

/* Answers ---------------------------------------------------------------- */

/* Whether the answer is the one that the session waits for. */
static bool
is_wanted(struct fs *fs, uint32_t request)
{
	if (request != 0 && request == fs->current && fs->waiting == NULL &&
	    fs->failed == 0)
		return (true);
	if (request != 0 && request == fs->pipe) {
		fs->pipe = 0;
		settle(fs);
	} else if (fs->forgotten > 0) {
		fs->forgotten--;
	}
	return (false);
}

static int
errno_of(int32_t error)
{
	return (error < 0 ? EIO : error);
}

static int
done(struct fs *fs, const struct message *message)
{
	const struct msg_fs_done *body = message->body;
	struct fs_answer answer = {
		.error = errno_of(body->error),
		.fd = -1,
		.size = body->size,
		.modified = body->modified,
		.modified_ns = body->modified_ns,
		.mode = body->mode,
		.entries = body->entries,
		.changed = body->entries,
		.gid = body->gid,
		.in_place = fs->asked == MSG_FS_STORE && body->entries != 0,
		.name = "",
	};

	if (!is_wanted(fs, body->request))
		return (0);
	/* Opening succeeds with a descriptor, or bytes, or not at all. */
	if (answer.error == 0 &&
	    (fs->asked == MSG_FS_OPEN || fs->asked == MSG_FS_CREATE ||
		fs->asked == MSG_FS_LIST_SHORT || fs->asked == MSG_FS_SPACE))
		return (-1);
	deliver(fs, &answer);
	return (0);
}

static void
send_discard(struct fs *fs, uint32_t handle)
{
	struct msg_fs_handle body = { .handle = handle };

	/* With its channel, an agent drops all that was begun on it. */
	if (link_uv_post(fs->link, MSG_FS_DISCARD, &body) == -1) {
		lose_agent(fs);
		fail(fs, EIO);
	}
}

/*
 * An account that has taken over its agent shall not get a descriptor on which
 * the worker would block, or a line end into a reply.
 */
static int
check_opened(const struct msg_fs_opened *body, const struct message *message)
{
	struct stat st;
	size_t i;

	if (message->len != body->name_len || message->len > FS_PATH_MAX)
		return (-1);
	for (i = 0; i < message->len; i++)
		if (message->bytes[i] == '\0' || message->bytes[i] == '\r' ||
		    message->bytes[i] == '\n')
			return (-1);
	if (message->fd == -1)
		return (0);
	if (fstat(message->fd, &st) == -1)
		return (-1);
	if (body->pipe != 0)
		return (S_ISFIFO(st.st_mode) ? 0 : -1);
	return (S_ISREG(st.st_mode) ? 0 : -1);
}

/* The file is open, but the worker is out of descriptors. */
static int
no_room(struct fs *fs, uint32_t handle)
{
	struct fs_answer answer = { .error = EMFILE, .fd = -1, .name = "" };

	worker_out_of_descriptors(fs->worker);
	if (handle != 0)
		send_discard(fs, handle);
	deliver(fs, &answer);
	return (0);
}

static int
opened(struct fs *fs, struct message *message)
{
	const struct msg_fs_opened *body = message->body;
	char name[FS_PATH_MAX + 1];
	struct fs_answer answer = {
		.handle = body->handle,
		.pipe = body->pipe != 0,
		.in_place = body->in_place != 0,
		.size = body->size,
		.modified = body->modified,
		.name = name,
	};

	if (check_opened(body, message) == -1)
		return (-1);
	if (!is_wanted(fs, body->request)) {
		if (body->handle != 0)
			send_discard(fs, body->handle);
		return (0);
	}
	if ((fs->asked != MSG_FS_OPEN || body->handle != 0) &&
	    (fs->asked != MSG_FS_CREATE || body->handle == 0))
		return (-1);
	if (message->fd == -1)
		return (no_room(fs, body->handle));
	memcpy(name, message->bytes, message->len);
	name[message->len] = '\0';
	answer.fd = message_take_fd(message);
	fs->handle = body->handle;
	fs->piped = fs->piped || answer.pipe;
	if (answer.pipe && body->handle == 0)
		fs->pipe = body->request;
	deliver(fs, &answer);
	return (0);
}

static int
contents(struct fs *fs, const struct message *message)
{
	const struct msg_fs_contents *body = message->body;
	struct fs_answer answer = {
		.fd = -1,
		.size = body->size,
		.modified = body->modified,
		.name = "",
		.contents = message->bytes,
	};

	if (message->len != body->size || body->size > FS_SMALL_MAX)
		return (-1);
	if (!is_wanted(fs, body->request))
		return (0);
	if (fs->asked != MSG_FS_OPEN && fs->asked != MSG_FS_LIST_SHORT)
		return (-1);
	deliver(fs, &answer);
	return (0);
}

static int
room(struct fs *fs, const struct message *message)
{
	const struct msg_fs_room *body = message->body;
	struct fs_answer answer = {
		.fd = -1,
		.size = sizeof(*body),
		.name = "",
		.contents = message->body,
	};

	if (message->len != 0)
		return (-1);
	if (!is_wanted(fs, body->request))
		return (0);
	if (fs->asked != MSG_FS_SPACE)
		return (-1);
	deliver(fs, &answer);
	return (0);
}

static int
receive(struct message *message, void *context)
{
	/* The table of messages lets agents send nothing else. */
	if (message->type == MSG_FS_OPENED)
		return (opened(context, message));
	if (message->type == MSG_FS_CONTENTS)
		return (contents(context, message));
	if (message->type == MSG_FS_ROOM)
		return (room(context, message));
	return (done(context, message));
}

static void
ended(void *context)
{
	struct fs *fs = context;

	lose_agent(fs);
	fail(fs, EIO);
}

static const struct link_uv_handlers link_handlers = { receive, ended, NULL };

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
	lose_agent(fs);
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

		settle(fs);
		errno = saved;
		return (0);
	}
	fs->requests = number;
	fs->current = number;
	fs->asked = question->type;
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
	send_discard(fs, handle);
	settle(fs);
}

void
fs_forget(struct fs *fs)
{
	if (fs->current != 0 && fs->waiting == NULL && fs->failed == 0)
		fs->forgotten++;
	drop_waiting(fs);
	deadline_clear(&fs->deadline);
	fs->failed = 0;
	fs->current = 0;
	fs->pipe = 0;
	settle(fs);
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
			fail(fs, error != 0 ? error : EIO);
		fs->asking = false;
		return;
	}
	fs->asking = false;
	fs->link =
	    link_uv_new(&fs->worker->loop, fd, ROLE_AGENT, &link_handlers, fs);
	if (fs->link == NULL) {
		fail(fs, errno);
		return;
	}
	channel_running(link_uv_channel(fs->link));
	if (send_waiting(fs) == -1) {
		fail(fs, errno == EPIPE ? EIO : errno);
		return;
	}
	drop_waiting(fs);
	settle(fs);
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
