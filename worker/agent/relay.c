#include "worker/agent/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "shm/base/fd.h"

#define PIECE      65536
#define SMALL_COPY 4096 /* what a pipe takes whole or not at all */

struct relay {
	enum relay_way way;
	int file, pipe;
	struct loop_watch *watch;
	uint64_t offset, moved;
	bool ended;
	int error;
	relay_handler handler;
	void *context;
};

/* One for all relays: what is in it does not outlast a piece. */
static uint8_t piece[PIECE];

/* For file systems that cannot be spliced from. */
static ssize_t
copy_to_pipe(struct relay *relay)
{
	ssize_t n;

	n = pread(relay->file, piece, SMALL_COPY, (off_t)relay->offset);
	return (n <= 0 ? n : write(relay->pipe, piece, (size_t)n));
}

static ssize_t
move_to_pipe(struct relay *relay)
{
	off_t offset = (off_t)relay->offset;
	ssize_t n;

	n = splice(relay->file, &offset, relay->pipe, NULL, PIECE,
	    SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
	if (n == -1 && errno == EINVAL)
		return (copy_to_pipe(relay));
	return (n);
}

/* What has been read from the pipe must get into the file whole. */
static ssize_t
move_to_file(struct relay *relay)
{
	ssize_t got = read(relay->pipe, piece, sizeof(piece));

	if (got > 0 &&
	    fd_write_at(relay->file, piece, (size_t)got, relay->offset) == -1)
		return (-1);
	return (got);
}

static void
pipe_ready(unsigned int events UNUSED, void *context)
{
	struct relay *relay = context;
	ssize_t n;

	n = relay->way == RELAY_TO_PIPE ? move_to_pipe(relay)
					: move_to_file(relay);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0) {
		relay->offset += (uint64_t)n;
		relay->moved += (uint64_t)n;
	} else {
		relay->error = n == -1 ? errno : 0;
		relay->ended = true;
		loop_unwatch(&relay->watch);
		fd_close(&relay->pipe);
	}
	relay->handler(relay->context);
}

/* Neither end blocks: the worker has a loop, too. */
static int
open_pipe(struct relay *relay, int *pipe_end)
{
	int ends[2], ours = relay->way == RELAY_TO_PIPE ? 1 : 0;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) == -1)
		return (-1);
	relay->pipe = ends[ours];
	*pipe_end = ends[1 - ours];
	return (0);
}

struct relay *
relay_new(struct loop *loop, enum relay_way way, const struct relay_file *file,
    int *pipe_end, relay_handler handler, void *context)
{
	struct relay *relay;
	int error;

	*pipe_end = -1;
	relay = calloc(1, sizeof(*relay));
	if (relay == NULL)
		return (NULL);
	relay->way = way;
	relay->pipe = -1;
	relay->offset = file->start;
	relay->handler = handler;
	relay->context = context;
	relay->file = fcntl(file->fd, F_DUPFD_CLOEXEC, 3);
	if (relay->file != -1 && open_pipe(relay, pipe_end) == 0)
		relay->watch = loop_watch(loop, relay->pipe,
		    way == RELAY_TO_PIPE ? LOOP_WRITE : LOOP_READ, pipe_ready,
		    relay);
	if (relay->watch == NULL) {
		error = errno;
		fd_close(pipe_end);
		relay_free(&relay);
		errno = error;
	}
	return (relay);
}

void
relay_free(struct relay **relay)
{
	struct relay *ended = *relay;

	if (ended == NULL)
		return;
	*relay = NULL;
	loop_unwatch(&ended->watch);
	fd_close(&ended->pipe);
	fd_close(&ended->file);
	free(ended);
}

uint64_t
relay_moved(const struct relay *relay)
{
	return (relay->moved);
}

bool
relay_ended(const struct relay *relay)
{
	return (relay->ended);
}

int
relay_error(const struct relay *relay)
{
	return (relay->error);
}
