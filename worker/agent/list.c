#include "worker/agent/list.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shm/base/fd.h"
#include "worker/agent/list_cursor.h"
#include "worker/agent/match.h"
#include "worker/agent/temporary.h"

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

/* What the type alone tells of a file that may not be looked at. */
static void
guess(struct statx *facts, unsigned char type)
{
	memset(facts, 0, sizeof(*facts));
	facts->stx_mode = (uint16_t)DTTOIF(type);
	facts->stx_nlink = 1;
	facts->stx_uid = facts->stx_gid = (uint32_t)-1;
}

/* Nothing when the name has gone since it was read. */
static void
add_name(struct list *list, const char *name, unsigned char type)
{
	struct list_entry entry = { name, &list->facts, NULL, LIST_ENTRY };

	if (list->style.format == FS_LIST_NAMES)
		guess(&list->facts, type);
	else if (list_look(list, list->directory, name, &list->facts) == -1) {
		if (errno == ENOENT)
			return;
		guess(&list->facts, type);
	}
	list_add(list, list->directory, &entry);
}

/* A name with a dot is meant by a pattern that has it, too. */
static bool
is_shown(struct list *list, const char *name)
{
	const char *pattern = list->pattern;

	if (name[0] != '.')
		return (pattern == NULL || match_name(pattern, name));
	if (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'))
		return (false);
	if (temporary_is_name(name)) {
		if (!list->jail->read_only)
			temporary_sweep(list->directory, name,
			    TEMPORARY_AGE_LISTED);
		return (false);
	}
	if (pattern != NULL && !match_name(pattern, name))
		return (false);
	return ((list->flags & FS_LIST_HIDDEN) != 0 ||
	    (pattern != NULL && pattern[0] == '.'));
}

/* 1: there are entries, 0: the end, -1 with errno. */
static int
read_names(struct list *list)
{
	ssize_t n;

	if (list->names_at < list->names_len)
		return (1);
	n = getdents64(list->directory, list->names, list->names_size);
	if (n <= 0)
		return ((int)n);
	list->names_len = (size_t)n;
	list->names_at = 0;
	return (1);
}

/* Formats the next entry.  As read_names(). */
static int
add_next(struct list *list)
{
	const struct dirent64 *entry;
	int ret;

	ret = read_names(list);
	if (ret <= 0)
		return (ret);
	entry = (const void *)(list->names + list->names_at);
	list->names_at += entry->d_reclen;
	if (is_shown(list, entry->d_name))
		add_name(list, entry->d_name, entry->d_type);
	return (1);
}

/* At most count entries, while there is room.  As read_names(). */
static int
add_some(struct list *list, unsigned int count)
{
	int ret = 1;

	while (ret > 0 && count-- > 0 && list->out.len < list->fill)
		ret = add_next(list);
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

/* The pipe is closed first: its reader sees the end before the answer. */
static void
pipe_ready(unsigned int events UNUSED, void *context)
{
	struct list *list = context;
	int ret = advance(list), error = ret == -1 ? errno : 0;

	if (ret == 0)
		return;
	loop_unwatch(&list->watch);
	fd_close(&list->pipe);
	list->handler(error, list->entries, list->context);
}

static struct list *
make(const struct jail *jail, const struct list_request *request,
    const struct list_sizes *sizes)
{
	struct list *list = calloc(1, sizeof(*list));
	char *memory = malloc(sizes->out);

	if (list == NULL || memory == NULL) {
		free(list);
		free(memory);
		return (NULL);
	}
	list->jail = jail;
	list->flags = request->body->flags;
	list->directory = -1;
	list->pipe = -1;
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
	if (read_names(list) == -1)
		return (-1);
	if (list->names_len <= SHORT_NAMES && fill(list, SHORT_TURN) == -1)
		return (-1);
	if (list->at_end && list->out.len <= FS_SMALL_MAX)
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
	free(ended->out.text);
	free(ended->prefix);
	free(ended->pattern);
	free(ended->names);
	free(ended);
}
