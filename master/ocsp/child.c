#include "master/ocsp/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shm/base/fd.h"
#include "shm/base/log.h"
#include "shm/base/ocsp_response.h"
#include "shm/base/process.h"

#define OPEN_FILES 64
#define CPU_SEC    10

struct child {
	pid_t pid;
	int fd;
	struct loop_watch *watch;
	child_ended ended;
	void *context;
	size_t done; /* bytes of result that have come */
	struct job_result result;
};

void
job_result_say(struct job_result *result, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(result->text, sizeof(result->text), format, args);
	va_end(args);
	result->text_len = (uint32_t)strlen(result->text);
}

/* The child's side --------------------------------------------------------- */

static int
give_up_rights(pid_t parent)
{
	const struct process_limits limits = { .open_files = OPEN_FILES,
		.no_processes = 1 };
	const struct rlimit none = { 0, 0 };
	const struct rlimit cpu = { CPU_SEC, CPU_SEC };

	if (setrlimit(RLIMIT_FSIZE, &none) == -1 ||
	    setrlimit(RLIMIT_CPU, &cpu) == -1 || process_limit(&limits) == -1)
		return (-1);
	return (process_harden(parent, SIGKILL));
}

static NORETURN void
do_job(const struct job *job, pid_t parent, int fd)
{
	static struct job_result result;

	log_set_sink(NULL, NULL);
	process_reset_signals();
	process_title("ftpsd: asker");
	fd_close_all_but(&fd, 1);
	if (give_up_rights(parent) == -1)
		_exit(1);
	if (job->kind == JOB_STATUS)
		status_find(job, &result);
	else
		name_find(job, &result);
	_exit(fd_write(fd, &result, JOB_RESULT_HEAD + result.data_len) == 0
		? 0
		: 1);
}

/* The parent's side -------------------------------------------------------- */

/* Whatever it does now: it was killed, and so ends at once. */
static void
release(struct child *child)
{
	loop_unwatch(&child->watch);
	fd_close(&child->fd);
	if (child->pid > 0) {
		(void)kill(child->pid, SIGKILL);
		while (waitpid(child->pid, NULL, 0) == -1 && errno == EINTR)
			continue;
	}
	free(child);
}

/* It has read what strangers sent: nothing that it says is relied on. */
static bool
makes_sense(const struct child *child)
{
	const struct job_result *result = &child->result;

	return (child->done >= JOB_RESULT_HEAD &&
	    result->data_len <= sizeof(result->data) &&
	    result->text_len <= sizeof(result->text) && result->keep <= 1 &&
	    result->undated <= 1 && result->revocation <= REVOCATION_UNKNOWN &&
	    child->done == JOB_RESULT_HEAD + result->data_len);
}

static void
finish(struct child *child)
{
	child_ended ended = child->ended;
	void *context = child->context;
	struct job_result *result = NULL;

	if (makes_sense(child))
		result = malloc(sizeof(*result));
	if (result != NULL)
		memcpy(result, &child->result, child->done);
	release(child);
	ended(result, context);
	free(result);
}

static void
readable(unsigned int events, void *context)
{
	struct child *child = context;
	char *at = (char *)&child->result + child->done;
	char more;
	ssize_t n;

	(void)events;
	/* A byte too many makes no sense, either. */
	if (child->done == sizeof(child->result))
		n = read(child->fd, &more, 1) == 0 ? 0 : -1;
	else
		n = read(child->fd, at, sizeof(child->result) - child->done);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n == -1)
		child->done = 0;
	if (n > 0) {
		child->done += (size_t)n;
		return;
	}
	finish(child);
}

struct child *
child_start(struct loop *loop, const struct job *job, child_ended ended,
    void *context)
{
	int pair[2] = { -1, -1 };
	pid_t parent = getpid();
	struct child *child;

	child = calloc(1, sizeof(*child));
	if (child == NULL)
		return (NULL);
	child->ended = ended;
	child->context = context;
	child->fd = -1;
	if (pipe2(pair, O_CLOEXEC) == 0) {
		child->fd = pair[0];
		child->pid = fork();
		if (child->pid == 0)
			do_job(job, parent, pair[1]);
		fd_close(&pair[1]);
		if (child->pid > 0 && fd_set_nonblock(child->fd) == 0)
			child->watch = loop_watch(loop, child->fd, LOOP_READ,
			    readable, child);
	}
	if (child->watch == NULL) {
		release(child);
		return (NULL);
	}
	return (child);
}

void
child_kill(struct child **child)
{
	struct child *ended = *child;

	if (ended == NULL)
		return;
	*child = NULL;
	release(ended);
}
