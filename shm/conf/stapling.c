/* The keys about OCSP responses for our own certificates. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "shm/conf/value.h"

/* --- tls.stapling_cache.type ---------------------------------------------- */

/* Only one type is known: nothing to remember. */
bool
stapling_type_read(const struct value *value)
{
	static const struct word types[] = { { "lmdb", 0 } };
	const char *text = value_text(value, value->node);
	unsigned int number;

	return (text != NULL &&
	    words_find(value, value->node, text, types, NITEMS(types),
		&number));
}

/* --- tls.stapling_options ------------------------------------------------- */

static const struct word option_words[] = {
	{ "FakeTryLater", CONF_STAPLING_FAKE_TRY_LATER },
	{ "NoFakeTryLater", CONF_STAPLING_NO_FAKE_TRY_LATER },
	{ "NoNonce", CONF_STAPLING_NO_NONCE },
	{ "NoVerify", CONF_STAPLING_NO_VERIFY },
	{ "Nonce", CONF_STAPLING_NONCE },
};

/* Words that say the opposite of each other. */
static const struct {
	unsigned int bits;
	const char *text;
} contradictions[] = {
	{ CONF_STAPLING_NO_NONCE | CONF_STAPLING_NONCE, "NoNonce and Nonce" },
	{ CONF_STAPLING_NO_FAKE_TRY_LATER | CONF_STAPLING_FAKE_TRY_LATER,
	    "NoFakeTryLater and FakeTryLater" },
};

static bool
add_option(const struct value *value, const struct node *node, const char *text,
    void *context)
{
	unsigned int *bits = context, number;

	if (!words_find(value, node, text, option_words, NITEMS(option_words),
		&number))
		return (false);
	if (number == CONF_STAPLING_NO_VERIFY)
		report_notice(value->load, node->place,
		    "%s: NoVerify: responses are given to clients although "
		    "their signatures may be wrong",
		    value->key->path);
	*bits |= number;
	return (true);
}

bool
stapling_options_read(const struct value *value)
{
	struct conf_host *host = value->object;
	unsigned int bits = 0;
	size_t i;

	if (!words_walk(value, value->node, add_option, &bits))
		return (false);
	for (i = 0; i < NITEMS(contradictions); i++)
		if ((bits & contradictions[i].bits) == contradictions[i].bits) {
			value_refuse(value, value->node,
			    "%s contradict each other", contradictions[i].text);
			return (false);
		}
	host->tls.stapling_options = bits;
	return (true);
}

int
stapling_options_write(struct buf *out, const struct conf_key *key,
    const void *object)
{
	const struct conf_host *host = object;
	const char *before = "[";
	size_t i;

	(void)key;
	for (i = 0; i < NITEMS(option_words); i++) {
		if ((host->tls.stapling_options & option_words[i].number) == 0)
			continue;
		if (buf_printf(out, "%s%s", before, option_words[i].text) == -1)
			return (-1);
		before = ", ";
	}
	return (buf_printf(out, "%s", before[0] == '[' ? "[]" : "]"));
}

/* --- URLs of responders and proxies --------------------------------------- */

/* Behind the scheme; NULL: it is another one. */
static const char *
skip_scheme(const char *url)
{
	if (strncasecmp(url, "http://", 7) == 0)
		return (url + 7);
	return (strncasecmp(url, "https://", 8) == 0 ? url + 8 : NULL);
}

/* ":" and a number up to 65535, or nothing, up to the end. */
static bool
is_port(const char *text, const char *end)
{
	unsigned long number = 0;

	if (text == end)
		return (true);
	if (*text++ != ':' || text == end)
		return (false);
	for (; text < end; text++) {
		if (!isdigit((unsigned char)*text) || number > 65535)
			return (false);
		number = number * 10 + (unsigned long)(*text - '0');
	}
	return (number > 0 && number <= 65535);
}

/* A name or an address (one of IPv6 in brackets), and perhaps a port. */
static bool
is_authority(const char *text)
{
	const char *end = text + strcspn(text, "/?#"), *port;

	if (memchr(text, '@', (size_t)(end - text)) != NULL)
		return (false);
	if (*text == '[') {
		port = memchr(text, ']', (size_t)(end - text));
		return (
		    port != NULL && port > text + 1 && is_port(port + 1, end));
	}
	port = memchr(text, ':', (size_t)(end - text));
	if (port == NULL)
		port = end;
	return (port > text && is_port(port, end));
}

static const char *
url_mistake(const char *url)
{
	const unsigned char *at;
	const char *rest = skip_scheme(url);

	if (rest == NULL)
		return ("expected a URL of http or https");
	if (strlen(url) > CONF_URL_MAX)
		return ("is too long");
	for (at = (const unsigned char *)url; *at != '\0'; at++)
		if (*at <= ' ' || *at >= 0x7f)
			return ("has characters that no URL has");
	return (is_authority(rest) ? NULL : "names no server");
}

bool
url_read(const struct value *value)
{
	const char *text = value_text(value, value->node), *why;
	void *at = (char *)value->object + value->key->offset;
	char **field = at;
	struct shown shown;

	if (text == NULL)
		return (false);
	if (strcasecmp(text, "none") == 0) {
		free(*field);
		*field = NULL;
		return (true);
	}
	why = url_mistake(text);
	if (why == NULL && strcmp(value->key->path, "ocsp.proxy") == 0 &&
	    strncasecmp(text, "http://", 7) != 0)
		why = "proxies are spoken to by http alone";
	if (why == NULL)
		return (strings_replace(value->load, field, text));
	value_refuse(value, value->node, "%s: %s", report_show(&shown, text),
	    why);
	return (false);
}

int
url_write(struct buf *out, const struct conf_key *key, const void *object)
{
	const char *text;

	memcpy(&text, (const char *)object + key->offset, sizeof(text));
	return (text == NULL ? buf_printf(out, "none")
			     : scalar_write_text(out, text));
}
