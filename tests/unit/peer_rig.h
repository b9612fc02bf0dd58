/* peer_rig - certificates of clients, and those who issue them. */
#ifndef TESTS_UNIT_PEER_RIG_H
#define TESTS_UNIT_PEER_RIG_H

#include <openssl/x509v3.h>

#include "tests/unit/tls_rig.h"

struct peer_rig {
	EVP_PKEY *key;
	X509 *cert;
};

/* What is unusual about a certificate. */
struct peer_shape {
	long begins, ends; /* seconds from now; 0, 0: good for a day */
	bool authority;
	int name_type;         /* of the CN; 0: MBSTRING_UTF8 */
	const char *second;    /* a second CN */
	const char *extension; /* "name=value", of openssl */
	const char *raw;       /* bytes of the extension 1.2.3.4.5 */
	size_t raw_len;
	size_t padding; /* bytes of one more extension */
};

static inline void
peer_extend(X509 *cert, const char *oid, const char *bytes, size_t len)
{
	ASN1_OCTET_STRING *data = ASN1_OCTET_STRING_new();
	ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	X509_EXTENSION *extension;

	CU_ASSERT_FATAL(data != NULL &&
	    ASN1_OCTET_STRING_set(data, (const unsigned char *)bytes,
		(int)len) == 1);
	extension = X509_EXTENSION_create_by_OBJ(NULL, object, 0, data);
	CU_ASSERT_FATAL(
	    extension != NULL && X509_add_ext(cert, extension, -1) == 1);
	X509_EXTENSION_free(extension);
	ASN1_OCTET_STRING_free(data);
	ASN1_OBJECT_free(object);
}

static inline void
peer_configure(X509 *cert, X509 *issuer, const char *name, const char *value)
{
	X509_EXTENSION *extension;
	X509V3_CTX context;

	X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
	extension = X509V3_EXT_nconf(NULL, &context, name, value);
	CU_ASSERT_FATAL(
	    extension != NULL && X509_add_ext(cert, extension, -1) == 1);
	X509_EXTENSION_free(extension);
}

static inline void
peer_name(X509_NAME *name, const char *text, int len, int type)
{
	CU_ASSERT_FATAL(X509_NAME_add_entry_by_txt(name, "CN",
			    type == 0 ? MBSTRING_UTF8 : type,
			    (const unsigned char *)text, len, -1, 0) == 1);
}

static inline void
peer_shape(X509 *cert, X509 *issuer, const struct peer_shape *shape)
{
	char *name, *value, *padding;

	if (shape->authority)
		peer_configure(cert, issuer, "basicConstraints",
		    "critical,CA:TRUE");
	if (shape->extension != NULL) {
		name = strdup(shape->extension);
		value = strchr(name, '=');
		*value++ = '\0';
		peer_configure(cert, issuer, name, value);
		free(name);
	}
	if (shape->raw != NULL)
		peer_extend(cert, "1.2.3.4.5", shape->raw, shape->raw_len);
	if (shape->padding > 0) {
		padding = calloc(1, shape->padding);
		peer_extend(cert, "1.2.3.4.6", padding, shape->padding);
		free(padding);
	}
}

/* issuer NULL: self-signed.  len -1: name is a text. */
static inline void
peer_make(struct peer_rig *peer, const struct peer_rig *issuer,
    const char *name, int len, const struct peer_shape *shape)
{
	static long serial = 1000;
	X509 *cert = X509_new();
	X509_NAME *subject;

	peer->key = EVP_EC_gen("P-256");
	peer->cert = cert;
	CU_ASSERT_FATAL(peer->key != NULL && cert != NULL);
	(void)X509_set_version(cert, 2);
	(void)ASN1_INTEGER_set(X509_get_serialNumber(cert), serial++);
	(void)X509_gmtime_adj(X509_getm_notBefore(cert),
	    shape->ends == 0 ? -60 : shape->begins);
	(void)X509_gmtime_adj(X509_getm_notAfter(cert),
	    shape->ends == 0 ? 86400 : shape->ends);
	subject = X509_get_subject_name(cert);
	peer_name(subject, name, len, shape->name_type);
	if (shape->second != NULL)
		peer_name(subject, shape->second, -1, 0);
	(void)X509_set_issuer_name(cert,
	    issuer == NULL ? subject : X509_get_subject_name(issuer->cert));
	(void)X509_set_pubkey(cert, peer->key);
	peer_shape(cert, issuer == NULL ? cert : issuer->cert, shape);
	CU_ASSERT_FATAL(
	    X509_sign(cert, issuer == NULL ? peer->key : issuer->key,
		EVP_sha256()) > 0);
}

