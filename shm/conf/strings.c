/* Lists of strings, and the mappings that are items of lists. */
#include <stdlib.h>
#include <string.h>

#include "shm/conf/value.h"

bool
strings_add(struct load *load, struct conf_strings *strings, const char *text)
{
	char **items;

	items = realloc(strings->items,
	    (strings->count + 1) * sizeof(*strings->items));
	if (items != NULL) {
		strings->items = items;
		items[strings->count] = strdup(text);
	}
	if (items == NULL || items[strings->count] == NULL) {
		report_no_memory(load);
		return (false);
	}
	strings->count++;
	return (true);
}

void
strings_free(struct conf_strings *strings)
{
	size_t i;

	for (i = 0; i < strings->count; i++)
		free(strings->items[i]);
	free(strings->items);
	strings->items = NULL;
	strings->count = 0;
}

int
strings_write(struct buf *out, const struct conf_strings *strings)
{
	size_t i;
	int ret;

	ret = buf_append(out, "[", 1);
	for (i = 0; i < strings->count && ret == 0; i++) {
		if (i > 0)
			ret = buf_append(out, ", ", 2);
		if (ret == 0)
			ret = scalar_write_text(out, strings->items[i]);
	}
	return (ret == 0 ? buf_append(out, "]", 1) : ret);
}

bool
strings_replace(struct load *load, char **field, const char *text)
{
	char *copy = strdup(text);

	if (copy == NULL) {
		report_no_memory(load);
		return (false);
	}
	free(*field);
	*field = copy;
	return (true);
}

int
string_list_write(struct buf *out, const struct conf_key *key,
    const void *object)
{
	const void *field = (const char *)object + key->offset;

	return (strings_write(out, field));
}

void
string_list_release(const struct conf_key *key, void *object)
{
	void *field = (char *)object + key->offset;

	strings_free(field);
}

static bool
refuse_field(const struct value *value, const struct node *field,
    const char *const *names, size_t count)
{
	const char *nearest = keys_nearest_word(names, count, field->key);
	struct shown shown;

	report_add(value->load, field->key_place, "%s: unknown key %s%s%s%s",
	    value->key->path, report_show(&shown, field->key),
	    nearest == NULL ? "" : ": did you mean ",
	    nearest == NULL ? "" : nearest, nearest == NULL ? "" : "?");
	return (false);
}

bool
fields_walk(const struct value *value, const struct node *node,
    const char *const *names, size_t count, fields_take take, void *context)
{
	const struct node *field;
	bool good = true;
	size_t i;

	if (node->kind != NODE_MAPPING) {
		value_refuse(value, node,
		    "takes a list of mappings, such as "
		    "\"- %s: ...\"",
		    names[0]);
		return (false);
	}
	for (field = node->first; field != NULL; field = field->next) {
		for (i = 0; i < count; i++)
			if (strcmp(field->key, names[i]) == 0)
				break;
		if (i == count)
			good = refuse_field(value, field, names, count);
		else
			good = take(value, i, field, context) && good;
	}
	return (good);
}
