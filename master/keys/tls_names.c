#include "master/keys/tls_names.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

/* Thousands of hosts may name ciphers: one context serves to ask for all. */
static SSL_CTX *context;

/* The last answer of each kind: hosts inherit, and ask the same again. */
static struct {
	char *text;
	bool known;
} last[CONF_TLS_NAMES_COUNT];

static bool
is_curves(const char *text)
{
	char *copy = strdup(text); /* the library's macro wants no const */
	bool known;

	if (copy == NULL)
		return (true);
	known = SSL_CTX_set1_groups_list(context, copy) == 1;
	free(copy);
	return (known);
}

/* Whether some cipher of the list encrypts, and knows who is there. */
static bool
has_safe(const char *text)
{
	const STACK_OF(SSL_CIPHER) * list;
	const SSL_CIPHER *cipher;
	int i, auth;

	if (SSL_CTX_set_cipher_list(context, text) != 1)
		return (true);
	list = SSL_CTX_get_ciphers(context);
	for (i = 0; i < sk_SSL_CIPHER_num(list); i++) {
		cipher = sk_SSL_CIPHER_value(list, i);
		auth = SSL_CIPHER_get_auth_nid(cipher);
		/* Those of TLS 1.3, which take any, are always there. */
		if (auth != NID_auth_null && auth != NID_auth_any &&
		    SSL_CIPHER_get_bits(cipher, NULL) > 0)
			return (true);
	}
	return (false);
}

/*
 * Whether no name in the list is only for ciphers without encryption or
 * authentication.  Such as HIGH has them as well, but who says that does not
 * mean them, and the library's security level leaves them out.
 */
static bool
is_safe(const char *text)
{
	char token[128];
	size_t len;

	for (; *text != '\0'; text += len) {
		text += strspn(text, ":,");
		len = strcspn(text, ":,");
		if (len == 0 || len >= sizeof(token) ||
		    strchr("!-+@", text[0]) != NULL)
			continue;
		memcpy(token, text, len);
		token[len] = '\0';
		if (!has_safe(token))
			return (false);
	}
	return (true);
}

/* Whether some cipher of the list is for DSA. */
static bool
has_dsa(const char *text)
{
	const STACK_OF(SSL_CIPHER) * list;
	int i;

	if (SSL_CTX_set_cipher_list(context, text) != 1)
		return (false);
	list = SSL_CTX_get_ciphers(context);
	for (i = 0; i < sk_SSL_CIPHER_num(list); i++)
		if (SSL_CIPHER_get_auth_nid(sk_SSL_CIPHER_value(list, i)) ==
		    NID_auth_dss)
			return (true);
	return (false);
}

static bool
ask(enum conf_tls_names kind, const char *text)
{
	switch (kind) {
	case CONF_TLS_CIPHERS:
		return (SSL_CTX_set_cipher_list(context, text) == 1);
	case CONF_TLS_SAFE_CIPHERS:
		return (is_safe(text));
	case CONF_TLS_SUITES:
		return (SSL_CTX_set_ciphersuites(context, text) == 1);
	case CONF_TLS_CURVES:
		return (is_curves(text));
	case CONF_TLS_DSS:
		return (has_dsa(text));
	case CONF_TLS_NAMES_COUNT:
		break;
	}
	return (true);
}

bool
tls_names_known(enum conf_tls_names kind, const char *text)
{
	if (context == NULL)
		context = SSL_CTX_new(TLS_server_method());
	if (context == NULL)
		return (true);
	if (last[kind].text != NULL && strcmp(last[kind].text, text) == 0)
		return (last[kind].known);
	free(last[kind].text);
	last[kind].text = strdup(text);
	last[kind].known = ask(kind, text);
	ERR_clear_error();
	return (last[kind].known);
}
