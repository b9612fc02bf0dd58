/*
 * Sessions that we keep for clients that have no ticket: those of TLS 1.2 with
 * an id, and TLS 1.3's "stateful" tickets, which are ids too.
 *
 * A login keeps its last ones itself, so that its data connections depend on
 * nothing else; the ones of its first handshake also go into the shared cache,
 * for other control connections, sealed.
 *
 * There is no callback that removes a session: OpenSSL would call it when a
 * peer closes a connection badly, and the client's next data connection would
 * find its session gone.
 */
#include "worker/tls/sessions.h"

#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shm/base/seal.h"
#include "shm/base/secret.h"
#include "worker/tls/admission.h"
#include "worker/tls/binding.h"
#include "worker/tls/psk.h"
#include "worker/tls/state.h"
#include "worker/tls/verify.h"

/* What a record's seal also vouches for. */
#define CLAIMS_MAX                                                       \
	(RING_NAME_LEN + 8 + 8 + 2 + 2 + SSL_MAX_SSL_SESSION_ID_LENGTH + \
	    CONTEXT_ID_LEN)

struct claims {
	uint64_t started, expires;
	uint16_t protocol;
	const uint8_t *id;
	uint8_t id_len;
	const uint8_t *context;
};

static uint8_t *
append(uint8_t *at, const void *data, size_t len)
{
	memcpy(at, data, len);
	return (at + len);
}

static struct seal_data
write_claims(const struct claims *claims, const uint8_t key_name[RING_NAME_LEN],
    uint8_t out[CLAIMS_MAX])
{
	static const uint8_t context_len = CONTEXT_ID_LEN;
	struct seal_data data = { out, 0 };
	uint8_t *at = out;

	at = append(at, key_name, RING_NAME_LEN);
	at = append(at, &claims->started, sizeof(claims->started));
	at = append(at, &claims->expires, sizeof(claims->expires));
	at = append(at, &claims->protocol, sizeof(claims->protocol));
	at = append(at, &claims->id_len, sizeof(claims->id_len));
	at = append(at, &context_len, sizeof(context_len));
	at = append(at, claims->id, claims->id_len);
	at = append(at, claims->context, CONTEXT_ID_LEN);
	data.len = (size_t)(at - out);
	return (data);
}

bool
sessions_fresh(const struct tls *tls, const SSL_SESSION *session)
{
	uint64_t issued = (uint64_t)SSL_SESSION_get_time(session);

	return (issued + tls->conf->session_cache_timeout > tls_now());
}

static void
release(struct kept_session *kept)
{
	if (kept->der != NULL)
		secret_wipe(kept->der, kept->len);
	free(kept->der);
	memset(kept, 0, sizeof(*kept));
}

void
sessions_forget(struct tls_login *login)
{
	size_t i;

	for (i = 0; i < KEPT_SESSIONS; i++)
		release(&login->kept[i]);
}

/* Makes kept[place] the first one. */
static void
move_first(struct tls_login *login, size_t place)
{
	struct kept_session moved = login->kept[place];

	memmove(&login->kept[1], &login->kept[0],
	    place * sizeof(login->kept[0]));
	login->kept[0] = moved;
}

/* Takes der over. */
static void
keep(struct tls_login *login, struct seal_data id, uint8_t *der, size_t len)
{
	struct kept_session *last = &login->kept[KEPT_SESSIONS - 1];

	release(last);
	memcpy(last->id, id.data, id.len);
	last->id_len = (uint8_t)id.len;
	last->len = (uint16_t)len;
	last->der = der;
	move_first(login, KEPT_SESSIONS - 1);
}

