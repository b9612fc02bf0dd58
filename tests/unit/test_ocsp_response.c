/* Unit tests of shm/base/ocsp_response.c: what a response proves. */
#include "shm/base/ocsp_response.h"

#include <CUnit/CUnit.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <string.h>

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

static void
extend(X509 *cert, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	CU_ASSERT_PTR_NOT_NULL_FATAL(extension);
	CU_ASSERT(X509_add_ext(cert, extension, -1) == 1);
	X509_EXTENSION_free(extension);
}

/* Signed by issuer, or by itself when that is NULL. */
static void
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

static void
destroy(struct entity *entity)
{
	X509_free(entity->cert);
	EVP_PKEY_free(entity->key);
}

static void
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

static void
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

static ASN1_TIME *
moment(long seconds)
{
	return (X509_gmtime_adj(NULL, seconds));
}

/* The response in DER, in *der, for the caller to free. */
static size_t
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

static enum revocation
found(const struct world *world, const struct saying *saying,
    OCSP_REQUEST *request, struct ocsp_finding *finding)
{
	unsigned char *der;
	size_t len = say(saying, &der);

	ocsp_response_read(&world->subject, der, len, request, finding);
	CHECK_CASE(ERR_peek_error() == 0, "no error is left");
	CHECK_CASE((finding->why != NULL) ==
		(finding->revocation == REVOCATION_UNANSWERED),
	    "what proves nothing is explained");
	OPENSSL_free(der);
	return (finding->revocation);
}

static void
says_what_is_signed(void)
{
	struct ocsp_finding finding;
	struct world world;
	time_t now = time(NULL);
	struct saying saying = { V_OCSP_CERTSTATUS_GOOD, -60, DAY, false,
		&world.client, &world.authority, &world.authority, NULL };

	world_make(&world);
	CU_ASSERT(found(&world, &saying, NULL, &finding) == REVOCATION_GOOD);
	CU_ASSERT(
	    finding.this_update >= now - 61 && finding.this_update <= now - 59);
	CU_ASSERT(finding.next_update >= now + DAY &&
	    finding.next_update <= now + DAY + 60);
	saying.status = V_OCSP_CERTSTATUS_REVOKED;
	CU_ASSERT(found(&world, &saying, NULL, &finding) == REVOCATION_REVOKED);
	saying.status = V_OCSP_CERTSTATUS_UNKNOWN;
	CU_ASSERT(found(&world, &saying, NULL, &finding) == REVOCATION_UNKNOWN);
	saying.undated = true;
	saying.status = V_OCSP_CERTSTATUS_GOOD;
	CU_ASSERT(found(&world, &saying, NULL, &finding) == REVOCATION_GOOD);
	CU_ASSERT_EQUAL(finding.next_update, 0);
	saying.signer = &world.responder;
	CHECK_CASE(found(&world, &saying, NULL, &finding) == REVOCATION_GOOD,
	    "a responder that the issuer has made");
	world_end(&world);
}

