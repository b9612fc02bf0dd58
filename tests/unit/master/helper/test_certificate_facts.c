/* Unit tests of what is found out about certificates, and what is kept. */
#include <CUnit/CUnit.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "master/keys/certificate.h"
#include "tests/unit/suites.h"

#define DAY 86400L

static void
add_extension(X509 *cert, int nid, const char *value)
{
	X509_EXTENSION *extension;

	extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
	CU_ASSERT_PTR_NOT_NULL_FATAL(extension);
	(void)X509_add_ext(cert, extension, -1);
	X509_EXTENSION_free(extension);
}

/* A certificate that key signs itself; names: subjectAltName. */
static X509 *
make_cert(EVP_PKEY *key, const char *subject, const char *names, long until)
{
	X509 *cert = X509_new();
	X509_NAME *name = X509_get_subject_name(cert);

	(void)X509_set_version(cert, 2);
	(void)ASN1_INTEGER_set(X509_get_serialNumber(cert), 0x1a2b);
	(void)X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
	    (const unsigned char *)subject, -1, -1, 0);
	(void)X509_set_issuer_name(cert, name);
	(void)X509_gmtime_adj(X509_getm_notBefore(cert), -DAY);
	(void)X509_gmtime_adj(X509_getm_notAfter(cert), until);
	(void)X509_set_pubkey(cert, key);
	if (names != NULL)
		add_extension(cert, NID_subject_alt_name, names);
	return (cert);
}

static bool
is_about(int64_t when, long from_now)
{
	int64_t wanted = (int64_t)time(NULL) + from_now;

	return (when > wanted - 60 && when < wanted + 60);
}

static void
describes(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	struct certificate_facts facts;
	X509 *certs[2];
	uint8_t digest[32];

	certs[0] = make_cert(key, "ftp.test",
	    "DNS:ftp.test,DNS:*.test,IP:192.0.2.1,IP:2001:db8::1,"
	    "email:root@test",
	    30 * DAY);
	certs[1] = make_cert(key, "authority", NULL, 5 * DAY);
	add_extension(certs[0], NID_tlsfeature, "status_request");
	add_extension(certs[0], NID_info_access, "OCSP;URI:http://ocsp.test/");
	CU_ASSERT_FATAL(X509_sign(certs[0], key, EVP_sha256()) > 0);
	CU_ASSERT_FATAL(X509_sign(certs[1], key, EVP_sha256()) > 0);
	certificate_describe(certs, 2, &facts);
	CU_ASSERT_STRING_EQUAL(facts.subject, "CN=ftp.test");
	CU_ASSERT_STRING_EQUAL(facts.issuer, "CN=ftp.test");
	CU_ASSERT_STRING_EQUAL(facts.serial, "1A2B");
	CU_ASSERT_STRING_EQUAL(facts.key, "EC P-256");
	CU_ASSERT_STRING_EQUAL(facts.names,
	    "ftp.test *.test 192.0.2.1 2001:db8:0:0:0:0:0:1 ");
	CU_ASSERT(is_about(facts.from, -DAY));
	CU_ASSERT(is_about(facts.until, 30 * DAY));
	CU_ASSERT(is_about(facts.chain_until, 5 * DAY));
	CU_ASSERT_EQUAL(facts.flags,
	    CERTIFICATE_MUST_STAPLE | CERTIFICATE_RESPONDER);
	(void)X509_digest(certs[0], EVP_sha256(), digest, NULL);
	CU_ASSERT(memcmp(facts.sha256, digest, sizeof(digest)) == 0);
	certificate_describe(&certs[1], 1, &facts);
	CU_ASSERT_EQUAL(facts.flags, 0);
	CU_ASSERT_STRING_EQUAL(facts.names, "");
	CU_ASSERT(facts.until == facts.chain_until);
	X509_free(certs[0]);
	X509_free(certs[1]);
	EVP_PKEY_free(key);
}

