/* How handshakes end: counted and logged here, and nowhere else. */
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/sslerr.h>
#include <stdio.h>

#include "shm/board/score.h"
#include "worker/tls/internal.h"

static const struct {
	int reason;
	const char *words;
} explanations[] = {
	{ SSL_R_WRONG_VERSION_NUMBER,
	    "this is no TLS; the client may be speaking in clear (is it set to "
	    "the other of implicit and explicit TLS?)" },
	{ SSL_R_HTTP_REQUEST, "this is no TLS but an HTTP request" },
	{ SSL_R_HTTPS_PROXY_REQUEST, "this is no TLS but a proxy request" },
	{ SSL_R_UNSUPPORTED_PROTOCOL,
	    "the client offers no version of TLS that is allowed here" },
	{ SSL_R_VERSION_TOO_LOW,
	    "the client offers no version of TLS that is allowed here" },
	{ SSL_R_NO_SHARED_CIPHER,
	    "no cipher in common (see cipher_suite, and whether the client "
	    "can do with the type of our certificate)" },
	{ SSL_R_NO_SHARED_GROUPS, "no group in common (see ecdh_curve)" },
	{ SSL_R_NO_SUITABLE_GROUPS, "no group in common (see ecdh_curve)" },
	{ SSL_R_NO_SUITABLE_KEY_SHARE, "no group in common (see ecdh_curve)" },
	{ SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS,
	    "the client can do with none of our types of certificate" },
	{ SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM,
	    "the client can do with none of our types of certificate" },
	{ SSL_R_NO_APPLICATION_PROTOCOL,
	    "the client wants another protocol than FTP (ALPN)" },
	{ SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE,
	    "the client has no certificate, which tls.verify_client demands" },
	{ SSL_R_EXCESSIVE_MESSAGE_SIZE,
	    "a message of the client is too large" },
	{ SSL_R_UNEXPECTED_EOF_WHILE_READING,
	    "the client closed the connection without close_notify" },
	{ SSL_R_TLSV1_ALERT_UNKNOWN_CA,
	    "the client does not know the issuer of our certificate" },
	{ SSL_R_SSLV3_ALERT_BAD_CERTIFICATE,
	    "the client does not accept our certificate" },
	{ SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN,
	    "the client does not accept our certificate" },
	{ SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE,
	    "the client cannot do with the type of our certificate" },
	{ SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED,
	    "for the client our certificate has expired" },
	{ SSL_R_TLSV1_ALERT_PROTOCOL_VERSION,
	    "the client refuses this version of TLS" },
	{ SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE,
	    "the client finds nothing in common with us" },
};

const char *
outcome_explain(unsigned long error)
{
	const char *words;
	size_t i;

	if (error == 0)
		return ("unknown error");
	for (i = 0;
	     ERR_GET_LIB(error) == ERR_LIB_SSL && i < NITEMS(explanations); i++)
		if (ERR_GET_REASON(error) == explanations[i].reason)
			return (explanations[i].words);
	words = ERR_reason_error_string(error);
	return (words == NULL ? "unknown error" : words);
}

static void
count(const struct tls_channel *channel, enum score_counter counter)
{
	score_add(channel->login->tls->score, counter, 1);
}

static const char *
how(const struct tls_channel *channel)
{
	if (!SSL_session_reused(channel->ssl))
		return ("full");
	return (
	    channel->by_ticket ? "resumed by ticket" : "resumed from cache");
}

static void
certificate_shown(const struct tls_channel *channel,
    const struct log_subject *subject)
{
	const struct peer *peer = channel->login->peer;
	char text[TLS_SUBJECT_MAX], depth[32] = "";
	int count = sk_X509_num(SSL_get0_verified_chain(channel->ssl));

	if (count > 0)
		(void)snprintf(depth, sizeof(depth), ", depth %d", count - 1);
	log_event(LOG_LEVEL_INFO, LOG_STREAM_TLS, subject,
	    "client certificate: \"%s\", %s%s",
	    peer_subject(peer->certificate, text),
	    peer->facts.verified ? "verified" : "not verified", depth);
}

static void
control_established(struct tls_channel *channel)
{
	const struct tls_login *login = channel->login;
	struct log_subject subject = tls_subject(login);
	bool named = login->server_name != NULL;

	if (!SSL_session_reused(channel->ssl)) {
		count(channel, SCORE_HANDSHAKES_FULL);
	} else {
		count(channel, SCORE_HANDSHAKES_RESUMED);
		count(channel,
		    channel->by_ticket ? SCORE_RESUMED_TICKET
				       : SCORE_RESUMED_CACHE);
	}
	if (login->peer != NULL)
		certificate_shown(channel, &subject);
	log_event(LOG_LEVEL_INFO, LOG_STREAM_TLS, &subject,
	    "TLS handshake: %s, %s, %s%s%s%s", SSL_get_version(channel->ssl),
	    SSL_get_cipher_name(channel->ssl), how(channel),
	    named ? ", server name \"" : ", no server name",
	    named ? login->server_name : "", named ? "\"" : "");
}

static void
data_established(struct tls_channel *channel)
{
	struct log_subject subject = tls_subject(channel->login);

	count(channel,
	    SSL_session_reused(channel->ssl) ? SCORE_DATA_RESUMED
					     : SCORE_DATA_FULL);
	if (channel->bound) {
		log_event(LOG_LEVEL_DEBUG, LOG_STREAM_TLS, &subject,
		    "TLS handshake of a data connection: %s, %s, %s",
		    SSL_get_version(channel->ssl),
		    SSL_get_cipher_name(channel->ssl), how(channel));
		return;
	}
	count(channel, SCORE_DATA_REFUSED);
	log_event(LOG_LEVEL_NOTICE, LOG_STREAM_TLS, &subject,
	    "TLS data connection refused: %s (%s, %s%s)", channel->unbound,
	    SSL_get_version(channel->ssl), how(channel),
	    channel->stranger ? "" : "; see options: [NoSessionReuseRequired]");
}

void
outcome_established(struct tls_channel *channel)
{
	if (channel->kind == TLS_CONTROL)
		control_established(channel);
	else
		data_established(channel);
}

void
outcome_failed(struct tls_channel *channel)
{
	struct log_subject subject = tls_subject(channel->login);
	const char *server_name = channel->login->server_name;
	bool named = server_name != NULL;

	count(channel, SCORE_HANDSHAKES_FAILED);
	log_event(LOG_LEVEL_NOTICE, LOG_STREAM_TLS, &subject,
	    "TLS handshake%s failed: %s%s%s%s",
	    channel->kind == TLS_DATA ? " of a data connection" : "",
	    tls_reason(channel), named ? ", server name \"" : "",
	    named ? server_name : "", named ? "\"" : "");
}

void
outcome_abandoned(struct tls_channel *channel)
{
	count(channel, SCORE_HANDSHAKES_FAILED);
}
