/* Unit tests of opening protected keys. */
#include <CUnit/CUnit.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "master/helper/key_open.h"
#include "tests/unit/suites.h"

#define PHRASE "correct horse"

struct bytes {
	char *data;
	size_t len;
};

static struct bytes
take(BIO *bio)
{
	struct bytes bytes;
	char *data;

	bytes.len = (size_t)BIO_get_mem_data(bio, &data);
	bytes.data = malloc(bytes.len + 1);
	if (bytes.data == NULL)
		abort();
	memcpy(bytes.data, data, bytes.len);
	bytes.data[bytes.len] = '\0';
	BIO_free(bio);
	return (bytes);
}

static X509 *
make_cert(EVP_PKEY *key, const char *name, EVP_PKEY *issuer_key,
    const char *issuer)
{
	X509 *cert = X509_new();
	X509_NAME *names[2] = { X509_NAME_new(), X509_NAME_new() };
	const char *texts[2] = { name, issuer };
	size_t i;

	for (i = 0; i < 2; i++)
		(void)X509_NAME_add_entry_by_txt(names[i], "CN", MBSTRING_ASC,
		    (const unsigned char *)texts[i], -1, -1, 0);
	(void)X509_set_version(cert, 2);
	(void)X509_set_subject_name(cert, names[0]);
	(void)X509_set_issuer_name(cert, names[1]);
	(void)X509_gmtime_adj(X509_getm_notBefore(cert), -60);
	(void)X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	(void)X509_set_pubkey(cert, key);
	(void)X509_sign(cert, issuer_key, EVP_sha256());
	X509_NAME_free(names[0]);
	X509_NAME_free(names[1]);
	return (cert);
}

/* A key in each form, and its certificates. */
struct forms {
	EVP_PKEY *key, *middle_key, *root_key;
	X509 *cert, *middle, *root;
	struct bytes pem, pkcs8, old_pem, der, locked_der, cert_pem;
	struct bytes p12, p12_empty, p12_old, p12_without_key;
};

static struct bytes
make_pem(EVP_PKEY *key, const EVP_CIPHER *cipher, bool traditional)
{
	BIO *bio = BIO_new(BIO_s_mem());
	const unsigned char *phrase = (const unsigned char *)PHRASE;
	int len = cipher == NULL ? 0 : (int)strlen(PHRASE);

	if (traditional)
		(void)PEM_write_bio_PrivateKey_traditional(bio, key, cipher,
		    phrase, len, NULL, NULL);
	else
		(void)PEM_write_bio_PKCS8PrivateKey(bio, key, cipher, PHRASE,
		    len, NULL, NULL);
	return (take(bio));
}

static struct bytes
make_der(EVP_PKEY *key, const EVP_CIPHER *cipher)
{
	BIO *bio = BIO_new(BIO_s_mem());

	(void)i2d_PKCS8PrivateKey_bio(bio, key, cipher, PHRASE,
	    cipher == NULL ? 0 : (int)strlen(PHRASE), NULL, NULL);
	return (take(bio));
}

