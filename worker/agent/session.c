#include "worker/agent/session.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "shm/base/fd.h"
#include "worker/agent/change.h"
#include "worker/agent/chore.h"
#include "worker/agent/list.h"
#include "worker/agent/listing.h"
#include "worker/agent/ops.h"
#include "worker/agent/peek.h"
#include "worker/agent/relay.h"
#include "worker/agent/resolve.h"
#include "worker/agent/space.h"
#include "worker/agent/symlink.h"
#include "worker/agent/transfer.h"
#include "worker/agent/upload.h"

struct task *
task_new(struct session *session)
{
	struct task *task;

	if (session->ntasks >= SESSION_TASKS_MAX) {
		errno = EMFILE;
		return (NULL);
	}
	task = calloc(1, sizeof(*task));
	if (task == NULL)
		return (NULL);
	task->session = session;
	LIST_INSERT_HEAD(&session->tasks, task, link);
	if (session->ntasks++ == 0) {
		session->agent->busy++;
		session->agent->changed(session->agent);
	}
	return (task);
}

void
task_free(struct task *task)
{
	struct session *session = task->session;

	LIST_REMOVE(task, link);
	relay_free(&task->relay);
	upload_free(&task->upload);
	list_free(&task->list);
	chore_free(&task->chore);
	free(task);
	if (--session->ntasks == 0) {
		session->agent->busy--;
		session->agent->worked_at = loop_now();
		session->agent->changed(session->agent);
	}
}

int
session_contents(struct session *session, const struct msg_fs_contents *body,
    const void *bytes)
{
	const struct channel_message message = {
		.type = MSG_FS_CONTENTS,
		.body = body,
		.pieces = { { bytes, body->size } },
		.fd = -1,
	};

	return (link_send(session->channel, &message));
}

int
session_done(struct session *session, uint32_t request, int error)
{
	struct msg_fs_done done;

	memset(&done, 0, sizeof(done));
	done.request = request;
	done.error = error;
	return (link_post(session->channel, MSG_FS_DONE, &done));
}

bool
session_path(char *out, const struct message_part *path)
{
	if (!resolve_valid(path->data, path->len))
		return (false);
	memcpy(out, path->data, path->len);
	out[path->len] = '\0';
	return (true);
}

/* The one path that makes up the variable part. */
static int
take_path(const struct message *message, size_t len,
    struct ops_request *request)
{
	struct message_part path;

	return (message_split(message, &len, &path, 1) == -1 ||
		    !session_path(request->path, &path)
		? -1
		: 0);
}

static int
parse_path(const struct message *message, struct ops_request *request)
{
	const struct msg_fs_path *body = message->body;

	request->request = body->request;
	request->mode = body->mode;
	if (body->data > FS_DATA_PRIVATE)
		return (-1);
	request->data = (enum fs_data)body->data;
	return (take_path(message, body->path_len, request));
}

static int
parse_rename(const struct message *message, struct ops_request *request)
{
	const struct msg_fs_rename *body = message->body;
	const size_t lens[2] = { body->from_len, body->to_len };
	struct message_part paths[2];

	request->request = body->request;
	return (message_split(message, lens, paths, 2) == -1 ||
		    !session_path(request->path, &paths[0]) ||
		    !session_path(request->other, &paths[1])
		? -1
		: 0);
}

/* Terminates what came in a message, but for what is too long or has a NUL. */
static bool
take_text(char *out, size_t size, const struct message_part *part)
{
	if (part->len >= size || memchr(part->data, '\0', part->len) != NULL)
		return (false);
	memcpy(out, part->data, part->len);
	out[part->len] = '\0';
	return (true);
}

static bool
is_time(const struct fs_time *time)
{
	return (time->nanoseconds < 1000000000);
}

static int
parse_change(const struct message *message, struct ops_request *request)
{
	const struct msg_fs_change *body = message->body;
	const size_t lens[2] = { body->path_len, body->group_len };
	struct message_part parts[2];

	request->request = body->request;
	request->change = &body->change;
	return (message_split(message, lens, parts, 2) == -1 ||
		    !session_path(request->path, &parts[0]) ||
		    !take_text(request->other, sizeof(request->other),
			&parts[1]) ||
		    !is_time(&body->change.modified) ||
		    !is_time(&body->change.accessed)
		? -1
		: 0);
}

static int
parse_symlink(const struct message *message, struct ops_request *request)
{
	const struct msg_fs_symlink *body = message->body;
	const size_t lens[2] = { body->path_len, body->target_len };
	struct message_part parts[2];

	request->request = body->request;
	return (message_split(message, lens, parts, 2) == -1 ||
		    !session_path(request->path, &parts[0]) ||
		    !take_text(request->other, sizeof(request->other),
			&parts[1])
		? -1
		: 0);
}

