/* users and directories: lists of entries that set some of a host's keys. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shm/conf/varying.h"

#define USER_LEN_MAX 256 /* of a name; longer ones cannot log in */

/* What an entry of users may be for, or where an entry of directories is. */
static const char *const user_fields[] = { "name", "group" };
static const char *const directory_fields[] = { "path" };

struct reading {
	const struct value *value; /* of the list */
	unsigned int context;
	struct conf_section *section;
};

static const char *
list_name(const struct reading *reading)
{
	return (reading->context == CONTEXT_USER ? "users" : "directories");
}

static void *
list_of(const struct conf_key *key, void *object)
{
	return ((char *)object + key->offset);
}

/* --- whom or what an entry is for ----------------------------------------- */

static bool
check_user(const struct value *value, const struct node *node, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;
	struct shown shown;

	while (*at >= 0x20 && *at != 0x7f && *at != ':' && *at != '/')
		at++;
	if (*text != '\0' && *at == '\0' && strlen(text) <= USER_LEN_MAX)
		return (true);
	value_refuse(value, node, "%s is not the name of a user",
	    *text == '\0' ? "an empty text" : report_show(&shown, text));
	return (false);
}

/* A path as clients are shown it: nothing in it stands for something else. */
static bool
check_directory(const struct value *value, const struct node *node,
    const char *text)
{
	size_t len;

	if (!scalar_check_path(value, node, text))
		return (false);
	for (; *text != '\0'; text += len) {
		text += strspn(text, "/");
		len = strcspn(text, "/");
		if ((len == 1 && text[0] == '.') ||
		    (len == 2 && text[0] == '.' && text[1] == '.')) {
			value_refuse(value, node,
			    "a path without \".\" and \"..\" is expected");
			return (false);
		}
	}
	return (true);
}

/* Leaves out slashes that mean nothing; the root stays "/". */
static void
trim_path(char *path)
{
	char *in, *out = path;

	for (in = path; *in != '\0'; in++)
		if (*in != '/' || (in[1] != '/' && in[1] != '\0'))
			*out++ = *in;
	if (out == path)
		*out++ = '/';
	*out = '\0';
}

static bool
take_subject(struct reading *reading, const struct node *node)
{
	const struct value *value = reading->value;
	struct conf_section *section = reading->section;
	const char *text = value_text(value, node);

	if (text == NULL)
		return (false);
	if (reading->context == CONTEXT_DIRECTORY) {
		if (!check_directory(value, node, text) ||
		    !strings_replace(value->load, &section->name, text))
			return (false);
		trim_path(section->name);
		return (true);
	}
	if (strcmp(node->key, "name") == 0)
		return (check_user(value, node, text) &&
		    strings_replace(value->load, &section->name, text));
	return (scalar_check_name(value, node, text) &&
	    strings_replace(value->load, &section->group, text));
}

/* --- its keys ------------------------------------------------------------- */

/* Says why path may not be set here. */
static bool
refuse_key(const struct reading *reading, const struct node *node,
    const char *path)
{
	const struct conf_key *key = keys_find(path);
	char nearest[KEYS_PATH_MAX];
	struct shown shown;

	if (key != NULL || keys_is_group(path))
		report_add(reading->value->load, node->key_place,
		    "%s may not be set below %s", path, list_name(reading));
	else if (keys_nearest(path, reading->context, nearest))
		report_add(reading->value->load, node->key_place,
		    "unknown key %s: did you mean %s?",
		    report_show(&shown, path), nearest);
	else
		report_add(reading->value->load, node->key_place,
		    "unknown key %s", report_show(&shown, path));
	return (false);
}

static bool take_keys(struct reading *reading, const struct node *mapping,
    const char *prefix);

/* The key of node, or the keys below it, when prefix comes before its name. */
static bool
take_key(struct reading *reading, const struct node *node, const char *prefix)
{
	const struct conf_key *key;
	char path[KEYS_PATH_MAX];
	int len;

	len = snprintf(path, sizeof(path), "%s%s", prefix, node->key);
	if (len < 0 || (size_t)len >= sizeof(path))
		return (refuse_key(reading, node, node->key));
	key = keys_find(path);
	if (key != NULL && (key->contexts & reading->context) != 0)
		return (varying_read(reading->value->load, key, node,
		    &reading->section->settings));
	if (!keys_is_group_in(path, reading->context))
		return (refuse_key(reading, node, path));
	if (node->kind == NODE_NULL)
		return (true);
	if (node->kind != NODE_MAPPING) {
		report_add(reading->value->load, node->place,
		    "%s takes further keys below it, not a value", node->key);
		return (false);
	}
	if ((size_t)len + 1 >= sizeof(path))
		return (refuse_key(reading, node, path));
	path[len] = '.';
	path[len + 1] = '\0';
	return (take_keys(reading, node, path));
}

static bool
is_subject(const struct reading *reading, const char *key)
{
	if (reading->context == CONTEXT_DIRECTORY)
		return (strcmp(key, directory_fields[0]) == 0);
	return (strcmp(key, user_fields[0]) == 0 ||
	    strcmp(key, user_fields[1]) == 0);
}

static bool
take_keys(struct reading *reading, const struct node *mapping,
    const char *prefix)
{
	const struct node *node;
	bool good = true;

	for (node = mapping->first; node != NULL; node = node->next) {
		if (prefix[0] == '\0' && is_subject(reading, node->key))
			good = take_subject(reading, node) && good;
		else
			good = take_key(reading, node, prefix) && good;
	}
	return (good);
}

