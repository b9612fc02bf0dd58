/* What an agent answers, for the session. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "shm/base/fd.h"
#include "worker/fs_own.h"
#include "worker/link_uv.h"
#include "worker/worker.h"

/* Whether the answer is the one that the session waits for. */
static bool
is_wanted(struct fs *fs, uint32_t request)
{
	if (request != 0 && request == fs->current && fs->waiting == NULL &&
	    fs->failed == 0)
		return (true);
	if (request != 0 && request == fs->pipe) {
		fs->pipe = 0;
		fs_settle(fs);
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
		fs->asked == MSG_FS_LIST_SHORT || fs->asked == MSG_FS_SPACE ||
		fs->asked == MSG_FS_ERASE || fs->asked == MSG_FS_PEEK))
		return (-1);
	fs_deliver(fs, &answer);
	return (0);
}

void
fs_send_discard(struct fs *fs, uint32_t handle)
{
	struct msg_fs_handle body = { .handle = handle };

	/* With its channel, an agent drops all that was begun on it. */
	if (link_uv_post(fs->link, MSG_FS_DISCARD, &body) == -1) {
		fs_lose_agent(fs);
		fs_fail(fs, EIO);
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
		fs_send_discard(fs, handle);
	fs_deliver(fs, &answer);
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
		.entries = body->sums,
		.size = body->size,
		.modified = body->modified,
		.name = name,
	};

	if (check_opened(body, message) == -1)
		return (-1);
	if (!is_wanted(fs, body->request)) {
		if (body->handle != 0)
			fs_send_discard(fs, body->handle);
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
	fs_deliver(fs, &answer);
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
	if (fs->asked != MSG_FS_OPEN && fs->asked != MSG_FS_LIST_SHORT &&
	    (fs->asked != MSG_FS_PEEK || body->size > FS_PEEK_MAX))
		return (-1);
	fs_deliver(fs, &answer);
	return (0);
}

/* The body itself is the answer to the question of type asked. */
static int
facts(struct fs *fs, const struct message *message, enum msg_type asked,
    size_t len)
{
	struct fs_answer answer = {
		.fd = -1,
		.size = len,
		.name = "",
		.contents = message->body,
	};
	uint32_t request;

	memcpy(&request, message->body, sizeof(request));
	if (message->len != 0)
		return (-1);
	if (!is_wanted(fs, request))
		return (0);
	if (fs->asked != asked)
		return (-1);
	fs_deliver(fs, &answer);
	return (0);
}

/* Of a question that was forgotten, too. */
static int
alive(struct fs *fs, const struct message *message)
{
	const struct msg_fs_alive *body = message->body;

	if (message->len != 0)
		return (-1);
	if (body->request == fs->current)
		fs->heard = worker_now(fs->worker);
	return (0);
}

int
fs_receive(struct message *message, void *context)
{
	/* The table of messages lets agents send nothing else. */
	if (message->type == MSG_FS_OPENED)
		return (opened(context, message));
	if (message->type == MSG_FS_CONTENTS)
		return (contents(context, message));
	if (message->type == MSG_FS_ROOM)
		return (facts(context, message, MSG_FS_SPACE,
		    sizeof(struct msg_fs_room)));
	if (message->type == MSG_FS_ERASED)
		return (facts(context, message, MSG_FS_ERASE,
		    sizeof(struct msg_fs_erased)));
	if (message->type == MSG_FS_ALIVE)
		return (alive(context, message));
	return (done(context, message));
}
