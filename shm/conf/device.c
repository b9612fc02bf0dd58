/* Where keys come from: programs that are asked, devices, URIs. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "shm/base/provider.h"
#include "shm/base/uri.h"
#include "shm/conf/value.h"

#define WORDS_MAX    32 /* of a command */
#define TEXT_LEN_MAX 1023

static bool
check_bytes(const struct value *value, const struct node *node,
    const char *text)
{
	const char *at;

	for (at = text; *at != '\0'; at++)
		if (iscntrl((unsigned char)*at))
			break;
	if (*at != '\0')
		value_refuse(value, node, "a control character in the text");
	else if (strlen(text) > TEXT_LEN_MAX)
		value_refuse(value, node, "a text of more than %d bytes",
		    TEXT_LEN_MAX);
	else
		return (true);
	return (false);
}

bool
scalar_check_key_file(const struct value *value, const struct node *node,
    const char *text)
{
	struct shown shown;

	if (!uri_is(text))
		return (scalar_check_path(value, node, text));
	if (!check_bytes(value, node, text))
		return (false);
	if (strncasecmp(text, "file:", strlen("file:")) != 0 ||
	    uri_file(text) != NULL)
		return (true);
	value_refuse(value, node,
	    "%s does not name a file of this machine: write file:/path",
	    report_show(&shown, text));
	return (false);
}

static bool
add_word(const struct value *value, const struct node *node, const char *word,
    void *context)
{
	struct conf_strings *words = context;

	if (words->count == 0 && !scalar_check_path(value, node, word))
		return (false);
	if (words->count == WORDS_MAX) {
		value_refuse(value, node, "more than %d words", WORDS_MAX);
		return (false);
	}
	return (check_bytes(value, node, word) &&
	    strings_add(value->load, words, word));
}

bool
command_read(const struct value *value)
{
	struct conf_strings words = { NULL, 0 }, *field;

	if (!words_walk_items(value, value->node, add_word, &words)) {
		strings_free(&words);
		return (false);
	}
	field = (void *)((char *)value->object + value->key->offset);
	strings_free(field);
	*field = words;
	return (true);
}

bool
device_read(const struct value *value)
{
	void *at = (char *)value->object + value->key->offset;
	const char *text = value_text(value, value->node);
	struct provider_name name;
	struct shown shown;

	if (text == NULL || !check_bytes(value, value->node, text))
		return (false);
	if (!provider_parse(&name, text)) {
		value_refuse(value, value->node,
		    "%s is neither all, none nor provider:NAME, after which "
		    "a property query may follow",
		    report_show(&shown, text));
		return (false);
	}
	if (name.name[0] == '\0')
		text = "none";
	return (strings_replace(value->load, at, text));
}
