/* Which ciphers and curves: tls.cipher_suite, tls.ecdh_curve. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "shm/conf/value.h"

static conf_tls_known tls_known;

void
conf_set_tls_known(conf_tls_known known)
{
	tls_known = known;
}

bool
tls_is_known(enum conf_tls_names kind, const char *text)
{
	return (tls_known == NULL || tls_known(kind, text));
}

bool
ciphers_for_dsa(const char *list)
{
	return (list != NULL && tls_is_known(CONF_TLS_DSS, list));
}

/* --- tls.cipher_suite ----------------------------------------------------- */

#define CIPHER_LEN_MAX 128 /* of one token */

struct ciphers {
	char *list;   /* up to TLS 1.2 */
	char *suites; /* TLS 1.3 */
};

/* Takes a protocol word off the front of *text; its bits, or 0 for none. */
static unsigned int
cipher_protocol(const char **text)
{
	static const struct word words[] = { { "TLSv1.3 ", CONF_TLS_1_3 },
		{ "TLSv1.2 ", CONF_TLS_1_2 }, { "TLSv1.1 ", CONF_TLS_1_2 },
		{ "TLSv1.0 ", CONF_TLS_1_2 }, { "TLSv1 ", CONF_TLS_1_2 } };
	size_t i, len;

	for (i = 0; i < NITEMS(words); i++) {
		len = strlen(words[i].text);
		if (strncasecmp(*text, words[i].text, len) == 0) {
			*text += len + strspn(*text + len, " ");
			return (words[i].number);
		}
	}
	return (0);
}

static enum conf_tls_names
cipher_kind(unsigned int protocol)
{
	return (protocol == CONF_TLS_1_3 ? CONF_TLS_SUITES : CONF_TLS_CIPHERS);
}

/*
 * Whether a token means nothing to the library.  Of what is taken away, that
 * is as it should be for the weak ciphers of old: it has none of them.
 */
static bool
is_unknown(const char *token, unsigned int protocol)
{
	static const char *const gone[] = { "EXPORT", "EXP", "EXPORT40",
		"EXPORT56", "LOW", "MEDIUM", "SSLv2", "DES", "3DES", "RC2",
		"RC4", "IDEA", "SEED", "KRB5", "kKRB5", "aKRB5", "kDH", "kDHr",
		"kDHd", "kECDH", "kECDHr", "kECDHe", "aDH", "aECDH", "GOST",
		"FZA", "eFZA" };
	bool taken_away = token[0] == '!' || token[0] == '-';
	size_t i;

	if (token[0] == '@')
		return (false);
	token += strspn(token, "!-+");
	for (i = 0; taken_away && i < NITEMS(gone); i++)
		if (strcmp(token, gone[i]) == 0)
			return (false);
	return (!tls_is_known(cipher_kind(protocol), token));
}

/* The library is silent on what it does not know in a list with what it does.
 */
static void
tell_unknown(const struct value *value, const struct node *node,
    const char *text, unsigned int protocol)
{
	char token[CIPHER_LEN_MAX];
	struct shown shown;
	size_t len;

	for (; *text != '\0'; text += len) {
		text += strspn(text, ":,");
		len = strcspn(text, ":,");
		if (len == 0 || len >= sizeof(token))
			continue;
		memcpy(token, text, len);
		token[len] = '\0';
		if (is_unknown(token, protocol))
			report_notice(value->load, node->place,
			    "%s: OpenSSL knows no cipher %s: it counts for "
			    "nothing",
			    value->key->path, report_show(&shown, token));
	}
}

static bool
check_ciphers(const struct value *value, const struct node *node,
    const char *text, unsigned int protocol)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz"
				      "0123456789:+!@=_,.-";
	struct shown shown;

	if (text[0] == '\0')
		value_refuse(value, node, "no cipher is named");
	else if (text[strspn(text, letters)] != '\0')
		value_refuse(value, node,
		    "%s is not a list of ciphers with colons between them",
		    report_show(&shown, text));
	else if (protocol != CONF_TLS_1_3 && strchr(text, '_') != NULL)
		value_refuse(value, node,
		    "%s: suites of TLS 1.3 need the "
		    "word TLSv1.3 before them",
		    report_show(&shown, text));
	else if (tls_is_known(cipher_kind(protocol), text)) {
		tell_unknown(value, node, text, protocol);
		return (true);
	} else
		value_refuse(value, node, "%s: OpenSSL knows no such cipher%s",
		    report_show(&shown, text),
		    protocol == CONF_TLS_1_3 ? " of TLS 1.3" : "");
	return (false);
}

