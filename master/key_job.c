#include "master/key_job.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "master/key_child.h"
#include "master/spawn.h"
#include "shm/base/fd.h"
#include "shm/base/log.h"
#include "shm/base/secret.h"

#define DEADLINE_MS 20000
#define PARTS       4 /* of a job */

struct key_job {
	struct key_job_setup setup;
	struct key_request request;
	struct key_child_job head;
	pid_t pid;
	int fd;
	struct loop_watch *watch;
	struct loop_timer *deadline;
	size_t sent, got;
	struct key_child_answer answer;
	char *texts; /* secret: certificate and key of the answer */
	size_t texts_len;
};

static void
end_child(struct key_job *job)
{
	loop_unwatch(&job->watch);
	loop_timer_free(&job->deadline);
	fd_close(&job->fd);
	if (job->pid > 0) {
		(void)kill(job->pid, SIGKILL);
		(void)waitpid(job->pid, NULL, 0);
	}
	job->pid = -1;
}

void
key_job_free(struct key_job **job)
{
	struct key_job *gone = *job;

	if (gone == NULL)
		return;
	*job = NULL;
	end_child(gone);
	secret_free(gone->texts, gone->texts_len);
	free(gone);
}

/* Tells what it is; the job is perhaps no more afterwards. */
static void
tell(struct key_job *job, struct key_opened *opened)
{
	end_child(job);
	job->setup.done(opened, job->setup.context);
}

static void
failed(struct key_job *job, const char *why)
{
	struct key_opened opened;

	memset(&opened, 0, sizeof(opened));
	opened.outcome = KEY_BAD;
	(void)snprintf(opened.text, sizeof(opened.text), "%s", why);
	tell(job, &opened);
}

static void
too_slow(void *context)
{
	failed(context, "refused: opening it takes too long");
}

/* Whole by its header, which was checked. */
static void
conclude(struct key_job *job)
{
	const struct key_child_answer *answer = &job->answer;
	struct key_opened opened;

	memset(&opened, 0, sizeof(opened));
	opened.outcome = (enum key_outcome)answer->outcome;
	(void)snprintf(opened.type, sizeof(opened.type), "%s", answer->type);
	log_escape(opened.text, sizeof(opened.text), answer->text,
	    strnlen(answer->text, sizeof(answer->text)));
	if (answer->cert_len > 0)
		opened.cert = job->texts;
	opened.cert_len = answer->cert_len;
	if (answer->key_len > 0)
		opened.key = job->texts + answer->cert_len;
	opened.key_len = answer->key_len;
	tell(job, &opened);
}

/* Whether the answer is one that an honest child could give. */
static bool
check_answer(struct key_job *job)
{
	struct key_child_answer *answer = &job->answer;

	answer->type[sizeof(answer->type) - 1] = '\0';
	if (answer->outcome >= KEY_OUTCOME_COUNT ||
	    answer->cert_len > KEY_BYTES_MAX || answer->key_len > KEY_BYTES_MAX)
		return (false);
	if (answer->outcome != KEY_BAD && !key_type_known(answer->type))
		return (false);
	if (answer->outcome != KEY_OPENED)
		return (answer->cert_len == 0 && answer->key_len == 0);
	return (answer->key_len > 0 &&
	    (answer->cert_len > 0) == (job->request.form == KEY_PKCS12));
}

/* 1: something came, 0: not yet, -1: the child is gone. */
static int
receive(struct key_job *job, char *data, size_t have, size_t len)
{
	ssize_t n;

	n = recv(job->fd, data + have, len - have, MSG_DONTWAIT);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return (0);
	if (n <= 0)
		return (-1);
	job->got += (size_t)n;
	return (1);
}

/* 1: the answer is whole, 0: not yet, -1: it will never be. */
static int
read_answer(struct key_job *job)
{
	size_t head = sizeof(job->answer);
	int ret = 1;

	if (job->got < head) {
		ret = receive(job, (char *)&job->answer, job->got, head);
		if (ret != 1 || job->got < head)
			return (ret == 1 ? 0 : ret);
		if (!check_answer(job))
			return (-1);
		job->texts_len =
		    (size_t)job->answer.cert_len + job->answer.key_len;
		if (job->texts_len == 0)
			return (1);
		job->texts = secret_alloc(job->texts_len, SECRET_WIPE_ON_FORK);
		return (job->texts == NULL ? -1 : 0);
	}
	ret = receive(job, job->texts, job->got - head, job->texts_len);
	if (ret != 1)
		return (ret);
	return (job->got == head + job->texts_len ? 1 : 0);
}

