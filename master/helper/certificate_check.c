/* What makes a key pair good: only the process without rights comes here. */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "master/helper/certificate_child.h"
#include "shm/base/pem_key.h"

#define CHAIN_MAX 16
#define SOON_DAYS 14
#define DAY       86400.0

struct pair {
	X509 *certs[CHAIN_MAX]; /* the host's own first */
	int ncerts;
	EVP_PKEY *key;
};

/* Made once: that costs as much as a check, and a child makes many. */
static SSL_CTX *context;

void
certificate_say(struct certificate_verdict *verdict, enum certificate_kind kind,
    const char *format, ...)
{
	size_t used = 0;
	va_list arguments;

	if (kind == CERTIFICATE_DOUBTFUL &&
	    verdict->kind == CERTIFICATE_DOUBTFUL) {
		used = strlen(verdict->text);
		if (used + 3 > sizeof(verdict->text))
			return;
		memcpy(verdict->text + used, "; ", 3);
		used += 2;
	}
	verdict->kind = kind;
	va_start(arguments, format);
	(void)vsnprintf(verdict->text + used, sizeof(verdict->text) - used,
	    format, arguments);
	va_end(arguments);
}

const char *
certificate_reason(void)
{
	const char *text = ERR_reason_error_string(ERR_peek_last_error());

	return (text != NULL ? text : "no reason given");
}

static int
read_certificates(struct pair *pair, const char *text, size_t len,
    struct certificate_verdict *verdict)
{
	unsigned long error;
	X509 *cert;
	BIO *bio;

	bio = BIO_new_mem_buf(text, (int)len);
	if (bio == NULL)
		return (-1);
	while (pair->ncerts < CHAIN_MAX &&
	    (cert = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
		/* A chain file may have the host's own, too. */
		if (pair->ncerts > 0 && X509_cmp(cert, pair->certs[0]) == 0)
			X509_free(cert);
		else
			pair->certs[pair->ncerts++] = cert;
	}
	error = ERR_peek_last_error();
	BIO_free(bio);
	if (pair->ncerts == CHAIN_MAX) {
		certificate_say(verdict, CERTIFICATE_BAD,
		    "has more than %d certificates in its chain",
		    CHAIN_MAX - 1);
		return (-1);
	}
	if (ERR_GET_LIB(error) != ERR_LIB_PEM ||
	    ERR_GET_REASON(error) != PEM_R_NO_START_LINE) {
		certificate_say(verdict, CERTIFICATE_BAD,
		    "certificate %d cannot be read: %s", pair->ncerts + 1,
		    certificate_reason());
		return (-1);
	}
	ERR_clear_error();
	if (pair->ncerts > 0)
		return (0);
	certificate_say(verdict, CERTIFICATE_BAD,
	    "has no certificate in PEM form");
	return (-1);
}

static int
read_key(struct pair *pair, const char *text, size_t len,
    struct certificate_verdict *verdict)
{
	bool locked;

	if (len == 0)
		return (0); /* it is not here but in a device */
	pair->key = pem_key_read(text, len, &locked);
	if (pair->key != NULL)
		return (0);
	if (locked)
		certificate_say(verdict, CERTIFICATE_BAD,
		    "the private key is protected by a pass phrase");
	else
		certificate_say(verdict, CERTIFICATE_BAD,
		    "the private key cannot be read: %s", certificate_reason());
	return (-1);
}

/* What the library holds against a pair may be allowed. */
static const char *
hint(void)
{
	switch (ERR_GET_REASON(ERR_peek_last_error())) {
	case SSL_R_EE_KEY_TOO_SMALL:
	case SSL_R_CA_KEY_TOO_SMALL:
	case SSL_R_CA_MD_TOO_WEAK:
		return (" (AllowWeakSecurity in tls.options lets it pass)");
	default:
		return ("");
	}
}

static int
make_context(unsigned int flags)
{
	static int level;

	if (context == NULL) {
		context = SSL_CTX_new(TLS_server_method());
		if (context == NULL)
			return (-1);
		level = SSL_CTX_get_security_level(context);
	}
	SSL_CTX_set_security_level(context,
	    (flags & CERTIFICATE_WEAK) != 0 ? 0 : level);
	return (0);
}

/* By the library's own standards: key length, digest, and the rest. */
static int
check_use(const struct pair *pair, unsigned int flags,
    struct certificate_verdict *verdict)
{
	int i, ret = -1;

