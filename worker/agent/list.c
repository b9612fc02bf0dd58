#include "worker/agent/list.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shm/base/fd.h"
#include "worker/agent/list_cursor.h"

/* What is not short: a pipe's fill, and many names read at once. */
static const struct list_sizes {
	size_t names, fill, out;
} long_sizes = { 32768, 65536 - 512, 65536 + LIST_LINE_MAX };

/* Short: fits a message.  More names are read than are taken for short. */
#define SHORT_NAMES ((size_t)6144)
#define SHORT_TURN  10 /* milliseconds for all of it */
static const struct list_sizes short_sizes = { 2 * SHORT_NAMES,
	FS_SMALL_MAX - 512, FS_SMALL_MAX + LIST_LINE_MAX };

/* While entries are looked at this fast, the clock is looked at less often. */
#define ENTRIES_A_TICK 8

/* At most count entries, while there is room.  As list_next(). */
static int
add_some(struct list *list, unsigned int count)
{
	int ret = 1;

	while (ret > 0 && count-- > 0 && list->out.len < list->fill)
		ret = list_next(list);
	list->at_end = ret <= 0;
	return (ret);
}

/* Formats the next entries into the buffer. */
static int
fill(struct list *list, uint64_t ms)
{
	uint64_t now = loop_now(), until = now + ms, before;
	unsigned int count = 1;
	int ret;

	do {
		ret = add_some(list, count);
		before = now;
		now = loop_now();
		count = now == before ? ENTRIES_A_TICK : 1;
	} while (ret > 0 && list->out.len < list->fill && now <= until);
	return (ret);
}

static int
write_some(struct list *list)
{
	ssize_t n;

	if (list->out.len == 0)
		return (0);
	n = write(list->pipe, list->out.text + list->written,
	    list->out.len - list->written);
	if (n == -1)
		return (errno == EAGAIN || errno == EINTR ? 0 : -1);
	list->written += (size_t)n;
	if (list->written == list->out.len)
		list->out.len = list->written = 0;
	return (0);
}

/*
 * Writes, and makes the next lines while the worker empties the pipe.  1: all
 * is written, 0: more is to come, -1 with errno.
 */
static int
advance(struct list *list)
{
	if (write_some(list) == -1)
		return (-1);
	if (list->out.len == 0 && !list->at_end && fill(list, LIST_TURN) == -1)
		return (-1);
	return (list->at_end && list->out.len == 0 ? 1 : 0);
}

/*
 * The pipe is closed first: its reader sees the end before the answer.  That
 * its reader has gone is seen, too, while there is nothing to write.
 */
static void
pipe_ready(unsigned int events, void *context)
{
	struct list *list = context;
	struct list_end end;
	int ret, error;

	ret = (events & LOOP_READ) != 0 ? -1 : advance(list);
	error = (events & LOOP_READ) != 0 ? EPIPE : errno;
	if (ret == 0)
		return;
	loop_unwatch(&list->watch);
	fd_close(&list->pipe);
	end.error = ret == -1 ? error : 0;
	end.entries = list->entries;
	end.cut = list->cut;
	list->handler(&end, list->context);
}

static struct list *
make(const struct jail *jail, const struct list_request *request,
    const struct list_sizes *sizes)
{
	struct list *list = malloc(sizeof(*list));
	char *memory = malloc(sizes->out);

	if (list == NULL || memory == NULL) {
		free(list);
		free(memory);
		return (NULL);
	}
	memset(list, 0, offsetof(struct list, path));
	list->jail = jail;
	list->flags = request->body->flags;
	list->need = access_transfer((enum fs_data)request->body->data);
	list->directory = -1;
	list->pipe = -1;
	list->entries_max = UINT32_MAX;
	list->names_size = sizes->names;
	list->fill = sizes->fill;
	line_init(&list->out, memory, sizes->out);
	return (list);
}

/* It keeps errno. */
static void
give_up(struct list **list)
{
	int error = errno;

	list_free(list);
	errno = error;
}

struct list *
list_new(struct loop *loop, const struct jail *jail,
    const struct list_request *request, int pipe, list_handler handler,
    void *context)
{
	struct list *list = make(jail, request, &long_sizes);

	if (list == NULL) {
		fd_close(&pipe);
		return (NULL);
	}
	list->pipe = pipe;
	list->handler = handler;
	list->context = context;
	if (fd_set_nonblock(pipe) == 0 && list_open(list, request) == 0)
		list->watch =
		    loop_watch(loop, pipe, LOOP_WRITE, pipe_ready, list);
	if (list->watch == NULL)
		give_up(&list);
	return (list);
}

/* All of a short listing.  0, or -1 with errno. */
static int
fill_short(struct list *list)
{
	if (list->at_end)
		return (0);
	if (list_read_names(list) == -1)
		return (-1);
	if (list->names_len <= SHORT_NAMES && fill(list, SHORT_TURN) == -1)
		return (-1);
	if (list->at_end && list->out.len <= FS_SMALL_MAX && list->cut == 0)
		return (0);
	errno = EMSGSIZE;
	return (-1);
}

struct list *
list_short(const struct jail *jail, const struct list_request *request)
{
	struct list *list = make(jail, request, &short_sizes);

	if (list != NULL &&
	    (list_open(list, request) == -1 || fill_short(list) == -1))
		give_up(&list);
	return (list);
}

const char *
list_text(const struct list *list, size_t *len)
{
	*len = list->out.len;
	return (list->out.text);
}

void
list_free(struct list **list)
{
	struct list *ended = *list;

	if (ended == NULL)
		return;
	*list = NULL;
	loop_unwatch(&ended->watch);
	fd_close(&ended->pipe);
	fd_close(&ended->directory);
	list_sort_free(&ended->sort);
	list_walk_free(&ended->walk);
	free(ended->out.text);
	free(ended->prefix);
	free(ended->text);
	free(ended->where);
	free(ended->names);
	free(ended);
}
