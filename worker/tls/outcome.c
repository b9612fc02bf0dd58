/* How handshakes end: counted and logged here, and nowhere else. */
#include "worker/tls/outcome.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/sslerr.h>
#include <stdio.h>
#include <string.h>

#include "shm/board/score.h"
#include "worker/tls/hello.h"
#include "worker/tls/partner.h"
#include "worker/tls/peer.h"
#include "worker/tls/psk.h"
#include "worker/tls/state.h"
#include "worker/tls/variables.h"

#define VALUE_MAX 512 /* bytes of a value in a line */

static const struct {
	int reason;
	enum score_counter counter;
	const char *words;
} explanations[] = {
	{ SSL_R_WRONG_VERSION_NUMBER, SCORE_FAILED_NO_TLS,
	    "this is no TLS; the client may be speaking in clear (is it set to "
	    "the other of implicit and explicit TLS?)" },
	{ SSL_R_HTTP_REQUEST, SCORE_FAILED_NO_TLS,
	    "this is no TLS but an HTTP request" },
	{ SSL_R_HTTPS_PROXY_REQUEST, SCORE_FAILED_NO_TLS,
	    "this is no TLS but a proxy request" },
	{ SSL_R_UNSUPPORTED_PROTOCOL, SCORE_FAILED_VERSION,
	    "the client offers no version of TLS that is allowed here" },
	{ SSL_R_VERSION_TOO_LOW, SCORE_FAILED_VERSION,
	    "the client offers no version of TLS that is allowed here" },
	{ SSL_R_NO_SHARED_CIPHER, SCORE_FAILED_CIPHER,
	    "no cipher in common (see cipher_suite, and whether the client "
	    "can do with the type of our certificate)" },
	{ SSL_R_NO_SHARED_GROUPS, SCORE_FAILED_CIPHER,
	    "no group in common (see ecdh_curve)" },
	{ SSL_R_NO_SUITABLE_GROUPS, SCORE_FAILED_CIPHER,
	    "no group in common (see ecdh_curve)" },
	{ SSL_R_NO_SUITABLE_KEY_SHARE, SCORE_FAILED_CIPHER,
	    "no group in common (see ecdh_curve)" },
	{ SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS, SCORE_FAILED_CIPHER,
	    "the client can do with none of our types of certificate" },
	{ SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, SCORE_FAILED_CIPHER,
	    "the client can do with none of our types of certificate" },
	{ SSL_R_NO_APPLICATION_PROTOCOL, SCORE_FAILED_ALPN,
	    "the client wants another protocol than FTP (ALPN)" },
	{ SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE,
	    SCORE_FAILED_CLIENT_CERTIFICATE,
	    "the client has no certificate, which tls.verify_client demands" },
	{ SSL_R_EXCESSIVE_MESSAGE_SIZE, SCORE_FAILED_OTHER,
	    "a message of the client is too large" },
	{ SSL_R_NO_RENEGOTIATION, SCORE_FAILED_OTHER,
	    "the client does not renegotiate, which tls.renegotiate asks for" },
	{ SSL_R_UNEXPECTED_EOF_WHILE_READING, SCORE_FAILED_CLOSED,
	    "the client closed the connection without close_notify" },
	{ SSL_R_TLSV1_ALERT_UNKNOWN_CA, SCORE_FAILED_BY_CLIENT,
	    "the client does not know the issuer of our certificate" },
	{ SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, SCORE_FAILED_BY_CLIENT,
	    "the client does not accept our certificate" },
	{ SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN, SCORE_FAILED_BY_CLIENT,
	    "the client does not accept our certificate" },
	{ SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE, SCORE_FAILED_BY_CLIENT,
	    "the client cannot do with the type of our certificate" },
	{ SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED, SCORE_FAILED_BY_CLIENT,
	    "for the client our certificate has expired" },
	{ SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, SCORE_FAILED_BY_CLIENT,
	    "the client refuses this version of TLS" },
	{ SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE, SCORE_FAILED_BY_CLIENT,
	    "the client finds nothing in common with us" },
};

