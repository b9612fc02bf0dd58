/* What makes the other files of hosts good: only the child comes here. */
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "master/helper/certificate_child.h"
#include "shm/base/pem_dh.h"
#include "shm/base/psk.h"
#include "shm/base/secret.h"
#include "shm/base/server_info.h"

#define DH_BITS      2048
#define DH_BITS_WEAK 1024 /* at security level 1 */
#define NAME_MAX_LEN 256

/* The text, and how far it was read; files begin with a line "# name". */
struct reading {
	const struct certificate_case *what;
	struct certificate_verdict *verdict;
	BIO *bio;
	unsigned int count; /* blocks, the present one too */
	char name[NAME_MAX_LEN];
};

/* The file that the bytes at offset are from. */
static const char *
name_at(struct reading *reading, size_t offset)
{
	const char *text = reading->what->cert, *line, *end;
	size_t len = 0;

	(void)snprintf(reading->name, sizeof(reading->name), "the file");
	for (line = text; line < text + offset; line = end + 1) {
		end = memchr(line, '\n', (size_t)(text + offset - line));
		if (end == NULL)
			break;
		if (line[0] != '#' || end - line < 3)
			continue;
		len = (size_t)(end - line) - 2;
		if (len >= sizeof(reading->name))
			len = sizeof(reading->name) - 1;
		memcpy(reading->name, line + 2, len);
		reading->name[len] = '\0';
	}
	return (reading->name);
}

static size_t
position(const struct reading *reading)
{
	return (reading->what->cert_len - BIO_ctrl_pending(reading->bio));
}

static bool
begin(struct reading *reading, const struct certificate_case *what,
    struct certificate_verdict *verdict)
{
	memset(reading, 0, sizeof(*reading));
	reading->what = what;
	reading->verdict = verdict;
	if (what->cert_len <= INT_MAX)
		reading->bio = BIO_new_mem_buf(what->cert, (int)what->cert_len);
	return (reading->bio != NULL);
}

/* After the last block that could be read: whether there was no other. */
static bool
is_whole(struct reading *reading, const char *noun)
{
	unsigned long error = ERR_peek_last_error();

	if (ERR_GET_LIB(error) != ERR_LIB_PEM ||
	    ERR_GET_REASON(error) != PEM_R_NO_START_LINE) {
		certificate_say(reading->verdict, CERTIFICATE_BAD,
		    "%s in %s cannot be read: %s", noun,
		    name_at(reading, position(reading)), certificate_reason());
		return (false);
	}
	ERR_clear_error();
	if (reading->count > 0)
		return (true);
	certificate_say(reading->verdict, CERTIFICATE_BAD,
	    "has no %s in PEM form", noun);
	return (false);
}

/* A doubt about the block that was read last. */
static void
doubt(struct reading *reading, const char *text)
{
	certificate_say(reading->verdict, CERTIFICATE_DOUBTFUL, "in %s %s",
	    name_at(reading, position(reading)), text);
}

static void
doubt_authority(struct reading *reading, X509 *cert)
{
	if (X509_cmp_current_time(X509_get0_notAfter(cert)) < 0)
		doubt(reading, "a certificate has expired");
	else if (X509_cmp_current_time(X509_get0_notBefore(cert)) > 0)
		doubt(reading, "a certificate is not valid yet");
	if (X509_check_ca(cert) == 0)
		doubt(reading, "a certificate is not one of an authority");
}

static void
check_authorities(struct reading *reading)
{
	struct certificate_verdict *verdict = reading->verdict;
	X509 *cert;

	certificate_say(verdict, CERTIFICATE_GOOD, "good");
	while ((cert = PEM_read_bio_X509_AUX(reading->bio, NULL, NULL, NULL)) !=
	    NULL) {
		reading->count++;
		doubt_authority(reading, cert);
		X509_free(cert);
	}
	(void)is_whole(reading, "certificate");
}

/* Whoever has a certificate of its issuer is refused then: worth a word. */
static void
doubt_list(struct reading *reading, X509_CRL *list)
{
	const ASN1_TIME *next = X509_CRL_get0_nextUpdate(list);

	if (X509_cmp_current_time(X509_CRL_get0_lastUpdate(list)) > 0)
		doubt(reading,
		    "a revocation list is not valid yet: its "
		    "issuer's clients are refused");
	else if (next != NULL && X509_cmp_current_time(next) < 0)
		doubt(reading,
		    "a revocation list has expired: its issuer's clients are "
		    "refused");
}

