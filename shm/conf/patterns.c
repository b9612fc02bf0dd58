/* Patterns of names and paths: the value of `deny`. */
#include <string.h>
#include <strings.h>

#include "shm/conf/value.h"

#define PATTERNS_MAX    64
#define PATTERN_LEN_MAX 255

static bool
is_dots(const char *name, size_t len)
{
	return ((len == 1 && name[0] == '.') ||
	    (len == 2 && name[0] == '.' && name[1] == '.'));
}

/* Why the text is no pattern, or NULL. */
static const char *
mistake_in(const char *text)
{
	const char *at = text;
	size_t len;

	for (; *at != '\0'; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			return ("holds a control character");
	if (at - text > PATTERN_LEN_MAX)
		return ("is too long");
	if (text[0] == '\0')
		return ("is empty");
	if (text[0] != '/' && strchr(text, '/') != NULL)
		return ("has a slash, but does not begin with one");
	at = text + (text[0] == '/');
	do {
		len = strcspn(at, "/");
		if (len == 0)
			return ("has an empty name in it");
		if (is_dots(at, len))
			return ("has \".\" or \"..\" as a name");
		at += len;
	} while (*at++ == '/');
	return (NULL);
}

static bool
add(const struct value *value, const struct node *node, const char *text,
    void *context)
{
	struct conf_strings *list = context;
	const char *mistake;
	struct shown shown;

	if (node == value->node && strcasecmp(text, "none") == 0)
		return (true);
	mistake =
	    list->count == PATTERNS_MAX ? "is one too many" : mistake_in(text);
	if (mistake == NULL)
		return (strings_add(value->load, list, text));
	value_refuse(value, node, "the pattern %s %s",
	    report_show(&shown, text), mistake);
	return (false);
}

bool
patterns_read(const struct value *value)
{
	void *at = (char *)value->object + value->key->offset;
	struct conf_strings *field = at, list = { NULL, 0 };

	if (!words_walk_items(value, value->node, add, &list)) {
		strings_free(&list);
		return (false);
	}
	strings_free(field);
	*field = list;
	return (true);
}

int
patterns_write(struct buf *out, const struct conf_key *key, const void *object)
{
	const void *at = (const char *)object + key->offset;
	const struct conf_strings *list = at;

	return (list->count == 0 ? buf_printf(out, "none")
				 : strings_write(out, list));
}
