#include "worker/agent/listing.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "shm/base/fd.h"
#include "worker/agent/list.h"
#include "worker/agent/resolve.h"
#include "worker/agent/session.h"

static void
list_ended(const struct list_end *end, void *context)
{
	struct task *task = context;
	struct session *session = task->session;
	struct msg_fs_done done;

	memset(&done, 0, sizeof(done));
	done.request = task->request;
	done.error = end->error;
	done.entries = end->entries;
	done.mode = end->cut;
	task_free(task);
	if (link_post(session->channel, MSG_FS_DONE, &done) == -1)
		session_free(session);
}

/* The end of a pipe that may be written to, and nothing else. */
static bool
is_writable_pipe(int fd)
{
	struct stat st;
	int flags = fcntl(fd, F_GETFL);

	return (flags != -1 && (flags & O_ACCMODE) == O_WRONLY &&
	    fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode));
}

static int
begin_list(struct session *session, const struct list_request *request,
    int pipe)
{
	struct task *task;
	int ret;

	task = task_new(session);
	if (task == NULL) {
		ret = session_done(session, request->body->request, errno);
		fd_close(&pipe);
		return (ret);
	}
	task->request = request->body->request;
	task->list = list_new(session->agent->loop, &session->agent->jail,
	    request, pipe, list_ended, task);
	if (task->list != NULL)
		return (0);
	ret = session_done(session, task->request, errno);
	task_free(task);
	return (ret);
}

/* A request with its path terminated. */
struct parsed {
	struct list_request request;
	char path[FS_PATH_MAX + 1];
};

/* The patterns begin where a component does, if there are any. */
static bool
has_pattern_at(const struct msg_fs_list *body, const char *path)
{
	return (body->pattern == 0 ||
	    (body->pattern < body->path_len && path[body->pattern - 1] == '/'));
}

static int
parse(const struct message *message, struct parsed *parsed)
{
	const struct msg_fs_list *body = message->body;
	const size_t lens[4] = { body->path_len, body->prefix_len,
		body->user_len, body->group_len };
	struct message_part parts[4];

	if (message_split(message, lens, parts, NITEMS(parts)) == -1 ||
	    !session_path(parsed->path, &parts[0]) ||
	    parts[1].len > FS_PATH_MAX || body->format > FS_LIST_FACTS ||
	    body->order >= FS_ORDER_COUNT || body->data > FS_DATA_PRIVATE ||
	    !has_pattern_at(body, parsed->path))
		return (-1);
	parsed->request.body = body;
	parsed->request.path = parsed->path;
	parsed->request.prefix = parts[1].data;
	parsed->request.user = parts[2].data;
	parsed->request.group = parts[3].data;
	return (0);
}

int
listing_list(struct session *session, struct message *message)
{
	const struct msg_fs_list *body = message->body;
	struct parsed parsed;

	if (parse(message, &parsed) == -1)
		return (-1);
	if (message->fd == -1)
		return (session_done(session, body->request, EMFILE));
	if (!is_writable_pipe(message->fd))
		return (-1);
	return (begin_list(session, &parsed.request, message_take_fd(message)));
}

/* What the path leads to, if to anything. */
static mode_t
mode_of(const struct jail *jail, const char *path)
{
	struct stat st;
	int fd = resolve_open(jail, path, ACCESS_LOOK, O_PATH);
	int ret = fd == -1 ? -1 : fstat(fd, &st);

	fd_close(&fd);
	return (ret == -1 ? 0 : st.st_mode);
}

static int
refuse(struct session *session, const struct parsed *parsed, int error)
{
	struct msg_fs_done done;

	memset(&done, 0, sizeof(done));
	done.request = parsed->request.body->request;
	done.error = error;
	if (error == ENOTDIR)
		done.mode = mode_of(&session->agent->jail, parsed->path);
	return (link_post(session->channel, MSG_FS_DONE, &done));
}

int
listing_short(struct session *session, struct message *message)
{
	struct msg_fs_contents body;
	struct parsed parsed;
	struct list *list;
	const char *text;
	size_t len;
	int ret;

	if (parse(message, &parsed) == -1)
		return (-1);
	list = list_short(&session->agent->jail, &parsed.request);
	if (list == NULL)
		return (refuse(session, &parsed, errno));
	memset(&body, 0, sizeof(body));
	body.request = parsed.request.body->request;
	text = list_text(list, &len);
	body.size = (uint32_t)len;
	ret = session_contents(session, &body, text);
	list_free(&list);
	return (ret);
}
