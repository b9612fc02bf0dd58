/* Unit tests of what the child says of files that are no key pairs. */
#include <CUnit/CUnit.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "master/helper/certificate_child.h"
#include "tests/unit/suites.h"

/* PEM text; the caller frees. */
static char *
to_text(BIO *bio)
{
	char *data, *text;
	long len;

	len = BIO_get_mem_data(bio, &data);
	text = strndup(data, (size_t)len);
	if (text == NULL)
		abort();
	BIO_free(bio);
	return (text);
}

static X509_NAME *
authority(void)
{
	X509_NAME *name = X509_NAME_new();

	(void)X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
	    (const unsigned char *)"authority", -1, -1, 0);
	return (name);
}

/* The certificate of an authority, or of none. */
static char *
make_authority(EVP_PKEY *key, bool real, long from, long until)
{
	X509_NAME *name = authority();
	BIO *bio = BIO_new(BIO_s_mem());
	X509 *cert = X509_new();
	X509_EXTENSION *extension;

	(void)X509_set_version(cert, 2);
	(void)ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	(void)X509_set_subject_name(cert, name);
	(void)X509_set_issuer_name(cert, name);
	(void)X509_gmtime_adj(X509_getm_notBefore(cert), from);
	(void)X509_gmtime_adj(X509_getm_notAfter(cert), until);
	(void)X509_set_pubkey(cert, key);
	extension = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints,
	    real ? "critical,CA:TRUE" : "CA:FALSE");
	(void)X509_add_ext(cert, extension, -1);
	(void)X509_sign(cert, key, EVP_sha256());
	(void)PEM_write_bio_X509(bio, cert);
	X509_EXTENSION_free(extension);
	X509_NAME_free(name);
	X509_free(cert);
	return (to_text(bio));
}

static char *
make_list(EVP_PKEY *key, long from, long until)
{
	X509_NAME *name = authority();
	BIO *bio = BIO_new(BIO_s_mem());
	X509_CRL *list = X509_CRL_new();
	ASN1_TIME *last = X509_gmtime_adj(NULL, from);
	ASN1_TIME *next = X509_gmtime_adj(NULL, until);

	(void)X509_CRL_set_version(list, 1);
	(void)X509_CRL_set_issuer_name(list, name);
	(void)X509_CRL_set1_lastUpdate(list, last);
	(void)X509_CRL_set1_nextUpdate(list, next);
	(void)X509_CRL_sign(list, key, EVP_sha256());
	(void)PEM_write_bio_X509_CRL(bio, list);
	ASN1_TIME_free(last);
	ASN1_TIME_free(next);
	X509_NAME_free(name);
	X509_CRL_free(list);
	return (to_text(bio));
}

static char *
make_parameters(const char *group)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "DH", NULL);
	BIO *bio = BIO_new(BIO_s_mem());
	EVP_PKEY *parameters = NULL;

	(void)EVP_PKEY_paramgen_init(context);
	(void)EVP_PKEY_CTX_set_group_name(context, group);
	(void)EVP_PKEY_paramgen(context, &parameters);
	(void)PEM_write_bio_Parameters(bio, parameters);
	EVP_PKEY_free(parameters);
	EVP_PKEY_CTX_free(context);
	return (to_text(bio));
}

static char *
joined(const char *a, const char *b)
{
	char *text;

	if (asprintf(&text, "%s%s", a, b) == -1)
		abort();
	return (text);
}

struct texts {
	EVP_PKEY *key;
	char *good, *expired, *early, *client, *mixed;
	char *list, *old_list, *new_list;
	char *weak, *strong, *both;
};

static void
make_texts(struct texts *t)
{
	char *named;

	t->key = EVP_EC_gen("P-256");
	t->good = make_authority(t->key, true, -60, 3600);
	t->expired = make_authority(t->key, true, -60, -30);
	t->early = make_authority(t->key, true, 1800, 3600);
	t->client = make_authority(t->key, false, -60, 3600);
	named = joined(t->good, "# /ca/other.pem\n");
	t->mixed = joined(named, t->expired);
	free(named);
	t->list = make_list(t->key, -60, 3600);
	t->old_list = make_list(t->key, -60, -30);
	t->new_list = make_list(t->key, 1800, 3600);
	t->weak = make_parameters("modp_1536");
	t->strong = make_parameters("ffdhe2048");
	t->both = joined(t->weak, t->strong);
}

static void
free_texts(struct texts *t)
{
	EVP_PKEY_free(t->key);
	free(t->good);
	free(t->expired);
	free(t->early);
	free(t->client);
	free(t->mixed);
	free(t->list);
	free(t->old_list);
	free(t->new_list);
	free(t->weak);
	free(t->strong);
	free(t->both);
}

#define BROKEN                                \
	"# /ca/broken.pem\n"                  \
	"-----BEGIN CERTIFICATE-----\nAAAA\n" \
	"-----END CERTIFICATE-----\n"
#define HEX16 "000102030405060708090a0b0c0d0e0f"

/* An extension 1000 with the bytes "abc". */
#define EXTENSION                            \
	"-----BEGIN SERVERINFO FOR A-----\n" \
	"A+gAA2FiYw==\n"                     \
	"-----END SERVERINFO FOR A-----\n"
