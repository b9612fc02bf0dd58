/*
 * What EnableDiags and the trace channel tls show of a connection: what kinds
 * of messages pass, and what a ClientHello offers.  Never what keys, tickets
 * or pre-shared keys are made of.
 */
#include "worker/tls/diags.h"

#include <inttypes.h>
#include <openssl/ssl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shm/board/score.h"
#include "worker/tls/state.h"

#define LIST_MAX 700 /* bytes of a list in a line */

struct name {
	int number;
	const char *text;
};

static const struct name versions[] = {
	{ SSL3_VERSION, "SSLv3" },
	{ TLS1_VERSION, "TLSv1.0" },
	{ TLS1_1_VERSION, "TLSv1.1" },
	{ TLS1_2_VERSION, "TLSv1.2" },
	{ TLS1_3_VERSION, "TLSv1.3" },
};

static const struct name contents[] = {
	{ SSL3_RT_CHANGE_CIPHER_SPEC, "change_cipher_spec" },
	{ SSL3_RT_ALERT, "alert" },
	{ SSL3_RT_HANDSHAKE, "handshake" },
	{ SSL3_RT_APPLICATION_DATA, "application_data" },
};

static const struct name handshakes[] = {
	{ SSL3_MT_HELLO_REQUEST, "hello_request" },
	{ SSL3_MT_CLIENT_HELLO, "client_hello" },
	{ SSL3_MT_SERVER_HELLO, "server_hello" },
	{ SSL3_MT_NEWSESSION_TICKET, "new_session_ticket" },
	{ SSL3_MT_END_OF_EARLY_DATA, "end_of_early_data" },
	{ SSL3_MT_ENCRYPTED_EXTENSIONS, "encrypted_extensions" },
	{ SSL3_MT_CERTIFICATE, "certificate" },
	{ SSL3_MT_SERVER_KEY_EXCHANGE, "server_key_exchange" },
	{ SSL3_MT_CERTIFICATE_REQUEST, "certificate_request" },
	{ SSL3_MT_SERVER_DONE, "server_hello_done" },
	{ SSL3_MT_CERTIFICATE_VERIFY, "certificate_verify" },
	{ SSL3_MT_CLIENT_KEY_EXCHANGE, "client_key_exchange" },
	{ SSL3_MT_FINISHED, "finished" },
	{ SSL3_MT_CERTIFICATE_STATUS, "certificate_status" },
	{ SSL3_MT_KEY_UPDATE, "key_update" },
};

static const struct name extensions[] = {
	{ TLSEXT_TYPE_server_name, "server_name" },
	{ TLSEXT_TYPE_max_fragment_length, "max_fragment_length" },
	{ TLSEXT_TYPE_status_request, "status_request" },
	{ TLSEXT_TYPE_supported_groups, "supported_groups" },
	{ TLSEXT_TYPE_ec_point_formats, "ec_point_formats" },
	{ TLSEXT_TYPE_signature_algorithms, "signature_algorithms" },
	{ TLSEXT_TYPE_application_layer_protocol_negotiation, "alpn" },
	{ TLSEXT_TYPE_signed_certificate_timestamp, "sct" },
	{ TLSEXT_TYPE_encrypt_then_mac, "encrypt_then_mac" },
	{ TLSEXT_TYPE_extended_master_secret, "extended_master_secret" },
	{ TLSEXT_TYPE_session_ticket, "session_ticket" },
	{ TLSEXT_TYPE_psk, "pre_shared_key" },
	{ TLSEXT_TYPE_early_data, "early_data" },
	{ TLSEXT_TYPE_supported_versions, "supported_versions" },
	{ TLSEXT_TYPE_psk_kex_modes, "psk_key_exchange_modes" },
	{ TLSEXT_TYPE_certificate_authorities, "certificate_authorities" },
	{ TLSEXT_TYPE_post_handshake_auth, "post_handshake_auth" },
	{ TLSEXT_TYPE_signature_algorithms_cert, "signature_algorithms_cert" },
	{ TLSEXT_TYPE_key_share, "key_share" },
	{ TLSEXT_TYPE_renegotiate, "renegotiation_info" },
};

