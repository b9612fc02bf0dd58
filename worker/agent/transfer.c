#include "worker/agent/transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shm/base/fd.h"
#include "worker/agent/relay.h"
#include "worker/agent/resolve.h"
#include "worker/agent/session.h"
#include "worker/agent/upload.h"

/* Reading ---------------------------------------------------------------- */

static int
send_opened(struct session *session, const struct msg_fs_opened *body,
    const char *name, int fd)
{
	const struct channel_message message = {
		.type = MSG_FS_OPENED,
		.body = body,
		.pieces = { { name, body->name_len } },
		.fd = fd,
	};

	return (link_send(session->channel, &message));
}

/*
 * The worker sees how a download through a pipe ended by what it got: the end
 * of the pipe before the size that it was told is an error.
 */
static void
download_moved(void *context)
{
	struct task *task = context;

	if (relay_ended(task->relay))
		task_free(task);
}

/* Begins a relay and sends its pipe; the file stays the caller's. */
static int
open_relayed(struct session *session, struct msg_fs_opened *body,
    const struct relay_file *file)
{
	struct task *task;
	int pipe_end = -1, ret;

	task = task_new(session);
	if (task != NULL)
		task->relay = relay_new(session->agent->loop, RELAY_TO_PIPE,
		    file, &pipe_end, download_moved, task);
	if (task == NULL || task->relay == NULL) {
		ret = session_done(session, body->request, errno);
		if (task != NULL)
			task_free(task);
		return (ret);
	}
	body->pipe = 1;
	ret = send_opened(session, body, "", pipe_end);
	fd_close(&pipe_end);
	return (ret);
}

/*
 * Reads a small file whole, since that is cheaper than to pass its descriptor.
 * How many bytes there are from offset on; -1 when they cannot all be had so.
 */
static ssize_t
read_small(int fd, uint64_t offset, uint64_t end, uint8_t *bytes)
{
	size_t len = (size_t)(end - offset);
	ssize_t n;

	if (end - offset > FS_SMALL_MAX)
		return (-1);
	/* One byte more than there was tells whether it has grown. */
	do {
		n = pread(fd, bytes, len + 1, (off_t)offset);
	} while (n == -1 && errno == EINTR);
	return (n == (ssize_t)len ? n : -1);
}

/* 0, -1 when the worker does not take it, 1: not sent. */
static int
send_small(struct session *session, const struct msg_fs_open *request, int fd,
    const struct stat *st)
{
	static uint8_t bytes[FS_SMALL_MAX + 1];
	struct msg_fs_contents body;
	ssize_t len;

	len = read_small(fd, request->offset, (uint64_t)st->st_size, bytes);
	if (len == -1)
		return (1);
	memset(&body, 0, sizeof(body));
	body.request = request->request;
	body.size = (uint32_t)len;
	body.modified = st->st_mtim.tv_sec;
	return (session_contents(session, &body, bytes));
}

/* Passes a descriptor to read from. */
static int
send_file(struct session *session, const struct msg_fs_open *request, int fd,
    const struct stat *st)
{
	struct msg_fs_opened body;
	struct relay_file file = { fd, request->offset };

	memset(&body, 0, sizeof(body));
	body.request = request->request;
	body.size = (uint64_t)st->st_size;
	body.modified = st->st_mtim.tv_sec;
	return (storage_is_local(&session->agent->jail.storage, fd)
		? send_opened(session, &body, "", fd)
		: open_relayed(session, &body, &file));
}

/* For a checksum of no more than the rules allow. */
static int
open_to_sum(const struct jail *jail, const char *path,
    const struct msg_fs_open *request, struct stat *st)
{
	uint64_t most, end;
	struct place place;
	int fd, error;

	if (resolve_target(jail, path, ACCESS_READ, &place) == -1)
		return (-1);
	most = place.rules->hash_max_size;
	fd = open_regular_at(&place, ACCESS_READ, O_RDONLY, st);
	error = errno;
	resolve_free(&place);
	errno = error;
	if (fd == -1)
		return (-1);
	end = request->end < (uint64_t)st->st_size ? request->end
						   : (uint64_t)st->st_size;
	if (most == 0 || end < request->offset || end - request->offset <= most)
		return (fd);
	fd_close(&fd);
	errno = EFBIG;
	return (-1);
}