static void
believes_nobody_else(void)
{
	struct ocsp_finding finding;
	struct entity posing;
	struct world world;
	const struct saying good = { V_OCSP_CERTSTATUS_GOOD, -60, DAY, false,
		&world.client, &world.authority, &world.authority, NULL };
	const struct {
		const char *what;
		struct saying saying;
	} cases[] = {
		{ "an authority of the same name",
		    { V_OCSP_CERTSTATUS_GOOD, -60, DAY, false, &world.client,
			&world.authority, &world.stranger, NULL } },
		{ "another client of the issuer",
		    { V_OCSP_CERTSTATUS_GOOD, -60, DAY, false, &world.client,
			&world.authority, &world.other, NULL } },
		{ "the client itself",
		    { V_OCSP_CERTSTATUS_GOOD, -60, DAY, false, &world.client,
			&world.authority, &world.client, NULL } },
		{ "a responder of the stranger",
		    { V_OCSP_CERTSTATUS_GOOD, -60, DAY, false, &world.client,
			&world.authority, &posing, NULL } },
		{ "about another certificate",
		    { V_OCSP_CERTSTATUS_GOOD, -60, DAY, false, &world.other,
			&world.authority, &world.authority, NULL } },
		{ "about one of another issuer",
		    { V_OCSP_CERTSTATUS_GOOD, -60, DAY, false, &world.client,
			&world.stranger, &world.authority, NULL } },
		{ "too old",
		    { V_OCSP_CERTSTATUS_GOOD, -2 * DAY, -DAY, false,
			&world.client, &world.authority, &world.authority,
			NULL } },
		{ "of the future",
		    { V_OCSP_CERTSTATUS_GOOD, DAY, 2 * DAY, false,
			&world.client, &world.authority, &world.authority,
			NULL } },
	};
	size_t i;

	world_make(&world);
	make(&posing, &world.stranger, "responder", "OCSPSigning");
	CU_ASSERT(found(&world, &good, NULL, &finding) == REVOCATION_GOOD);
	for (i = 0; i < NITEMS(cases); i++)
		CHECK_CASE(found(&world, &cases[i].saying, NULL, &finding) ==
			REVOCATION_UNANSWERED,
		    cases[i].what);
	destroy(&posing);
	world_end(&world);
}

static void
nonces_must_not_differ(void)
{
	OCSP_REQUEST *ours = OCSP_REQUEST_new(), *theirs = OCSP_REQUEST_new();
	struct ocsp_finding finding;
	struct world world;
	struct saying saying = { V_OCSP_CERTSTATUS_GOOD, -60, DAY, false,
		&world.client, &world.authority, &world.authority, NULL };

	world_make(&world);
	CU_ASSERT(OCSP_request_add1_nonce(ours, NULL, -1) == 1);
	CU_ASSERT(OCSP_request_add1_nonce(theirs, NULL, -1) == 1);
	CHECK_CASE(found(&world, &saying, ours, &finding) == REVOCATION_GOOD,
	    "a response without one");
	saying.request = ours;
	CHECK_CASE(found(&world, &saying, ours, &finding) == REVOCATION_GOOD,
	    "ours");
	saying.request = theirs;
	CHECK_CASE(found(&world, &saying, ours, &finding) ==
		REVOCATION_UNANSWERED,
	    "another's");
	OCSP_REQUEST_free(ours);
	OCSP_REQUEST_free(theirs);
	world_end(&world);
}

/* Each byte but the last ones, and each changed. */
static void
survives_any_bytes(void)
{
	static const uint8_t later[] = { 0x30, 0x03, 0x0a, 0x01, 0x03 };
	struct ocsp_finding finding;
	unsigned char *der;
	struct world world;
	const struct saying saying = { V_OCSP_CERTSTATUS_GOOD, -60, DAY, false,
		&world.client, &world.authority, &world.authority, NULL };
	size_t i, len, good = 0;

	world_make(&world);
	len = say(&saying, &der);
	for (i = 0; i < len; i++) {
		ocsp_response_read(&world.subject, der, i, NULL, &finding);
		good += finding.revocation != REVOCATION_UNANSWERED;
	}
	CHECK_CASE(good == 0, "a part of a response proves nothing");
	for (i = 0; i < len; i++) {
		der[i] ^= 0x5a;
		ocsp_response_read(&world.subject, der, len, NULL, &finding);
		der[i] ^= 0x5a;
		CHECK_CASE(finding.revocation != REVOCATION_REVOKED,
		    "a changed byte makes no other answer");
	}
	ocsp_response_read(&world.subject, later, sizeof(later), NULL,
	    &finding);
	CU_ASSERT(finding.revocation == REVOCATION_UNANSWERED);
	CU_ASSERT_STRING_EQUAL(finding.why, "the responder says: try later");
	OPENSSL_free(der);
	world_end(&world);
}

CU_TestInfo ocsp_response_tests[] = {
	{ "says what is signed", says_what_is_signed },
	{ "believes nobody else", believes_nobody_else },
	{ "nonces must not differ", nonces_must_not_differ },
	{ "survives any bytes", survives_any_bytes },
	CU_TEST_INFO_NULL,
};