static void
check_lists(struct reading *reading)
{
	X509_CRL *list;

	certificate_say(reading->verdict, CERTIFICATE_GOOD, "good");
	while ((list = PEM_read_bio_X509_CRL(reading->bio, NULL, NULL, NULL)) !=
	    NULL) {
		reading->count++;
		doubt_list(reading, list);
		X509_CRL_free(list);
	}
	(void)is_whole(reading, "revocation list");
}

static void
check_dh(const struct certificate_case *what,
    struct certificate_verdict *verdict)
{
	int most, least = DH_BITS;
	EVP_PKEY *block;

	if ((what->flags & CERTIFICATE_WEAK_DH) != 0)
		least = DH_BITS_WEAK;
	block = pem_dh_read(what->cert, what->cert_len, least, &most);
	if (block != NULL)
		certificate_say(verdict, CERTIFICATE_GOOD, "good");
	else if (most == 0)
		certificate_say(verdict, CERTIFICATE_BAD,
		    "has no DH parameters that can be read");
	else if (least == DH_BITS)
		certificate_say(verdict, CERTIFICATE_BAD,
		    "the DH parameters have only %d bits: %d are needed (or "
		    "AllowWeakDH in tls.options)",
		    most, DH_BITS);
	else
		certificate_say(verdict, CERTIFICATE_BAD,
		    "the DH parameters have only %d bits", most);
	EVP_PKEY_free(block);
}

/* A certificate has to be there that the extensions can be added to. */
static bool
give_certificate(SSL_CTX *ctx)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	bool given;

	given = key != NULL && cert != NULL &&
	    X509_set_pubkey(cert, key) == 1 &&
	    X509_gmtime_adj(X509_getm_notBefore(cert), 0) != NULL &&
	    X509_gmtime_adj(X509_getm_notAfter(cert), 60) != NULL &&
	    X509_sign(cert, key, EVP_sha256()) > 0 &&
	    SSL_CTX_use_certificate(ctx, cert) == 1;
	X509_free(cert);
	EVP_PKEY_free(key);
	return (given);
}

static void
check_server_info(const struct certificate_case *what,
    struct certificate_verdict *verdict)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	if (ctx == NULL || !give_certificate(ctx)) {
		SSL_CTX_free(ctx);
		return;
	}
	ERR_clear_error();
	if (server_info_use(ctx, what->cert, what->cert_len) == 0)
		certificate_say(verdict, CERTIFICATE_GOOD, "good");
	else
		certificate_say(verdict, CERTIFICATE_BAD,
		    "the extensions cannot be used: %s", certificate_reason());
	SSL_CTX_free(ctx);
}

/* Of a key that is no good nothing is said but whose it is. */
static void
check_shared_keys(const struct certificate_case *what,
    struct certificate_verdict *verdict)
{
	const char *at = what->cert;
	size_t len = what->cert_len, key_len;
	uint8_t key[PSK_KEY_MAX];
	struct psk_line line;

	certificate_say(verdict, CERTIFICATE_GOOD, "good");
	while (psk_next(&at, &len, &line)) {
		key_len = psk_key(&line, key);
		secret_wipe(key, sizeof(key));
		if (key_len > 0)
			continue;
		certificate_say(verdict, CERTIFICATE_BAD,
		    "the key of the identity \"%.*s\" is not from %d to %d "
		    "bytes in hexadecimal",
		    (int)line.identity_len, line.identity, PSK_KEY_MIN,
		    PSK_KEY_MAX);
		return;
	}
	if (len > 0)
		certificate_say(verdict, CERTIFICATE_BAD,
		    "an identity and its key cannot be told apart");
}

void
certificate_check_file(const struct certificate_case *what,
    struct certificate_verdict *verdict)
{
	struct reading reading;

	switch (what->subject) {
	case CERTIFICATE_CA:
	case CERTIFICATE_CRL:
		if (!begin(&reading, what, verdict))
			return;
		if (what->subject == CERTIFICATE_CA)
			check_authorities(&reading);
		else
			check_lists(&reading);
		BIO_free(reading.bio);
		break;
	case CERTIFICATE_DH:
		check_dh(what, verdict);
		break;
	case CERTIFICATE_SERVER_INFO:
		check_server_info(what, verdict);
		break;
	case CERTIFICATE_PSK:
		check_shared_keys(what, verdict);
		break;
	case CERTIFICATE_PAIR:
	case CERTIFICATE_SUBJECT_COUNT:
		break;
	}
}
