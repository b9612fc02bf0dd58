/*
 * Variables of logs that are about TLS on a control connection.
 *
 * They are looked up when a line is made, in what OpenSSL keeps anyway: nothing
 * is stored for a session, but for the rare one that goes on after its TLS.
 */
#include "worker/tls/variables.h"

#include <openssl/crypto.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#include "worker/tls/peer.h"
#include "worker/tls/state.h"

/* A value that outlived its channel. */
struct tls_note {
	struct tls_note *next;
	uint16_t variable, number;
	size_t len;
	uint8_t value[];
};

static bool
put(struct buf *out, const char *text)
{
	return (text != NULL && *text != '\0' &&
	    buf_append(out, text, strlen(text)) == 0);
}

/* In TLS 1.3 that of the session issued last. */
static bool
put_session_id(const struct tls_channel *channel, struct buf *out)
{
	const SSL_SESSION *session = SSL_get_session(channel->ssl);
	const unsigned char *id;
	unsigned int len = 0, i;

	if (session == NULL)
		return (false);
	id = SSL_SESSION_get_id(session, &len);
	for (i = 0; i < len; i++)
		if (buf_printf(out, "%02X", (unsigned int)id[i]) == -1)
			return (false);
	return (len > 0);
}

static bool
put_alpn(const struct tls_channel *channel, struct buf *out)
{
	const unsigned char *name;
	unsigned int len;

	SSL_get0_alpn_selected(channel->ssl, &name, &len);
	return (len > 0 && buf_append(out, name, len) == 0);
}

const char *
tls_group(const struct tls_channel *channel)
{
	int group = (int)SSL_get_negotiated_group(channel->ssl);

	return (group == NID_undef ? NULL : OBJ_nid2sn(group));
}

static bool
put_bits(const struct tls_channel *channel, bool used, struct buf *out)
{
	int possible = 0, secret;

	secret = SSL_get_cipher_bits(channel->ssl, &possible);
	return (buf_printf(out, "%d", used ? secret : possible) == 0);
}

/* The client's certificate, if it was found good. */
static const X509 *
good_peer(const struct tls_channel *channel)
{
	const struct peer *peer = channel->login->peer;

	if (peer == NULL || !peer->facts.verified || channel->objection != NULL)
		return (NULL);
	return (peer->certificate);
}

/* Of a handshake that failed, the certificate may be the reason. */
static bool
put_verify(const struct tls_channel *channel, struct buf *out)
{
	const struct peer *peer = channel->login->peer;

	if (channel->objection != NULL)
		return (buf_printf(out, "FAILED:%s", channel->objection) == 0);
	if (!channel->established)
		return (false);
	if (peer != NULL && !peer->facts.verified)
		return (put(out, "FAILED:it is not verified"));
	return (put(out, peer == NULL ? "NONE" : "SUCCESS"));
}

/* The n-th certificate that the client sent after its own. */
static bool
put_chain(const struct tls_channel *channel, unsigned int number,
    struct buf *out)
{
	const STACK_OF(X509) *chain = SSL_get_peer_cert_chain(channel->ssl);
	int at = (int)number - 1;

	/* On a server, OpenSSL leaves the peer's own out of it. */
	if (good_peer(channel) == NULL || chain == NULL ||
	    at >= sk_X509_num(chain))
		return (false);
	return (certificate_fact(sk_X509_value(chain, at), FACT_CERT, out));
}

static bool
put_certificate(const struct tls_channel *channel, enum variable variable,
    struct buf *out)
{
	unsigned int index = variable - VARIABLE_TLS_CLIENT_M_VERSION;
	const X509 *certificate;

	certificate = index % 2 == 0 ? good_peer(channel)
				     : SSL_get_certificate(channel->ssl);
	return (certificate != NULL &&
	    certificate_fact(certificate, (enum fact)(index / 2), out));
}

static bool
put_fingerprint(const struct tls_channel *channel, struct buf *out)
{
	const X509 *peer = good_peer(channel);

	return (peer != NULL && certificate_sha256(peer, out));
}