static bool
add_ciphers(const struct value *value, const struct node *node,
    const char *text, void *context)
{
	struct ciphers *ciphers = context;
	unsigned int protocol;

	protocol = cipher_protocol(&text);
	return (check_ciphers(value, node, text, protocol) &&
	    strings_replace(value->load,
		protocol == CONF_TLS_1_3 ? &ciphers->suites : &ciphers->list,
		text));
}

bool
cipher_suite_read(const struct value *value)
{
	struct conf_host *host = value->object;
	struct ciphers ciphers = { NULL, NULL };

	if (!words_walk_items(value, value->node, add_ciphers, &ciphers)) {
		free(ciphers.list);
		free(ciphers.suites);
		return (false);
	}
	free(host->tls.cipher_list);
	free(host->tls.cipher_suites);
	host->tls.cipher_list = ciphers.list;
	host->tls.cipher_suites = ciphers.suites;
	return (true);
}

int
cipher_suite_write(struct buf *out, const struct conf_key *key,
    const void *object)
{
	const struct conf_tls *tls = &((const struct conf_host *)object)->tls;

	(void)key;
	if (tls->cipher_list != NULL && tls->cipher_suites != NULL)
		return (buf_printf(out, "[\"%s\", \"TLSv1.3 %s\"]",
		    tls->cipher_list, tls->cipher_suites));
	if (tls->cipher_list != NULL)
		return (buf_printf(out, "[\"%s\"]", tls->cipher_list));
	if (tls->cipher_suites != NULL)
		return (
		    buf_printf(out, "[\"TLSv1.3 %s\"]", tls->cipher_suites));
	return (buf_printf(out, "[]"));
}

void
cipher_suite_release(const struct conf_key *key, void *object)
{
	struct conf_host *host = object;

	(void)key;
	free(host->tls.cipher_list);
	free(host->tls.cipher_suites);
	host->tls.cipher_list = NULL;
	host->tls.cipher_suites = NULL;
}

/* --- tls.ecdh_curve ------------------------------------------------------- */

#define CURVES_LEN_MAX 512

static bool
add_curve(const struct value *value, const struct node *node, const char *text,
    void *context)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz"
				      "0123456789:_-";
	char *list = context;
	size_t used = strlen(list), len = strlen(text);
	struct shown shown;

	if (len == 0 || text[strspn(text, letters)] != '\0') {
		value_refuse(value, node, "%s is not the name of a curve",
		    len == 0 ? "an empty text" : report_show(&shown, text));
		return (false);
	}
	if (strcasecmp(text, "auto") != 0 &&
	    !tls_is_known(CONF_TLS_CURVES, text)) {
		value_refuse(value, node, "%s: OpenSSL knows no such curve",
		    report_show(&shown, text));
		return (false);
	}
	if (used + len + 2 > CURVES_LEN_MAX) {
		value_refuse(value, node, "too many curves");
		return (false);
	}
	if (used > 0)
		list[used++] = ':';
	memcpy(list + used, text, len + 1);
	return (true);
}

bool
curves_read(const struct value *value)
{
	struct conf_host *host = value->object;
	char list[CURVES_LEN_MAX] = "";

	if (!words_walk(value, value->node, add_curve, list))
		return (false);
	if (list[0] == '\0') {
		value_refuse(value, value->node, "is empty");
		return (false);
	}
	if (strcasecmp(list, "auto") != 0 &&
	    !tls_is_known(CONF_TLS_CURVES, list)) {
		value_refuse(value, value->node,
		    "auto stands alone, and no curve stands there twice");
		return (false);
	}
	if (strcasecmp(list, "auto") != 0)
		return (
		    strings_replace(value->load, &host->tls.ecdh_curve, list));
	free(host->tls.ecdh_curve);
	host->tls.ecdh_curve = NULL;
	return (true);
}

int
curves_write(struct buf *out, const struct conf_key *key, const void *object)
{
	const struct conf_host *host = object;

	(void)key;
	if (host->tls.ecdh_curve == NULL)
		return (buf_printf(out, "auto"));
	return (scalar_write_text(out, host->tls.ecdh_curve));
}
