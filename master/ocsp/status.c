/*
 * The status of a certificate, from the responders that it names.
 *
 * The URLs are the word of a certificate whose chain has been verified.  Even
 * so a responder is only ever sent a request for a status, and its redirects
 * are not followed: they could lead anywhere.
 */
#include <openssl/err.h>
#include <openssl/http.h>
#include <openssl/ocsp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "master/ocsp/dial.h"
#include "master/ocsp/job.h"
#include "shm/base/ocsp_response.h"

#define REPLY_MAX ((unsigned long)64 * 1024) /* of HTTP */

struct asking {
	struct ocsp_subject subject;
	OCSP_REQUEST *request;
	bool nonce;
	const char *proxy; /* NULL: none */
	struct job_result *result;
};

static X509 *
certificate(const uint8_t *der, size_t len)
{
	const unsigned char *at = der;

	return (d2i_X509(NULL, &at, (long)len));
}

static OCSP_REQUEST *
make_request(const struct asking *asking)
{
	OCSP_REQUEST *request = OCSP_REQUEST_new();
	OCSP_CERTID *id;

	id =
	    OCSP_cert_to_id(NULL, asking->subject.cert, asking->subject.issuer);
	if (request == NULL || id == NULL ||
	    OCSP_request_add0_id(request, id) == NULL) {
		OCSP_CERTID_free(id);
		OCSP_REQUEST_free(request);
		return (NULL);
	}
	if (asking->nonce && OCSP_request_add1_nonce(request, NULL, -1) != 1) {
		OCSP_REQUEST_free(request);
		return (NULL);
	}
	return (request);
}

static bool
add_headers(OSSL_HTTP_REQ_CTX *http, const struct dial *dial, bool fresh)
{
	char host[DIAL_HOST_MAX + 16];

	(void)snprintf(host, sizeof(host),
	    strchr(dial->host, ':') != NULL ? "[%s]:%s" : "%s:%s", dial->host,
	    dial->port);
	if (OSSL_HTTP_REQ_CTX_add1_header(http, "Host", host) != 1 ||
	    OSSL_HTTP_REQ_CTX_add1_header(http, "User-Agent", "ftpsd") != 1 ||
	    OSSL_HTTP_REQ_CTX_add1_header(http, "Accept",
		"application/ocsp-response") != 1)
		return (false);
	return (!fresh ||
	    (OSSL_HTTP_REQ_CTX_add1_header(http, "Pragma", "no-cache") == 1 &&
		OSSL_HTTP_REQ_CTX_add1_header(http, "Cache-Control",
		    "no-cache") == 1));
}

/* Posts the request; the reply is in memory of http. */
static BIO *
post(OSSL_HTTP_REQ_CTX *http, const struct asking *asking,
    const struct dial *dial)
{
	OSSL_HTTP_REQ_CTX_set_max_response_length(http, REPLY_MAX);
	/* By way of a proxy the line names the server, too. */
	if (OSSL_HTTP_REQ_CTX_set_request_line(http, 1,
		dial->relayed ? dial->host : NULL,
		dial->relayed ? dial->port : NULL, dial->path) != 1 ||
	    !add_headers(http, dial, asking->nonce) ||
	    OSSL_HTTP_REQ_CTX_set_expected(http, "application/ocsp-response", 1,
		0, 0) != 1 ||
	    OSSL_HTTP_REQ_CTX_set1_req(http, "application/ocsp-request",
		ASN1_ITEM_rptr(OCSP_REQUEST),
		(const ASN1_VALUE *)asking->request) != 1)
		return (NULL);
	return (OSSL_HTTP_REQ_CTX_exchange(http));
}

/* How long a response may be kept that does not say itself. */
#define UNDATED_SEC 60

/* Keeps the reply, if it proves anything; true: it does. */
static bool
judge(const struct asking *asking, const char *url, BIO *reply)
{
	struct job_result *result = asking->result;
	struct ocsp_finding finding;
	char *der = NULL;
	long len;

	len = BIO_get_mem_data(reply, &der);
	if (len <= 0 || (size_t)len > sizeof(result->data)) {
		job_result_say(result, "%s: the response is too long", url);
		return (false);
	}
	ocsp_response_read(&asking->subject, der, (size_t)len, asking->request,
	    &finding);
	if (finding.revocation == REVOCATION_UNANSWERED) {
		job_result_say(result, "%s: %s", url, finding.why);
		return (false);
	}
	memcpy(result->data, der, (size_t)len);
	result->data_len = (uint32_t)len;
	result->issued = (uint64_t)finding.this_update;
	result->undated = finding.next_update == 0;
	result->expires = finding.next_update != 0
	    ? (uint64_t)finding.next_update
	    : (uint64_t)time(NULL) + UNDATED_SEC;
	result->keep = finding.revocation != REVOCATION_UNKNOWN;
	result->revocation = finding.revocation;
	return (true);
}

static const char *
http_error(void)
{
	const char *words = ERR_reason_error_string(ERR_peek_last_error());

	return (words == NULL ? "the responder has closed" : words);
}

/* Asks one responder; true: it has answered. */
static bool
ask(const struct asking *asking, const char *url)
{
	OSSL_HTTP_REQ_CTX *http = NULL;
	const struct dial_wish wish = { url, asking->proxy,
		asking->subject.issuer };
	struct dial dial;
	BIO *reply = NULL;
	bool answered = false;

	ERR_clear_error();
	if (dial_open(&dial, &wish) == -1) {
		job_result_say(asking->result, "%s: %s", url, dial.why);
		return (false);
	}
	http = OSSL_HTTP_REQ_CTX_new(dial.bio, dial.bio, 0);
	if (http != NULL)
		reply = post(http, asking, &dial);
	if (reply == NULL)
		job_result_say(asking->result, "%s: %s", url, http_error());
	else
		answered = judge(asking, url, reply);
	OSSL_HTTP_REQ_CTX_free(http);
	dial_close(&dial);
	return (answered);
}

static void
ask_all(const struct asking *asking, const struct job *job)
{
	const char *url = job->urls, *end = job->urls + job->urls_len;

	for (; url < end; url += strlen(url) + 1)
		if (ask(asking, url))
			return;
}

void
status_find(const struct job *job, struct job_result *result)
{
	struct asking asking;

	memset(&asking, 0, sizeof(asking));
	asking.result = result;
	asking.subject.unsigned_too = (job->flags & OCSP_ASK_NO_VERIFY) != 0;
	asking.proxy = job->proxy;
	asking.nonce = (job->flags & OCSP_ASK_NO_NONCE) == 0;
	asking.subject.cert = certificate(job->cert, job->cert_len);
	asking.subject.issuer = certificate(job->issuer, job->issuer_len);
	if (asking.subject.cert != NULL && asking.subject.issuer != NULL)
		asking.request = make_request(&asking);
	if (asking.request == NULL)
		job_result_say(result, "the certificate cannot be read");
	else
		ask_all(&asking, job);
	OCSP_REQUEST_free(asking.request);
	X509_free(asking.subject.cert);
	X509_free(asking.subject.issuer);
}
