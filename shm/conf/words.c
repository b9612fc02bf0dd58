/* Values that are words of a fixed set, one or several. */
#include <string.h>
#include <strings.h>

#include "shm/conf/value.h"

#define WORD_LEN_MAX 256

/* --- finding a word ------------------------------------------------------- */

static void
refuse_word(const struct value *value, const struct node *node,
    const char *text, const struct word *words, size_t count)
{
	const char *names[32] = { NULL }, *nearest;
	char list[192] = "";
	size_t i, used = 0;
	struct shown shown;

	for (i = 0; i < count && i < NITEMS(names); i++)
		names[i] = words[i].text;
	nearest = keys_nearest_word(names, i, text);
	if (nearest != NULL) {
		value_refuse(value, node, "unknown word %s: did you mean %s?",
		    report_show(&shown, text), nearest);
		return;
	}
	for (i = 0; i < count; i++) {
		if (used + strlen(words[i].text) + 3 > sizeof(list))
			break;
		if (i > 0) {
			memcpy(list + used, ", ", 3);
			used += 2;
		}
		memcpy(list + used, words[i].text, strlen(words[i].text) + 1);
		used += strlen(words[i].text);
	}
	value_refuse(value, node, "unknown word %s: expected one of %s",
	    report_show(&shown, text), list);
}

bool
words_find(const struct value *value, const struct node *node, const char *text,
    const struct word *words, size_t count, unsigned int *number)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (strcasecmp(text, words[i].text) == 0) {
			*number = words[i].number;
			return (true);
		}
	refuse_word(value, node, text, words, count);
	return (false);
}

/* --- walking over words --------------------------------------------------- */

/* Cuts text at blanks. */
static bool
walk_text(const struct value *value, const struct node *node, words_each each,
    void *context)
{
	char word[WORD_LEN_MAX];
	const char *at = node->text;
	bool good = true;
	size_t len;

	for (;;) {
		at += strspn(at, " \t\n");
		len = strcspn(at, " \t\n");
		if (len == 0)
			return (good);
		if (len >= sizeof(word)) {
			value_refuse(value, node, "a word is too long");
			return (false);
		}
		memcpy(word, at, len);
		word[len] = '\0';
		at += len;
		good = each(value, node, word, context) && good;
	}
}

static bool
walk_list(const struct value *value, const struct node *list, words_each each,
    void *context)
{
	const struct node *item;
	const char *text;
	bool good = true;

	for (item = list->first; item != NULL; item = item->next) {
		text = value_text(value, item);
		good = text != NULL && each(value, item, text, context) && good;
	}
	return (good);
}

static bool
is_words(const struct value *value, const struct node *node)
{
	if (node->kind == NODE_LIST || node->kind == NODE_SCALAR)
		return (true);
	value_refuse(value, node, "takes words, or a list of words");
	return (false);
}

bool
words_walk(const struct value *value, const struct node *node, words_each each,
    void *context)
{
	if (!is_words(value, node))
		return (false);
	if (node->kind == NODE_LIST)
		return (walk_list(value, node, each, context));
	return (walk_text(value, node, each, context));
}

bool
words_walk_items(const struct value *value, const struct node *node,
    words_each each, void *context)
{
	if (!is_words(value, node))
		return (false);
	if (node->kind == NODE_LIST)
		return (walk_list(value, node, each, context));
	return (each(value, node, node->text, context));
}

/* --- keys that are one word ----------------------------------------------- */

static const struct word targets[] = {
	{ "stderr", CONF_LOG_STDERR },
	{ "file", CONF_LOG_FILE },
	{ "syslog", CONF_LOG_SYSLOG },
};

static const struct word formats[] = {
	{ "text", CONF_LOG_TEXT },
	{ "json", CONF_LOG_JSON },
};

static const struct word levels[] = {
	{ "error", LOG_LEVEL_ERROR },
	{ "warning", LOG_LEVEL_WARNING },
	{ "notice", LOG_LEVEL_NOTICE },
	{ "info", LOG_LEVEL_INFO },
	{ "debug", LOG_LEVEL_DEBUG },
};

static const struct word durabilities[] = {
	{ "none", CONF_DURABILITY_NONE },
	{ "data", CONF_DURABILITY_DATA },
	{ "full", CONF_DURABILITY_FULL },
};

