/* The keys of tls that have words of their own. */
#include <string.h>
#include <strings.h>

#include "shm/conf/value.h"

/* --- tls.protocol --------------------------------------------------------- */

/*
 * What ALL stands for beyond what is secure: usable where AllowWeakSecurity is
 * set, and left out elsewhere.  Known when all keys are read: see
 * protocol_complete().
 */
#define IF_WEAK_1_0 0x100u
#define IF_WEAK_1_1 0x200u
#define SSL3        0x400u /* never: the library has none */
#define EVERYTHING  (CONF_TLS_1_2 | CONF_TLS_1_3 | IF_WEAK_1_0 | IF_WEAK_1_1)

static const struct word protocols[] = {
	{ "TLSv1.2", CONF_TLS_1_2 },
	{ "TLSv1.3", CONF_TLS_1_3 },
	{ "ALL", EVERYTHING },
	{ "TLSv1.1", CONF_TLS_1_1 },
	{ "TLSv1.0", CONF_TLS_1_0 },
	{ "TLSv1", CONF_TLS_1_0 },
	{ "SSLv23", EVERYTHING },
	{ "SSLv3", SSL3 },
};

struct protocols {
	unsigned int bits;
	bool all;  /* the first word was ALL: now + and - */
	bool any;  /* there was a word */
	bool ssl3; /* a word asked for it */
};

static bool
check_protocol_sign(const struct value *value, const struct node *node,
    const char *word, const struct protocols *so_far)
{
	bool sign = word[0] == '+' || word[0] == '-';
	struct shown shown;

	if (sign == so_far->all)
		return (true);
	value_refuse(value, node,
	    so_far->all ? "%s: after ALL every word begins with + or -"
			: "%s: + and - need ALL before them",
	    report_show(&shown, word));
	return (false);
}

static void
remove_protocol(struct protocols *so_far, unsigned int bits)
{
	if ((bits & CONF_TLS_1_0) != 0)
		bits |= IF_WEAK_1_0;
	if ((bits & CONF_TLS_1_1) != 0)
		bits |= IF_WEAK_1_1;
	so_far->bits &= ~bits;
}

static bool
add_protocol(const struct value *value, const struct node *node,
    const char *word, void *context)
{
	struct protocols *so_far = context;
	unsigned int bits;

	if (!check_protocol_sign(value, node, word, so_far) ||
	    !words_find(value, node, so_far->all ? word + 1 : word, protocols,
		NITEMS(protocols), &bits))
		return (false);
	so_far->any = true;
	if (word[0] == '-') {
		remove_protocol(so_far, bits);
		return (true);
	}
	so_far->ssl3 = so_far->ssl3 || (bits & SSL3) != 0;
	so_far->bits |= bits & ~SSL3;
	so_far->all = so_far->all || strcasecmp(word, "ALL") == 0;
	return (true);
}

static void
refuse_nothing(const struct value *value, const struct protocols *so_far)
{
	value_refuse(value, value->node, "%s",
	    so_far->ssl3      ? "SSLv3 is not supported by this TLS library"
		: so_far->any ? "leaves no protocol"
			      : "is empty");
}

bool
protocol_read(const struct value *value)
{
	struct conf_host *host = value->object;
	struct protocols so_far = { 0, false, false, false };

	if (!words_walk(value, value->node, add_protocol, &so_far))
		return (false);
	if (so_far.bits == 0) {
		refuse_nothing(value, &so_far);
		return (false);
	}
	if (so_far.ssl3)
		report_notice(value->load, value->node->place,
		    "%s: SSLv3 is not supported by this TLS library, and left "
		    "out",
		    value->key->path);
	host->tls.protocol = so_far.bits;
	return (true);
}

void
protocol_complete(struct conf_tls *tls)
{
	bool weak = (tls->options & CONF_TLS_ALLOW_WEAK_SECURITY) != 0;

	if (weak && (tls->protocol & IF_WEAK_1_0) != 0)
		tls->protocol |= CONF_TLS_1_0;
	if (weak && (tls->protocol & IF_WEAK_1_1) != 0)
		tls->protocol |= CONF_TLS_1_1;
	tls->protocol &= ~(IF_WEAK_1_0 | IF_WEAK_1_1);
}

