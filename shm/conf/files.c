/* Keys that name files which are read when the configuration is loaded. */
#include <stdlib.h>
#include <string.h>

#include "shm/conf/value.h"

#define IDENTITY_MAX 128 /* what every TLS library takes */
#define IDENTITY_END " hex:"

/* --- where a file is named ------------------------------------------------ */

/* A value that is applied again was noted when it was read first. */
static bool
mention(struct load *load, const struct node *node, const char *path)
{
	struct conf_mention *list, *entry;

	if (load->report.muted)
		return (true);
	list = realloc(load->mentions, (load->nmentions + 1) * sizeof(*list));
	if (list == NULL) {
		report_no_memory(load);
		return (false);
	}
	load->mentions = list;
	entry = &list[load->nmentions++];
	memset(entry, 0, sizeof(*entry));
	entry->line = node->place.line;
	entry->column = node->place.column;
	return (strings_replace(load, &entry->path, path) &&
	    strings_replace(load, &entry->file,
		load->files[node->place.file].name));
}

static int
compare_mentions(const void *a, const void *b)
{
	const struct conf_mention *x = a, *y = b;
	int order = strcmp(x->path, y->path);

	if (order == 0)
		order = (x->line > y->line) - (x->line < y->line);
	return (order);
}

void
mentions_move(struct load *load, struct conf *conf)
{
	if (load->nmentions > 0)
		qsort(load->mentions, load->nmentions, sizeof(*load->mentions),
		    compare_mentions);
	conf->mentions = load->mentions;
	conf->nmentions = load->nmentions;
	load->mentions = NULL;
	load->nmentions = 0;
}

void
mentions_free(struct conf_mention *mentions, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		free(mentions[i].path);
		free(mentions[i].file);
	}
	free(mentions);
}

const struct conf_mention *
conf_mention(const struct conf *conf, const char *path)
{
	size_t low = 0, high = conf->nmentions, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (strcmp(conf->mentions[middle].path, path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == conf->nmentions ||
	    strcmp(conf->mentions[low].path, path) != 0)
		return (NULL);
	return (&conf->mentions[low]);
}

/* --- one file ------------------------------------------------------------- */

bool
file_read(const struct value *value)
{
	char **field;
	void *at = (char *)value->object + value->key->offset;

	field = at;
	return (text_read(value) &&
	    (*field == NULL || mention(value->load, value->node, *field)));
}

/* --- several -------------------------------------------------------------- */

static bool
add_file(const struct value *value, const struct node *node, const char *text,
    void *context)
{
	return (scalar_check_path(value, node, text) &&
	    strings_add(value->load, context, text) &&
	    mention(value->load, node, text));
}

/* Replaces the field by what each makes of the items. */
static bool
read_list(const struct value *value, words_each each)
{
	void *field = (char *)value->object + value->key->offset;
	struct conf_strings list = { NULL, 0 };

	if (!words_walk_items(value, value->node, each, &list)) {
		strings_free(&list);
		return (false);
	}
	strings_free(field);
	memcpy(field, &list, sizeof(list));
	return (true);
}

bool
files_read(const struct value *value)
{
	return (read_list(value, add_file));
}

/* --- tls.pre_shared_key --------------------------------------------------- */

const char *
conf_pre_shared_key(const char *item, size_t *identity_len)
{
	const char *end = strstr(item, IDENTITY_END);

	if (end == NULL)
		return (NULL);
	*identity_len = (size_t)(end - item);
	return (end + strlen(IDENTITY_END));
}

static bool
is_listed(const struct conf_strings *list, const char *identity, size_t len)
{
	size_t i, other;

	for (i = 0; i < list->count; i++)
		if (conf_pre_shared_key(list->items[i], &other) != NULL &&
		    other == len && memcmp(list->items[i], identity, len) == 0)
			return (true);
	return (false);
}

/* Blanks would make the lines that workers get ambiguous. */
static bool
check_identity(const struct value *value, const struct node *node,
    const char *text, size_t len)
{
	size_t i;

	if (len == 0 || len > IDENTITY_MAX) {
		value_refuse(value, node,
		    "an identity has from 1 to %d bytes, not %zu", IDENTITY_MAX,
		    len);
		return (false);
	}
	for (i = 0; i < len; i++)
		if ((unsigned char)text[i] <= ' ' || text[i] == 0x7f) {
			value_refuse(value, node,
			    "an identity has no blanks and no control "
			    "characters");
			return (false);
		}
	return (true);
}

static bool
add_pre_shared_key(const struct value *value, const struct node *node,
    const char *text, void *context)
{
	const char *path;
	size_t len = 0;

	path = conf_pre_shared_key(text, &len);
	if (path == NULL) {
		value_refuse(value, node,
		    "expected an identity and the file of its key, such as "
		    "\"client1 hex:/etc/ftpsd/client1.key\"");
		return (false);
	}
	if (!check_identity(value, node, text, len) ||
	    !scalar_check_path(value, node, path))
		return (false);
	if (is_listed(context, text, len)) {
		value_refuse(value, node, "an identity stands there twice");
		return (false);
	}
	return (strings_add(value->load, context, text) &&
	    mention(value->load, node, path));
}

bool
pre_shared_keys_read(const struct value *value)
{
	return (read_list(value, add_pre_shared_key));
}
