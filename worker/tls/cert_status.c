#include "worker/tls/cert_status.h"

#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "worker/tls/state.h"

static bool
is_url(const char *text, size_t len)
{
	return (len > 7 &&
	    (strncasecmp(text, "http://", 7) == 0 ||
		strncasecmp(text, "https://", 8) == 0));
}

/* A line's end, or a blank, would say more to a server than the URL. */
static bool
is_clean(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return (false);
	return (true);
}

/* Adds the URL with a NUL; one that cannot be asked is left out. */
static void
add_url(struct cert_status *status, const char *text, size_t len)
{
	char *longer;

	if (!is_clean(text, len) || status->urls_len + len + 1 > OCSP_URLS_MAX)
		return;
	longer = realloc(status->urls, status->urls_len + len + 1);
	if (longer == NULL)
		return;
	status->urls = longer;
	memcpy(longer + status->urls_len, text, len);
	status->urls_len += len + 1;
	longer[status->urls_len - 1] = '\0';
}

/* Whether the item names a responder; *text: its URL. */
static bool
is_responder(const ACCESS_DESCRIPTION *item, const char **text, size_t *len)
{
	const ASN1_STRING *url = item->location->d.uniformResourceIdentifier;

	if (OBJ_obj2nid(item->method) != NID_ad_OCSP ||
	    item->location->type != GEN_URI)
		return (false);
	*text = (const char *)ASN1_STRING_get0_data(url);
	*len = (size_t)ASN1_STRING_length(url);
	return (is_url(*text, *len));
}

/* Whether the certificate names responders, be it that none can be asked. */
static bool
find_urls(struct cert_status *status, X509 *cert)
{
	AUTHORITY_INFO_ACCESS *all;
	int i, critical = -1;
	const char *text;
	bool named;
	size_t len;

	all = X509_get_ext_d2i(cert, NID_info_access, &critical, NULL);
	/* It is there, and cannot be read. */
	named = all == NULL && critical != -1;
	for (i = 0; i < sk_ACCESS_DESCRIPTION_num(all); i++)
		if (is_responder(sk_ACCESS_DESCRIPTION_value(all, i), &text,
			&len)) {
			named = true;
			add_url(status, text, len);
		}
	AUTHORITY_INFO_ACCESS_free(all);
	return (named);
}

static uint8_t *
encode(X509 *cert, size_t *len)
{
	unsigned char *der = NULL;
	int n = i2d_X509(cert, &der);

	*len = n > 0 ? (size_t)n : 0;
	return (der);
}

static void
give_up(struct cert_status *status, const char *why)
{
	status->state = ANSWER_NONE;
	(void)snprintf(status->why, sizeof(status->why), "%s", why);
}

/* Believes the response if it proves something. */
static void
take_response(struct cert_status *status, const void *der, size_t len)
{
	struct ocsp_finding finding;

	ocsp_response_read(&status->subject, der, len, NULL, &finding);
	status->revocation = finding.revocation;
	if (finding.revocation == REVOCATION_UNANSWERED)
		give_up(status, finding.why);
	else
		status->state = ANSWER_KNOWN;
}

const char *
cert_status_words(const struct cert_status *status)
{
	return (status->state == ANSWER_KNOWN
		? revocation_word(status->revocation)
		: status->why);
}

/* What another question has brought, of whichever worker. */
static void
look_up(const struct tls_channel *control, struct cert_status *status)
{
	const struct tls *tls = control->login->tls;
	const struct seal_data piece = { status->cert, status->cert_len };
	struct cache_record record;
	uint8_t key[DIGEST_LEN];

	if (tls->responses == NULL)
		return;
	digest_sha256(key, &piece, 1);
	if (!cache_reader_get(tls->responses, key, tls_now(), &record))
		return;
	take_response(status, record.sealed, record.sealed_len);
	tls_trace(control->login, TLS_OCSP, 5, "a response is kept: %s",
	    cert_status_words(status));
	/* One that proves nothing is as good as none. */
	if (status->state == ANSWER_NONE)
		status->state = ANSWER_OPEN;
}

bool
cert_status_begin(struct cert_status *status, const struct tls_channel *control,
    X509 *cert, X509 *issuer)
{
	if (!find_urls(status, cert))
		return (false);
	status->subject.cert = cert;
	status->subject.issuer = issuer;
	status->cert = encode(cert, &status->cert_len);
	status->issuer = encode(issuer, &status->issuer_len);
	if (status->cert_len == 0 || status->issuer_len == 0 ||
	    status->cert_len > OCSP_CERT_MAX ||
	    status->issuer_len > OCSP_CERT_MAX)
		give_up(status, "the certificate is too large");
	else if (status->urls_len == 0)
		give_up(status, "its responder's URL cannot be used");
	else
		look_up(control, status);
	return (true);
}

void
cert_status_free(struct cert_status *status)
{
	OPENSSL_free(status->cert);
	OPENSSL_free(status->issuer);
	free(status->urls);
}

void
cert_status_answer(struct cert_status *status, struct seal_data response,
    const char *why)
{
	if (response.len == 0)
		give_up(status, why);
	else
		take_response(status, response.data, response.len);
}