static const struct word times[] = {
	{ "utc", CONF_TIMES_UTC },
	{ "local", CONF_TIMES_LOCAL },
};

static const struct word cache_types[] = {
	{ "lmdb", CONF_CACHE_LMDB },
	{ "internal", CONF_CACHE_INTERNAL },
};

static const struct word hidings[] = {
	{ "off", CONF_HIDE_OFF },
	{ "list", CONF_HIDE_LIST },
	{ "all", CONF_HIDE_ALL },
};

static const struct word no_answers[] = {
	{ "reject", CONF_NO_ANSWER_REJECT },
	{ "accept", CONF_NO_ANSWER_ACCEPT },
};

static const struct word truncated[] = {
	{ "reject", CONF_TRUNCATED_REJECT },
	{ "warn", CONF_TRUNCATED_WARN },
};

static const struct word modes_z[] = {
	{ "off", CONF_MODE_Z_OFF },
	{ "clear", CONF_MODE_Z_CLEAR },
	{ "on", CONF_MODE_Z_ON },
};

static const struct word verify_client[] = {
	{ "off", CONF_VERIFY_OFF },
	{ "on", CONF_VERIFY_ON },
	{ "optional", CONF_VERIFY_OPTIONAL },
};

static const struct word verify_server[] = {
	{ "NoReverseDNS", CONF_VERIFY_SERVER_NO_DNS },
	{ "off", CONF_VERIFY_SERVER_OFF },
	{ "on", CONF_VERIFY_SERVER_ON },
};

static const struct word stapling[] = {
	{ "auto", CONF_STAPLING_AUTO },
	{ "off", CONF_STAPLING_OFF },
	{ "on", CONF_STAPLING_ON },
};

/* Where "on" and "off" are words, any other boolean stands for them, too. */
static const struct {
	const struct word *words;
	size_t count;
	bool booleans;
} sets[CONF_TYPE_COUNT] = {
	[CONF_TYPE_LOG_TARGET] = { targets, NITEMS(targets), false },
	[CONF_TYPE_LOG_FORMAT] = { formats, NITEMS(formats), false },
	[CONF_TYPE_LOG_LEVEL] = { levels, NITEMS(levels), false },
	[CONF_TYPE_DURABILITY] = { durabilities, NITEMS(durabilities), false },
	[CONF_TYPE_TIMES] = { times, NITEMS(times), false },
	[CONF_TYPE_CACHE_TYPE] = { cache_types, NITEMS(cache_types), false },
	[CONF_TYPE_HIDE] = { hidings, NITEMS(hidings), false },
	[CONF_TYPE_NO_ANSWER] = { no_answers, NITEMS(no_answers), false },
	[CONF_TYPE_TRUNCATED] = { truncated, NITEMS(truncated), false },
	[CONF_TYPE_MODE_Z] = { modes_z, NITEMS(modes_z), true },
	[CONF_TYPE_VERIFY_CLIENT] = { verify_client, NITEMS(verify_client),
	    true },
	[CONF_TYPE_VERIFY_SERVER] = { verify_server, NITEMS(verify_server),
	    true },
	[CONF_TYPE_STAPLING] = { stapling, NITEMS(stapling), true },
};

_Static_assert(sizeof(enum conf_log_target) == sizeof(unsigned int) &&
	sizeof(enum conf_auth) == sizeof(unsigned int) &&
	sizeof(enum conf_mechanism) == sizeof(unsigned int) &&
	sizeof(enum conf_log_format) == sizeof(unsigned int) &&
	sizeof(enum log_level) == sizeof(unsigned int) &&
	sizeof(enum conf_durability) == sizeof(unsigned int) &&
	sizeof(enum conf_times) == sizeof(unsigned int) &&
	sizeof(enum conf_truncated) == sizeof(unsigned int) &&
	sizeof(enum conf_mode_z) == sizeof(unsigned int) &&
	sizeof(enum conf_verify) == sizeof(unsigned int) &&
	sizeof(enum conf_verify_server) == sizeof(unsigned int) &&
	sizeof(enum conf_stapling) == sizeof(unsigned int) &&
	sizeof(enum conf_hide) == sizeof(unsigned int) &&
	sizeof(enum conf_no_answer) == sizeof(unsigned int) &&
	sizeof(enum conf_cache_type) == sizeof(unsigned int),
    "words are stored as unsigned int");