/* A fresh copy of the login's own session with that id; NULL: none. */
static SSL_SESSION *
find_kept(struct tls_login *login, struct seal_data id)
{
	const unsigned char *der;
	SSL_SESSION *session;
	size_t i;

	for (i = 0; i < KEPT_SESSIONS; i++)
		if (login->kept[i].id_len == id.len &&
		    memcmp(login->kept[i].id, id.data, id.len) == 0)
			break;
	if (i == KEPT_SESSIONS)
		return (NULL);
	/* A client that uses one session again and again shall not lose it. */
	move_first(login, i);
	der = login->kept[0].der;
	session = d2i_SSL_SESSION(NULL, &der, login->kept[0].len);
	/* Valid however long the login lasts. */
	if (session != NULL)
		(void)SSL_SESSION_set_time(session, (long)tls_now());
	return (session);
}

/* der in a block of its own, which the caller frees; NULL: no memory. */
static uint8_t *
serialise(SSL_SESSION *session, size_t *len)
{
	unsigned char *at;
	uint8_t *der;
	int n;

	n = i2d_SSL_SESSION(session, NULL);
	if (n <= 0 || n > UINT16_MAX)
		return (NULL);
	der = malloc((size_t)n);
	if (der == NULL)
		return (NULL);
	at = der;
	*len = (size_t)i2d_SSL_SESSION(session, &at);
	return (der);
}

/* Fills sealed (name of the key, sealed session); 0 when it cannot. */
static size_t
seal_session(const struct ring_key *key, const struct claims *claims,
    struct seal_data plain, uint8_t sealed[CACHE_VALUE_MAX])
{
	uint8_t associated[CLAIMS_MAX];
	size_t len;

	memcpy(sealed, key->name, RING_NAME_LEN);
	len = seal_close(key->seal, write_claims(claims, key->name, associated),
	    plain, sealed + RING_NAME_LEN);
	return (len == 0 ? 0 : len + RING_NAME_LEN);
}

static void
put(struct tls_channel *channel, const struct claims *claims,
    struct seal_data plain)
{
	struct tls *tls = channel->login->tls;
	uint8_t sealed[CACHE_VALUE_MAX];
	struct msg_cache_put message;
	struct ring_key key;
	size_t len;

	len = RING_NAME_LEN + plain.len + SEAL_OVERHEAD;
	if (len > sizeof(sealed)) {
		cache_reader_count_too_large(tls->cache, len);
		return;
	}
	ring_newest(tls->ring, &key);
	len = seal_session(&key, claims, plain, sealed);
	secret_wipe(&key, sizeof(key));
	if (len == 0) {
		cache_reader_count_error(tls->cache);
		return;
	}
	memset(&message, 0, sizeof(message));
	cache_key(message.key, claims->context, CONTEXT_ID_LEN, claims->id,
	    claims->id_len);
	message.started = claims->started;
	message.expires = claims->expires;
	message.protocol = claims->protocol;
	message.id_len = claims->id_len;
	message.context_len = CONTEXT_ID_LEN;
	message.sealed_len = (uint32_t)len;
	tls->store.put(&message, claims->id, claims->context, sealed,
	    tls->store.caller);
}

static bool
is_shared(const struct tls *tls)
{
	return (tls->conf->session_cache && tls->cache != NULL &&
	    tls->store.put != NULL);
}

/*
 * Into the shared cache: what the first handshake issued.  Whether it can be
 * read here yet does not matter: it is for all workers, and for later.
 */
static void
share(struct tls_channel *channel, const SSL_SESSION *session,
    struct seal_data id, struct seal_data plain)
{
	const struct tls *tls = channel->login->tls;
	struct claims claims;

	if (!is_shared(tls))
		return;
	tls_trace(channel->login, TLS_SESSION, 10, "put into the cache");
	claims.started = (uint64_t)SSL_SESSION_get_time(session);
	claims.expires = claims.started + tls->conf->session_cache_timeout;
	claims.protocol = (uint16_t)SSL_SESSION_get_protocol_version(session);
	claims.id = id.data;
	claims.id_len = (uint8_t)id.len;
	claims.context = channel->login->context_id;
	put(channel, &claims, plain);
}

/* Enough of an id to tell sessions apart. */
#define ID_SHOWN 20

