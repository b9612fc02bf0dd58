#include "worker/work_own.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "shm/base/checksum.h"
#include "shm/base/ensure.h"
#include "shm/base/fd.h"
#include "worker/worker.h"

/* A buffer that fills in less is too small, one that takes longer too large. */
#define FAST_MS 50
#define SLOW_MS 500

/* Thread ----------------------------------------------------------------- */

static ssize_t
read_file(const struct work *work)
{
	ssize_t n;

	do {
		n = pread(work->fd, work->data, work->len, (off_t)work->offset);
	} while (n == -1 && errno == EINTR);
	return (n == -1 ? -errno : n);
}

static ssize_t
write_file(const struct work *work)
{
	if (fd_write_at(work->fd, work->data, work->len, work->offset) == -1)
		return (-errno);
	if (work->sums != NULL)
		checksum_set_add(work->sums, work->data, work->len);
	return ((ssize_t)work->len);
}

static struct work *
work_of(struct pool_job *job)
{
	return (
	    (struct work *)(void *)((char *)job - offsetof(struct work, job)));
}

static void
run(struct pool_job *job)
{
	struct work *work = work_of(job);

	switch (work->operation) {
	case WORK_READ:
		work->result = read_file(work);
		break;
	case WORK_WRITE:
		work->result = write_file(work);
		break;
	case WORK_CLOSE:
		fd_close(&work->fd);
		break;
	case WORK_IDLE:
		break;
	}
}

/* Buffers ---------------------------------------------------------------- */

static void
drop_buffer(struct work *work, struct work_buffer *buffer)
{
	if (buffer->size > WORK_BUFFER)
		work->worker->buffers -= buffer->size;
	free(buffer->data);
	buffer->data = NULL;
	buffer->size = 0;
}

/* Of size bytes, or of the least when there are many large ones. */
static int
take_buffer(struct work *work, struct work_buffer *buffer, size_t size)
{
	struct worker *worker = work->worker;

	if (buffer->size == size)
		return (0);
	drop_buffer(work, buffer);
	if (size > WORK_BUFFER && size > WORK_BUFFERS_MAX - worker->buffers)
		size = WORK_BUFFER;
	buffer->data = malloc(size);
	if (buffer->data == NULL)
		return (-1);
	buffer->size = size;
	if (size > WORK_BUFFER)
		worker->buffers += size;
	return (0);
}

/*
 * How large the next buffer is to be.  Each write is a trip to a thread, dear
 * beside what it does for few bytes; but slow transfers are many.
 */
static size_t
next_size(struct work *work)
{
	uint64_t now = worker_now(work->worker), took = now - work->since;
	size_t size = work->buffer.size;

	work->since = now;
	work->slow = took >= SLOW_MS;
	if (work->slow)
		return (WORK_BUFFER);
	if (work->len < size || took >= FAST_MS)
		return (size);
	return (size < WORK_BUFFER_MAX ? 2 * size : size);
}

static void
swap_buffers(struct work *work)
{
	struct work_buffer held = work->buffer;

	work->buffer = work->taken;
	work->taken = held;
}

int
work_fd(const struct work *work)
{
	return (work->fd);
}

void
work_add_sums(struct work *work, struct checksum_set *sums)
{
	ensure(work->operation == WORK_IDLE && work->sums == NULL);
	work->sums = sums;
}

struct checksum_set *
work_sums(const struct work *work)
{
	return (work->sums);
}

uint8_t *
work_buffer(struct work *work)
{
	return (work->buffer.data);
}

size_t
work_room(const struct work *work)
{
	return (work->buffer.size);
}

/* Loop ------------------------------------------------------------------- */

static void
destroy(struct work *work)
{
	fd_close(&work->fd);
	checksum_set_free(&work->sums);
	drop_buffer(work, &work->buffer);
	drop_buffer(work, &work->taken);
	free(work);
}

static void done(struct pool_job *job);

static int
submit(struct work *work, enum work_operation operation)
{
	work->operation = operation;
	work->job.run = run;
	work->job.done = done;
	if (pool_submit(work->worker->pool, &work->job, work->account) == 0)
		return (0);
	work->operation = WORK_IDLE;
	return (-1);
}

/* The last close of a file may write to it: that is not for the loop. */
static void
close_file(struct work *work)
{
	if (submit(work, WORK_CLOSE) == -1)
		destroy(work);
}

void
work_finish(struct work *work, ssize_t result)
{
	work_handler handler = work->handler;

	if (work->operation == WORK_WRITE && work->slow)
		drop_buffer(work, &work->taken);
	work->operation = WORK_IDLE;
	work->handler = NULL;
	handler(result, work->context);
}

static void
done(struct pool_job *job)
{
	struct work *work = work_of(job);

	if (work->operation == WORK_CLOSE)
		destroy(work);
	else if (work->freed)
		close_file(work);
	else
		work_finish(work, work->result);
}