static void
describes_keys(void)
{
	static const struct {
		const char *type, *words;
		int bits;
	} cases[] = {
		{ "RSA", "RSA 2048", 2048 },
		{ "ED25519", "ED25519", 0 },
		{ "ED448", "ED448", 0 },
	};
	struct certificate_facts facts;
	EVP_PKEY *key;
	X509 *cert;
	size_t i;

	for (i = 0; i < NITEMS(cases); i++) {
		key = cases[i].bits > 0
		    ? EVP_PKEY_Q_keygen(NULL, NULL, cases[i].type,
			  (size_t)cases[i].bits)
		    : EVP_PKEY_Q_keygen(NULL, NULL, cases[i].type);
		cert = make_cert(key, "ftp.test", NULL, DAY);
		certificate_describe(&cert, 1, &facts);
		CHECK_CASE(strcmp(facts.key, cases[i].words) == 0,
		    cases[i].words);
		X509_free(cert);
		EVP_PKEY_free(key);
	}
}

/* Names as long as they may be, and such that would split or end the list. */
static void
describes_odd_names(void)
{
	static const unsigned char odd[][8] = { "a b", "a\nb", "a\0b", "" };
	EVP_PKEY *key = EVP_EC_gen("P-256");
	struct certificate_facts facts;
	GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
	GENERAL_NAME *name;
	X509 *cert;
	char text[64];
	size_t i;

	cert = make_cert(key, "r\xc3\xa4tsel\n", NULL, DAY);
	for (i = 0; i < 300; i++) {
		name = GENERAL_NAME_new();
		name->type = GEN_DNS;
		name->d.dNSName = ASN1_IA5STRING_new();
		if (i < NITEMS(odd))
			(void)ASN1_STRING_set(name->d.dNSName, odd[i], 3);
		else {
			(void)snprintf(text, sizeof(text), "host%03zu.test", i);
			(void)ASN1_STRING_set(name->d.dNSName, text, -1);
		}
		(void)sk_GENERAL_NAME_push(names, name);
	}
	(void)X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0, 0);
	GENERAL_NAMES_free(names);
	certificate_describe(&cert, 1, &facts);
	CU_ASSERT(strncmp(facts.names, "host004.test host005.test ", 26) == 0);
	CU_ASSERT_EQUAL(strlen(facts.names), sizeof(facts.names) - 1);
	CU_ASSERT_STRING_EQUAL(facts.names + sizeof(facts.names) - 4, "...");
	CU_ASSERT_STRING_EQUAL(facts.subject, "CN=r\xc3\xa4tsel\\0A");
	X509_free(cert);
	EVP_PKEY_free(key);
}

/* What the process says that looked at a file which may have taken it over. */
static void
keeps_nothing_odd(void)
{
	struct certificate piece, other;
	struct certificate_facts facts;
	const char *at;

	memset(&piece, 0, sizeof(piece));
	memset(&other, 0, sizeof(other));
	memset(&facts, 0xff, sizeof(facts)); /* no text has an end */
	certificate_learn(&piece, &facts);
	if (piece.known == NULL)
		abort();
	for (at = piece.known->names; *at != '\0'; at++)
		if (*at < ' ' || *at > '~')
			break;
	CU_ASSERT(*at == '\0');
	memset(&facts, 0, sizeof(facts));
	(void)snprintf(facts.subject, sizeof(facts.subject), "CN=\x1b[2J\r\nx");
	(void)snprintf(facts.names, sizeof(facts.names), "a.test b.test ");
	facts.until = INT64_MIN;
	certificate_learn(&piece, &facts);
	if (piece.known == NULL)
		abort();
	CU_ASSERT_PTR_NULL(strpbrk(piece.known->subject, "\x1b\r\n"));
	CU_ASSERT_STRING_EQUAL(piece.known->names, "a.test b.test ");
	CU_ASSERT_STRING_EQUAL(piece.known->key, "");
	/* Older bytes bring along what is known of them. */
	certificate_still(&other, &piece);
	if (other.known == NULL)
		abort();
	CU_ASSERT(other.known != piece.known);
	certificate_release(&piece);
	CU_ASSERT_PTR_NULL(piece.known);
	CU_ASSERT_STRING_EQUAL(other.known->names, "a.test b.test ");
	CU_ASSERT_STRING_EQUAL(other.known->issuer, "");
	CU_ASSERT(other.known->until == INT64_MIN);
	certificate_release(&other);
}

CU_TestInfo certificate_facts_tests[] = {
	{ "what certificates say", describes },
	{ "kinds of keys", describes_keys },
	{ "odd names", describes_odd_names },
	{ "nothing odd is kept", keeps_nothing_odd },
	CU_TEST_INFO_NULL,
};