static const char *
short_id(char out[ID_SHOWN], struct seal_data id)
{
	const uint8_t *bytes = id.data;
	size_t i, n = 0;

	for (i = 0; i < id.len && n + 3 < ID_SHOWN; i++)
		n += (size_t)snprintf(out + n, ID_SHOWN - n, "%02X",
		    (unsigned int)bytes[i]);
	return (out);
}

/*
 * Whether others may resume what is issued now: only the first session, and of
 * a client that may come in.  In TLS 1.2 that may be known later.
 */
static bool
is_for_others(const struct tls_channel *channel)
{
	if (channel->established)
		return (channel->first);
	return (!admission_asks(tls_conf(channel->login)));
}

void
sessions_admitted(struct tls_channel *control)
{
	const struct kept_session *kept = &control->login->kept[0];
	struct seal_data id = { kept->id, kept->id_len };
	struct seal_data plain = { kept->der, kept->len };

	if (admission_asks(tls_conf(control->login)) &&
	    SSL_version(control->ssl) <= TLS1_2_VERSION &&
	    SSL_session_reused(control->ssl) == 0 && kept->id_len > 0)
		share(control, SSL_get_session(control->ssl), id, plain);
}

/*
 * Also called for stateless tickets of TLS 1.3, which carry all they need, and
 * on data connections, whose sessions nobody needs.  Returns 0: OpenSSL's
 * reference is dropped.
 */
static int
session_issued(SSL *ssl, SSL_SESSION *session)
{
	struct tls_channel *channel = tls_channel_of(ssl);
	bool is_1_3 = SSL_version(ssl) > TLS1_2_VERSION;
	struct seal_data id, plain;
	char shown[ID_SHOWN];
	unsigned int id_len;
	uint8_t *der;

	if (channel->kind == TLS_DATA ||
	    (is_1_3 && !(SSL_get_options(ssl) & SSL_OP_NO_TICKET)))
		return (0);
	if (!is_1_3)
		binding_put(session, channel->login);
	id.data = SSL_SESSION_get_id(session, &id_len);
	id.len = id_len;
	if (id_len == 0)
		return (0);
	der = serialise(session, &plain.len);
	if (der == NULL)
		return (0);
	plain.data = der;
	tls_trace(channel->login, TLS_SESSION, 5,
	    "session %s issued, of %zu bytes", short_id(shown, id), plain.len);
	if (is_for_others(channel))
		share(channel, session, id, plain);
	keep(channel->login, id, der, plain.len);
	return (0);
}

/* Opens the record into plain: its length, or -1. */
static long
open_record(const struct tls *tls, const struct cache_record *record,
    const struct claims *claims, uint8_t plain[CACHE_VALUE_MAX])
{
	uint8_t associated[CLAIMS_MAX];
	struct seal_data sealed;
	struct ring_key key;
	bool newest;
	long len;

	if (record->sealed_len < RING_NAME_LEN + SEAL_OVERHEAD)
		return (-1);
	sealed.data = record->sealed + RING_NAME_LEN;
	sealed.len = record->sealed_len - RING_NAME_LEN;
	/* Its key is gone: expired, in all but name. */
	if (!ring_find(tls->ring, record->sealed, tls_now(), &key, &newest))
		return (0);
	len = seal_open(key.seal,
	    write_claims(claims, record->sealed, associated), sealed, plain);
	secret_wipe(&key, sizeof(key));
	return (len);
}

/* Whether a session from the shared cache may be resumed on channel. */
static bool
fits(struct tls_channel *channel, SSL_SESSION *session)
{
	uint8_t binding[BINDING_LEN];

	return (SSL_SESSION_get_protocol_version(session) ==
		SSL_version(channel->ssl) &&
	    binding_of(session, binding) &&
	    sessions_fresh(channel->login->tls, session) &&
	    (channel->kind == TLS_DATA ||
		(verify_session(channel, session) &&
		    psk_acceptable(channel->login, session))));
}

/*
 * Up to TLS 1.2 the data connections of this login will resume the very
 * session, whatever becomes of the shared cache.
 */
