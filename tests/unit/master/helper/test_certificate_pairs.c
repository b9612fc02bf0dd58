/* Unit tests of the check of key pairs. */
#include <CUnit/CUnit.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "master/helper/certificate_child.h"
#include "tests/unit/suites.h"

#define DAY 86400L

/* What a certificate is made with. */
struct recipe {
	EVP_PKEY *key;
	EVP_PKEY *issuer_key; /* NULL: signs itself */
	const char *name, *issuer;
	long from, until;  /* seconds from now */
	const char *names; /* subjectAltName; NULL: none */
	const char *issuer_at;
	const EVP_MD *digest;
};

static X509_NAME *
make_name(const char *text)
{
	X509_NAME *name = X509_NAME_new();

	(void)X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
	    (const unsigned char *)text, -1, -1, 0);
	return (name);
}

/* PEM text; the caller frees. */
static char *
to_text(BIO *bio)
{
	char *data, *text;
	long len;

	len = BIO_get_mem_data(bio, &data);
	text = calloc(1, (size_t)len + 1);
	if (text == NULL)
		abort();
	memcpy(text, data, (size_t)len);
	BIO_free(bio);
	return (text);
}

static void
add_extension(X509 *cert, int nid, const char *value)
{
	X509_EXTENSION *extension;

	if (value == NULL)
		return;
	extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
	CU_ASSERT_PTR_NOT_NULL_FATAL(extension);
	(void)X509_add_ext(cert, extension, -1);
	X509_EXTENSION_free(extension);
}

static char *
make_cert(const struct recipe *recipe)
{
	X509_NAME *name = make_name(recipe->name);
	X509_NAME *issuer =
	    make_name(recipe->issuer == NULL ? recipe->name : recipe->issuer);
	BIO *bio = BIO_new(BIO_s_mem());
	X509 *cert = X509_new();

	(void)X509_set_version(cert, 2);
	(void)ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	(void)X509_set_subject_name(cert, name);
	(void)X509_set_issuer_name(cert, issuer);
	(void)X509_gmtime_adj(X509_getm_notBefore(cert), recipe->from);
	(void)X509_gmtime_adj(X509_getm_notAfter(cert), recipe->until);
	(void)X509_set_pubkey(cert, recipe->key);
	add_extension(cert, NID_subject_alt_name, recipe->names);
	add_extension(cert, NID_info_access, recipe->issuer_at);
	(void)X509_sign(cert,
	    recipe->issuer_key == NULL ? recipe->key : recipe->issuer_key,
	    recipe->digest == NULL ? EVP_sha256() : recipe->digest);
	(void)PEM_write_bio_X509(bio, cert);
	X509_free(cert);
	X509_NAME_free(name);
	X509_NAME_free(issuer);
	return (to_text(bio));
}

static char *
key_text(EVP_PKEY *key, const char *passphrase)
{
	BIO *bio = BIO_new(BIO_s_mem());

	(void)PEM_write_bio_PrivateKey(bio, key,
	    passphrase == NULL ? NULL : EVP_aes_128_cbc(),
	    (const unsigned char *)passphrase,
	    passphrase == NULL ? 0 : (int)strlen(passphrase), NULL, NULL);
	return (to_text(bio));
}

static char *
joined(const char *a, const char *b)
{
	char *text;

	CU_ASSERT_FATAL(asprintf(&text, "%s%s", a, b) != -1);
	return (text);
}

/* All texts that the cases need. */
struct texts {
	EVP_PKEY *key, *other, *weak, *rsa;
	char *good, *expired, *early, *issued, *issuer, *chain, *disorder;
	char *weak_cert, *long_chain, *nameless, *ending, *digest, *leaf_only;
	char *twice;
	char *good_key, *other_key, *weak_key, *locked_key;
	char *rsa_cert, *rsa_key, *both, *key_first;
};

static void
make_keys(struct texts *texts)
{
	texts->good_key = key_text(texts->key, NULL);
	texts->other_key = key_text(texts->other, NULL);
	texts->weak_key = key_text(texts->weak, NULL);
	texts->locked_key = key_text(texts->key, "secret");
	texts->both = joined(texts->good, texts->good_key);
	texts->key_first = joined(texts->rsa_key, texts->rsa_cert);
}