static const struct name groups[] = {
	{ 23, "P-256" },
	{ 24, "P-384" },
	{ 25, "P-521" },
	{ 29, "X25519" },
	{ 30, "X448" },
	{ 256, "ffdhe2048" },
	{ 257, "ffdhe3072" },
	{ 258, "ffdhe4096" },
};

#define NAME_MAX_LEN 40

/* The name of number, or the number itself, in out. */
static const char *
find_name(const struct name *names, size_t count, int number,
    char out[NAME_MAX_LEN])
{
	size_t i;

	for (i = 0; i < count; i++)
		if (names[i].number == number)
			return (names[i].text);
	(void)snprintf(out, NAME_MAX_LEN, "0x%04x", (unsigned int)number);
	return (out);
}

#define NAME_OF(names, number, out) \
	find_name(names, NITEMS(names), (int)(number), out)

/* By the option in any case, by the trace for whom it is meant. */
static void say(const struct tls_channel *channel, unsigned int level,
    const char *format, ...) PRINTF_LIKE(3, 4);

static void
say(const struct tls_channel *channel, unsigned int level, const char *format,
    ...)
{
	struct log_subject subject = tls_subject(channel->login);
	char text[LOG_TEXT_MAX];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (channel->diags)
		log_always(LOG_STREAM_TLS, &subject, "%s", text);
	else if (trace_levels[TRACE_TLS] >= level)
		trace_write(TRACE_TLS, level, &subject, "%s", text);
}

static const char *
kind_name(const struct tls_channel *channel)
{
	return (channel->kind == TLS_DATA ? "data" : "control");
}

/* --- messages ------------------------------------------------------------- */

/* What is only bytes of a transfer is left to the highest level. */
static unsigned int
record_level(int content)
{
	return (content == SSL3_RT_APPLICATION_DATA ? TRACE_LEVEL_MAX : 18);
}

static void
say_record(const struct tls_channel *channel, const char *way,
    const uint8_t *data, size_t len)
{
	char version[NAME_MAX_LEN], content[NAME_MAX_LEN];

	if (len < SSL3_RT_HEADER_LENGTH ||
	    (channel->diags && data[0] == SSL3_RT_APPLICATION_DATA))
		return;
	say(channel, record_level(data[0]),
	    "[msg] %s: %s record: version %s, content type %s, %u bytes",
	    kind_name(channel), way,
	    NAME_OF(versions, data[1] << 8 | data[2], version),
	    NAME_OF(contents, data[0], content),
	    (unsigned int)data[3] << 8 | data[4]);
}

static void
say_handshake(const struct tls_channel *channel, const char *way,
    const uint8_t *data, size_t len)
{
	char name[NAME_MAX_LEN];

	if (len >= 1)
		say(channel, 15, "[msg] %s: %s handshake: %s, %zu bytes",
		    kind_name(channel), way, NAME_OF(handshakes, data[0], name),
		    len);
}

const char *
diags_alert(unsigned int number, char out[DIAGS_ALERT_MAX])
{
	const char *words = SSL_alert_desc_string_long((int)number);
	size_t i;

	for (i = 0; words[i] != '\0' && i + 1 < DIAGS_ALERT_MAX; i++) {
		out[i] = words[i];
		if (out[i] == ' ')
			out[i] = '_';
		else if (out[i] >= 'A' && out[i] <= 'Z')
			out[i] = (char)(out[i] + ('a' - 'A'));
	}
	out[i] = '\0';
	return (out);
}

static void
say_alert(const struct tls_channel *channel, const char *way,
    const uint8_t *data, size_t len)
{
	char name[DIAGS_ALERT_MAX];

	if (len < 2)
		return;
	say(channel, 15, "[msg] %s: %s alert: %s, %s (%u)", kind_name(channel),
	    way, SSL_alert_type_string_long(data[0] << 8),
	    diags_alert(data[1], name), (unsigned int)data[1]);
}

