#include "worker/hasher.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shm/base/fd.h"
#include "worker/pool.h"
#include "worker/work.h"
#include "worker/worker.h"

#define PIECE ((size_t)4 << 20) /* a trip to a thread: a few milliseconds */

struct hasher {
	struct worker *worker;
	uint32_t account;
	hasher_handler handler;
	void *context;
	struct checksum *checksum;
	struct work *work; /* owns the file or pipe, and a buffer */
	uint8_t *bytes;    /* in place of it */
	bool pipe, running, freed;
	struct stat before; /* of a file */
	uint64_t at, end;   /* in the file */
	uint64_t done;
	size_t piece; /* bytes for the thread, of a pipe */
	int error;
	char text[CHECKSUM_TEXT_MAX];
	struct pool_job job;
};

static void proceed(struct hasher *hasher);

/* Thread ----------------------------------------------------------------- */

/* Reads once, and adds it.  Bytes, or -1 with the error set. */
static ssize_t
read_some(struct hasher *hasher, size_t most)
{
	size_t len = work_room(hasher->work);
	ssize_t n;

	if (len > most)
		len = most;
	do {
		n = pread(work_fd(hasher->work), work_buffer(hasher->work), len,
		    (off_t)hasher->at);
	} while (n == -1 && errno == EINTR);
	if (n <= 0) {
		/* It has become shorter. */
		hasher->error = n == 0 ? EBUSY : errno;
		return (-1);
	}
	checksum_add(hasher->checksum, work_buffer(hasher->work), (size_t)n);
	hasher->at += (uint64_t)n;
	return (n);
}

static void
read_piece(struct hasher *hasher)
{
	uint64_t left = hasher->end - hasher->at;
	size_t most = left < PIECE ? (size_t)left : PIECE;
	ssize_t n;

	while (most > 0) {
		n = read_some(hasher, most);
		if (n == -1)
			return;
		most -= (size_t)n;
	}
}

/* Whether the file is what it was before. */
static bool
is_same(const struct stat *before, const struct stat *now)
{
	return (before->st_size == now->st_size &&
	    before->st_mtim.tv_sec == now->st_mtim.tv_sec &&
	    before->st_mtim.tv_nsec == now->st_mtim.tv_nsec);
}

static void
check_change(struct hasher *hasher)
{
	struct stat now;

	if (fstat(work_fd(hasher->work), &now) == -1)
		hasher->error = errno;
	else if (!is_same(&hasher->before, &now))
		hasher->error = EBUSY;
}

static struct hasher *
hasher_of(struct pool_job *job)
{
	return ((struct hasher *)(void *)((char *)job -
	    offsetof(struct hasher, job)));
}

static void
run(struct pool_job *job)
{
	struct hasher *hasher = hasher_of(job);

	if (hasher->work == NULL) {
		checksum_add(hasher->checksum, hasher->bytes,
		    (size_t)(hasher->end - hasher->at));
		hasher->at = hasher->end;
	} else if (hasher->pipe) {
		checksum_add(hasher->checksum, work_buffer(hasher->work),
		    hasher->piece);
		hasher->at += hasher->piece;
	} else {
		read_piece(hasher);
		if (hasher->error == 0)
			check_change(hasher);
	}
	if (hasher->at == hasher->end && hasher->error == 0 &&
	    checksum_end(hasher->checksum, hasher->text) == -1)
		hasher->error = errno;
}

/* Loop ------------------------------------------------------------------- */

static void
destroy(struct hasher *hasher)
{
	work_free(&hasher->work);
	checksum_free(&hasher->checksum);
	free(hasher->bytes);
	free(hasher);
}

/* Another descriptor, buffer or process may want the room at once. */
static void
finish(struct hasher *hasher)
{
	work_free(&hasher->work);
	hasher->handler(hasher->context);
}

static void
worked(struct pool_job *job)
{
	struct hasher *hasher = hasher_of(job);

	hasher->running = false;
	if (hasher->freed) {
		destroy(hasher);
		return;
	}
	hasher->done = hasher->at;
	if (hasher->error != 0 || hasher->at == hasher->end)
		finish(hasher);
	else
		proceed(hasher);
}

static int
submit(struct hasher *hasher)
{
	hasher->job.run = run;
	hasher->job.done = worked;
	if (pool_submit(hasher->worker->pool, &hasher->job, hasher->account) !=
	    0)
		return (-1);
	hasher->running = true;
	return (0);
}

/* The agent cannot say in the pipe that the file failed: it ends early. */
static void
piped(ssize_t result, void *context)
{
	struct hasher *hasher = context;

	hasher->piece = result > 0 ? (size_t)result : 0;
	hasher->error = result < 0 ? (int)-result : result == 0 ? EIO : 0;
	if (hasher->error == 0 && submit(hasher) == -1)
		hasher->error = ENOMEM;
	if (hasher->error != 0)
		finish(hasher);
}

static int
read_pipe(struct hasher *hasher)
{
	uint64_t left = hasher->end - hasher->at;
	size_t len = work_room(hasher->work);
	ssize_t n;

	if (len > left)
		len = (size_t)left;
	if (len == 0)
		return (submit(hasher));
	n = work_read(hasher->work, len, 0, piped, hasher);
	if (n == -EINPROGRESS)
		return (0);
	hasher->piece = n > 0 ? (size_t)n : 0;
	errno = n < 0 ? (int)-n : EIO;
	return (n > 0 ? submit(hasher) : -1);
}

static int
next(struct hasher *hasher)
{
	hasher->piece = 0;
	return (hasher->pipe ? read_pipe(hasher) : submit(hasher));
}

static void
proceed(struct hasher *hasher)
{
	if (next(hasher) == 0)
		return;
	hasher->error = errno;
	finish(hasher);
}

/* 0, or -1 with errno. */
static int
open_source(struct hasher *hasher, const struct hasher_source *source)
{
	if (source->fd == -1)
		return (0);
	hasher->work =
	    work_new(hasher->worker, source->fd, source->pipe, hasher->account);
	if (hasher->work == NULL)
		return (-1);
	return (
	    source->pipe ? 0 : fstat(work_fd(hasher->work), &hasher->before));
}

struct hasher *
hasher_new(struct worker *worker, uint32_t account,
    const struct hasher_source *source, enum checksum_kind kind,
    hasher_handler handler, void *context)
{
	struct hasher *hasher = calloc(1, sizeof(*hasher));
	struct hasher_source taken = *source;
	int error;

	if (hasher == NULL) {
		free(taken.bytes);
		fd_close(&taken.fd);
		return (NULL);
	}
	hasher->worker = worker;
	hasher->account = account;
	hasher->handler = handler;
	hasher->context = context;
	hasher->bytes = source->bytes;
	hasher->pipe = source->pipe;
	hasher->at = hasher->done = source->start;
	hasher->end = source->start + source->len;
	if (open_source(hasher, source) == 0) {
		hasher->checksum = checksum_new(kind);
		if (hasher->checksum != NULL && next(hasher) == 0)
			return (hasher);
	}
	error = errno;
	destroy(hasher);
	errno = error;
	return (NULL);
}

void
hasher_free(struct hasher **hasher)
{
	struct hasher *ended = *hasher;

	if (ended == NULL)
		return;
	*hasher = NULL;
	ended->freed = true;
	if (!ended->running || pool_withdraw(&ended->job))
		destroy(ended);
}

uint64_t
hasher_done(const struct hasher *hasher)
{
	return (hasher->done);
}

int
hasher_result(const struct hasher *hasher, const char **text)
{
	*text = hasher->text;
	return (hasher->error);
}