	ERR_clear_error();
	if (make_context(flags) == -1)
		return (-1);
	if (SSL_CTX_use_certificate(context, pair->certs[0]) != 1)
		certificate_say(verdict, CERTIFICATE_BAD,
		    "the certificate cannot be used: %s%s",
		    certificate_reason(), hint());
	else if (pair->key != NULL &&
	    SSL_CTX_use_PrivateKey(context, pair->key) != 1)
		certificate_say(verdict, CERTIFICATE_BAD,
		    "the private key cannot be used: %s", certificate_reason());
	else
		ret = 0;
	for (i = 1; ret == 0 && i < pair->ncerts; i++)
		if (SSL_CTX_add1_chain_cert(context, pair->certs[i]) != 1) {
			certificate_say(verdict, CERTIFICATE_BAD,
			    "certificate %d of the chain cannot be used: %s%s",
			    i, certificate_reason(), hint());
			ret = -1;
		}
	(void)SSL_CTX_clear_chain_certs(context);
	return (ret);
}

/* Soon: in the last fifth of its life, and of that at most two weeks. */
static void
check_rest(const X509 *cert, struct certificate_verdict *verdict)
{
	const ASN1_TIME *until = X509_get0_notAfter(cert);
	int days, seconds, life, more;
	double rest, whole;

	if (ASN1_TIME_diff(&days, &seconds, NULL, until) != 1 ||
	    ASN1_TIME_diff(&life, &more, X509_get0_notBefore(cert), until) != 1)
		return;
	rest = days + seconds / DAY;
	whole = life + more / DAY;
	if (rest < SOON_DAYS && rest < whole / 5)
		certificate_say(verdict, CERTIFICATE_DOUBTFUL,
		    "the certificate expires within %d day%s", days + 1,
		    days == 0 ? "" : "s");
}

static void
check_dates(const struct pair *pair, struct certificate_verdict *verdict)
{
	int i;

	for (i = 0; i < pair->ncerts; i++) {
		if (X509_cmp_current_time(X509_get0_notAfter(pair->certs[i])) <
		    0) {
			certificate_say(verdict, CERTIFICATE_DOUBTFUL,
			    "certificate %d of the file has expired", i + 1);
			return;
		}
		if (X509_cmp_current_time(X509_get0_notBefore(pair->certs[i])) >
		    0) {
			certificate_say(verdict, CERTIFICATE_DOUBTFUL,
			    "certificate %d of the file is not valid yet",
			    i + 1);
			return;
		}
	}
	check_rest(pair->certs[0], verdict);
}

/* Clients cope with a wrong order more or less; so it is no error. */
static void
check_order(const struct pair *pair, struct certificate_verdict *verdict)
{
	int i;

	for (i = 1; i < pair->ncerts; i++) {
		if (X509_check_issued(pair->certs[i], pair->certs[i - 1]) ==
			X509_V_OK &&
		    X509_verify(pair->certs[i - 1],
			X509_get0_pubkey(pair->certs[i])) == 1)
			continue;
		ERR_clear_error();
		certificate_say(verdict, CERTIFICATE_DOUBTFUL,
		    "certificate %d of the file is not the issuer of "
		    "certificate %d: clients may refuse the chain",
		    i + 1, i);
		return;
	}
}

/* Names in the subject have not counted for clients for years. */
static void
check_names(const struct pair *pair, struct certificate_verdict *verdict)
{
	if (X509_get_ext_by_NID(pair->certs[0], NID_subject_alt_name, -1) < 0)
		certificate_say(verdict, CERTIFICATE_DOUBTFUL,
		    "the certificate has no subjectAltName: clients that look "
		    "for the server's name refuse it");
}

/* One that says where its issuer is found is of a public authority's chain. */
static void
check_whole(const struct pair *pair, struct certificate_verdict *verdict)
{
	if (pair->ncerts == 1 &&
	    X509_get_ext_by_NID(pair->certs[0], NID_info_access, -1) >= 0 &&
	    X509_check_issued(pair->certs[0], pair->certs[0]) != X509_V_OK)
		certificate_say(verdict, CERTIFICATE_DOUBTFUL,
		    "the chain is missing: most clients need the certificate "
		    "of the issuer, too");
}

/* mod_tls has a notice for it, too: only the name of the key is wrong. */
static void
check_type(const struct pair *pair, unsigned int flags,
    struct certificate_verdict *verdict)
{
	static const struct {
		unsigned int flag;
		int types[3];
		const char *name;
	} said[] = {
		{ CERTIFICATE_RSA, { EVP_PKEY_RSA, EVP_PKEY_RSA_PSS, 0 },
		    "RSA" },
		{ CERTIFICATE_EC,
		    { EVP_PKEY_EC, EVP_PKEY_ED25519, EVP_PKEY_ED448 }, "EC" },
		{ CERTIFICATE_DSA, { EVP_PKEY_DSA, 0, 0 }, "DSA" },
	};
	int type = EVP_PKEY_get_base_id(X509_get0_pubkey(pair->certs[0]));
	size_t i;

	for (i = 0; i < NITEMS(said); i++)
		if ((flags & said[i].flag) != 0 && type != said[i].types[0] &&
		    type != said[i].types[1] && type != said[i].types[2])
			certificate_say(verdict, CERTIFICATE_DOUBTFUL,
			    "the certificate is not one with an %s key, as its "
			    "name in the configuration says",
			    said[i].name);
}

static void
check_pair(const struct certificate_case *what,
    struct certificate_verdict *verdict)
{
	struct pair pair;

	memset(&pair, 0, sizeof(pair));
	if (read_certificates(&pair, what->cert, what->cert_len, verdict) ==
		0 &&
	    read_key(&pair, what->key, what->key_len, verdict) == 0) {
		if (pair.key != NULL &&
		    X509_check_private_key(pair.certs[0], pair.key) != 1)
			certificate_say(verdict, CERTIFICATE_BAD,
			    "the private key does not match the "
			    "certificate");
		else if (check_use(&pair, what->flags, verdict) == 0) {
			certificate_say(verdict, CERTIFICATE_GOOD, "good");
			check_type(&pair, what->flags, verdict);
			check_names(&pair, verdict);
			check_whole(&pair, verdict);
			check_order(&pair, verdict);
			check_dates(&pair, verdict);
			certificate_describe(pair.certs, pair.ncerts,
			    &verdict->facts);
		}
	}
	while (pair.ncerts > 0)
		X509_free(pair.certs[--pair.ncerts]);
	EVP_PKEY_free(pair.key);
}

void
certificate_check(const struct certificate_case *what,
    struct certificate_verdict *verdict)
{
	memset(verdict, 0, sizeof(*verdict));
	ERR_clear_error();
	certificate_say(verdict, CERTIFICATE_BAD,
	    "cannot be checked: out of memory");
	if (what->subject == CERTIFICATE_PAIR)
		check_pair(what, verdict);
	else
		certificate_check_file(what, verdict);
	ERR_clear_error();
}