/* The others come in the wrong order, and with one that has no part in it. */
static struct bytes
make_p12(const struct forms *forms, const char *phrase, OSSL_LIB_CTX *library)
{
	STACK_OF(X509) *others = sk_X509_new_null();
	X509 *stranger =
	    make_cert(forms->root_key, "stranger", forms->root_key, "stranger");
	BIO *bio = BIO_new(BIO_s_mem());
	int how = library == NULL ? 0 : NID_pbe_WithSHA1And40BitRC2_CBC;
	PKCS12 *file;

	(void)sk_X509_push(others, stranger);
	(void)sk_X509_push(others, forms->root);
	(void)sk_X509_push(others, forms->middle);
	file = PKCS12_create_ex(phrase, "name", forms->key, forms->cert, others,
	    how, how, 0, 0, 0, library, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	(void)i2d_PKCS12_bio(bio, file);
	PKCS12_free(file);
	sk_X509_free(others);
	X509_free(stranger);
	return (take(bio));
}

/* With algorithms that this process does not have otherwise. */
static struct bytes
make_old_p12(const struct forms *forms)
{
	struct bytes none = { NULL, 0 }, bytes = none;
	OSSL_LIB_CTX *library = OSSL_LIB_CTX_new();
	OSSL_PROVIDER *usual = OSSL_PROVIDER_load(library, "default");
	OSSL_PROVIDER *old = OSSL_PROVIDER_load(library, "legacy");

	if (old != NULL)
		bytes = make_p12(forms, PHRASE, library);
	if (old != NULL)
		OSSL_PROVIDER_unload(old);
	OSSL_PROVIDER_unload(usual);
	OSSL_LIB_CTX_free(library);
	return (bytes);
}

static void
make_forms(struct forms *forms)
{
	BIO *bio = BIO_new(BIO_s_mem());
	PKCS12 *file;

	memset(forms, 0, sizeof(*forms));
	forms->key = EVP_EC_gen("P-256");
	forms->middle_key = EVP_EC_gen("P-256");
	forms->root_key = EVP_EC_gen("P-256");
	forms->root =
	    make_cert(forms->root_key, "root", forms->root_key, "root");
	forms->middle =
	    make_cert(forms->middle_key, "middle", forms->root_key, "root");
	forms->cert =
	    make_cert(forms->key, "leaf", forms->middle_key, "middle");
	(void)PEM_write_bio_X509(bio, forms->cert);
	forms->cert_pem = take(bio);
	forms->pem = make_pem(forms->key, NULL, false);
	forms->pkcs8 = make_pem(forms->key, EVP_aes_128_cbc(), false);
	forms->old_pem = make_pem(forms->key, EVP_aes_128_cbc(), true);
	forms->der = make_der(forms->key, NULL);
	forms->locked_der = make_der(forms->key, EVP_aes_128_cbc());
	forms->p12 = make_p12(forms, PHRASE, NULL);
	forms->p12_empty = make_p12(forms, "", NULL);
	forms->p12_old = make_old_p12(forms);
	bio = BIO_new(BIO_s_mem());
	file =
	    PKCS12_create("", "name", NULL, forms->cert, NULL, 0, 0, 0, 0, 0);
	(void)i2d_PKCS12_bio(bio, file);
	PKCS12_free(file);
	forms->p12_without_key = take(bio);
}

static void
free_forms(struct forms *forms)
{
	EVP_PKEY_free(forms->key);
	EVP_PKEY_free(forms->middle_key);
	EVP_PKEY_free(forms->root_key);
	X509_free(forms->cert);
	X509_free(forms->middle);
	X509_free(forms->root);
	free(forms->pem.data);
	free(forms->pkcs8.data);
	free(forms->old_pem.data);
	free(forms->der.data);
	free(forms->locked_der.data);
	free(forms->cert_pem.data);
	free(forms->p12.data);
	free(forms->p12_empty.data);
	free(forms->p12_old.data);
	free(forms->p12_without_key.data);
}

static bool
is_that_key(const struct key_opened *opened, const EVP_PKEY *key)
{
	BIO *bio = BIO_new_mem_buf(opened->key, (int)opened->key_len);
	EVP_PKEY *got = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	bool same = got != NULL && EVP_PKEY_eq(got, key) == 1;

	EVP_PKEY_free(got);
	BIO_free(bio);
	return (same);
}

/* A form of a key, a phrase, and what comes of them. */
struct case_of_form {
	const char *what;
	struct bytes key;
	enum key_form form;
	enum key_outcome outcome;
	const char *phrase;
	const char *text;
};

static void
check_form(const struct case_of_form *row, const struct forms *forms)
{
	bool good = row->outcome == KEY_OPENED;
	struct key_request request;
	struct key_opened opened;

	memset(&request, 0, sizeof(request));
	request.form = row->form;
	request.cert = forms->cert_pem.data;
	request.cert_len = forms->cert_pem.len;
	request.key = row->key.data;
	request.key_len = row->key.len;
	request.phrase = row->phrase;
	key_open(&request, &opened);
	CHECK_CASE(opened.outcome == row->outcome, row->what);
	CHECK_CASE(row->outcome == KEY_BAD ||
		strcmp(opened.type,
		    row->form == KEY_PKCS12 ? "PKCS12" : "EC") == 0,
	    row->what);
	CHECK_CASE(strstr(opened.text, row->text) != NULL, row->what);
	CHECK_CASE(good == (opened.key != NULL), row->what);
	CHECK_CASE(opened.key == NULL || is_that_key(&opened, forms->key),
	    row->what);
	CHECK_CASE((opened.cert != NULL) == (good && row->form == KEY_PKCS12),
	    row->what);
	key_opened_free(&opened);
}

static void
opens_pem_and_der(void)
{
	struct forms f;
	size_t i;

	make_forms(&f);
	const struct case_of_form cases[] = {
		{ "plain PEM", f.pem, KEY_PEM, KEY_OPENED, NULL, "" },
		{ "PKCS#8", f.pkcs8, KEY_PEM, KEY_LOCKED, NULL, "" },
		{ "PKCS#8, wrong", f.pkcs8, KEY_PEM, KEY_LOCKED, "no", "" },
		{ "PKCS#8, right", f.pkcs8, KEY_PEM, KEY_OPENED, PHRASE, "" },
		{ "traditional", f.old_pem, KEY_PEM, KEY_LOCKED, NULL, "" },
		{ "traditional, wrong", f.old_pem, KEY_PEM, KEY_LOCKED, "no",
		    "" },
		{ "traditional, right", f.old_pem, KEY_PEM, KEY_OPENED, PHRASE,
		    "" },
		{ "no key", f.cert_pem, KEY_PEM, KEY_BAD, NULL,
		    "cannot be read" },
		{ "DER", f.der, KEY_ANY, KEY_OPENED, NULL, "" },
		{ "any PEM", f.pem, KEY_ANY, KEY_OPENED, NULL, "" },
		{ "locked DER", f.locked_der, KEY_ANY, KEY_LOCKED, NULL, "" },
		{ "locked DER, wrong", f.locked_der, KEY_ANY, KEY_LOCKED, "no",
		    "" },
		{ "locked DER, right", f.locked_der, KEY_ANY, KEY_OPENED,
		    PHRASE, "" },
		{ "any PKCS#12", f.p12, KEY_ANY, KEY_OPENED, PHRASE, "" },
		{ "any: a certificate", f.cert_pem, KEY_ANY, KEY_BAD, NULL,
		    "cannot be read" },
	};
	for (i = 0; i < NITEMS(cases); i++)
		check_form(&cases[i], &f);
	free_forms(&f);
}

static void
opens_pkcs12(void)
{
	struct forms f;
	size_t i;

	make_forms(&f);
	const struct case_of_form cases[] = {
		{ "PKCS#12", f.p12, KEY_PKCS12, KEY_LOCKED, NULL, "" },
		{ "PKCS#12, wrong", f.p12, KEY_PKCS12, KEY_LOCKED, "no", "" },
		{ "PKCS#12, right", f.p12, KEY_PKCS12, KEY_OPENED, PHRASE, "" },
		{ "PKCS#12, empty", f.p12_empty, KEY_PKCS12, KEY_OPENED, NULL,
		    "" },
		{ "PKCS#12 without a key", f.p12_without_key, KEY_PKCS12,
		    KEY_BAD, NULL, "no private key" },
		{ "PEM as PKCS#12", f.pem, KEY_PKCS12, KEY_BAD, NULL,
		    "no PKCS#12" },
		{ "old PKCS#12", f.p12_old, KEY_PKCS12, KEY_LOCKED, NULL, "" },
		{ "old PKCS#12, right", f.p12_old, KEY_PKCS12, KEY_BAD, PHRASE,
		    "legacy" },
	};
	for (i = 0; i < NITEMS(cases); i++)
		if (cases[i].key.data != NULL) /* there is no old one */
			check_form(&cases[i], &f);
	free_forms(&f);
}

static void
puts_the_chain_in_order(void)
{
	struct key_opened opened;
	struct key_request request;
	struct forms f;
	const X509 *expected[3];
	X509 *cert;
	BIO *bio;
	size_t i;

	make_forms(&f);
	memset(&request, 0, sizeof(request));
	request.form = KEY_PKCS12;
	request.key = f.p12.data;
	request.key_len = f.p12.len;
	request.phrase = PHRASE;
	key_open(&request, &opened);
	CU_ASSERT_EQUAL_FATAL(opened.outcome, KEY_OPENED);
	expected[0] = f.cert;
	expected[1] = f.middle;
	expected[2] = f.root;
	bio = BIO_new_mem_buf(opened.cert, (int)opened.cert_len);
	for (i = 0; i < 3; i++) {
		cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
		CU_ASSERT(cert != NULL && X509_cmp(cert, expected[i]) == 0);
		X509_free(cert);
	}
	CU_ASSERT_PTR_NULL(PEM_read_bio_X509(bio, NULL, NULL, NULL));
	BIO_free(bio);
	key_opened_free(&opened);
	free_forms(&f);
}

CU_TestInfo key_open_tests[] = {
	{ "PEM and DER are opened", opens_pem_and_der },
	{ "PKCS#12 is opened", opens_pkcs12 },
	{ "a chain is put in order", puts_the_chain_in_order },
	CU_TEST_INFO_NULL,
};