static void
make_texts(struct texts *texts)
{
	struct recipe recipe = { .name = "localhost",
		.from = -60,
		.until = 90 * DAY,
		.names = "DNS:localhost" };
	char *longer;
	int i;

	memset(texts, 0, sizeof(*texts));
	texts->key = EVP_EC_gen("P-256");
	texts->other = EVP_EC_gen("P-256");
	texts->weak = EVP_RSA_gen(512);
	recipe.key = texts->key;
	texts->good = make_cert(&recipe);
	recipe.until = -30;
	texts->expired = make_cert(&recipe);
	recipe.from = -80 * DAY;
	recipe.until = 2 * DAY - 60;
	texts->ending = make_cert(&recipe);
	recipe.until = 90 * DAY;
	recipe.names = NULL;
	texts->nameless = make_cert(&recipe);
	recipe.names = "DNS:localhost";
	recipe.from = 1800;
	recipe.until = 3600;
	texts->early = make_cert(&recipe);
	recipe.from = -60;
	recipe.issuer = "authority";
	recipe.issuer_key = texts->other;
	texts->issued = make_cert(&recipe);
	recipe.digest = EVP_sha1();
	texts->digest = make_cert(&recipe);
	recipe.digest = NULL;
	recipe.issuer_at = "caIssuers;URI:http://localhost/issuer";
	texts->leaf_only = make_cert(&recipe);
	recipe.issuer_at = NULL;
	recipe.key = texts->other;
	recipe.name = "authority";
	texts->issuer = make_cert(&recipe);
	texts->chain = joined(texts->issued, texts->issuer);
	texts->twice = joined(texts->issued, texts->chain);
	texts->disorder = joined(texts->good, texts->issuer);
	recipe.key = texts->weak;
	recipe.issuer_key = NULL;
	recipe.issuer = NULL;
	texts->weak_cert = make_cert(&recipe);
	texts->rsa = EVP_RSA_gen(2048);
	recipe.key = texts->rsa;
	texts->rsa_cert = make_cert(&recipe);
	texts->rsa_key = key_text(texts->rsa, NULL);
	texts->long_chain = joined(texts->good, "");
	for (i = 0; i < 40; i++) {
		longer = joined(texts->long_chain, texts->issuer);
		free(texts->long_chain);
		texts->long_chain = longer;
	}
	make_keys(texts);
}

static void
free_texts(struct texts *texts)
{
	EVP_PKEY_free(texts->key);
	EVP_PKEY_free(texts->other);
	EVP_PKEY_free(texts->weak);
	EVP_PKEY_free(texts->rsa);
	free(texts->good);
	free(texts->expired);
	free(texts->early);
	free(texts->issued);
	free(texts->issuer);
	free(texts->chain);
	free(texts->disorder);
	free(texts->weak_cert);
	free(texts->long_chain);
	free(texts->nameless);
	free(texts->ending);
	free(texts->digest);
	free(texts->leaf_only);
	free(texts->twice);
	free(texts->good_key);
	free(texts->other_key);
	free(texts->weak_key);
	free(texts->locked_key);
	free(texts->rsa_cert);
	free(texts->rsa_key);
	free(texts->both);
	free(texts->key_first);
}

struct row {
	const char *what, *cert, *key;
	enum certificate_kind kind;
	const char *text;
};

static void
check_rows(const struct row *rows, size_t count, unsigned int flags)
{
	struct certificate_verdict verdict;
	struct certificate_case what;
	size_t i;

	memset(&what, 0, sizeof(what));
	what.subject = CERTIFICATE_PAIR;
	what.flags = flags;
	for (i = 0; i < count; i++) {
		what.cert = rows[i].cert;
		what.cert_len = strlen(rows[i].cert);
		what.key = rows[i].key;
		what.key_len = strlen(rows[i].key);
		certificate_check(&what, &verdict);
		CHECK_CASE(verdict.kind == rows[i].kind, rows[i].what);
		CHECK_CASE(strstr(verdict.text, rows[i].text) != NULL,
		    rows[i].what);
	}
}