static int
open_to_read(const struct jail *jail, const char *path,
    const struct msg_fs_open *request, struct stat *st)
{
	enum fs_data data = (enum fs_data)request->data;

	if (data == FS_DATA_NONE)
		return (open_to_sum(jail, path, request, st));
	return (open_regular(jail, path, ACCESS_READ | access_transfer(data),
	    O_RDONLY, st));
}

int
transfer_open(struct session *session, struct message *message)
{
	const struct msg_fs_open *request = message->body;
	const size_t len = request->path_len;
	const struct jail *jail = &session->agent->jail;
	struct message_part part;
	char path[FS_PATH_MAX + 1];
	struct stat st;
	int fd, ret;

	if (message_split(message, &len, &part, 1) == -1 ||
	    !session_path(path, &part) || request->data > FS_DATA_PRIVATE)
		return (-1);
	fd = open_to_read(jail, path, request, &st);
	if (fd == -1)
		return (session_done(session, request->request, errno));
	if (request->offset > (uint64_t)st.st_size) {
		fd_close(&fd);
		return (session_done(session, request->request, ERANGE));
	}
	ret = send_small(session, request, fd, &st);
	if (ret == 1)
		ret = send_file(session, request, fd, &st);
	fd_close(&fd);
	return (ret);
}

/* Writing ---------------------------------------------------------------- */

static struct task *
find_upload(struct session *session, uint32_t handle)
{
	struct task *task;

	LIST_FOREACH (task, &session->tasks, link)
		if (task->upload != NULL && task->handle == handle)
			return (task);
	return (NULL);
}

/* Ends an upload whose bytes are all there, or that cannot get them. */
static int
finish(struct task *task)
{
	struct session *session = task->session;
	uint32_t request = task->request;
	int error = 0;

	if (task->relay != NULL)
		error = relay_error(task->relay);
	if (task->relay != NULL && error == 0 &&
	    relay_moved(task->relay) != task->commit_size)
		error = EIO;
	if (error == 0 &&
	    upload_commit(task->upload, task->commit_size,
		(enum fs_durability)task->commit_durability) == -1)
		error = errno;
	task_free(task);
	return (session_done(session, request, error));
}

/* Whether bytes are still in the pipe that the worker has written. */
static bool
is_draining(const struct task *task)
{
	return (task->relay != NULL && !relay_ended(task->relay) &&
	    relay_moved(task->relay) < task->commit_size);
}

static void
upload_moved(void *context)
{
	struct task *task = context;
	struct session *session = task->session;

	if (task->request != 0 && !is_draining(task) && finish(task) == -1)
		session_free(session);
}

/*
 * The descriptor for the worker: of the file, or of a pipe to it.  0, or -1
 * with errno; *pipe_end is for the caller to close.
 */
static int
open_sink(struct task *task, const struct upload_facts *facts, int *pipe_end)
{
	struct agent *agent = task->session->agent;
	struct relay_file file = { facts->fd, facts->start };

	*pipe_end = -1;
	if (storage_is_local(&agent->jail.storage, facts->fd))
		return (0);
	task->relay = relay_new(agent->loop, RELAY_TO_FILE, &file, pipe_end,
	    upload_moved, task);
	return (task->relay == NULL ? -1 : 0);
}

static int
begin_upload(struct task *task, const struct upload_request *request,
    uint32_t number)
{
	struct session *session = task->session;
	struct upload_facts facts;
	struct msg_fs_opened body;
	int pipe_end, ret;

	task->upload = upload_new(&session->agent->jail, request);
	if (task->upload == NULL)
		return (session_done(session, number, errno));
	upload_facts(task->upload, &facts);
	if (open_sink(task, &facts, &pipe_end) == -1) {
		ret = session_done(session, number, errno);
		upload_free(&task->upload);
		return (ret);
	}
	do {
		task->handle = ++session->last_handle;
	} while (task->handle == 0);
	memset(&body, 0, sizeof(body));
	body.request = number;
	body.handle = task->handle;
	body.size = facts.size;
	body.modified = facts.modified;
	body.pipe = task->relay != NULL;
	body.in_place = facts.in_place;
	body.sums = facts.sums;
	body.name_len = (uint32_t)strlen(facts.name);
	ret = send_opened(session, &body, facts.name,
	    task->relay != NULL ? pipe_end : facts.fd);
	fd_close(&pipe_end);
	return (ret);
}