static struct work *
make(struct worker *worker, int fd)
{
	struct work *work = calloc(1, sizeof(*work));

	if (work == NULL)
		return (NULL);
	work->worker = worker;
	if (take_buffer(work, &work->buffer, WORK_BUFFER) == -1) {
		free(work);
		return (NULL);
	}
	work->since = worker_now(worker);
	work->fd = fd;
	return (work);
}

struct work *
work_new(struct worker *worker, int fd, bool pipe, uint32_t account)
{
	struct work *work;

	if (pipe && fd_set_nonblock(fd) == -1) {
		fd_close(&fd);
		return (NULL);
	}
	work = make(worker, fd);
	if (work == NULL) {
		fd_close(&fd);
		return (NULL);
	}
	work->is_pipe = pipe;
	work->nowait = true;
	work->account = account;
	return (work);
}

static void
poll_closed(uv_handle_t *handle)
{
	free(handle);
}

void
work_free(struct work **work)
{
	struct work *ended = *work;

	if (ended == NULL)
		return;
	*work = NULL;
	ended->freed = true;
	if (ended->is_pipe) {
		if (ended->poll != NULL)
			uv_close((uv_handle_t *)ended->poll, poll_closed);
		destroy(ended);
	} else if (ended->operation == WORK_IDLE ||
	    pool_withdraw(&ended->job)) {
		close_file(ended);
	}
}

/* Begins an operation; nothing is called before the caller has returned. */
static void
prepare(struct work *work, size_t len, uint64_t offset)
{
	ensure(work->operation == WORK_IDLE && len > 0 &&
	    len <= work->buffer.size);
	work->data = work->buffer.data;
	work->len = len;
	work->done = 0;
	work->offset = offset;
}

ssize_t
work_await(struct work *work, enum work_operation operation,
    work_handler handler, void *context)
{
	work->operation = operation;
	work->handler = handler;
	work->context = context;
	return (-EINPROGRESS);
}

static ssize_t
in_pool(struct work *work, enum work_operation operation, work_handler handler,
    void *context)
{
	if (submit(work, operation) == -1)
		return (-errno);
	return (work_await(work, operation, handler, context));
}

/* Asking ----------------------------------------------------------------- */

/* Swapping aside, as all memory may be. */
static bool
is_memory(int fd)
{
	struct statfs st;

	return (fstatfs(fd, &st) == 0 && st.f_type == TMPFS_MAGIC);
}

/*
 * What the page cache has, without waiting for a disk.  -EAGAIN: ask the
 * threads.  File systems that cannot tell say so once.
 */
static ssize_t
read_cached(struct work *work)
{
	struct iovec part = { work->data, work->len };
	ssize_t n;

	if (work->memory)
		return (read_file(work));
	if (!work->nowait)
		return (-EAGAIN);
	n = preadv2(work->fd, &part, 1, (off_t)work->offset, RWF_NOWAIT);
	if (n >= 0)
		return (n);
	if (errno == EAGAIN)
		return (-EAGAIN);
	work->nowait = false;
	work->memory = is_memory(work->fd);
	return (work->memory ? read_file(work) : -EAGAIN);
}

ssize_t
work_read(struct work *work, size_t len, uint64_t offset, work_handler handler,
    void *context)
{
	ssize_t n;

	prepare(work, len, offset);
	n = work->is_pipe ? work_read_pipe(work) : read_cached(work);
	if (n != -EAGAIN)
		return (n);
	if (work->is_pipe)
		return (work_await_pipe(work, WORK_READ, handler, context));
	return (in_pool(work, WORK_READ, handler, context));
}

ssize_t
work_read_ahead(struct work *work, uint64_t offset, work_handler handler,
    void *context)
{
	size_t size;

	prepare(work, work->buffer.size, offset);
	size = next_size(work);
	/* What can say what it has is read ahead by the kernel, for nothing. */
	if (work->slow || work->nowait || work->is_pipe) {
		drop_buffer(work, &work->taken);
		return (-EAGAIN);
	}
	if (take_buffer(work, &work->taken, size) == -1)
		return (-ENOMEM);
	work->data = work->taken.data;
	work->len = work->taken.size;
	return (in_pool(work, WORK_READ, handler, context));
}

void
work_turn(struct work *work)
{
	ensure(work->operation == WORK_IDLE && work->taken.data != NULL);
	swap_buffers(work);
}

ssize_t
work_write(struct work *work, size_t len, uint64_t offset, work_handler handler,
    void *context)
{
	ssize_t n;

	prepare(work, len, offset);
	if (take_buffer(work, &work->taken, next_size(work)) == -1)
		return (-ENOMEM);
	swap_buffers(work);
	if (!work->is_pipe)
		return (in_pool(work, WORK_WRITE, handler, context));
	n = work_write_pipe(work);
	if (n != -EAGAIN)
		return (n);
	return (work_await_pipe(work, WORK_WRITE, handler, context));
}
