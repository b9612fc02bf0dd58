/*
 * Sorted listings: the names of one directory, all of them, before the first
 * line.  A directory with more than the bound is listed as it comes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "worker/agent/list_cursor.h"

struct item {
	int64_t key;
	uint32_t fraction; /* of the key */
	uint32_t name;     /* where it is in the text, after its type */
};

struct list_sort {
	enum fs_list_order order;
	bool reverse;
	bool over; /* there are more than may be sorted */
	size_t max;
	struct item *items;
	size_t count, size, at;
	char *text;
	size_t text_len, text_size;
};

#define FIRST_ITEMS 64
#define FIRST_TEXT  4096

int
list_sort_begin(struct list *list, const struct list_request *request)
{
	const struct msg_fs_list *body = request->body;

	if (body->order == FS_ORDER_NONE)
		return (0);
	list->sort = calloc(1, sizeof(*list->sort));
	if (list->sort == NULL)
		return (-1);
	list->sort->order = (enum fs_list_order)body->order;
	list->sort->reverse = (body->flags & FS_LIST_REVERSE) != 0;
	list->sort->max = body->sorted_max;
	return (0);
}

void
list_sort_free(struct list_sort **sort)
{
	struct list_sort *ended = *sort;

	if (ended == NULL)
		return;
	*sort = NULL;
	free(ended->items);
	free(ended->text);
	free(ended);
}

/* Doubles *memory until it holds count of these. 0, or -1 with errno. */
static int
grow(void *memory, size_t *size, size_t count, size_t item, size_t first)
{
	size_t wanted = *size == 0 ? first : *size;
	void *grown, **place = memory;

	if (count <= *size)
		return (0);
	while (wanted < count)
		wanted *= 2;
	grown = reallocarray(*place, wanted, item);
	if (grown == NULL)
		return (-1);
	*place = grown;
	*size = wanted;
	return (0);
}

static int
keep(struct list_sort *sort, const struct item *item,
    const struct dirent64 *entry)
{
	size_t len = strlen(entry->d_name) + 1;
	struct item *kept;

	if (sort->text_len + 1 + len > UINT32_MAX) {
		errno = ENOMEM;
		return (-1);
	}
	if (grow(&sort->items, &sort->size, sort->count + 1, sizeof(*item),
		FIRST_ITEMS) == -1 ||
	    grow(&sort->text, &sort->text_size, sort->text_len + 1 + len, 1,
		FIRST_TEXT) == -1)
		return (-1);
	kept = &sort->items[sort->count++];
	*kept = *item;
	memcpy(sort->text + sort->text_len, &entry->d_type, 1);
	kept->name = (uint32_t)sort->text_len + 1;
	memcpy(sort->text + kept->name, entry->d_name, len);
	sort->text_len += 1 + len;
	return (0);
}

/* The largest key comes first. */
static void
set_key(const struct list_sort *sort, const struct statx *facts,
    struct item *item)
{
	if (sort->order == FS_ORDER_TIME) {
		item->key = facts->stx_mtime.tv_sec;
		item->fraction = facts->stx_mtime.tv_nsec;
	} else {
		item->key = facts->stx_size > INT64_MAX
		    ? INT64_MAX
		    : (int64_t)facts->stx_size;
	}
}

/* Those that there are become lines, and the rest of the directory, too. */
static void
give_up(struct list *list)
{
	list->sort->over = true;
	list->cut |= FS_CUT_SORTED;
	list->phase = LIST_SORTED;
}

int
list_sort_keep(struct list *list, const struct dirent64 *entry)
{
	struct list_sort *sort = list->sort;
	struct item item = { 0, 0, 0 };

	if (sort->count >= sort->max) {
		give_up(list);
		return (list_add_name(list, entry->d_name, entry->d_type));
	}
	if (sort->order != FS_ORDER_NAME) {
		if (list_look_name(list, entry->d_name, &list->facts) == 0)
			set_key(sort, &list->facts, &item);
		else if (errno == ENOENT)
			return (1);
	}
	if (keep(sort, &item, entry) == 0)
		return (1);
	give_up(list);
	return (list_add_name(list, entry->d_name, entry->d_type));
}

static int
compare(const void *left, const void *right, void *context)
{
	const struct list_sort *sort = context;
	const struct item *a = left, *b = right;
	int order = strcmp(sort->text + a->name, sort->text + b->name);

	if (a->fraction != b->fraction)
		order = a->fraction < b->fraction ? 1 : -1;
	if (a->key != b->key)
		order = a->key < b->key ? 1 : -1;
	return (sort->reverse ? -order : order);
}

int
list_sort_all(struct list *list)
{
	struct list_sort *sort = list->sort;

	if (sort->count > 1)
		qsort_r(sort->items, sort->count, sizeof(*sort->items), compare,
		    sort);
	list->phase = LIST_SORTED;
	return (1);
}

/* All have become lines. */
static int
end(struct list *list)
{
	struct list_sort *sort = list->sort;
	bool over = sort->over;

	sort->count = sort->at = sort->text_len = 0;
	sort->over = false;
	list->phase = LIST_LINES;
	if (over)
		return (1);
	return (list->walk == NULL ? 0 : list_walk_on(list));
}

int
list_sort_next(struct list *list)
{
	struct list_sort *sort = list->sort;
	const char *name;

	if (sort->at == sort->count)
		return (end(list));
	name = sort->text + sort->items[sort->at++].name;
	return (list_add_name(list, name, (unsigned char)name[-1]));
}