/* --- the list ------------------------------------------------------------- */

static bool
same_text(const char *a, const char *b)
{
	return (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* Whether an entry before it in the list is for the same. */
static bool
is_second(const struct conf_sections *list, const struct conf_section *section)
{
	const struct conf_section *other;

	for (other = list->items; other != section; other++)
		if (same_text(other->name, section->name) ||
		    same_text(other->group, section->group))
			return (true);
	return (false);
}

/* Whether the entry is for somebody, and for nobody who has one already. */
static bool
check_entry(const struct reading *reading, const struct node *node,
    const struct conf_sections *list)
{
	const struct conf_section *section = reading->section;
	const char *name =
	    section->name == NULL ? section->group : section->name;
	struct shown shown;

	if (name == NULL)
		value_refuse(reading->value, node, "an entry needs a %s",
		    reading->context == CONTEXT_USER ? "name or a group"
						     : "path");
	else if (section->name != NULL && section->group != NULL)
		value_refuse(reading->value, node,
		    "an entry is for a name or for a group, not for both");
	else if (section->group != NULL && list->ngroups == CONF_GROUPS_MAX)
		value_refuse(reading->value, node,
		    "more than %d entries for groups", CONF_GROUPS_MAX);
	else if (is_second(list, section))
		value_refuse(reading->value, node, "a second entry for %s",
		    report_show(&shown, name));
	else
		return (true);
	return (false);
}

static bool
read_entry(struct reading *reading, const struct node *node,
    struct conf_sections *list)
{
	if (node->kind != NODE_MAPPING) {
		value_refuse(reading->value, node,
		    "takes a list of mappings, such as \"- {%s, umask: 077}\"",
		    reading->context == CONTEXT_USER ? "name: bob"
						     : "path: /in");
		return (false);
	}
	reading->section = &list->items[list->count++];
	if (!take_keys(reading, node, "") || !check_entry(reading, node, list))
		return (false);
	list->ngroups += reading->section->group != NULL;
	return (true);
}

static void
free_sections(struct conf_sections *list)
{
	size_t i;

	for (i = 0; i < list->count; i++) {
		free(list->items[i].name);
		free(list->items[i].group);
		varying_free(&list->items[i].settings);
	}
	free(list->items);
	memset(list, 0, sizeof(*list));
}

bool
sections_read(const struct value *value)
{
	struct conf_sections *field = list_of(value->key, value->object);
	struct conf_sections list = { NULL, 0, 0 };
	struct reading reading = { value,
		value->key->type == CONF_TYPE_USERS ? CONTEXT_USER
						    : CONTEXT_DIRECTORY,
		NULL };
	const struct node *node;
	bool good = true;

	if (value->node->kind != NODE_LIST) {
		value_refuse(value, value->node,
		    "takes a list, each entry beginning with \"- \"");
		return (false);
	}
	list.items =
	    calloc((size_t)value->node->count + 1, sizeof(*list.items));
	if (list.items == NULL) {
		report_no_memory(value->load);
		return (false);
	}
	for (node = value->node->first; node != NULL; node = node->next)
		good = read_entry(&reading, node, &list) && good;
	if (!good) {
		free_sections(&list);
		return (false);
	}
	free_sections(field);
	*field = list;
	return (true);
}

static int
write_entry(struct buf *out, const struct conf_section *section,
    const char *name)
{
	if (section->group != NULL)
		name = "group";
	if (buf_printf(out, "{%s: ", name) == -1 ||
	    scalar_write_text(out,
		section->group != NULL ? section->group : section->name) ==
		-1 ||
	    varying_write_all(out, &section->settings) == -1)
		return (-1);
	return (buf_append(out, "}", 1));
}

int
sections_write(struct buf *out, const struct conf_key *key, const void *object)
{
	const void *at = (const char *)object + key->offset;
	const struct conf_sections *list = at;
	size_t i;

	if (buf_append(out, "[", 1) == -1)
		return (-1);
	for (i = 0; i < list->count; i++)
		if ((i > 0 && buf_append(out, ", ", 2) == -1) ||
		    write_entry(out, &list->items[i],
			key->type == CONF_TYPE_USERS
			    ? user_fields[0]
			    : directory_fields[0]) == -1)
			return (-1);
	return (buf_append(out, "]", 1));
}

void
sections_release(const struct conf_key *key, void *object)
{
	free_sections(list_of(key, object));
}

/* --- asked later ---------------------------------------------------------- */

const struct conf_section *
conf_user(const struct conf_host *host, const char *name)
{
	size_t i;

	for (i = 0; i < host->users.count; i++)
		if (same_text(host->users.items[i].name, name))
			return (&host->users.items[i]);
	return (NULL);
}

/* Whether path is the directory, or in it. */
static bool
is_in(const char *path, const char *directory, size_t len)
{
	if (len == 1)
		return (true);
	return (strncmp(path, directory, len) == 0 &&
	    (path[len] == '/' || path[len] == '\0'));
}

const struct conf_section *
conf_directory(const struct conf_sections *directories, const char *path,
    const struct conf_section *after)
{
	const struct conf_section *item, *best = NULL;
	size_t most = after == NULL ? SIZE_MAX : strlen(after->name);
	size_t i, len, longest = 0;

	/* All that match begin alike, so a longer one is within a shorter. */
	for (i = 0; i < directories->count; i++) {
		item = &directories->items[i];
		len = strlen(item->name);
		if (len <= longest || len >= most ||
		    !is_in(path, item->name, len))
			continue;
		longest = len;
		best = item;
	}
	return (best);
}