/* The row of the error; NITEMS(explanations): none. */
static size_t
find(unsigned long error)
{
	size_t i = 0;

	if (ERR_GET_LIB(error) != ERR_LIB_SSL)
		return (NITEMS(explanations));
	while (i < NITEMS(explanations) &&
	    explanations[i].reason != ERR_GET_REASON(error))
		i++;
	return (i);
}

const char *
outcome_explain(unsigned long error)
{
	const char *words;
	size_t i;

	if (error == 0)
		return ("unknown error");
	i = find(error);
	if (i < NITEMS(explanations))
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
	if (channel->keyed)
		return ("pre_shared_key");
	if (!SSL_session_reused(channel->ssl))
		return ("full");
	return (
	    channel->by_ticket ? "resumed_by_ticket" : "resumed_from_cache");
}

/* A line of names and values that grows as long as there is room. */
struct line {
	size_t len;
	char text[LOG_TEXT_MAX];
};

static void
put(struct line *line, const char *text, size_t len)
{
	if (len >= sizeof(line->text) - line->len)
		return;
	memcpy(line->text + line->len, text, len);
	line->len += len;
	line->text[line->len] = '\0';
}

static void
put_quoted(struct line *line, const char *value)
{
	put(line, "\"", 1);
	for (; *value != '\0'; value++)
		put(line, *value == '"' ? "'" : value, 1);
	put(line, "\"", 1);
}

/* " name=value"; a value that could be taken for more stands in quotes. */
static void
add(struct line *line, const char *name, const char *value)
{
	size_t len = value == NULL ? 0 : strlen(value);

	put(line, " ", 1);
	put(line, name, strlen(name));
	put(line, "=", 1);
	if (len == 0)
		put(line, "-", 1);
	else if (strcspn(value, " \"=") == len)
		put(line, value, len);
	else
		put_quoted(line, value);
}

/* The same for a variable of logs. */
static void
add_variable(struct line *line, const char *name,
    const struct tls_channel *channel, enum variable variable)
{
	struct buf value;

	buf_init(&value, VALUE_MAX);
	if (variables_put(channel, variable, &value) &&
	    buf_append(&value, "", 1) == 0)
		add(line, name, (const char *)buf_data(&value));
	buf_free(&value);
}

static void
describe_client(const struct tls_channel *channel, struct line *line)
{
	const struct psk_owner *owner = psk_owner(channel->login);
	char identity[PSK_IDENTITY_LEN_MAX + 1];

	add(line, "server_name", channel->login->server_name);
	if (owner != NULL) {
		(void)snprintf(identity, sizeof(identity), "%.*s",
		    (int)owner->identity_len, owner->identity);
		add(line, "psk", identity);
	}
	if (channel->login->peer == NULL)
		return;
	add_variable(line, "verify", channel, VARIABLE_TLS_CLIENT_VERIFY);
	add_variable(line, "client_subject", channel, VARIABLE_TLS_CLIENT_S_DN);
	add_variable(line, "client_sha256", channel,
	    VARIABLE_TLS_CLIENT_SHA256);
}

/* What a handshake came to. */
static void
describe(const struct tls_channel *channel, struct line *line)
{
	const struct tls_login *login = channel->login;
	const unsigned char *alpn;
	unsigned int alpn_len;
	char text[16];

	add(line, "channel", channel->kind == TLS_DATA ? "data" : "control");
	add(line, "host", login->tls->conf->hosts[login->host].name);
	add(line, "protocol", SSL_get_version(channel->ssl));
	add(line, "cipher", SSL_get_cipher_name(channel->ssl));
	(void)snprintf(text, sizeof(text), "%d",
	    SSL_get_cipher_bits(channel->ssl, NULL));
	add(line, "bits", text);
	add(line, "group", tls_group(channel));
	add(line, "handshake", how(channel));
	if (partner_is_client(channel))
		add(line, "role", "client");
	SSL_get0_alpn_selected(channel->ssl, &alpn, &alpn_len);
	(void)snprintf(text, sizeof(text), "%.*s", (int)alpn_len,
	    alpn_len == 0 ? "" : (const char *)alpn);
	add(line, "alpn", text);
	if (channel->kind == TLS_CONTROL)
		describe_client(channel, line);
	else
		add(line, "data_reused",
		    SSL_session_reused(channel->ssl) ? "yes" : "no");
}

