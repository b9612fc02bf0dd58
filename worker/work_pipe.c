/* Pipes of agents: read and written by the loop. */
#include <errno.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#include "worker/work_own.h"
#include "worker/worker.h"

/*
 * The agent shares the pipe's flags and could make it block, and with it all
 * sessions of this worker.  So each call says that it shall not; kernels that
 * cannot do that for pipes (before 6.4) go by the flags.
 */
static ssize_t
move_some(struct work *work, enum work_operation way, void *data, size_t len)
{
	struct iovec part = { data, len };
	ssize_t n = -1;

	if (work->nowait) {
		n = way == WORK_READ
		    ? preadv2(work->fd, &part, 1, -1, RWF_NOWAIT)
		    : pwritev2(work->fd, &part, 1, -1, RWF_NOWAIT);
		if (n == -1 && errno == EOPNOTSUPP)
			work->nowait = false;
	}
	if (work->nowait)
		return (n);
	return (way == WORK_READ ? read(work->fd, data, len)
				 : write(work->fd, data, len));
}

ssize_t
work_read_pipe(struct work *work)
{
	ssize_t n;

	do {
		n = move_some(work, WORK_READ, work->data, work->len);
	} while (n == -1 && errno == EINTR);
	return (n == -1 ? -errno : n);
}

ssize_t
work_write_pipe(struct work *work)
{
	ssize_t n;

	while (work->done < work->len) {
		n = move_some(work, WORK_WRITE, work->data + work->done,
		    work->len - work->done);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return (-errno);
		work->done += (size_t)n;
	}
	return ((ssize_t)work->done);
}

static void
pipe_ready(uv_poll_t *poll, int status UNUSED, int events UNUSED)
{
	struct work *work = poll->data;
	ssize_t n;

	n = work->operation == WORK_READ ? work_read_pipe(work)
					 : work_write_pipe(work);
	if (n == -EAGAIN)
		return;
	(void)uv_poll_stop(poll);
	work_finish(work, n);
}

/* Has the pipe watched.  0, or a negative errno. */
static int
watch_pipe(struct work *work, int events)
{
	int error;

	if (work->poll == NULL) {
		work->poll = malloc(sizeof(*work->poll));
		if (work->poll == NULL)
			return (-ENOMEM);
		error = uv_poll_init(&work->worker->loop, work->poll, work->fd);
		if (error != 0) {
			free(work->poll);
			work->poll = NULL;
			return (error);
		}
		work->poll->data = work;
	}
	return (uv_poll_start(work->poll, events, pipe_ready));
}

ssize_t
work_await_pipe(struct work *work, enum work_operation operation,
    work_handler handler, void *context)
{
	int error;

	error = watch_pipe(work,
	    operation == WORK_READ ? UV_READABLE : UV_WRITABLE);
	if (error != 0)
		return (error);
	return (work_await(work, operation, handler, context));
}