int
protocol_write(struct buf *out, const struct conf_key *key, const void *object)
{
	static const struct word written[] = { { "TLSv1.0", CONF_TLS_1_0 },
		{ "TLSv1.1", CONF_TLS_1_1 }, { "TLSv1.2", CONF_TLS_1_2 },
		{ "TLSv1.3", CONF_TLS_1_3 } };
	const struct conf_host *host = object;
	const char *before = "[";
	size_t i;

	(void)key;
	for (i = 0; i < NITEMS(written); i++) {
		if ((host->tls.protocol & written[i].number) == 0)
			continue;
		if (buf_printf(out, "%s%s", before, written[i].text) == -1)
			return (-1);
		before = ", ";
	}
	return (buf_printf(out, "%s", before[0] == '[' ? "[]" : "]"));
}

/* --- tls.required --------------------------------------------------------- */

#define REQUIRED_AUTH    1u
#define REQUIRED_CONTROL 2u
#define REQUIRED_PRIVATE 4u
#define REQUIRED_CLEAR   8u
#define REQUIRED_CTRL    (REQUIRED_AUTH | REQUIRED_CONTROL)

/* The first word of a meaning is the one that is written. */
static const struct word required_words[] = {
	{ "off", 0 },
	{ "on", REQUIRED_CTRL | REQUIRED_PRIVATE },
	{ "ctrl", REQUIRED_CTRL },
	{ "data", REQUIRED_PRIVATE },
	{ "no-data", REQUIRED_CLEAR },
	{ "auth", REQUIRED_AUTH },
	{ "auth+data", REQUIRED_AUTH | REQUIRED_PRIVATE },
	{ "auth+no-data", REQUIRED_AUTH | REQUIRED_CLEAR },
	{ "ctrl+no-data", REQUIRED_CTRL | REQUIRED_CLEAR },
	{ "control", REQUIRED_CTRL },
	{ "both", REQUIRED_CTRL | REQUIRED_PRIVATE },
	{ "ctrl+data", REQUIRED_CTRL | REQUIRED_PRIVATE },
	{ "!data", REQUIRED_CLEAR },
	{ "ctrl+!data", REQUIRED_CTRL | REQUIRED_CLEAR },
	{ "auth+!data", REQUIRED_AUTH | REQUIRED_CLEAR },
};

bool
required_read(const struct value *value)
{
	const char *text = value_text(value, value->node);
	struct conf_required *field;
	void *at = (char *)value->object + value->key->offset;
	unsigned int bits;
	bool on;

	field = at;
	if (text == NULL)
		return (false);
	if (scalar_bool(text, &on))
		text = on ? "on" : "off";
	if (!words_find(value, value->node, text, required_words,
		NITEMS(required_words), &bits))
		return (false);
	field->auth = (bits & REQUIRED_AUTH) != 0;
	field->control = (bits & REQUIRED_CONTROL) != 0;
	field->data = CONF_DATA_FREE;
	if ((bits & REQUIRED_PRIVATE) != 0)
		field->data = CONF_DATA_PRIVATE;
	else if ((bits & REQUIRED_CLEAR) != 0)
		field->data = CONF_DATA_CLEAR;
	return (true);
}

int
required_write(struct buf *out, const struct conf_key *key, const void *object)
{
	const void *at = (const char *)object + key->offset;
	const struct conf_required *field = at;
	unsigned int bits = 0;
	size_t i;

	if (field->auth)
		bits |= REQUIRED_AUTH;
	if (field->control)
		bits |= REQUIRED_CTRL;
	if (field->data == CONF_DATA_PRIVATE)
		bits |= REQUIRED_PRIVATE;
	else if (field->data == CONF_DATA_CLEAR)
		bits |= REQUIRED_CLEAR;
	for (i = 0; i + 1 < NITEMS(required_words); i++)
		if (required_words[i].number == bits)
			break;
	return (buf_printf(out, "%s", required_words[i].text));
}
