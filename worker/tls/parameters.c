/* What a context allows: security level, ciphers, Diffie-Hellman. */
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "worker/tls/internal.h"

/* Of the library: 0 everything, 1 from 80 bits of security on. */
#define LEVEL_WEAK_SECURITY 0
#define LEVEL_WEAK_DH       1

/*
 * Forward secrecy and authenticated encryption.  Versions of TLS before 1.2
 * have neither AES in GCM mode nor ChaCha20, and need the library's default.
 */
#define CIPHERS     "ECDHE+AESGCM:ECDHE+CHACHA20"
#define OLD_CIPHERS "DEFAULT"

static void
set_level(SSL_CTX *ctx, unsigned int options)
{
	if ((options & CONF_TLS_ALLOW_WEAK_SECURITY) != 0)
		SSL_CTX_set_security_level(ctx, LEVEL_WEAK_SECURITY);
	else if ((options & CONF_TLS_ALLOW_WEAK_DH) != 0)
		SSL_CTX_set_security_level(ctx, LEVEL_WEAK_DH);
}

static const char *
default_ciphers(const struct conf_tls *conf)
{
	if ((conf->protocol & (CONF_TLS_1_0 | CONF_TLS_1_1)) != 0)
		return (OLD_CIPHERS);
	return (CIPHERS);
}

static int
set_ciphers(SSL_CTX *ctx, const struct conf_tls *conf)
{
	const char *list = conf->cipher_list;

	if (list == NULL)
		list = default_ciphers(conf);
	if (SSL_CTX_set_cipher_list(ctx, list) != 1)
		return (-1);
	if (conf->cipher_suites != NULL &&
	    SSL_CTX_set_ciphersuites(ctx, conf->cipher_suites) != 1)
		return (-1);
	return (0);
}

int
parameters_load(SSL_CTX *ctx, const struct conf_tls *conf,
    const struct log_subject *subject)
{
	/* Ciphers may set a level of their own: they come second. */
	set_level(ctx, conf->options);
	if (set_ciphers(ctx, conf) == -1) {
		log_event(LOG_LEVEL_ERROR, LOG_STREAM_TLS, subject,
		    "cipher_suite: OpenSSL knows none of them");
		return (-1);
	}
	SSL_CTX_set_dh_auto(ctx, 1);
	return (0);
}