static int
tell_room(struct session *session, struct message *message)
{
	const struct msg_fs_space *body = message->body;
	struct ops_request request;
	struct msg_fs_room room;

	if (take_path(message, body->path_len, &request) == -1)
		return (-1);
	if (space_look(&session->agent->jail, request.path, &room) == -1)
		return (session_done(session, body->request, errno));
	room.request = body->request;
	room.wanted = body->wanted;
	return (link_post(session->channel, MSG_FS_ROOM, &room));
}

/*
 * What the agent does for each request: either it parses it and lets an
 * operation answer at once, or the request has a handler of its own.
 */
static const struct request_rule {
	bool changes; /* refused to an account that may only read */
	int (*parse)(const struct message *, struct ops_request *);
	ops_function operation;
	int (*handle)(struct session *, struct message *);
} rules[MSG_COUNT] = {
	[MSG_FS_STAT] = { false, parse_path, ops_stat, NULL },
	[MSG_FS_CHDIR] = { false, parse_path, ops_chdir, NULL },
	[MSG_FS_MKDIR] = { true, parse_path, ops_mkdir, NULL },
	[MSG_FS_RMDIR] = { true, parse_path, ops_rmdir, NULL },
	[MSG_FS_UNLINK] = { true, parse_path, ops_unlink, NULL },
	[MSG_FS_RENAME] = { true, parse_rename, ops_rename, NULL },
	[MSG_FS_CHANGE] = { true, parse_change, change, NULL },
	[MSG_FS_SYMLINK] = { true, parse_symlink, symlink_make, NULL },
	[MSG_FS_OPEN] = { false, NULL, NULL, transfer_open },
	[MSG_FS_CREATE] = { true, NULL, NULL, transfer_create },
	[MSG_FS_STORE] = { true, NULL, NULL, transfer_store },
	[MSG_FS_COMMIT] = { false, NULL, NULL, transfer_commit },
	[MSG_FS_DISCARD] = { false, NULL, NULL, transfer_discard },
	[MSG_FS_LIST] = { false, NULL, NULL, listing_list },
	[MSG_FS_LIST_SHORT] = { false, NULL, NULL, listing_short },
	[MSG_FS_COPY] = { true, NULL, NULL, chore_copy },
	[MSG_FS_ERASE] = { true, NULL, NULL, chore_erase },
	[MSG_FS_CANCEL] = { false, NULL, NULL, chore_cancel },
	[MSG_FS_SPACE] = { false, NULL, NULL, tell_room },
	[MSG_FS_PEEK] = { false, NULL, NULL, peek },
};

static int
operate(struct session *session, const struct request_rule *rule,
    const struct message *message)
{
	struct ops_request request;
	struct msg_fs_done done;

	memset(&request, 0, offsetof(struct ops_request, path));
	request.path[0] = request.other[0] = '\0';
	if (rule->parse(message, &request) == -1)
		return (-1);
	memset(&done, 0, sizeof(done));
	done.request = request.request;
	if (rule->operation(&session->agent->jail, &request, &done) == -1)
		done.error = errno;
	return (link_post(session->channel, MSG_FS_DONE, &done));
}

static int
handle_message(struct message *message, void *context)
{
	const struct request_rule *rule = &rules[message->type];
	struct session *session = context;
	uint32_t request;

	session->agent->worked_at = loop_now();
	if (rule->changes && session->agent->jail.read_only) {
		/* Every request begins with its number. */
		memcpy(&request, message->body, sizeof(request));
		return (session_done(session, request, EROFS));
	}
	if (rule->operation != NULL)
		return (operate(session, rule, message));
	return (rule->handle == NULL ? -1 : rule->handle(session, message));
}

static void
handle_end(void *context)
{
	session_free(context);
}

void
session_new(struct agent *agent, int fd)
{
	static const struct link_handlers handlers = { handle_message,
		handle_end };
	struct session *session;

	session = calloc(1, sizeof(*session));
	if (session == NULL) {
		fd_close(&fd);
		return;
	}
	session->agent = agent;
	session->channel = link_new(agent->loop, fd, ROLE_AGENT, ROLE_WORKER,
	    &handlers, session);
	if (session->channel == NULL) {
		free(session);
		return;
	}
	channel_running(link_channel(session->channel));
	LIST_INIT(&session->tasks);
	LIST_INSERT_HEAD(&agent->sessions, session, link);
	agent->attached++;
	agent->worked_at = loop_now();
	agent->changed(agent);
}

void
session_free(struct session *session)
{
	struct agent *agent = session->agent;
	struct task *task, *next;

	for (task = LIST_FIRST(&session->tasks); task != NULL; task = next) {
		next = LIST_NEXT(task, link);
		task_free(task);
	}
	link_free(&session->channel);
	LIST_REMOVE(session, link);
	free(session);
	agent->attached--;
	agent->changed(agent);
}
