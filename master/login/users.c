#include "master/login/users.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "master/login/users_line.h"
#include "shm/base/fd.h"

/* A file that was changed this lately may change again within one tick. */
#define SETTLE_SECONDS 2

struct users *
users_new(const char *path)
{
	struct users *users;

	users = calloc(1, sizeof(*users));
	if (users == NULL)
		return (NULL);
	users->path = strdup(path);
	if (users->path == NULL) {
		free(users);
		return (NULL);
	}
	return (users);
}

static void
forget(struct users *users)
{
	free(users->text);
	free(users->entries);
	users->text = NULL;
	users->entries = NULL;
	users->count = 0;
	users->room = 0;
	users->nmethods = 0;
	users->nmistakes = 0;
	users->mistakes[0] = '\0';
	users->settled = false;
}

void
users_free(struct users **users)
{
	if (*users == NULL)
		return;
	forget(*users);
	free((*users)->path);
	free(*users);
	*users = NULL;
}

static void
mistake(struct users *users, unsigned int line, const char *text)
{
	if (users->nmistakes++ > 0)
		return;
	if (line == 0)
		(void)snprintf(users->mistakes, sizeof(users->mistakes),
		    "%s: %s", users->path, text);
	else
		(void)snprintf(users->mistakes, sizeof(users->mistakes),
		    "%s:%u: %s", users->path, line, text);
}

static int
add_entry(struct users *users, const struct users_entry *entry)
{
	struct users_entry *larger;
	size_t room;

	if (users->count == users->room) {
		room = users->room == 0 ? 64 : users->room * 2;
		larger = reallocarray(users->entries, room, sizeof(*larger));
		if (larger == NULL)
			return (-1);
		users->entries = larger;
		users->room = room;
	}
	users->entries[users->count++] = *entry;
	return (0);
}

static int
by_name(const void *a, const void *b)
{
	const struct users_entry *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	if (order != 0)
		return (order);
	return ((x->line > y->line) - (x->line < y->line));
}

/* The first line of a name stands. */
static void
drop_repeated(struct users *users)
{
	size_t i, n = 0;

	for (i = 0; i < users->count; i++) {
		if (n > 0 &&
		    strcmp(users->entries[n - 1].name,
			users->entries[i].name) == 0) {
			mistake(users, users->entries[i].line,
			    "the name stands on an earlier line, too");
			continue;
		}
		users->entries[n++] = users->entries[i];
	}
	users->count = n;
}

bool
users_same_method(const struct users_method *method, const char *hash)
{
	return (users_line_method_len(hash) == method->prefix_len &&
	    strncmp(hash, method->example, method->prefix_len) == 0);
}

static void
collect_methods(struct users *users)
{
	const struct users_entry *entry;
	size_t i, m;

	for (i = 0; i < users->count; i++) {
		entry = &users->entries[i];
		if (!users_can_log_in(entry))
			continue;
		for (m = 0; m < users->nmethods; m++)
			if (users_same_method(&users->methods[m], entry->hash))
				break;
		if (m < users->nmethods)
			continue;
		if (m == USERS_METHODS_MAX) {
			mistake(users, entry->line,
			    "one way of hashing too many in one file");
			return;
		}
		users->methods[m].example = entry->hash;
		users->methods[m].prefix_len =
		    users_line_method_len(entry->hash);
		users->nmethods++;
	}
}

static void
parse_one(struct users *users, char *line, size_t len, unsigned int number)
{
	struct users_entry entry;
	const char *wrong;

	if (users_line_is_blank(line, len))
		return;
	entry.line = number;
	wrong = users_line_parse(line, len, &entry);
	if (wrong == NULL && add_entry(users, &entry) == -1)
		wrong = "memory is short";
	if (wrong != NULL)
		mistake(users, number, wrong);
}

void
users_parse(struct users *users, char *text, size_t len)
{
	unsigned int number = 0;
	char *line, *end;

	forget(users);
	users->text = text;
	text[len] = '\n';
	for (line = text; line < text + len; line = end + 1) {
		end = memchr(line, '\n', (size_t)(text + len - line) + 1);
		parse_one(users, line, (size_t)(end - line), ++number);
	}
	if (users->count > 0)
		qsort(users->entries, users->count, sizeof(*users->entries),
		    by_name);
	drop_repeated(users);
	collect_methods(users);
}

const struct users_entry *
users_find(const struct users *users, const char *name)
{
	struct users_entry wanted = { .name = name };
	size_t low = 0, high = users->count, middle;
	int order;

	while (low < high) {
		middle = low + (high - low) / 2;
		order = strcmp(wanted.name, users->entries[middle].name);
		if (order == 0)
			return (&users->entries[middle]);
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return (NULL);
}

bool
users_can_log_in(const struct users_entry *entry)
{
	return (entry->hash[0] == '$');
}

static bool
same_time(const struct timespec *a, const struct timespec *b)
{
	return (a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec);
}

static bool
is_same(const struct users *users, const struct stat *now)
{
	const struct stat *then = &users->identity;

	return (users->text != NULL && users->settled &&
	    then->st_dev == now->st_dev && then->st_ino == now->st_ino &&
	    then->st_size == now->st_size && then->st_mode == now->st_mode &&
	    then->st_uid == now->st_uid &&
	    same_time(&then->st_mtim, &now->st_mtim) &&
	    same_time(&then->st_ctim, &now->st_ctim));
}

static const char *
refuse_file(const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return ("not a regular file");
	if ((st->st_mode & S_IRWXO) != 0)
		return ("others may read or write it; make it mode 0600 or "
			"0640");
	if ((st->st_mode & S_IWGRP) != 0)
		return ("its group may write it; make it mode 0600 or 0640");
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return ("its owner is neither root nor who runs ftpsd");
	if (st->st_size > USERS_FILE_MAX)
		return ("larger than 64 MiB");
	return (NULL);
}

static char *
read_text(int fd, size_t size, size_t *len)
{
	size_t at = 0;
	ssize_t n = 1;
	char *text;

	text = malloc(size + 1);
	if (text == NULL)
		return (NULL);
	while (at < size && n != 0) {
		n = read(fd, text + at, size - at);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1) {
			free(text);
			return (NULL);
		}
		at += (size_t)n;
	}
	*len = at;
	return (text);
}

static enum users_load
refuse(struct users *users, const char *why)
{
	forget(users);
	mistake(users, 0, why);
	return (USERS_REFUSED);
}

static enum users_load
load_from(struct users *users, int fd)
{
	const char *why;
	struct stat st;
	size_t len;
	char *text;

	if (fstat(fd, &st) == -1)
		return (refuse(users, strerror(errno)));
	if (is_same(users, &st))
		return (USERS_SAME);
	why = refuse_file(&st);
	if (why != NULL)
		return (refuse(users, why));
	text = read_text(fd, (size_t)st.st_size, &len);
	if (text == NULL)
		return (refuse(users, strerror(errno)));
	users_parse(users, text, len);
	users->identity = st;
	users->settled = time(NULL) - st.st_ctim.tv_sec >= SETTLE_SECONDS;
	return (USERS_READ);
}

enum users_load
users_load(struct users *users)
{
	enum users_load ret;
	int fd;

	/* Not blocking: a FIFO in its place is refused, not waited for. */
	fd = open(users->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd == -1 && (errno == ENOENT || errno == ENOTDIR)) {
		forget(users);
		return (USERS_MISSING);
	}
	if (fd == -1)
		return (refuse(users, strerror(errno)));
	ret = load_from(users, fd);
	fd_close(&fd);
	return (ret);
}
