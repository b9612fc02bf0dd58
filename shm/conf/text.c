/* Values that are one text: names, paths, the banner. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "shm/base/utf8.h"
#include "shm/conf/format.h"
#include "shm/conf/value.h"

#define PATH_LEN_MAX 1023 /* of a path in the configuration */
#define FILE_LEN_MAX 255  /* of a name in a directory */
#define NAME_LEN_MAX 64
#define HOST_LEN_MAX 253

static bool
has_control(const char *text)
{
	for (; *text != '\0'; text++)
		if (iscntrl((unsigned char)*text))
			return (true);
	return (false);
}

bool
scalar_check_path(const struct value *value, const struct node *node,
    const char *text)
{
	struct shown shown;

	if (text[0] != '/')
		value_refuse(value, node,
		    "%s is not an absolute path: it must begin with /",
		    report_show(&shown, text));
	else if (has_control(text))
		value_refuse(value, node, "a control character in a path");
	else if (strlen(text) > PATH_LEN_MAX)
		value_refuse(value, node, "a path of more than %d bytes",
		    PATH_LEN_MAX);
	else
		return (true);
	return (false);
}

/* Whether every byte of text is a letter, a digit or one of others. */
static bool
consists_of(const char *text, const char *others)
{
	for (; *text != '\0'; text++) {
		if ((*text >= 'a' && *text <= 'z') ||
		    (*text >= 'A' && *text <= 'Z') ||
		    (*text >= '0' && *text <= '9'))
			continue;
		if (strchr(others, *text) == NULL)
			return (false);
	}
	return (true);
}

bool
scalar_check_name(const struct value *value, const struct node *node,
    const char *text)
{
	struct shown shown;

	if (text[0] != '\0' && text[0] != '-' && text[0] != '.' &&
	    strlen(text) <= NAME_LEN_MAX && consists_of(text, "._-$"))
		return (true);
	value_refuse(value, node, "%s is not a name",
	    text[0] == '\0' ? "an empty text" : report_show(&shown, text));
	return (false);
}

static bool
check_host_name(const struct value *value, const struct node *node,
    const char *text)
{
	struct shown shown;

	if (text[0] != '\0' && text[0] != '-' && text[0] != '.' &&
	    strlen(text) <= HOST_LEN_MAX && consists_of(text, "._-") &&
	    strstr(text, "..") == NULL && text[strlen(text) - 1] != '.')
		return (true);
	value_refuse(value, node, "%s is not the name of a host",
	    text[0] == '\0' ? "an empty text" : report_show(&shown, text));
	return (false);
}

static bool
check_variables(const struct value *value, const struct node *node,
    const char *text)
{
	const enum format_kind kind = value->key->type == CONF_TYPE_BANNER
	    ? FORMAT_BANNER
	    : FORMAT_LOGIN_MESSAGE;
	char why[FORMAT_WHY_MAX];
	struct conf_format *format = format_parse(text, kind, why);

	if (format == NULL)
		value_refuse(value, node, "%s", why);
	free(format);
	return (format != NULL);
}

static bool
check_file_name(const struct value *value, const struct node *node,
    const char *text)
{
	struct shown shown;

	if (text[0] != '\0' && strcmp(text, ".") != 0 &&
	    strcmp(text, "..") != 0 && strlen(text) <= FILE_LEN_MAX &&
	    strchr(text, '/') == NULL && !has_control(text))
		return (true);
	value_refuse(value, node,
	    "%s is not the name of a file: one without a directory, or none",
	    text[0] == '\0' ? "an empty text" : report_show(&shown, text));
	return (false);
}

static bool
check_text(const struct value *value, const struct node *node, const char *text)
{
	const char *at;

	for (at = text; *at != '\0'; at++)
		if (iscntrl((unsigned char)*at) && *at != '\n')
			break;
	if (*at != '\0')
		value_refuse(value, node, "a control character in a text");
	else if (text[strspn(text, "\n")] == '\0')
		value_refuse(value, node, "is empty");
	else if (strlen(text) > CONF_TEXT_MAX)
		value_refuse(value, node, "is longer than %d bytes",
		    CONF_TEXT_MAX);
	else
		return (check_variables(value, node, text));
	return (false);
}

static bool
check(const struct value *value, const char *text)
{
	switch ((int)value->key->type) {
	case CONF_TYPE_NAME:
		return (scalar_check_name(value, value->node, text));
	case CONF_TYPE_HOST_NAME:
		return (check_host_name(value, value->node, text));
	case CONF_TYPE_BANNER:
	case CONF_TYPE_LOGIN_MESSAGE:
		return (check_text(value, value->node, text));
	case CONF_TYPE_FILE_NAME:
		return (check_file_name(value, value->node, text));
	case CONF_TYPE_KEY_FILE:
		return (scalar_check_key_file(value, value->node, text));
	default:
		return (scalar_check_path(value, value->node, text));
	}
}