static inline void
peer_end(struct peer_rig *peer)
{
	EVP_PKEY_free(peer->key);
	X509_free(peer->cert);
	memset(peer, 0, sizeof(*peer));
}

/* PEM of the certificate; the caller frees. */
static inline struct file_bytes
peer_pem(const struct peer_rig *peer)
{
	struct file_bytes bytes;
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;

	(void)PEM_write_bio_X509(bio, peer->cert);
	text = calloc(1, 16384);
	bytes.len = rig_drain(bio, text, 16384);
	bytes.data = text;
	return (bytes);
}

/* What revoked (NULL: nothing) is on: valid from begins to ends. */
static inline struct file_bytes
peer_crl(const struct peer_rig *issuer, const struct peer_rig *revoked,
    long begins, long ends)
{
	X509_CRL *crl = X509_CRL_new();
	X509_REVOKED *entry;
	ASN1_TIME *when = ASN1_TIME_new();
	struct file_bytes bytes;
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = calloc(1, 4096);

	(void)X509_CRL_set_version(crl, 1);
	(void)X509_CRL_set_issuer_name(crl,
	    X509_get_subject_name(issuer->cert));
	(void)X509_gmtime_adj(when, begins);
	(void)X509_CRL_set1_lastUpdate(crl, when);
	if (revoked != NULL) {
		entry = X509_REVOKED_new();
		(void)X509_REVOKED_set_serialNumber(entry,
		    X509_get_serialNumber(revoked->cert));
		(void)X509_REVOKED_set_revocationDate(entry, when);
		(void)X509_CRL_add0_revoked(crl, entry);
	}
	(void)X509_gmtime_adj(when, ends);
	(void)X509_CRL_set1_nextUpdate(crl, when);
	CU_ASSERT_FATAL(X509_CRL_sign(crl, issuer->key, EVP_sha256()) > 0);
	(void)PEM_write_bio_X509_CRL(bio, crl);
	bytes.len = rig_drain(bio, text, 4096);
	bytes.data = text;
	X509_CRL_free(crl);
	ASN1_TIME_free(when);
	return (bytes);
}

static inline void
peer_free_bytes(struct file_bytes *bytes)
{
	union {
		const char *text;
		char *own;
	} data = { bytes->data };

	free(data.own);
	memset(bytes, 0, sizeof(*bytes));
}

/* What clients of rig show from now on; NULL: nothing. */
static inline void
peer_use(struct rig *rig, const struct peer_rig *peer,
    const struct peer_rig *chain)
{
	SSL_CTX_free(rig->client);
	rig->client = SSL_CTX_new(TLS_client_method());
	CU_ASSERT_PTR_NOT_NULL_FATAL(rig->client);
	SSL_CTX_set_session_cache_mode(rig->client,
	    SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(rig->client, rig_ticket);
	if (peer == NULL)
		return;
	CU_ASSERT_FATAL(SSL_CTX_use_certificate(rig->client, peer->cert) == 1 &&
	    SSL_CTX_use_PrivateKey(rig->client, peer->key) == 1);
	if (chain != NULL)
		CU_ASSERT_FATAL(
		    SSL_CTX_add1_chain_cert(rig->client, chain->cert) == 1);
}

#endif