static void
takes_good_pairs(void)
{
	struct texts t;

	make_texts(&t);
	const struct row rows[] = {
		{ "a good pair", t.good, t.good_key, CERTIFICATE_GOOD, "good" },
		{ "a good chain", t.chain, t.good_key, CERTIFICATE_GOOD,
		    "good" },
		{ "expired", t.expired, t.good_key, CERTIFICATE_DOUBTFUL,
		    "expired" },
		{ "not valid yet", t.early, t.good_key, CERTIFICATE_DOUBTFUL,
		    "not valid yet" },
		{ "a chain of strangers", t.disorder, t.good_key,
		    CERTIFICATE_DOUBTFUL, "not the issuer" },
		{ "no name", t.nameless, t.good_key, CERTIFICATE_DOUBTFUL,
		    "no subjectAltName" },
		{ "near its end", t.ending, t.good_key, CERTIFICATE_DOUBTFUL,
		    "within 2 days" },
		{ "no chain", t.leaf_only, t.good_key, CERTIFICATE_DOUBTFUL,
		    "chain is missing" },
		{ "a chain with the certificate itself", t.twice, t.good_key,
		    CERTIFICATE_GOOD, "good" },
		{ "a good pair after bad ones", t.rsa_cert, t.rsa_key,
		    CERTIFICATE_GOOD, "good" },
		{ "certificate and key in one file", t.both, t.both,
		    CERTIFICATE_GOOD, "good" },
		{ "the key first", t.key_first, t.key_first, CERTIFICATE_GOOD,
		    "good" },
		{ "a good pair after another chain", t.good, t.good_key,
		    CERTIFICATE_GOOD, "good" },
	};

	check_rows(rows, NITEMS(rows), 0);
	free_texts(&t);
}

static void
refuses_bad_pairs(void)
{
	struct texts t;

	make_texts(&t);
	const struct row rows[] = {
		{ "another key", t.good, t.other_key, CERTIFICATE_BAD,
		    "match" },
		{ "the chain first", t.issuer, t.good_key, CERTIFICATE_BAD,
		    "match" },
		{ "a weak key", t.weak_cert, t.weak_key, CERTIFICATE_BAD,
		    "too small" },
		{ "a key with a pass phrase", t.good, t.locked_key,
		    CERTIFICATE_BAD, "pass phrase" },
		{ "a key where the certificate should be", t.good_key,
		    t.good_key, CERTIFICATE_BAD, "no certificate" },
		{ "no key", t.good, t.good, CERTIFICATE_BAD, "private key" },
		{ "a weak digest", t.digest, t.good_key, CERTIFICATE_BAD,
		    "too weak (AllowWeakSecurity" },
		{ "nothing", "", "", CERTIFICATE_BAD, "no certificate" },
		{ "a broken certificate",
		    "-----BEGIN CERTIFICATE-----\nAAAA\n"
		    "-----END CERTIFICATE-----\n",
		    t.good_key, CERTIFICATE_BAD, "certificate 1" },
		{ "an endless chain", t.long_chain, t.good_key, CERTIFICATE_BAD,
		    "more than" },
		{ "a key of another kind", t.good, t.rsa_key, CERTIFICATE_BAD,
		    "match" },
	};

	check_rows(rows, NITEMS(rows), 0);
	free_texts(&t);
}

/* And is strict again afterwards. */
static void
takes_weak_pairs_if_told(void)
{
	struct texts t;

	make_texts(&t);
	const struct row rows[] = {
		{ "a weak digest", t.digest, t.good_key, CERTIFICATE_GOOD,
		    "good" },
		{ "a weak key", t.weak_cert, t.weak_key, CERTIFICATE_GOOD,
		    "good" },
	};
	const struct row strict[] = {
		{ "a weak digest", t.digest, t.good_key, CERTIFICATE_BAD,
		    "AllowWeakSecurity" },
	};

	check_rows(rows, NITEMS(rows), CERTIFICATE_WEAK);
	check_rows(strict, NITEMS(strict), 0);
	free_texts(&t);
}

static void
compares_types_of_keys(void)
{
	struct texts t;

	make_texts(&t);
	const struct row as_rsa[] = {
		{ "an RSA key", t.rsa_cert, t.rsa_key, CERTIFICATE_GOOD,
		    "good" },
		{ "an EC key", t.good, t.good_key, CERTIFICATE_DOUBTFUL,
		    "not one with an RSA key" },
	};
	const struct row as_ec[] = {
		{ "an RSA key", t.rsa_cert, t.rsa_key, CERTIFICATE_DOUBTFUL,
		    "not one with an EC key" },
		{ "an EC key", t.good, t.good_key, CERTIFICATE_GOOD, "good" },
	};

	check_rows(as_rsa, NITEMS(as_rsa), CERTIFICATE_RSA);
	check_rows(as_ec, NITEMS(as_ec), CERTIFICATE_EC);
	check_rows(as_ec, 1, CERTIFICATE_DSA | CERTIFICATE_EC);
	free_texts(&t);
}

CU_TestInfo certificate_pairs_tests[] = {
	{ "types of keys are compared", compares_types_of_keys },
	{ "good pairs are taken", takes_good_pairs },
	{ "bad pairs are refused", refuses_bad_pairs },
	{ "weak pairs are taken if told", takes_weak_pairs_if_told },
	CU_TEST_INFO_NULL,
};