void
diags_message(const struct tls_channel *channel, bool sent, int type,
    const uint8_t *data, size_t len)
{
	const char *way = sent ? "sent" : "received";

	switch (type) {
	case SSL3_RT_HEADER:
		say_record(channel, way, data, len);
		break;
	case SSL3_RT_HANDSHAKE:
		say_handshake(channel, way, data, len);
		break;
	case SSL3_RT_ALERT:
		say_alert(channel, way, data, len);
		break;
	case SSL3_RT_CHANGE_CIPHER_SPEC:
		say(channel, 15, "[msg] %s: %s change_cipher_spec",
		    kind_name(channel), way);
		break;
	default:
		break;
	}
}

/* --- states --------------------------------------------------------------- */

static void
state_changed(const SSL *ssl, int where, int result)
{
	const struct tls_channel *channel = tls_channel_of(ssl);
	char name[DIAGS_ALERT_MAX];

	if (channel == NULL)
		return;
	if ((where & SSL_CB_ALERT) != 0)
		say(channel, 10, "[info] %s: alert %s: %s, %s",
		    kind_name(channel),
		    (where & SSL_CB_READ) != 0 ? "received" : "sent",
		    SSL_alert_type_string_long(result),
		    diags_alert((unsigned int)result & 0xff, name));
	else if ((where & SSL_CB_HANDSHAKE_START) != 0)
		say(channel, 10, "[info] %s: handshake begins",
		    kind_name(channel));
	else if ((where & SSL_CB_HANDSHAKE_DONE) != 0)
		say(channel, 10, "[info] %s: handshake done",
		    kind_name(channel));
	else if ((where & SSL_CB_LOOP) != 0)
		say(channel, 10, "[info] %s: %s", kind_name(channel),
		    SSL_state_string_long(ssl));
	else if ((where & SSL_CB_EXIT) != 0 && result == 0)
		say(channel, 10, "[info] %s: failed in %s", kind_name(channel),
		    SSL_state_string_long(ssl));
}

bool
diags_apply(SSL *ssl, const struct conf_tls *conf)
{
	struct tls_channel *channel = tls_channel_of(ssl);

	channel->diags = (conf->options & CONF_TLS_ENABLE_DIAGS) != 0;
	SSL_set_info_callback(ssl,
	    channel->diags || trace_on(TLS, 10) ? state_changed : NULL);
	return (true);
}

/* --- ClientHello ---------------------------------------------------------- */

/* A list that grows as long as there is room. */
struct list {
	size_t len;
	char text[LIST_MAX];
};

static void
add(struct list *list, const char *name)
{
	size_t len = strlen(name);

	if (len + 2 > sizeof(list->text) - list->len)
		return;
	if (list->len > 0)
		list->text[list->len++] = ':';
	memcpy(list->text + list->len, name, len + 1);
	list->len += len;
}

static unsigned int
pair(const uint8_t *bytes)
{
	return ((unsigned int)bytes[0] << 8 | bytes[1]);
}

/* An extension's list of numbers of two bytes, behind skip bytes. */
static void
add_numbers(SSL *ssl, unsigned int type, size_t skip, struct list *list)
{
	const struct name *names = groups;
	size_t count = NITEMS(groups), len, i;
	const unsigned char *data;
	char name[NAME_MAX_LEN];

	list->len = 0;
	list->text[0] = '\0';
	if (type == TLSEXT_TYPE_supported_versions) {
		names = versions;
		count = NITEMS(versions);
	}
	if (SSL_client_hello_get0_ext(ssl, type, &data, &len) != 1)
		return;
	for (i = skip; i + 1 < len; i += 2)
		add(list, find_name(names, count, (int)pair(data + i), name));
}