/* That it worked: at that level, or if it is traced. */
static void
tell_established(const struct tls_channel *channel, enum log_level level)
{
	struct log_subject subject;
	struct line line;

	if (level > log_get_level() && !trace_on(TLS, 1))
		return;
	subject = tls_subject(channel->login);
	line.len = 0;
	describe(channel, &line);
	if (level <= log_get_level())
		log_event(level, LOG_STREAM_TLS, &subject, "TLS handshake:%s",
		    line.text);
	else
		trace_line(TLS, 1, &subject, "TLS handshake:%s", line.text);
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

	if (!SSL_session_reused(channel->ssl) || channel->keyed) {
		count(channel, SCORE_HANDSHAKES_FULL);
	} else {
		count(channel, SCORE_HANDSHAKES_RESUMED);
		count(channel,
		    channel->by_ticket ? SCORE_RESUMED_TICKET
				       : SCORE_RESUMED_CACHE);
	}
	if (login->peer != NULL)
		certificate_shown(channel, &subject);
	tell_established(channel, LOG_LEVEL_INFO);
}

/*
 * The first one of a login, where TLS has a log of its own; all further ones
 * would say the same.
 */
static enum log_level
data_level(struct tls_login *login)
{
	bool first = !login->data_told;

	login->data_told = true;
	return (first && tls_conf(login)->log != NULL ? LOG_LEVEL_INFO
						      : LOG_LEVEL_DEBUG);
}

/* What of the configuration is behind a refusal. */
static const char *
remedy(const struct tls_channel *channel)
{
	if (tls_unverified(channel))
		return ("; see tls.verify_server");
	return (
	    channel->stranger ? "" : "; see options: [NoSessionReuseRequired]");
}

static void
data_established(struct tls_channel *channel)
{
	struct log_subject subject = tls_subject(channel->login);

	count(channel,
	    SSL_session_reused(channel->ssl) ? SCORE_DATA_RESUMED
					     : SCORE_DATA_FULL);
	if (channel->bound) {
		tell_established(channel, data_level(channel->login));
		return;
	}
	count(channel, SCORE_DATA_REFUSED);
	log_event(LOG_LEVEL_NOTICE, LOG_STREAM_TLS, &subject,
	    "TLS data connection refused: %s (%s, %s%s)", channel->unbound,
	    SSL_get_version(channel->ssl), how(channel), remedy(channel));
}

static enum score_counter
version_counter(int version)
{
	switch (version) {
	case TLS1_VERSION:
		return (SCORE_TLS_1_0);
	case TLS1_1_VERSION:
		return (SCORE_TLS_1_1);
	case TLS1_2_VERSION:
		return (SCORE_TLS_1_2);
	default:
		return (SCORE_TLS_1_3);
	}
}

static enum score_counter
cipher_counter(const SSL_CIPHER *cipher)
{
	static const uint16_t ids[] = {
#define CIPHER(id, name) 0x##id,
#include "shm/board/cipher.def"
#undef CIPHER
	};
	uint16_t id = SSL_CIPHER_get_protocol_id(cipher);
	unsigned int i = 0;

	while (i < NITEMS(ids) && ids[i] != id)
		i++;
	return ((enum score_counter)(SCORE_CIPHERS + i));
}

void
outcome_established(struct tls_channel *channel)
{
	count(channel, version_counter(SSL_version(channel->ssl)));
	count(channel, cipher_counter(SSL_get_current_cipher(channel->ssl)));
	diags_count(channel, DIAGS_ESTABLISHED);
	if (SSL_session_reused(channel->ssl))
		diags_count(channel, DIAGS_RESUMED);
	if (channel->kind == TLS_CONTROL)
		control_established(channel);
	else
		data_established(channel);
}

