/* Unit tests of shm/base/ocsp_response.c: what a response proves. */
#include "shm/base/ocsp_response.h"

#include <CUnit/CUnit.h>
#include <openssl/err.h>
#include <string.h>

#include "tests/unit/ocsp_world.h"

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
		{ "old, and without an end",
		    { V_OCSP_CERTSTATUS_GOOD, -DAY, 0, true, &world.client,
			&world.authority, &world.authority, NULL } },
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
