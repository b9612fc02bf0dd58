/* What certificates say: only the process without rights comes here. */
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "master/helper/certificate_child.h"

#define DAY          86400
#define CUT_OFF      "..."
#define NAME_MAX_LEN 256 /* longer ones are none that a client looks for */

static int64_t
to_seconds(const ASN1_TIME *when)
{
	ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
	int days = 0, seconds = 0;

	(void)ASN1_TIME_diff(&days, &seconds, epoch, when);
	ASN1_TIME_free(epoch);
	return ((int64_t)days * DAY + seconds);
}

/* Takes over bio, and puts what was written to it into out. */
static void
take(BIO *bio, char *out, size_t size)
{
	char *data;
	size_t len;

	len = (size_t)BIO_get_mem_data(bio, &data);
	if (len >= size) {
		len = size - sizeof(CUT_OFF);
		memcpy(out + len, CUT_OFF, sizeof(CUT_OFF));
	}
	if (len > 0)
		memcpy(out, data, len);
	BIO_free(bio);
}

static void
describe_name(const X509_NAME *name, char *out, size_t size)
{
	BIO *bio = BIO_new(BIO_s_mem());

	if (bio == NULL)
		return;
	(void)X509_NAME_print_ex(bio, name, 0,
	    XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
	take(bio, out, size);
}

/* A name that has a space, or what is no text, could not be told apart. */
static void
add_text(BIO *bio, const ASN1_STRING *name)
{
	const unsigned char *text = ASN1_STRING_get0_data(name);
	int i, len = ASN1_STRING_length(name);

	if (len < 1 || len > NAME_MAX_LEN)
		return;
	for (i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] >= 0x7f)
			return;
	(void)BIO_printf(bio, "%.*s ", len, text);
}

static void
add_address(BIO *bio, const ASN1_OCTET_STRING *address)
{
	const unsigned char *at = ASN1_STRING_get0_data(address);
	int i;

	if (ASN1_STRING_length(address) == 4)
		(void)BIO_printf(bio, "%d.%d.%d.%d ", at[0], at[1], at[2],
		    at[3]);
	if (ASN1_STRING_length(address) != 16)
		return;
	for (i = 0; i < 16; i += 2)
		(void)BIO_printf(bio, "%x%s",
		    (unsigned int)at[i] << 8 | at[i + 1], i < 14 ? ":" : " ");
}

/* The names that clients look for. */
static void
describe_names(const X509 *cert, struct certificate_facts *facts)
{
	GENERAL_NAMES *names;
	BIO *bio = BIO_new(BIO_s_mem());
	const GENERAL_NAME *name;
	int i;

	names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	for (i = 0; bio != NULL && i < sk_GENERAL_NAME_num(names); i++) {
		name = sk_GENERAL_NAME_value(names, i);
		if (name->type == GEN_DNS)
			add_text(bio, name->d.dNSName);
		else if (name->type == GEN_IPADD)
			add_address(bio, name->d.iPAddress);
	}
	GENERAL_NAMES_free(names);
	if (bio != NULL)
		take(bio, facts->names, sizeof(facts->names));
}

static void
describe_key(const EVP_PKEY *key, struct certificate_facts *facts)
{
	const char *type = EVP_PKEY_get0_type_name(key);
	char group[24] = "";

	if (type == NULL)
		return;
	(void)EVP_PKEY_get_group_name(key, group, sizeof(group), NULL);
	if (group[0] != '\0')
		(void)snprintf(facts->key, sizeof(facts->key), "%s %s", type,
		    strcmp(group, "prime256v1") == 0      ? "P-256"
			: strcmp(group, "secp384r1") == 0 ? "P-384"
			: strcmp(group, "secp521r1") == 0 ? "P-521"
							  : group);
	else if (EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 ||
	    EVP_PKEY_get_base_id(key) == EVP_PKEY_ED448)
		(void)snprintf(facts->key, sizeof(facts->key), "%s", type);
	else
		(void)snprintf(facts->key, sizeof(facts->key), "%s %d", type,
		    EVP_PKEY_get_bits(key));
}

static void
describe_serial(const X509 *cert, struct certificate_facts *facts)
{
	BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
	char *text = number == NULL ? NULL : BN_bn2hex(number);

	if (text != NULL)
		(void)snprintf(facts->serial, sizeof(facts->serial), "%s",
		    text);
	OPENSSL_free(text);
	BN_free(number);
}

static bool
has_responder(X509 *cert)
{
	STACK_OF(OPENSSL_STRING) *urls = X509_get1_ocsp(cert);
	bool found = sk_OPENSSL_STRING_num(urls) > 0;

	X509_email_free(urls);
	return (found);
}

static uint32_t
flags_of(X509 *cert)
{
	TLS_FEATURE *features;
	uint32_t flags = has_responder(cert) ? CERTIFICATE_RESPONDER : 0;
	long number;
	int i;

	features = X509_get_ext_d2i(cert, NID_tlsfeature, NULL, NULL);
	for (i = 0; i < sk_ASN1_INTEGER_num(features); i++) {
		/* status_request and its second version, among extensions */
		number = ASN1_INTEGER_get(sk_ASN1_INTEGER_value(features, i));
		if (number == 5 || number == 17)
			flags |= CERTIFICATE_MUST_STAPLE;
	}
	TLS_FEATURE_free(features);
	return (flags);
}

void
certificate_describe(X509 *const *certs, int count,
    struct certificate_facts *facts)
{
	X509 *cert = certs[0];
	int64_t until;
	int i;

	memset(facts, 0, sizeof(*facts));
	facts->from = to_seconds(X509_get0_notBefore(cert));
	facts->until = to_seconds(X509_get0_notAfter(cert));
	facts->chain_until = facts->until;
	for (i = 1; i < count; i++) {
		until = to_seconds(X509_get0_notAfter(certs[i]));
		if (until < facts->chain_until)
			facts->chain_until = until;
	}
	facts->flags = flags_of(cert);
	(void)X509_digest(cert, EVP_sha256(), facts->sha256, NULL);
	describe_key(X509_get0_pubkey(cert), facts);
	describe_serial(cert, facts);
	describe_name(X509_get_subject_name(cert), facts->subject,
	    sizeof(facts->subject));
	describe_name(X509_get_issuer_name(cert), facts->issuer,
	    sizeof(facts->issuer));
	describe_names(cert, facts);
}