void
scalar_lower(char *text)
{
	for (; *text != '\0'; text++)
		if (*text >= 'A' && *text <= 'Z')
			*text = (char)(*text + ('a' - 'A'));
}

/* A text of several lines comes with the end of the last one. */
static void
end_line(char *text)
{
	size_t len = strlen(text);

	while (len > 0 && text[len - 1] == '\n')
		text[--len] = '\0';
}

/* Whether "none" is for such a key a word and not a text. */
static bool
may_be_none(enum conf_type type)
{
	return (type == CONF_TYPE_PATH_OR_NONE || type == CONF_TYPE_FILE ||
	    type == CONF_TYPE_FILE_NAME);
}

bool
text_read(const struct value *value)
{
	const char *text = value_text(value, value->node);
	char **field;
	void *at = (char *)value->object + value->key->offset;

	field = at;
	if (text == NULL)
		return (false);
	if (may_be_none(value->key->type) && strcasecmp(text, "none") == 0) {
		free(*field);
		*field = NULL;
		return (true);
	}
	if (!check(value, text) || !strings_replace(value->load, field, text))
		return (false);
	if (value->key->type == CONF_TYPE_HOST_NAME)
		scalar_lower(*field);
	if (value->key->type == CONF_TYPE_BANNER ||
	    value->key->type == CONF_TYPE_LOGIN_MESSAGE)
		end_line(*field);
	return (true);
}

/* Whether text means itself in YAML without quotes. */
static bool
is_plain(const char *text)
{
	return (text[0] != '\0' && text[0] != '-' && text[0] != '.' &&
	    consists_of(text, "_./-") && strcasecmp(text, "null") != 0);
}

/*
 * The text of a character that a reader of YAML would refuse or take for the
 * end of a line; its length in bytes, or 0 when it means itself.
 */
static size_t
escape(const char *at, char out[8])
{
	static const char *const others[][2] = {
		{ "\xe2\x80\xa8", "\\u2028" },
		{ "\xe2\x80\xa9", "\\u2029" },
		{ "\xef\xbb\xbf", "\\uFEFF" },
		{ "\xef\xbf\xbe", "\\uFFFE" },
		{ "\xef\xbf\xbf", "\\uFFFF" },
	};
	const uint8_t *bytes = (const uint8_t *)at;
	size_t i;

	if (*at == '"' || *at == '\\') {
		(void)snprintf(out, 8, "\\%c", *at);
		return (1);
	}
	if (utf8_is_control(bytes, 1)) {
		(void)snprintf(out, 8, "\\x%02X", bytes[0]);
		return (1);
	}
	if (bytes[1] >= 0x80 && utf8_is_control(bytes, 2)) {
		(void)snprintf(out, 8, "\\x%02X", bytes[1]);
		return (2);
	}
	for (i = 0; i < NITEMS(others); i++)
		if (strncmp(at, others[i][0], 3) == 0) {
			(void)snprintf(out, 8, "%s", others[i][1]);
			return (3);
		}
	return (0);
}

int
scalar_write_text(struct buf *out, const char *text)
{
	char escaped[8];
	const char *at;
	size_t len;
	int ret;

	if (is_plain(text))
		return (buf_printf(out, "%s", text));
	ret = buf_append(out, "\"", 1);
	for (at = text; *at != '\0' && ret == 0; at += len) {
		len = escape(at, escaped);
		if (len != 0) {
			ret = buf_printf(out, "%s", escaped);
		} else {
			len = 1;
			ret = buf_append(out, at, 1);
		}
	}
	return (ret == 0 ? buf_append(out, "\"", 1) : ret);
}

int
text_write(struct buf *out, const struct conf_key *key, const void *object)
{
	const char *text;

	memcpy(&text, (const char *)object + key->offset, sizeof(text));
	return (text == NULL ? buf_printf(out, "none")
			     : scalar_write_text(out, text));
}

void
text_release(const struct conf_key *key, void *object)
{
	void *at = (char *)object + key->offset;
	char **field = at;

	free(*field);
	*field = NULL;
}

static bool
add_host_name(const struct value *value, const struct node *node,
    const char *word, void *context)
{
	struct conf_strings *names = context;

	if (!check_host_name(value, node, word) ||
	    !strings_add(value->load, names, word))
		return (false);
	scalar_lower(names->items[names->count - 1]);
	return (true);
}

bool
host_names_read(const struct value *value)
{
	struct conf_host *host = value->object;
	struct conf_strings names = { NULL, 0 };

	if (!words_walk(value, value->node, add_host_name, &names)) {
		strings_free(&names);
		return (false);
	}
	strings_free(&host->names);
	host->names = names;
	return (true);
}