bool
word_read(const struct value *value)
{
	const struct conf_key *key = value->key;
	const char *text = value_text(value, value->node);
	unsigned int number;
	bool on;

	if (text == NULL)
		return (false);
	if (sets[key->type].booleans && scalar_bool(text, &on))
		text = on ? "on" : "off";
	if (!words_find(value, value->node, text, sets[key->type].words,
		sets[key->type].count, &number))
		return (false);
	memcpy((char *)value->object + key->offset, &number, sizeof(number));
	return (true);
}

int
word_write(struct buf *out, const struct conf_key *key, const void *object)
{
	unsigned int number;
	size_t i;

	memcpy(&number, (const char *)object + key->offset, sizeof(number));
	for (i = 0; i + 1 < sets[key->type].count; i++)
		if (sets[key->type].words[i].number == number)
			break;
	return (buf_printf(out, "%s", sets[key->type].words[i].text));
}

/* --- an order of words ---------------------------------------------------- */

#define ORDER_MAX 2

struct order {
	const struct word *words; /* ORDER_MAX of them */
	unsigned int items[ORDER_MAX];
	size_t count;
};

static bool
add_to_order(const struct value *value, const struct node *node,
    const char *word, void *context)
{
	struct order *order = context;
	unsigned int number;
	size_t i;

	if (!words_find(value, node, word, order->words, ORDER_MAX, &number))
		return (false);
	for (i = 0; i < order->count && i < ORDER_MAX; i++)
		if (order->items[i] == number) {
			value_refuse(value, node, "%s stands there twice",
			    order->words[number].text);
			return (false);
		}
	order->items[order->count++] = number;
	return (true);
}

static bool
order_read(const struct value *value, struct order *order)
{
	if (!words_walk(value, value->node, add_to_order, order))
		return (false);
	if (order->count == 0)
		value_refuse(value, value->node, "is empty");
	return (order->count > 0);
}

static int
order_write(struct buf *out, const struct order *order)
{
	return (buf_printf(out, "[%s%s%s]", order->words[order->items[0]].text,
	    order->count > 1 ? ", " : "",
	    order->count > 1 ? order->words[order->items[1]].text : ""));
}

/* The number of a word is its place. */
static const struct word auths[ORDER_MAX] = {
	{ "file", CONF_AUTH_FILE },
	{ "pam", CONF_AUTH_PAM },
};

bool
auth_order_read(const struct value *value)
{
	struct order order = { auths, { CONF_AUTH_FILE, CONF_AUTH_FILE }, 0 };
	struct conf_host *host = value->object;

	if (!order_read(value, &order))
		return (false);
	memcpy(host->auth_order, order.items, sizeof(host->auth_order));
	host->nauth_order = order.count;
	return (true);
}

int
auth_order_write(struct buf *out, const struct conf_key *key UNUSED,
    const void *object)
{
	const struct conf_host *host = object;
	const struct order order = { auths,
		{ host->auth_order[0], host->auth_order[1] },
		host->nauth_order };

	return (order_write(out, &order));
}

static const struct word mechanisms[ORDER_MAX] = {
	{ "crl", CONF_MECHANISM_CRL },
	{ "ocsp", CONF_MECHANISM_OCSP },
};

bool
verify_order_read(const struct value *value)
{
	struct order order = { mechanisms,
		{ CONF_MECHANISM_CRL, CONF_MECHANISM_CRL }, 0 };
	struct conf_host *host = value->object;

	if (!order_read(value, &order))
		return (false);
	memcpy(host->tls.verify_order, order.items,
	    sizeof(host->tls.verify_order));
	host->tls.nverify_order = order.count;
	return (true);
}

int
verify_order_write(struct buf *out, const struct conf_key *key UNUSED,
    const void *object)
{
	const struct conf_tls *tls = &((const struct conf_host *)object)->tls;
	const struct order order = { mechanisms,
		{ tls->verify_order[0], tls->verify_order[1] },
		tls->nverify_order };

	return (order_write(out, &order));
}
