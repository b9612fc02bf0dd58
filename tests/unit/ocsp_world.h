/*
 * ocsp_world - an authority, certificates of it, and responders that say of
 * them what a test wants to hear.
 */
#ifndef TESTS_UNIT_OCSP_WORLD_H
#define TESTS_UNIT_OCSP_WORLD_H

#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <string.h>

#include "shm/base/ocsp_response.h"
#include "tests/unit/suites.h"

#define DAY 86400L

/* An entity with a certificate. */
struct entity {
	EVP_PKEY *key;
	X509 *cert;
};

struct world {
	struct entity authority, stranger; /* both are named alike */
	struct entity client, other;       /* of the authority */
	struct entity responder;           /* likewise, made for OCSP */
	struct ocsp_subject subject;
};

static UNUSED void
extend(X509 *cert, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	CU_ASSERT_PTR_NOT_NULL_FATAL(extension);
	CU_ASSERT(X509_add_ext(cert, extension, -1) == 1);
	X509_EXTENSION_free(extension);
}

/* Signed by issuer, or by itself when that is NULL. */
static UNUSED void
make(struct entity *entity, const struct entity *issuer, const char *name,
    const char *usage)
{
	static long serial;
	const struct entity *signer = issuer == NULL ? entity : issuer;
	X509 *cert = X509_new();

	entity->key = EVP_EC_gen("P-256");
	entity->cert = cert;
	CU_ASSERT_FATAL(entity->key != NULL && cert != NULL);
	(void)X509_set_version(cert, 2);
	(void)ASN1_INTEGER_set(X509_get_serialNumber(cert), ++serial);
	(void)X509_gmtime_adj(X509_getm_notBefore(cert), -DAY);
	(void)X509_gmtime_adj(X509_getm_notAfter(cert), 10L * DAY);
	(void)X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN",
	    MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
	(void)X509_set_issuer_name(cert, X509_get_subject_name(signer->cert));
	(void)X509_set_pubkey(cert, entity->key);
	if (issuer == NULL)
		extend(cert, NID_basic_constraints, "critical,CA:TRUE");
	if (usage != NULL)
		extend(cert, NID_ext_key_usage, usage);
	CU_ASSERT_FATAL(X509_sign(cert, signer->key, EVP_sha256()) > 0);
}

static UNUSED void
destroy(struct entity *entity)
{
	X509_free(entity->cert);
	EVP_PKEY_free(entity->key);
}

static UNUSED void
world_make(struct world *world)
{
	memset(world, 0, sizeof(*world));
	make(&world->authority, NULL, "authority", NULL);
	make(&world->stranger, NULL, "authority", NULL);
	make(&world->client, &world->authority, "client", NULL);
	make(&world->other, &world->authority, "other", NULL);
	make(&world->responder, &world->authority, "responder", "OCSPSigning");
	world->subject.cert = world->client.cert;
	world->subject.issuer = world->authority.cert;
}

static UNUSED void
world_end(struct world *world)
{
	destroy(&world->authority);
	destroy(&world->stranger);
	destroy(&world->client);
	destroy(&world->other);
	destroy(&world->responder);
}

/* What a responder says; times are seconds from now. */
struct saying {
	int status; /* V_OCSP_CERTSTATUS_... */
	long this_update, next_update;
	bool undated;
	const struct entity *about, *issuer, *signer;
	OCSP_REQUEST *request; /* whose nonce it has */
};

static UNUSED ASN1_TIME *
moment(long seconds)
{
	return (X509_gmtime_adj(NULL, seconds));
}

/* The response in DER, in *der, for the caller to free. */
static UNUSED size_t
say(const struct saying *saying, unsigned char **der)
{
	OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
	ASN1_TIME *from = moment(saying->this_update);
	ASN1_TIME *until = moment(saying->next_update);
	ASN1_TIME *revoked = moment(-DAY / 2);
	OCSP_RESPONSE *response;
	OCSP_CERTID *id;
	int len;

	id = OCSP_cert_to_id(NULL, saying->about->cert, saying->issuer->cert);
	CU_ASSERT_PTR_NOT_NULL(OCSP_basic_add1_status(basic, id, saying->status,
	    OCSP_REVOKED_STATUS_UNSPECIFIED, revoked, from,
	    saying->undated ? NULL : until));
	if (saying->request != NULL)
		(void)OCSP_copy_nonce(basic, saying->request);
	CU_ASSERT(OCSP_basic_sign(basic, saying->signer->cert,
		      saying->signer->key, EVP_sha256(), NULL, 0) == 1);
	response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
	*der = NULL;
	len = i2d_OCSP_RESPONSE(response, der);
	OCSP_RESPONSE_free(response);
	OCSP_BASICRESP_free(basic);
	OCSP_CERTID_free(id);
	ASN1_TIME_free(from);
	ASN1_TIME_free(until);
	ASN1_TIME_free(revoked);
	CU_ASSERT_FATAL(len > 0);
	return ((size_t)len);
}

#endif