static void
add_ciphers(SSL *ssl, struct list *list)
{
	const unsigned char *data;
	const SSL_CIPHER *cipher;
	char name[NAME_MAX_LEN];
	size_t len, i;

	list->len = 0;
	list->text[0] = '\0';
	len = SSL_client_hello_get0_ciphers(ssl, &data);
	for (i = 0; i + 1 < len; i += 2) {
		cipher = SSL_CIPHER_find(ssl, data + i);
		(void)snprintf(name, sizeof(name), "0x%04x", pair(data + i));
		add(list, cipher == NULL ? name : SSL_CIPHER_get_name(cipher));
	}
}

static void
add_extensions(SSL *ssl, struct list *list)
{
	char name[NAME_MAX_LEN];
	int *types = NULL;
	size_t count = 0, i;

	list->len = 0;
	list->text[0] = '\0';
	if (SSL_client_hello_get1_extensions_present(ssl, &types, &count) != 1)
		return;
	for (i = 0; i < count; i++)
		add(list, NAME_OF(extensions, types[i], name));
	OPENSSL_free(types);
}

void
diags_hello(const struct tls_channel *channel)
{
	const char *kind = kind_name(channel);
	SSL *ssl = channel->ssl;
	char version[NAME_MAX_LEN];
	const unsigned char *id;
	struct list list;

	if (!channel->diags && !trace_on(TLS, 15))
		return;
	add_numbers(ssl, TLSEXT_TYPE_supported_versions, 1, &list);
	say(channel, 15,
	    "[msg] %s: client_hello: version %s, supported %s, session id of "
	    "%zu bytes, server name %s",
	    kind,
	    NAME_OF(versions, SSL_client_hello_get0_legacy_version(ssl),
		version),
	    list.len > 0 ? list.text : "-",
	    SSL_client_hello_get0_session_id(ssl, &id),
	    channel->login->server_name == NULL ? "-"
						: channel->login->server_name);
	add_ciphers(ssl, &list);
	say(channel, 15, "[msg] %s: client_hello: ciphers %s", kind, list.text);
	add_numbers(ssl, TLSEXT_TYPE_supported_groups, 2, &list);
	say(channel, 15, "[msg] %s: client_hello: groups %s", kind,
	    list.len > 0 ? list.text : "-");
	add_extensions(ssl, &list);
	say(channel, 15, "[msg] %s: client_hello: extensions %s", kind,
	    list.text);
}

/* --- counters ------------------------------------------------------------- */

void
diags_count(struct tls_channel *channel, enum diags_counter counter)
{
	struct tls_extra *extra;

	if (!channel->diags)
		return;
	extra = tls_extra(channel->login);
	if (extra == NULL)
		return;
	extra->counted = true;
	extra->counts[channel->kind][counter]++;
}

void
diags_end(const struct tls_login *login)
{
	const struct tls_extra *extra = login->extra;
	struct log_subject subject = tls_subject(login);
	const struct score *score = login->tls->score;
	SSL_CTX *base = login->tls->base;
	const unsigned int *n;
	unsigned int kind;

	if (extra == NULL || !extra->counted)
		return;
	for (kind = TLS_CONTROL; kind <= TLS_DATA; kind++) {
		n = extra->counts[kind];
		log_always(LOG_STREAM_TLS, &subject,
		    "[stat] %s: handshakes attempted %u, established %u, "
		    "resumed %u, failed %u",
		    kind == TLS_DATA ? "data" : "control",
		    n[DIAGS_ESTABLISHED] + n[DIAGS_FAILED],
		    n[DIAGS_ESTABLISHED], n[DIAGS_RESUMED], n[DIAGS_FAILED]);
	}
	log_always(LOG_STREAM_TLS, &subject,
	    "[stat] this worker: handshakes full %" PRIu64 ", resumed %" PRIu64
	    ", failed %" PRIu64 ", sessions found %ld, not found %ld, "
	    "too old %ld",
	    score_get(score, SCORE_HANDSHAKES_FULL),
	    score_get(score, SCORE_HANDSHAKES_RESUMED),
	    score_get(score, SCORE_HANDSHAKES_FAILED), SSL_CTX_sess_hits(base),
	    SSL_CTX_sess_misses(base), SSL_CTX_sess_timeouts(base));
}
