#include "master/tls_names.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

/* Thousands of hosts may name ciphers: one context serves to ask for all. */
static SSL_CTX *context;

/* Whether some cipher of the list is for DSA; the context's list is set. */
static int
has_dsa(void)
{
	STACK_OF(SSL_CIPHER) *ciphers = SSL_CTX_get_ciphers(context);
	int i;

	for (i = 0; i < sk_SSL_CIPHER_num(ciphers); i++)
		if (SSL_CIPHER_get_auth_nid(sk_SSL_CIPHER_value(ciphers, i)) ==
		    NID_auth_dss)
			return (1);
	return (0);
}

bool
tls_names_known(enum conf_tls_names kind, const char *text)
{
	char *copy;
	int known = 0;

	if (context == NULL)
		context = SSL_CTX_new(TLS_server_method());
	if (context == NULL)
		return (true);
	switch (kind) {
	case CONF_TLS_CIPHERS:
		known = SSL_CTX_set_cipher_list(context, text);
		break;
	case CONF_TLS_DSS:
		known = SSL_CTX_set_cipher_list(context, text) == 1 &&
		    has_dsa() == 1;
		break;
	case CONF_TLS_SUITES:
		known = SSL_CTX_set_ciphersuites(context, text);
		break;
	case CONF_TLS_CURVE:
		copy = strdup(text); /* the library's macro wants no const */
		if (copy == NULL)
			return (true);
		known = (int)SSL_CTX_set1_groups_list(context, copy);
		free(copy);
		break;
	}
	ERR_clear_error();
	return (known == 1);
}