/* Whether the client offered nothing that we can do. */
static bool
has_no_overlap(const struct tls_channel *channel)
{
	return (channel->alert_sent &&
	    (channel->alert == SSL_AD_HANDSHAKE_FAILURE ||
		channel->alert == SSL_AD_PROTOCOL_VERSION));
}

/* What the client offered instead, for who must make both ends meet. */
static void
describe_offer(const struct tls_channel *channel, struct line *line)
{
	STACK_OF(SSL_CIPHER) *ciphers = SSL_get_client_ciphers(channel->ssl);
	const char *name;
	int i;

	put(line, ", offered", 9);
	for (i = 0; hello_versions[i] != NULL; i++)
		if ((channel->offered & 1u << i) != 0) {
			put(line, " ", 1);
			put(line, hello_versions[i], strlen(hello_versions[i]));
		}
	for (i = 0; i < sk_SSL_CIPHER_num(ciphers); i++) {
		name = SSL_CIPHER_get_name(sk_SSL_CIPHER_value(ciphers, i));
		put(line, i == 0 ? " with " : ":", i == 0 ? 6 : 1);
		put(line, name, strlen(name));
	}
}

static void
describe_failure(const struct tls_channel *channel, struct line *line)
{
	const char *name = channel->login->server_name;
	char alert[DIAGS_ALERT_MAX], text[80];

	line->len = 0;
	line->text[0] = '\0';
	if (name != NULL) {
		put(line, ", server name ", 14);
		put_quoted(line, name);
	}
	if (channel->alert != 0) {
		(void)snprintf(text, sizeof(text), ", alert %s: %s (%u)",
		    channel->alert_sent ? "sent" : "received",
		    diags_alert(channel->alert, alert),
		    (unsigned int)channel->alert);
		put(line, text, strlen(text));
	}
	if (has_no_overlap(channel))
		describe_offer(channel, line);
}

static enum score_counter
failure_counter(const struct tls_channel *channel)
{
	unsigned long error = ERR_peek_error();
	size_t i = find(error);

	if (channel->objection != NULL)
		return (SCORE_FAILED_CLIENT_CERTIFICATE);
	if (i < NITEMS(explanations))
		return (explanations[i].counter);
	if (channel->alert != 0 && !channel->alert_sent)
		return (SCORE_FAILED_BY_CLIENT);
	return (error == 0 && !channel->cut ? SCORE_FAILED_CLOSED
					    : SCORE_FAILED_OTHER);
}

void
outcome_failed(struct tls_channel *channel)
{
	struct log_subject subject = tls_subject(channel->login);
	struct line line;

	count(channel, SCORE_HANDSHAKES_FAILED);
	count(channel, failure_counter(channel));
	diags_count(channel, DIAGS_FAILED);
	describe_failure(channel, &line);
	log_event(LOG_LEVEL_NOTICE, LOG_STREAM_TLS, &subject,
	    "TLS handshake%s failed: %s%s",
	    channel->kind == TLS_DATA ? " of a data connection" : "",
	    tls_reason(channel), line.text);
}

void
outcome_abandoned(struct tls_channel *channel)
{
	count(channel, SCORE_HANDSHAKES_FAILED);
	count(channel, SCORE_FAILED_GIVEN_UP);
	diags_count(channel, DIAGS_FAILED);
}

void
outcome_alert(struct tls_channel *channel, uint8_t alert, bool sent)
{
	struct log_subject subject;

	channel->alert = alert;
	channel->alert_sent = sent;
	if (!sent || alert != SSL_AD_NO_RENEGOTIATION || channel->begged)
		return;
	channel->begged = true;
	subject = tls_subject(channel->login);
	log_event(LOG_LEVEL_NOTICE, LOG_STREAM_TLS, &subject,
	    "the client asks for a renegotiation: refused%s",
	    channel->rekey == NULL ? "" : ", so soon after the last one");
}