int
transfer_create(struct session *session, struct message *message)
{
	const struct msg_fs_create *body = message->body;
	const size_t len = body->path_len;
	struct upload_request request;
	struct message_part part;
	char path[FS_PATH_MAX + 1];
	struct task *task;
	int ret;

	if (message_split(message, &len, &part, 1) == -1 ||
	    !session_path(path, &part) || body->how > FS_CREATE_RESUME ||
	    body->data > FS_DATA_PRIVATE)
		return (-1);
	request = (struct upload_request){
		.path = path,
		.how = (enum fs_create_how)body->how,
		.offset = body->offset,
		.mode = body->mode,
		.need = access_transfer((enum fs_data)body->data),
	};
	task = task_new(session);
	if (task == NULL)
		return (session_done(session, body->request, errno));
	ret = begin_upload(task, &request, body->request);
	if (task->upload == NULL)
		task_free(task);
	return (ret);
}

static int
store_small(struct session *session, const struct msg_fs_store *body,
    const struct upload_request *request, const struct message_part *bytes)
{
	struct upload_facts facts = { 0 };
	struct msg_fs_done done;
	struct upload *upload;

	memset(&done, 0, sizeof(done));
	done.request = body->request;
	upload = upload_new(&session->agent->jail, request);
	if (upload != NULL)
		upload_facts(upload, &facts);
	if (upload == NULL ||
	    fd_write_at(facts.fd, bytes->data, bytes->len, facts.start) == -1 ||
	    upload_commit(upload, bytes->len,
		(enum fs_durability)body->durability) == -1)
		done.error = errno;
	done.entries = facts.in_place;
	upload_free(&upload);
	return (link_post(session->channel, MSG_FS_DONE, &done));
}

int
transfer_store(struct session *session, struct message *message)
{
	const struct msg_fs_store *body = message->body;
	const size_t lens[2] = { body->path_len, body->size };
	struct upload_request request;
	struct message_part parts[2];
	char path[FS_PATH_MAX + 1];

	if (message_split(message, lens, parts, NITEMS(parts)) == -1 ||
	    !session_path(path, &parts[0]) || body->size > FS_SMALL_MAX ||
	    body->how > FS_CREATE_RESUME || body->how == FS_CREATE_UNIQUE ||
	    body->durability > FS_DURABLE_FULL || body->data > FS_DATA_PRIVATE)
		return (-1);
	request = (struct upload_request){
		.path = path,
		.how = (enum fs_create_how)body->how,
		.offset = body->offset,
		.mode = body->mode,
		.need = access_transfer((enum fs_data)body->data),
		.at_once = true,
	};
	return (store_small(session, body, &request, &parts[1]));
}

int
transfer_commit(struct session *session, struct message *message)
{
	const struct msg_fs_commit *body = message->body;
	struct task *task = find_upload(session, body->handle);

	if (message->len != 0 || body->request == 0 ||
	    body->durability > FS_DURABLE_FULL)
		return (-1);
	if (task == NULL)
		return (session_done(session, body->request, EBADF));
	if (task->request != 0)
		return (-1);
	task->request = body->request;
	task->commit_size = body->size;
	task->commit_durability = body->durability;
	return (is_draining(task) ? 0 : finish(task));
}

/* Not answered, but for a commit that it comes upon. */
int
transfer_discard(struct session *session, struct message *message)
{
	const struct msg_fs_handle *body = message->body;
	struct task *task = find_upload(session, body->handle);
	uint32_t request;

	if (message->len != 0)
		return (-1);
	if (task == NULL)
		return (0);
	request = task->request;
	task_free(task);
	return (request == 0 ? 0 : session_done(session, request, ECANCELED));
}