#define EXTENSION_CUT                        \
	"-----BEGIN SERVERINFO FOR A-----\n" \
	"A+gABGFiYw==\n"                     \
	"-----END SERVERINFO FOR A-----\n"

struct row {
	const char *name;
	enum certificate_subject subject;
	unsigned int flags;
	const char *text;
	enum certificate_kind kind;
	const char *said;
};

/* What is said never has a key in it. */
static void
check_row(const struct row *row)
{
	const struct certificate_case what = {
		.subject = row->subject,
		.flags = row->flags,
		.cert = row->text,
		.cert_len = strlen(row->text),
	};
	struct certificate_verdict verdict;

	certificate_check(&what, &verdict);
	CHECK_CASE(verdict.kind == row->kind, row->name);
	CHECK_CASE(strstr(verdict.text, row->said) != NULL, row->name);
	CHECK_CASE(strstr(verdict.text, "0011") == NULL &&
		strstr(verdict.text, HEX16) == NULL,
	    row->name);
}

static void
looks_into_authorities_and_lists(void)
{
	struct texts t;
	size_t i;

	make_texts(&t);
	const struct row rows[] = {
		{ "an authority", CERTIFICATE_CA, 0, t.good, CERTIFICATE_GOOD,
		    "good" },
		{ "an expired one", CERTIFICATE_CA, 0, t.expired,
		    CERTIFICATE_DOUBTFUL, "expired" },
		{ "an early one", CERTIFICATE_CA, 0, t.early,
		    CERTIFICATE_DOUBTFUL, "not valid yet" },
		{ "no authority", CERTIFICATE_CA, 0, t.client,
		    CERTIFICATE_DOUBTFUL, "not one of an authority" },
		{ "a good and an expired one", CERTIFICATE_CA, 0, t.mixed,
		    CERTIFICATE_DOUBTFUL, "in /ca/other.pem" },
		{ "a broken one", CERTIFICATE_CA, 0, BROKEN, CERTIFICATE_BAD,
		    "certificate in /ca/broken.pem cannot be read" },
		{ "none", CERTIFICATE_CA, 0, t.list, CERTIFICATE_BAD,
		    "no certificate" },
		{ "a list", CERTIFICATE_CRL, 0, t.list, CERTIFICATE_GOOD,
		    "good" },
		{ "an old list", CERTIFICATE_CRL, 0, t.old_list,
		    CERTIFICATE_DOUBTFUL, "has expired" },
		{ "a list of the future", CERTIFICATE_CRL, 0, t.new_list,
		    CERTIFICATE_DOUBTFUL, "not valid yet" },
		{ "no list", CERTIFICATE_CRL, 0, "", CERTIFICATE_BAD,
		    "no revocation list" },
	};

	for (i = 0; i < NITEMS(rows); i++)
		check_row(&rows[i]);
	free_texts(&t);
}

static void
looks_into_other_files(void)
{
	struct texts t;
	size_t i;

	make_texts(&t);
	const struct row rows[] = {
		{ "strong parameters", CERTIFICATE_DH, 0, t.strong,
		    CERTIFICATE_GOOD, "good" },
		{ "weak parameters", CERTIFICATE_DH, 0, t.weak, CERTIFICATE_BAD,
		    "AllowWeakDH" },
		{ "weak ones, allowed", CERTIFICATE_DH, CERTIFICATE_WEAK_DH,
		    t.weak, CERTIFICATE_GOOD, "good" },
		{ "weak and strong ones", CERTIFICATE_DH, 0, t.both,
		    CERTIFICATE_GOOD, "good" },
		{ "no parameters", CERTIFICATE_DH, 0, t.good, CERTIFICATE_BAD,
		    "no DH parameters" },
		{ "an extension", CERTIFICATE_SERVER_INFO, 0, EXTENSION,
		    CERTIFICATE_GOOD, "good" },
		{ "a broken extension", CERTIFICATE_SERVER_INFO, 0,
		    EXTENSION_CUT, CERTIFICATE_BAD, "cannot be used" },
		{ "no extension", CERTIFICATE_SERVER_INFO, 0, t.good,
		    CERTIFICATE_BAD, "cannot be used" },
		{ "a shared key", CERTIFICATE_PSK, 0, "a " HEX16 "\n",
		    CERTIFICATE_GOOD, "good" },
		{ "a short key", CERTIFICATE_PSK, 0,
		    "a " HEX16 "\nb 00112233\n", CERTIFICATE_BAD,
		    "identity \"b\"" },
		{ "half a byte", CERTIFICATE_PSK, 0, "a " HEX16 "0\n",
		    CERTIFICATE_BAD, "identity \"a\"" },
		{ "not hexadecimal", CERTIFICATE_PSK, 0,
		    "a " HEX16 "0000000000000000xx\n", CERTIFICATE_BAD,
		    "identity \"a\"" },
		{ "no blank", CERTIFICATE_PSK, 0, HEX16 "\n", CERTIFICATE_BAD,
		    "told apart" },
	};

	for (i = 0; i < NITEMS(rows); i++)
		check_row(&rows[i]);
	free_texts(&t);
}

CU_TestInfo certificate_files_tests[] = {
	{ "authorities and lists are checked",
	    looks_into_authorities_and_lists },
	{ "other files of hosts are checked", looks_into_other_files },
	CU_TEST_INFO_NULL,
};
