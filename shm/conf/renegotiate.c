/* tls.renegotiate: words with values, or a mapping of the same. */
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "shm/conf/value.h"

#define SECONDS_MAX 2592000u /* 30 days */
#define KIB_MAX     (UINT64_C(1) << 40)
#define TIMEOUT     30 /* seconds, where none is said */

enum {
	PART_CTRL,
	PART_DATA,
	PART_TIMEOUT,
	PART_REQUIRED,
	PARTS
};
static const char *const names[PARTS] = { "ctrl", "data", "timeout",
	"required" };

/* What has been read so far. */
struct parts {
	struct conf_renegotiate result;
	bool none;
	bool seen[PARTS];
	const char *due; /* the name whose value comes next; NULL: none */
	size_t part;     /* of due */
};

static bool
take_seconds(const struct value *value, const struct node *node,
    const char *text, struct parts *parts)
{
	uint32_t *field = parts->part == PART_CTRL ? &parts->result.ctrl
						   : &parts->result.timeout;
	uint64_t seconds, least = parts->part == PART_CTRL ? 0 : 1;
	struct shown shown;

	if (!scalar_seconds(text, &seconds) || seconds < least ||
	    seconds > SECONDS_MAX) {
		value_refuse(value, node,
		    "%s: %s is no time between %us and 30d", names[parts->part],
		    report_show(&shown, text), (unsigned int)least);
		return (false);
	}
	*field = (uint32_t)seconds;
	return (true);
}

/* As in mod_tls, a number is in kilobytes; with a unit it is in that. */
static bool
take_size(const struct value *value, const struct node *node, const char *text,
    struct parts *parts)
{
	struct shown shown;
	uint64_t number;
	bool good = scalar_number(text, &number);

	if (!good && scalar_size(text, &number)) {
		good = number % 1024 == 0;
		number /= 1024;
	}
	if (!good || number > KIB_MAX) {
		value_refuse(value, node,
		    "data: %s is no number of kilobytes, nor a size such as "
		    "1GiB",
		    report_show(&shown, text));
		return (false);
	}
	parts->result.data = number;
	return (true);
}

static bool
take_part(const struct value *value, size_t part, const struct node *node,
    const char *text, struct parts *parts)
{
	struct shown shown;

	if (parts->seen[part]) {
		value_refuse(value, node, "%s stands there twice", names[part]);
		return (false);
	}
	parts->seen[part] = true;
	parts->part = part;
	if (part == PART_DATA)
		return (take_size(value, node, text, parts));
	if (part != PART_REQUIRED)
		return (take_seconds(value, node, text, parts));
	if (scalar_bool(text, &parts->result.required))
		return (true);
	value_refuse(value, node, "required: %s is neither on nor off",
	    report_show(&shown, text));
	return (false);
}

static bool
find_part(const struct value *value, const struct node *node, const char *text,
    size_t *part)
{
	struct word words[PARTS];
	unsigned int number, i;

	for (i = 0; i < PARTS; i++)
		words[i] = (struct word){ names[i], i };
	if (!words_find(value, node, text, words, PARTS, &number))
		return (false);
	*part = number;
	return (true);
}

static bool
has_any(const struct parts *parts)
{
	size_t i;

	for (i = 0; i < PARTS; i++)
		if (parts->seen[i])
			return (true);
	return (false);
}

/* By turns a name and its value. */
static bool
take_word(const struct value *value, const struct node *node, const char *word,
    void *context)
{
	struct parts *parts = context;
	bool first = !parts->none && parts->due == NULL && !has_any(parts);

	if (parts->due != NULL) {
		parts->due = NULL;
		return (take_part(value, parts->part, node, word, parts));
	}
	if (parts->none) {
		value_refuse(value, node, "nothing may follow none");
		return (false);
	}
	if (first && strcasecmp(word, "none") == 0) {
		parts->none = true;
		return (true);
	}
	if (!find_part(value, node, word, &parts->part))
		return (false);
	parts->due = names[parts->part];
	return (true);
}

static bool
take_words(const struct value *value, struct parts *parts)
{
	if (!words_walk(value, value->node, take_word, parts))
		return (false);
	if (parts->due != NULL) {
		value_refuse(value, value->node, "%s has no value", parts->due);
		return (false);
	}
	return (true);
}

static bool
take_field(const struct value *value, size_t field, const struct node *node,
    void *context)
{
	const char *text = value_text(value, node);

	return (text != NULL && take_part(value, field, node, text, context));
}

bool
renegotiate_read(const struct value *value)
{
	struct parts parts = { .result = { .timeout = TIMEOUT,
				   .required = true } };
	struct conf_host *host = value->object;
	bool good;

	good = value->node->kind == NODE_MAPPING
	    ? fields_walk(value, value->node, names, PARTS, take_field, &parts)
	    : take_words(value, &parts);
	if (!good)
		return (false);
	if (!parts.none && !has_any(&parts)) {
		value_refuse(value, value->node,
		    "is empty: expected none, or ctrl, data, timeout, "
		    "required with their values");
		return (false);
	}
	parts.result.mode =
	    parts.none ? CONF_RENEGOTIATE_NEVER : CONF_RENEGOTIATE_SET;
	host->tls.renegotiate = parts.result;
	return (true);
}

int
renegotiate_write(struct buf *out, const struct conf_key *key UNUSED,
    const void *object)
{
	const struct conf_host *host = object;
	const struct conf_renegotiate *set = &host->tls.renegotiate;

	if (set->mode != CONF_RENEGOTIATE_SET)
		return (buf_printf(out, "none"));
	return (buf_printf(out,
	    "{ctrl: %" PRIu32 "s, data: %" PRIu64 ", timeout: %" PRIu32
	    "s, required: %s}",
	    set->ctrl, set->data, set->timeout, set->required ? "on" : "off"));
}
