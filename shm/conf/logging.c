/* log.trace and the formats of lines, as values. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "shm/base/trace.h"
#include "shm/conf/format.h"
#include "shm/conf/value.h"

#define RULE_WORDS 3
#define RULE_LEN   128
#define FORMAT_LEN 2048

/* --- log.trace ------------------------------------------------------------ */

/* Cuts text, a copy, at blanks; how many words there are, at most one more. */
static size_t
cut_words(char *text, char *words[RULE_WORDS + 1])
{
	char *rest = text, *word;
	size_t count = 0;

	while (count <= RULE_WORDS && (word = strsep(&rest, " \t\n")) != NULL)
		if (*word != '\0')
			words[count++] = word;
	return (count);
}

static void
refuse_channel(const struct value *value, const struct node *node,
    const char *text)
{
	const char *names[TRACE_COUNT] = { NULL }, *nearest;
	struct shown shown;
	unsigned int i;

	for (i = 0; i < TRACE_COUNT; i++)
		names[i] = trace_name((enum trace_channel)i);
	nearest = keys_nearest_word(names, TRACE_COUNT, text);
	value_refuse(value, node, "unknown channel %s%s%s%s",
	    report_show(&shown, text), nearest == NULL ? "" : ": did you mean ",
	    nearest == NULL ? "" : nearest, nearest == NULL ? "" : "?");
}

/* One item: "channel level [client]". */
static bool
add_rule(const struct value *value, const struct node *node, const char *item,
    void *context)
{
	struct trace_rule *rules = context;
	char text[RULE_LEN], *words[RULE_WORDS + 1] = { NULL };
	enum trace_channel channel;
	const char *why;
	size_t count;

	if (strlen(item) >= sizeof(text)) {
		value_refuse(value, node, "is too long");
		return (false);
	}
	memcpy(text, item, strlen(item) + 1);
	count = cut_words(text, words);
	if (count < 2 || count > RULE_WORDS) {
		value_refuse(value, node,
		    "takes a channel, a level and perhaps a client, such as "
		    "\"tls 5 192.0.2.1\"");
		return (false);
	}
	channel = trace_find(words[0]);
	if (channel == TRACE_COUNT) {
		refuse_channel(value, node, words[0]);
		return (false);
	}
	if (trace_parse(&rules[channel], words[1], words[2], &why) == -1) {
		value_refuse(value, node, "%s", why);
		return (false);
	}
	return (true);
}

bool
trace_read(const struct value *value)
{
	struct trace_rule rules[TRACE_COUNT];
	struct conf *conf = value->object;

	memset(rules, 0, sizeof(rules));
	if (!words_walk_items(value, value->node, add_rule, rules))
		return (false);
	memcpy(conf->trace, rules, sizeof(rules));
	return (true);
}

int
trace_rules_write(struct buf *out, const struct conf_key *key,
    const void *object)
{
	const struct conf *conf = object;
	const struct trace_rule *rule;
	char client[TRACE_CLIENT_MAX];
	const char *comma = "";
	unsigned int i;
	int ret;

	(void)key;
	ret = buf_append(out, "[", 1);
	for (i = 0; i < TRACE_COUNT && ret == 0; i++) {
		rule = &conf->trace[i];
		if (rule->level == 0)
			continue;
		trace_client(rule, client);
		ret = buf_printf(out, "%s\"%s %u%s%s\"", comma,
		    trace_name((enum trace_channel)i), rule->level,
		    client[0] == '\0' ? "" : " ", client);
		comma = ", ";
	}
	return (ret == 0 ? buf_append(out, "]", 1) : ret);
}

/* --- log.session_format, log.transfer_format ------------------------------ */

static enum format_kind
kind_of(const struct conf_key *key)
{
	return (strcmp(key->path, "log.transfer_format") == 0 ? FORMAT_TRANSFER
							      : FORMAT_SESSION);
}

/* The word that stands for the format that there is without the key. */
static const char *
default_word(const struct conf_key *key)
{
	return (kind_of(key) == FORMAT_TRANSFER ? "xferlog" : "default");
}

bool
format_read(const struct value *value)
{
	const char *text = value_text(value, value->node);
	void *at = (char *)value->object + value->key->offset;
	struct conf_format *format = NULL, **field = at;
	char why[FORMAT_WHY_MAX];

	if (text == NULL)
		return (false);
	if (strlen(text) > FORMAT_LEN) {
		value_refuse(value, value->node, "is longer than %d bytes",
		    FORMAT_LEN);
		return (false);
	}
	if (strcasecmp(text, default_word(value->key)) != 0) {
		format = format_parse(text, kind_of(value->key), why);
		if (format == NULL) {
			value_refuse(value, value->node, "%s", why);
			return (false);
		}
	}
	free(*field);
	*field = format;
	return (true);
}

int
format_write(struct buf *out, const struct conf_key *key, const void *object)
{
	const void *at = (const char *)object + key->offset;
	struct conf_format *const *field = at;
	const struct conf_format *format = *field;

	return (format == NULL ? buf_printf(out, "%s", default_word(key))
			       : scalar_write_text(out, format->text));
}

void
format_release(const struct conf_key *key, void *object)
{
	void *at = (char *)object + key->offset;
	struct conf_format **field = at;

	free(*field);
	*field = NULL;
}