/* What a channel says after its handshake. */
static bool
put_established(const struct tls_channel *channel,
    const struct format_piece *piece, struct buf *out)
{
	switch ((int)piece->variable) {
	case VARIABLE_FTPS:
		return (put(out, "1"));
	case VARIABLE_TLS_PROTOCOL:
		return (put(out, SSL_get_version(channel->ssl)));
	case VARIABLE_TLS_CIPHER:
		return (put(out, SSL_get_cipher_name(channel->ssl)));
	case VARIABLE_TLS_LIBRARY_VERSION:
		return (put(out, OpenSSL_version(OPENSSL_VERSION)));
	case VARIABLE_TLS_SESSION_ID:
		return (put_session_id(channel, out));
	case VARIABLE_TLS_CIPHER_KEYSIZE_POSSIBLE:
		return (put_bits(channel, false, out));
	case VARIABLE_TLS_CIPHER_KEYSIZE_USED:
		return (put_bits(channel, true, out));
	case VARIABLE_TLS_CIPHER_EXPORT:
		return (false); /* there are none any more */
	case VARIABLE_TLS_GROUP:
		return (put(out, tls_group(channel)));
	case VARIABLE_TLS_RESUMED:
		return (
		    put(out, SSL_session_reused(channel->ssl) ? "yes" : "no"));
	case VARIABLE_TLS_ALPN:
		return (put_alpn(channel, out));
	case VARIABLE_TLS_CLIENT_SHA256:
		return (put_fingerprint(channel, out));
	case VARIABLE_TLS_CLIENT_CERT_CHAIN:
		return (put_chain(channel, piece->number, out));
	default:
		return (put_certificate(channel, (enum variable)piece->variable,
		    out));
	}
}

static bool
put_channel(const struct tls_channel *channel, const struct format_piece *piece,
    struct buf *out)
{
	if (piece->variable == VARIABLE_TLS_SERVER_NAME)
		return (put(out, channel->login->server_name));
	if (piece->variable == VARIABLE_TLS_CLIENT_VERIFY)
		return (put_verify(channel, out));
	return (channel->established && put_established(channel, piece, out));
}

bool
variables_put(const struct tls_channel *channel, enum variable variable,
    struct buf *out)
{
	const struct format_piece piece = { .variable = (uint16_t)variable };

	return (put_channel(channel, &piece, out));
}

static bool
put_note(const struct tls_login *login, const struct format_piece *piece,
    struct buf *out)
{
	const struct tls_note *note;

	for (note = login->extra == NULL ? NULL : login->extra->notes;
	     note != NULL; note = note->next)
		if (note->variable == piece->variable &&
		    note->number == piece->number)
			return (buf_append(out, note->value, note->len) == 0);
	return (false);
}

bool
tls_variable(const struct tls_login *login, const struct format_piece *piece,
    struct buf *out)
{
	unsigned int needs = variable_needs((enum variable)piece->variable);

	if (login == NULL || (tls_conf(login)->options & needs) != needs)
		return (false);
	if (login->control == NULL)
		return (put_note(login, piece, out));
	return (put_channel(login->control, piece, out));
}

static void
keep(struct tls_login *login, const struct format_piece *piece)
{
	struct tls_extra *extra = tls_extra(login);
	struct tls_note *note;
	struct buf value;
	size_t len;

	buf_init(&value, 0);
	if (extra == NULL || !variable_is_tls((enum variable)piece->variable) ||
	    !tls_variable(login, piece, &value)) {
		buf_free(&value);
		return;
	}
	len = buf_len(&value);
	note = malloc(sizeof(*note) + len);
	if (note != NULL) {
		note->variable = piece->variable;
		note->number = piece->number;
		note->len = len;
		memcpy(note->value, buf_data(&value), len);
		note->next = extra->notes;
		extra->notes = note;
	}
	buf_free(&value);
}

static void
keep_all(struct tls_login *login, const struct conf_format *format)
{
	size_t i;

	if (format == NULL || !format->tls)
		return;
	for (i = 0; i < format->count; i++)
		if (format->pieces[i].variable != VARIABLE_COUNT)
			keep(login, &format->pieces[i]);
}

void
tls_keep(struct tls_login *login)
{
	const struct conf_host *host = &login->tls->conf->hosts[login->host];

	if (login->control == NULL)
		return;
	if (host->session_log != NULL)
		keep_all(login, format_of_sessions(host));
	if (host->transfer_log != NULL)
		keep_all(login, host->transfer_format);
}

void
variables_forget(struct tls_login *login)
{
	struct tls_note *note;

	while (login->extra != NULL && (note = login->extra->notes) != NULL) {
		login->extra->notes = note->next;
		free(note);
	}
}
