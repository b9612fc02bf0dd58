/* What a certificate says, as text. */
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

#include "worker/tls/variables.h"

/* As RFC 4514 writes names; letters beyond ASCII stay what they are. */
#define NAME_FLAGS (XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB)

static bool
put(struct buf *out, const char *text)
{
	return (text != NULL && *text != '\0' &&
	    buf_append(out, text, strlen(text)) == 0);
}

/* What was written to bio, which is freed. */
static bool
put_bio(struct buf *out, BIO *bio, bool good)
{
	char *data = NULL;
	long len = bio == NULL ? 0 : BIO_get_mem_data(bio, &data);

	good = good && len > 0 && buf_append(out, data, (size_t)len) == 0;
	BIO_free(bio);
	return (good);
}

static bool
put_version(const X509 *certificate, enum fact fact, struct buf *out)
{
	(void)fact;
	return (buf_printf(out, "%ld", X509_get_version(certificate) + 1) == 0);
}

static bool
put_serial(const X509 *certificate, enum fact fact, struct buf *out)
{
	BIGNUM *number;
	char *text;
	bool good;

	(void)fact;
	number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), NULL);
	text = number == NULL ? NULL : BN_bn2hex(number);
	good = put(out, text);
	OPENSSL_free(text);
	BN_free(number);
	return (good);
}

static bool
put_name(struct buf *out, const X509_NAME *name)
{
	BIO *bio = BIO_new(BIO_s_mem());

	return (put_bio(out, bio,
	    bio != NULL && X509_NAME_print_ex(bio, name, 0, NAME_FLAGS) >= 0));
}

/* The last one of its kind. */
static bool
put_entry(struct buf *out, const X509_NAME *name, int nid)
{
	const X509_NAME_ENTRY *entry;
	int at = -1, last = -1, len;
	unsigned char *text;
	bool good;

	while ((at = X509_NAME_get_index_by_NID(name, nid, at)) >= 0)
		last = at;
	if (last < 0)
		return (false);
	entry = X509_NAME_get_entry(name, last);
	len = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(entry));
	if (len < 0)
		return (false);
	good = len > 0 && buf_append(out, text, (size_t)len) == 0;
	OPENSSL_free(text);
	return (good);
}

/* The attributes in the order of the table; UID has two that are so called. */
static const int attributes[] = { NID_countryName, NID_commonName,
	NID_description, NID_givenName, NID_initials, NID_localityName,
	NID_organizationName, NID_organizationalUnitName, NID_surname,
	NID_stateOrProvinceName, NID_title, NID_x500UniqueIdentifier,
	NID_pkcs9_emailAddress };

static bool
put_attribute(struct buf *out, const X509_NAME *name, unsigned int index)
{
	int nid = attributes[index];

	if (put_entry(out, name, nid))
		return (true);
	return (nid == NID_x500UniqueIdentifier &&
	    put_entry(out, name, NID_userId));
}

static bool
put_subject(const X509 *certificate, enum fact fact, struct buf *out)
{
	const X509_NAME *name = X509_get_subject_name(certificate);

	return (fact == FACT_S_DN
		? put_name(out, name)
		: put_attribute(out, name, fact - FACT_S_DN_C));
}

static bool
put_issuer(const X509 *certificate, enum fact fact, struct buf *out)
{
	const X509_NAME *name = X509_get_issuer_name(certificate);

	return (fact == FACT_I_DN
		? put_name(out, name)
		: put_attribute(out, name, fact - FACT_I_DN_C));
}

static bool
put_date(const X509 *certificate, enum fact fact, struct buf *out)
{
	BIO *bio = BIO_new(BIO_s_mem());
	const ASN1_TIME *date = fact == FACT_V_START
	    ? X509_get0_notBefore(certificate)
	    : X509_get0_notAfter(certificate);

	return (
	    put_bio(out, bio, bio != NULL && ASN1_TIME_print(bio, date) == 1));
}

static bool
put_signature(const X509 *certificate, enum fact fact, struct buf *out)
{
	(void)fact;
	return (put(out, OBJ_nid2ln(X509_get_signature_nid(certificate))));
}

static bool
put_key(const X509 *certificate, enum fact fact, struct buf *out)
{
	ASN1_OBJECT *algorithm;

	(void)fact;
	return (X509_PUBKEY_get0_param(&algorithm, NULL, NULL, NULL,
		    X509_get_X509_PUBKEY(certificate)) == 1 &&
	    put(out, OBJ_nid2ln(OBJ_obj2nid(algorithm))));
}

static bool
put_pem(const X509 *certificate, enum fact fact, struct buf *out)
{
	BIO *bio = BIO_new(BIO_s_mem());

	(void)fact;
	return (put_bio(out, bio,
	    bio != NULL && PEM_write_bio_X509(bio, certificate) == 1));
}

/* From a fact on, up to the next row. */
static const struct {
	enum fact first;
	bool (*put)(const X509 *certificate, enum fact fact, struct buf *out);
} writers[] = {
	{ FACT_M_VERSION, put_version },
	{ FACT_M_SERIAL, put_serial },
	{ FACT_S_DN, put_subject },
	{ FACT_I_DN, put_issuer },
	{ FACT_V_START, put_date },
	{ FACT_A_SIG, put_signature },
	{ FACT_A_KEY, put_key },
	{ FACT_CERT, put_pem },
};

_Static_assert(FACT_S_DN_Email - FACT_S_DN_C + 1 == NITEMS(attributes) &&
	FACT_I_DN_Email - FACT_I_DN_C + 1 == NITEMS(attributes),
    "an attribute for each variable");

bool
certificate_fact(const X509 *certificate, enum fact fact, struct buf *out)
{
	size_t i = NITEMS(writers) - 1;
	bool good;

	while (writers[i].first > fact)
		i--;
	good = writers[i].put(certificate, fact, out);
	ERR_clear_error();
	return (good);
}

bool
certificate_sha256(const X509 *certificate, struct buf *out)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned int len = 0, i;

	if (X509_digest(certificate, EVP_sha256(), digest, &len) != 1)
		return (false);
	for (i = 0; i < len; i++)
		if (buf_printf(out, "%02x", (unsigned int)digest[i]) == -1)
			return (false);
	return (true);
}
