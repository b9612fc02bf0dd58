/* What a context allows: security level, ciphers, Diffie-Hellman. */
#include "worker/tls/parameters.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>

#include "shm/base/pem_dh.h"
#include "worker/tls/outcome.h"
#include "worker/tls/state.h"

/* Of the library: 0 everything, 1 from 80 bits of security on. */
#define LEVEL_WEAK_SECURITY 0
#define LEVEL_WEAK_DH       1

/* The fewest of parameters; the library takes none shorter at those levels. */
#define DH_BITS      2048
#define DH_BITS_WEAK 1024

/*
 * Forward secrecy and authenticated encryption.  Versions of TLS before 1.2
 * have neither AES in GCM mode nor ChaCha20, and need the library's default.
 */
#define CIPHERS     "ECDHE+AESGCM:ECDHE+CHACHA20"
#define OLD_CIPHERS "DEFAULT"

/*
 * Those of what a host may have besides.  Only a client with a key offers
 * ciphers for one, and wants them.
 */
#define PSK_CIPHERS                                           \
	"kECDHEPSK+CHACHA20:kDHEPSK+AESGCM:kDHEPSK+CHACHA20:" \
	"kPSK+AESGCM:kPSK+CHACHA20:"
#define DH_CIPHERS ":DHE+AESGCM:DHE+CHACHA20"

#define SUITES_MAX 512 /* bytes of a list */

static void
set_level(SSL_CTX *ctx, unsigned int options)
{
	if ((options & CONF_TLS_ALLOW_WEAK_SECURITY) != 0)
		SSL_CTX_set_security_level(ctx, LEVEL_WEAK_SECURITY);
	else if ((options & CONF_TLS_ALLOW_WEAK_DH) != 0)
		SSL_CTX_set_security_level(ctx, LEVEL_WEAK_DH);
}

static const char *
default_ciphers(const struct conf_tls *conf, const struct host_keys *keys)
{
	bool psk = keys->files[HOST_FILE_PSK].data != NULL;
	bool dh = keys->files[HOST_FILE_DH].data != NULL;

	if ((conf->protocol & (CONF_TLS_1_0 | CONF_TLS_1_1)) != 0)
		return (OLD_CIPHERS);
	if (psk)
		return (
		    dh ? PSK_CIPHERS CIPHERS DH_CIPHERS : PSK_CIPHERS CIPHERS);
	return (dh ? CIPHERS DH_CIPHERS : CIPHERS);
}

/* Appends the suites that go with SHA-256, or the others. */
static void
add_suites(char out[SUITES_MAX], const char *suites, bool sha256)
{
	static const char ending[] = "_SHA256";
	size_t len, used = strlen(out);
	bool is_sha256;

	for (; *suites != '\0'; suites += len) {
		suites += strspn(suites, ":,");
		len = strcspn(suites, ":,");
		is_sha256 = len > strlen(ending) &&
		    strncmp(suites + len - strlen(ending), ending,
			strlen(ending)) == 0;
		if (len == 0 || is_sha256 != sha256 ||
		    used + len + 2 > SUITES_MAX)
			continue;
		if (used > 0)
			out[used++] = ':';
		memcpy(out + used, suites, len);
		used += len;
		out[used] = '\0';
	}
}

/*
 * In TLS 1.3 a pre-shared key goes with SHA-256.  OpenSSL chooses the suite
 * first, and then takes no key and no session that does not suit it.
 */
static int
set_suites(SSL_CTX *ctx, const struct conf_tls *conf,
    const struct host_keys *keys)
{
	const char *suites = conf->cipher_suites;
	char sorted[SUITES_MAX] = "";

	if (keys->files[HOST_FILE_PSK].data == NULL)
		return (
		    suites == NULL || SSL_CTX_set_ciphersuites(ctx, suites) == 1
			? 0
			: -1);
	if (suites == NULL)
		suites = TLS_DEFAULT_CIPHERSUITES;
	add_suites(sorted, suites, true);
	add_suites(sorted, suites, false);
	return (SSL_CTX_set_ciphersuites(ctx, sorted) == 1 ? 0 : -1);
}

static int
set_ciphers(SSL_CTX *ctx, const struct conf_tls *conf,
    const struct host_keys *keys)
{
	const char *list = conf->cipher_list;

	if (list == NULL)
		list = default_ciphers(conf, keys);
	if (SSL_CTX_set_cipher_list(ctx, list) != 1)
		return (-1);
	return (set_suites(ctx, conf, keys));
}

/* Those of the file, else what suits the certificate's key. */
static int
set_dh(SSL_CTX *ctx, const struct conf_tls *conf, const struct file_bytes *file)
{
	bool weak =
	    (conf->options &
		(CONF_TLS_ALLOW_WEAK_DH | CONF_TLS_ALLOW_WEAK_SECURITY)) != 0;
	EVP_PKEY *parameters;
	int most;

	if (file->data == NULL) {
		SSL_CTX_set_dh_auto(ctx, 1);
		return (0);
	}
	parameters = pem_dh_read(file->data, file->len,
	    weak ? DH_BITS_WEAK : DH_BITS, &most);
	if (parameters != NULL &&
	    SSL_CTX_set0_tmp_dh_pkey(ctx, parameters) == 1)
		return (0);
	EVP_PKEY_free(parameters);
	return (-1);
}

int
parameters_load(SSL_CTX *ctx, const struct conf_tls *conf,
    const struct host_keys *keys, const struct log_subject *subject)
{
	/* Ciphers may set a level of their own: they come second. */
	set_level(ctx, conf->options);
	if (set_ciphers(ctx, conf, keys) == -1) {
		log_event(LOG_LEVEL_ERROR, LOG_STREAM_TLS, subject,
		    "cipher_suite: OpenSSL knows none of them");
		return (-1);
	}
	if (set_dh(ctx, conf, &keys->files[HOST_FILE_DH]) == 0)
		return (0);
	log_event(LOG_LEVEL_ERROR, LOG_STREAM_TLS, subject,
	    "dh_param_file: the parameters cannot be used: %s",
	    outcome_explain(ERR_peek_error()));
	return (-1);
}
