#include "shm/base/ocsp_response.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <string.h>

/* How far the clocks of a responder and ours may be apart. */
#define SKEW_SEC 300

/*
 * How old a response may be that does not say when it ends.  It is meant to be
 * made when it is asked for: an older one may have been kept by somebody since
 * before a revocation.
 */
#define UNDATED_SEC 3600

const char *
revocation_word(enum revocation revocation)
{
	switch (revocation) {
	case REVOCATION_GOOD:
		return ("good");
	case REVOCATION_REVOKED:
		return ("revoked");
	case REVOCATION_UNKNOWN:
		return ("unknown");
	case REVOCATION_UNANSWERED:
		break;
	}
	return ("not known");
}

static const char *
status_words(int status)
{
	switch (status) {
	case OCSP_RESPONSE_STATUS_MALFORMEDREQUEST:
		return ("the responder calls the request malformed");
	case OCSP_RESPONSE_STATUS_INTERNALERROR:
		return ("the responder has an internal error");
	case OCSP_RESPONSE_STATUS_TRYLATER:
		return ("the responder says: try later");
	case OCSP_RESPONSE_STATUS_SIGREQUIRED:
		return ("the responder wants signed requests");
	case OCSP_RESPONSE_STATUS_UNAUTHORIZED:
		return ("the responder does not answer for this certificate");
	default:
		return ("the responder answers with an unknown status");
	}
}

/*
 * Signed by the issuer, or by a responder whose certificate the issuer itself
 * has signed for that purpose.  Nobody else is trusted for it, and whether the
 * issuer is has been decided elsewhere.
 */
static int
verify(OCSP_BASICRESP *basic, X509 *issuer)
{
	STACK_OF(X509) *helpers = sk_X509_new_null();
	X509_STORE *store = X509_STORE_new();
	int ret = 0;

	if (helpers != NULL && store != NULL &&
	    sk_X509_push(helpers, issuer) > 0 &&
	    X509_STORE_add_cert(store, issuer) == 1)
		ret = OCSP_basic_verify(basic, helpers, store,
		    OCSP_PARTIAL_CHAIN | OCSP_NOEXPLICIT);
	sk_X509_free(helpers);
	X509_STORE_free(store);
	return (ret == 1 ? 0 : -1);
}

static time_t
seconds(const ASN1_GENERALIZEDTIME *text)
{
	struct tm tm;

	memset(&tm, 0, sizeof(tm));
	if (text == NULL || ASN1_TIME_to_tm(text, &tm) != 1)
		return (0);
	return (timegm(&tm));
}

/* Takes the word on our certificate out of a response that is authentic. */
static const char *
find_status(OCSP_BASICRESP *basic, const struct ocsp_subject *subject,
    struct ocsp_finding *finding)
{
	ASN1_GENERALIZEDTIME *revoked, *this_update = NULL, *next_update = NULL;
	OCSP_CERTID *id;
	int status = -1, reason, found;

	id = OCSP_cert_to_id(NULL, subject->cert, subject->issuer);
	if (id == NULL)
		return ("no memory");
	found = OCSP_resp_find_status(basic, id, &status, &reason, &revoked,
	    &this_update, &next_update);
	OCSP_CERTID_free(id);
	if (found != 1)
		return ("the response is about another certificate");
	if (OCSP_check_validity(this_update, next_update, SKEW_SEC,
		next_update == NULL ? UNDATED_SEC : -1) != 1)
		return ("the response is too old, or of the future");
	finding->this_update = seconds(this_update);
	finding->next_update = seconds(next_update);
	if (status == V_OCSP_CERTSTATUS_GOOD)
		finding->revocation = REVOCATION_GOOD;
	else if (status == V_OCSP_CERTSTATUS_REVOKED)
		finding->revocation = REVOCATION_REVOKED;
	else
		finding->revocation = REVOCATION_UNKNOWN;
	return (NULL);
}

static const char *
read_basic(const struct ocsp_subject *subject, OCSP_RESPONSE *response,
    OCSP_REQUEST *request, struct ocsp_finding *finding)
{
	OCSP_BASICRESP *basic;
	const char *why = NULL;

	basic = OCSP_response_get1_basic(response);
	if (basic == NULL)
		return ("the response is of an unknown kind");
	/* 0: they differ; -1: ours only, which many responders leave out. */
	if (request != NULL && OCSP_check_nonce(request, basic) == 0)
		why = "the response has the nonce of another request";
	else if (!subject->unsigned_too && verify(basic, subject->issuer) == -1)
		why = "the response is not signed by who may";
	else
		why = find_status(basic, subject, finding);
	OCSP_BASICRESP_free(basic);
	return (why);
}

void
ocsp_staple_key(uint8_t key[DIGEST_LEN], const struct seal_data *cert,
    const char *responder, bool verified)
{
	const char *who = responder == NULL ? "" : responder;
	const struct seal_data pieces[] = {
		*cert,
		{ who, strlen(who) + 1 },
		{ verified ? "v" : "n", 1 },
	};

	digest_sha256(key, pieces, NITEMS(pieces));
}

void
ocsp_response_read(const struct ocsp_subject *subject, const void *der,
    size_t len, OCSP_REQUEST *request, struct ocsp_finding *finding)
{
	const unsigned char *at = der;
	OCSP_RESPONSE *response;
	int status;

	memset(finding, 0, sizeof(*finding));
	finding->revocation = REVOCATION_UNANSWERED;
	response = d2i_OCSP_RESPONSE(NULL, &at, (long)len);
	if (response == NULL) {
		finding->why = "the response is no OCSP";
	} else {
		status = OCSP_response_status(response);
		finding->why = status == OCSP_RESPONSE_STATUS_SUCCESSFUL
		    ? read_basic(subject, response, request, finding)
		    : status_words(status);
	}
	OCSP_RESPONSE_free(response);
	ERR_clear_error();
}
