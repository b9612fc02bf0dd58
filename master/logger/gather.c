#include "master/logger/gather.h"

#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROOM ((size_t)32 * 1024)
/* What a pipe takes whole or not at all. */
#define STDERR_MAX 4096
/* The main log and, now and then, one of a host. */
#define PLACES 2

struct waiting {
	struct gather_place place;
	size_t len;
	char text[ROOM];
};

struct gather {
	struct log_files *files;
	gather_failed failed;
	void *context;
	struct waiting waiting[PLACES];
	bool reached;  /* standard error, since the flush began */
	bool flushing; /* what is said meanwhile is written at once */
};

struct gather *
gather_new(struct log_files *files, gather_failed failed, void *context)
{
	struct gather *gather = calloc(1, sizeof(*gather));

	if (gather == NULL)
		return (NULL);
	gather->files = files;
	gather->failed = failed;
	gather->context = context;
	return (gather);
}

void
gather_free(struct gather **gather)
{
	free(*gather);
	*gather = NULL;
}

/* The length of as many whole lines as are sure to be taken; at least one. */
static size_t
whole_lines(const char *text, size_t len)
{
	size_t taken = 0, next;
	const char *end;

	while (taken < len) {
		end = memchr(text + taken, '\n', len - taken);
		next = end == NULL ? len : (size_t)(end - text) + 1;
		if (taken > 0 && next > STDERR_MAX)
			break;
		taken = next;
	}
	return (taken);
}

/* A pipe or terminal that says POLLOUT takes what is that short whole. */
size_t
gather_stderr(const char *text, size_t len)
{
	struct pollfd ready = { STDERR_FILENO, POLLOUT, 0 };
	size_t done = 0, some;

	while (done < len && poll(&ready, 1, 0) == 1) {
		some = whole_lines(text + done, len - done);
		if (write(STDERR_FILENO, text + done, some) != (ssize_t)some)
			break;
		done += some;
	}
	return (done);
}

static void
write_lines(struct gather *gather, const struct gather_place *place,
    const char *text, size_t len)
{
	size_t done = 0;

	if (place->path != NULL &&
	    log_files_write(gather->files, place->path, text, len) == 0)
		return;
	if (place->path == NULL) {
		done = gather_stderr(text, len);
		gather->reached = gather->reached || done > 0;
	}
	if (done < len)
		gather->failed(place, text + done, len - done, gather->context);
}

static void
flush_one(struct gather *gather, struct waiting *waiting)
{
	size_t len = waiting->len;

	if (len == 0)
		return;
	waiting->len = 0;
	gather->flushing = true;
	write_lines(gather, &waiting->place, waiting->text, len);
	gather->flushing = false;
}

static bool
is_same(const struct gather_place *a, const struct gather_place *b)
{
	if (a->path == NULL || b->path == NULL)
		return (a->path == b->path);
	return (a->kind == b->kind && strcmp(a->path, b->path) == 0);
}

/* Where lines for place wait; makes room for len more. */
static struct waiting *
find_waiting(struct gather *gather, const struct gather_place *place,
    size_t len)
{
	struct waiting *empty = NULL, *at = gather->waiting;
	size_t i;

	for (i = 0; i < PLACES; i++, at++) {
		if (at->len > 0 && is_same(&at->place, place))
			break;
		if (at->len == 0 && empty == NULL)
			empty = at;
	}
	if (i == PLACES) {
		at = empty != NULL ? empty : &gather->waiting[PLACES - 1];
		flush_one(gather, at);
		at->place = *place;
	}
	if (len > ROOM - at->len)
		flush_one(gather, at);
	return (at);
}

void
gather_line(struct gather *gather, struct gather_place place, const char *line,
    size_t len)
{
	struct waiting *waiting;

	if (gather->flushing || len > ROOM) {
		write_lines(gather, &place, line, len);
		return;
	}
	waiting = find_waiting(gather, &place, len);
	memcpy(waiting->text + waiting->len, line, len);
	waiting->len += len;
}

int
gather_flush(struct gather *gather)
{
	size_t i;

	gather->reached = false;
	for (i = 0; i < PLACES; i++)
		flush_one(gather, &gather->waiting[i]);
	return (gather->reached);
}
