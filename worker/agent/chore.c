#include "worker/agent/chore.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "worker/agent/copy.h"
#include "worker/agent/erase.h"
#include "worker/agent/session.h"

#define TURN_MS  5    /* for one chore in a turn of the loop */
#define ALIVE_MS 5000 /* between two signs of life */

struct chore {
	struct task *task;
	struct loop_timer *timer;
	uint64_t told; /* loop_now(), of the last sign of life */
	struct copy *copy;
	struct erase *erase;
};

static int
step(struct chore *chore)
{
	return (chore->copy != NULL ? copy_step(chore->copy)
				    : erase_step(chore->erase));
}

static struct msg_fs_done
copied(uint32_t request, int error, const struct copy *copy)
{
	struct msg_fs_done done;

	memset(&done, 0, sizeof(done));
	done.request = request;
	done.error = error;
	done.size = copy_moved(copy);
	done.entries = copy_left(copy);
	return (done);
}

static struct msg_fs_erased
erased(uint32_t request, const struct erase *erase)
{
	const struct erase_counts *counts = erase_counts(erase);
	struct msg_fs_erased body;

	memset(&body, 0, sizeof(body));
	body.request = request;
	body.error = counts->error;
	body.files = counts->files;
	body.directories = counts->directories;
	body.failed = counts->failed;
	return (body);
}

/* What was not completed is gone before anybody hears of that. */
static void
finish(struct chore *chore, int error)
{
	struct session *session = chore->task->session;
	uint32_t request = chore->task->request;
	struct msg_fs_done done;
	struct msg_fs_erased body;
	int ret;

	if (chore->copy != NULL) {
		done = copied(request, error, chore->copy);
		task_free(chore->task);
		ret = link_post(session->channel, MSG_FS_DONE, &done);
	} else {
		body = erased(request, chore->erase);
		task_free(chore->task);
		ret = link_post(session->channel, MSG_FS_ERASED, &body);
	}
	if (ret == -1)
		session_free(session);
}

/* false: the worker does not take it; the session is gone. */
static bool
live(struct chore *chore)
{
	struct session *session = chore->task->session;
	struct msg_fs_alive alive;

	if (loop_now() - chore->told < ALIVE_MS)
		return (true);
	chore->told = loop_now();
	memset(&alive, 0, sizeof(alive));
	alive.request = chore->task->request;
	if (link_post(session->channel, MSG_FS_ALIVE, &alive) == 0)
		return (true);
	session_free(session);
	return (false);
}

static void
turn(void *context)
{
	struct chore *chore = context;
	uint64_t end = loop_now() + TURN_MS;
	int ret;

	do {
		ret = step(chore);
	} while (ret == 1 && loop_now() < end);
	if (ret != 1)
		finish(chore, ret == -1 ? errno : 0);
	else if (live(chore))
		loop_timer_set(chore->timer, 0);
}

static struct chore *
chore_new(struct task *task)
{
	struct chore *chore = calloc(1, sizeof(*chore));

	if (chore == NULL)
		return (NULL);
	chore->task = task;
	chore->told = loop_now();
	chore->timer = loop_timer(task->session->agent->loop, turn, chore);
	if (chore->timer == NULL)
		chore_free(&chore);
	return (chore);
}

void
chore_free(struct chore **chore)
{
	struct chore *ended = *chore;

	if (ended == NULL)
		return;
	*chore = NULL;
	loop_timer_free(&ended->timer);
	copy_free(&ended->copy);
	erase_free(&ended->erase);
	free(ended);
}

/* NULL with errno. */
static struct task *
begin(struct session *session, uint32_t request)
{
	struct task *task = task_new(session);

	if (task == NULL)
		return (NULL);
	task->request = request;
	task->chore = chore_new(task);
	if (task->chore != NULL)
		return (task);
	task_free(task);
	errno = ENOMEM;
	return (NULL);
}

/* It has begun, unless there is an error: then it is answered. */
static int
go_on(struct task *task, int error)
{
	struct session *session = task->session;
	uint32_t request = task->request;

	if (error == 0) {
		loop_timer_set(task->chore->timer, 0);
		return (0);
	}
	task_free(task);
	return (session_done(session, request, error));
}

/*
 * Whether these are so many paths as a worker sends them, each terminated.
 * *count is how many.
 */
static bool
check_sources(const struct message_part *part, size_t *count)
{
	const uint8_t *at = part->data, *end = at + part->len, *nul;
	char path[FS_PATH_MAX + 1];

	for (*count = 0; at < end; at = nul + 1) {
		nul = memchr(at, '\0', (size_t)(end - at));
		if (nul == NULL || ++*count > FS_COPY_SOURCES_MAX ||
		    !session_path(path,
			&(struct message_part){ at, (size_t)(nul - at) }))
			return (false);
	}
	return (*count > 0);
}

int
chore_copy(struct session *session, struct message *message)
{
	const struct msg_fs_copy *body = message->body;
	const size_t lens[2] = { body->path_len, body->sources_len };
	struct copy_request request = { .mode = body->mode,
		.durability = (enum fs_durability)body->durability,
		.join = (body->flags & FS_COPY_JOIN) != 0 };
	struct message_part parts[2];
	char path[FS_PATH_MAX + 1];
	struct task *task;

	if (message_split(message, lens, parts, NITEMS(parts)) == -1 ||
	    !session_path(path, &parts[0]) ||
	    !check_sources(&parts[1], &request.count) ||
	    body->durability > FS_DURABLE_FULL ||
	    (!request.join && request.count != 1))
		return (-1);
	request.target = path;
	request.sources = (const char *)parts[1].data;
	task = begin(session, body->request);
	if (task == NULL)
		return (session_done(session, body->request, errno));
	task->chore->copy = copy_new(&session->agent->jail, &request);
	return (go_on(task, task->chore->copy == NULL ? errno : 0));
}

int
chore_erase(struct session *session, struct message *message)
{
	const struct msg_fs_path *body = message->body;
	const size_t len = body->path_len;
	struct message_part part;
	char path[FS_PATH_MAX + 1];
	struct task *task;

	if (message_split(message, &len, &part, 1) == -1 ||
	    !session_path(path, &part))
		return (-1);
	task = begin(session, body->request);
	if (task == NULL)
		return (session_done(session, body->request, errno));
	task->chore->erase = erase_new(&session->agent->jail, path);
	return (go_on(task, task->chore->erase == NULL ? errno : 0));
}

/* One that has ended meanwhile was answered, or will be. */
int
chore_cancel(struct session *session, struct message *message)
{
	const struct msg_fs_handle *body = message->body;
	struct task *task;

	if (message->len != 0)
		return (-1);
	LIST_FOREACH (task, &session->tasks, link)
		if (task->chore != NULL && task->request == body->request)
			break;
	if (task == NULL)
		return (0);
	task_free(task);
	return (session_done(session, body->request, ECANCELED));
}