/* What is left to be sent; the count of bytes. */
static size_t
remaining(const struct key_job *job, struct iovec parts[PARTS])
{
	const struct key_request *request = &job->request;
	const void *texts[PARTS] = { &job->head, request->cert, request->key,
		request->phrase };
	const size_t lens[PARTS] = { sizeof(job->head), request->cert_len,
		request->key_len, job->head.phrase_len };
	size_t i, n, skip = job->sent, total = 0;

	for (i = 0; i < PARTS; i++) {
		n = skip < lens[i] ? skip : lens[i];
		/* iovec has no const; sendmsg() does not write through it. */
		memcpy(&parts[i].iov_base, &texts[i], sizeof(void *));
		if (n > 0)
			parts[i].iov_base = (char *)parts[i].iov_base + n;
		parts[i].iov_len = lens[i] - n;
		total += parts[i].iov_len;
		skip -= n;
	}
	return (total);
}

/* 0 when it blocks or is done, -1 on error. */
static int
send_job(struct key_job *job)
{
	struct iovec parts[PARTS];
	struct msghdr message;
	size_t left;
	ssize_t n = 0;

	left = remaining(job, parts);
	if (left > 0) {
		memset(&message, 0, sizeof(message));
		message.msg_iov = parts;
		message.msg_iovlen = PARTS;
		n = sendmsg(job->fd, &message, MSG_NOSIGNAL);
		if (n == -1 && errno != EAGAIN && errno != EINTR)
			return (-1);
		if (n == -1)
			n = 0;
		job->sent += (size_t)n;
	}
	loop_watch_events(job->watch,
	    LOOP_READ | (left > (size_t)n ? LOOP_WRITE : 0));
	return (0);
}

static void
ready(unsigned int events, void *context)
{
	struct key_job *job = context;
	int ret = 0;

	if ((events & LOOP_READ) != 0)
		ret = read_answer(job);
	if (ret == 0 && (events & LOOP_WRITE) != 0)
		ret = send_job(job);
	if (ret == 1)
		conclude(job);
	else if (ret == -1)
		failed(job, "refused: the process that opens it failed");
}

static int
start_child(struct key_job *job)
{
	const struct service_user *user = &job->setup.user;
	struct spawn spawn;
	char uid[16], gid[16];
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == -1)
		return (-1);
	(void)snprintf(uid, sizeof(uid), "%u", (unsigned int)user->uid);
	(void)snprintf(gid, sizeof(gid), "%u", (unsigned int)user->gid);
	memset(&spawn, 0, sizeof(spawn));
	spawn.self = job->setup.self;
	spawn.arguments[0] = KEY_CHILD;
	spawn.arguments[1] = uid;
	spawn.arguments[2] = gid;
	spawn.fds[0] = pair[1];
	spawn.nfds = 1;
	job->fd = pair[0];
	job->pid = fd_set_nonblock(pair[0]) == 0 ? spawn_exec(&spawn) : -1;
	fd_close(&pair[1]);
	if (job->pid == -1)
		return (-1);
	job->watch = loop_watch(job->setup.loop, job->fd,
	    LOOP_READ | LOOP_WRITE, ready, job);
	job->deadline = loop_timer(job->setup.loop, too_slow, job);
	if (job->watch == NULL || job->deadline == NULL)
		return (-1);
	loop_timer_set(job->deadline, DEADLINE_MS);
	return (0);
}

struct key_job *
key_job_new(const struct key_job_setup *setup,
    const struct key_request *request)
{
	struct key_job *job;

	job = calloc(1, sizeof(*job));
	if (job == NULL)
		return (NULL);
	job->setup = *setup;
	job->request = *request;
	job->pid = -1;
	job->fd = -1;
	job->head.form = request->form;
	job->head.cert_len = (uint32_t)request->cert_len;
	job->head.key_len = (uint32_t)request->key_len;
	if (request->phrase != NULL) {
		job->head.with_phrase = 1;
		job->head.phrase_len = (uint32_t)strlen(request->phrase);
	}
	if (start_child(job) == -1)
		key_job_free(&job);
	return (job);
}