static SSL_SESSION *
accept_shared(struct tls_channel *channel, struct seal_data id,
    struct seal_data plain)
{
	const unsigned char *der = plain.data;
	SSL_SESSION *session;
	uint8_t *copy;

	session = d2i_SSL_SESSION(NULL, &der, (long)plain.len);
	if (session == NULL)
		return (NULL);
	if (!fits(channel, session)) {
		tls_trace(channel->login, TLS_SESSION, 10,
		    "it is too old, of another protocol, or unbound");
		SSL_SESSION_free(session);
		return (NULL);
	}
	if (channel->kind == TLS_DATA ||
	    SSL_version(channel->ssl) > TLS1_2_VERSION)
		return (session);
	copy = malloc(plain.len);
	if (copy == NULL) {
		SSL_SESSION_free(session);
		return (NULL);
	}
	memcpy(copy, plain.data, plain.len);
	keep(channel->login, id, copy, plain.len);
	return (session);
}

static SSL_SESSION *
find_shared(struct tls_channel *channel, struct seal_data id)
{
	struct tls *tls = channel->login->tls;
	uint8_t key[CACHE_KEY_LEN], plain[CACHE_VALUE_MAX];
	struct cache_record record;
	SSL_SESSION *session = NULL;
	struct seal_data data;
	struct claims claims;
	long len;

	if (!is_shared(tls) || !cache_reader_in_service(tls->cache)) {
		tls_trace(channel->login, TLS_SESSION, 10,
		    "the cache is not in service");
		return (NULL);
	}
	claims.context = channel->login->context_id;
	claims.id = id.data;
	claims.id_len = (uint8_t)id.len;
	cache_key(key, claims.context, CONTEXT_ID_LEN, id.data, id.len);
	if (!cache_reader_get(tls->cache, key, tls_now(), &record))
		return (NULL);
	claims.started = record.started;
	claims.expires = record.expires;
	claims.protocol = record.protocol;
	len = open_record(tls, &record, &claims, plain);
	if (len < 0)
		cache_reader_count_error(tls->cache);
	if (len <= 0)
		tls_trace(channel->login, TLS_SESSION, 10, "%s",
		    len < 0 ? "what the cache has cannot be opened"
			    : "its key has expired");
	if (len > 0) {
		data.data = plain;
		data.len = (size_t)len;
		session = accept_shared(channel, id, data);
		secret_wipe(plain, (size_t)len);
	}
	if (session == NULL)
		cache_reader_reject(tls->cache);
	return (session);
}

/* The look-up of the session has ended so. */
static void
tell_lookup(const struct tls_channel *channel, struct seal_data id,
    const char *how)
{
	char shown[ID_SHOWN];

	tls_trace(channel->login, TLS_SESSION, 5, "session %s looked up: %s",
	    short_id(shown, id), how);
}

static SSL_SESSION *
session_wanted(SSL *ssl, const unsigned char *id, int id_len, int *copy)
{
	struct tls_channel *channel = tls_channel_of(ssl);
	struct seal_data wanted = { id, (size_t)id_len };
	SSL_SESSION *session;

	*copy = 0; /* the reference passes to OpenSSL */
	if (id_len <= 0 || id_len > SSL_MAX_SSL_SESSION_ID_LENGTH)
		return (NULL);
	session = find_kept(channel->login, wanted);
	if (session != NULL) {
		tell_lookup(channel, wanted, "the login's own");
		return (session);
	}
	session = find_shared(channel, wanted);
	tell_lookup(channel, wanted,
	    session != NULL ? "found in the cache" : "not found");
	return (session);
}

void
sessions_init(struct tls *tls)
{
	SSL_CTX_set_session_cache_mode(tls->base,
	    SSL_SESS_CACHE_SERVER | SSL_SESS_CACHE_NO_INTERNAL |
		SSL_SESS_CACHE_NO_AUTO_CLEAR);
	SSL_CTX_sess_set_new_cb(tls->base, session_issued);
	SSL_CTX_sess_set_get_cb(tls->base, session_wanted);
}
