/* The words of tls.options. */
#include <string.h>
#include <strings.h>

#include "shm/conf/value.h"

/* The first word of a bit is the one that is written. */
static const struct word option_words[] = {
	{ "AllowClientRenegotiations", CONF_TLS_ALLOW_CLIENT_RENEGOTIATIONS },
	{ "AllowClientRenegotiation", CONF_TLS_ALLOW_CLIENT_RENEGOTIATIONS },
	{ "AllowDotLogin", CONF_TLS_ALLOW_DOT_LOGIN },
	{ "AllowPerUser", CONF_TLS_ALLOW_PER_USER },
	{ "AllowWeakDH", CONF_TLS_ALLOW_WEAK_DH },
	{ "AllowWeakSecurity", CONF_TLS_ALLOW_WEAK_SECURITY },
	{ "CommonNameRequired", CONF_TLS_COMMON_NAME_REQUIRED },
	{ "dNSNameRequired", CONF_TLS_DNS_NAME_REQUIRED },
	{ "EnableDiags", CONF_TLS_ENABLE_DIAGS },
	{ "ExportCertData", CONF_TLS_EXPORT_CERT_DATA },
	{ "IgnoreSNI", CONF_TLS_IGNORE_SNI },
	{ "iPAddressRequired", CONF_TLS_IP_ADDRESS_REQUIRED },
	{ "NoAutoECDH", CONF_TLS_NO_AUTO_ECDH },
	{ "NoCertRequest", CONF_TLS_NO_CERT_REQUEST },
	{ "NoEmptyFragments", CONF_TLS_NO_EMPTY_FRAGMENTS },
	{ "NoSessionReuseRequired", CONF_TLS_NO_SESSION_REUSE_REQUIRED },
	{ "StdEnvVars", CONF_TLS_STD_ENV_VARS },
	{ "UseImplicitSSL", CONF_TLS_USE_IMPLICIT_SSL },
};

/* Words that do not do what one may expect, and what is to be known. */
static const struct {
	unsigned int bit;
	const char *text;
} option_notices[] = {
	{ CONF_TLS_NO_AUTO_ECDH,
	    "is deprecated and has no effect: curves are chosen by "
	    "tls.ecdh_curve alone" },
	{ CONF_TLS_NO_CERT_REQUEST,
	    "is deprecated: it says no more than tls.verify_client: off" },
};

/* As in mod_tls, small and capital letters differ. */
static bool
find_option(const struct value *value, const struct node *node,
    const char *text, const struct word **found)
{
	const struct word *word;
	unsigned int number;
	size_t i;

	for (i = 0; i < NITEMS(option_words); i++) {
		word = &option_words[i];
		if (strcmp(text, word->text) == 0) {
			*found = word;
			return (true);
		}
		if (strcasecmp(text, word->text) == 0) {
			value_refuse(value, node,
			    "unknown word %s: did you mean %s?", text,
			    word->text);
			return (false);
		}
	}
	return (words_find(value, node, text, option_words,
	    NITEMS(option_words), &number));
}

static void
tell_notice(const struct value *value, const struct node *node,
    const struct word *word)
{
	size_t i;

	for (i = 0; i < NITEMS(option_notices); i++)
		if (option_notices[i].bit == word->number)
			report_notice(value->load, node->place, "%s: %s %s",
			    value->key->path, word->text,
			    option_notices[i].text);
}

static bool
add_option(const struct value *value, const struct node *node, const char *text,
    void *context)
{
	const struct word *word = NULL;
	unsigned int *bits = context;

	if (!find_option(value, node, text, &word) || word == NULL)
		return (false);
	tell_notice(value, node, word);
	*bits |= word->number;
	return (true);
}

bool
options_read(const struct value *value)
{
	void *at = (char *)value->object + value->key->offset;
	unsigned int *field = at, bits = 0;

	if (!words_walk(value, value->node, add_option, &bits))
		return (false);
	*field = bits;
	return (true);
}

int
options_write(struct buf *out, const struct conf_key *key, const void *object)
{
	const void *at = (const char *)object + key->offset;
	unsigned int bits = *(const unsigned int *)at;
	const char *before = "[";
	size_t i;

	for (i = 0; i < NITEMS(option_words); i++) {
		if ((bits & option_words[i].number) == 0)
			continue;
		bits &= ~option_words[i].number;
		if (buf_printf(out, "%s%s", before, option_words[i].text) == -1)
			return (-1);
		before = ", ";
	}
	return (buf_printf(out, "%s", before[0] == '[' ? "[]" : "]"));
}
