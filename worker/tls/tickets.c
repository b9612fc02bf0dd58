/*
 * Session tickets, sealed with the keys of the ring that all workers share.
 *
 * Each ticket is sealed with keys of its own, made of the ring's key and the
 * ticket's random IV.  So a login can keep the keys of its own last ticket, and
 * goes on opening it after the ring's key is gone: TLS 1.2 never replaces it,
 * and in TLS 1.3 the next one only comes with the next reply.  What it keeps
 * opens no other ticket.
 */
#include "worker/tls/tickets.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <string.h>

#include "shm/base/secret.h"
#include "worker/tls/binding.h"
#include "worker/tls/psk.h"
#include "worker/tls/sessions.h"
#include "worker/tls/state.h"
#include "worker/tls/verify.h"

#define QUEUED_SEC 60u

/* What OpenSSL hands to the callback. */
struct ticket_job {
	EVP_CIPHER_CTX *cipher;
	EVP_MAC_CTX *mac;
};

static bool
derive(uint8_t out[32], const uint8_t secret[32],
    const uint8_t iv[EVP_MAX_IV_LENGTH])
{
	unsigned int len = 0;

	return (HMAC(EVP_sha256(), secret, 32, iv, EVP_MAX_IV_LENGTH, out,
		    &len) != NULL &&
	    len == 32);
}

/* The keys of the ticket with that IV. */
static bool
make_seal(struct ticket_seal *seal, const struct ring_key *key,
    const uint8_t iv[EVP_MAX_IV_LENGTH])
{
	memcpy(seal->name, key->name, sizeof(seal->name));
	memcpy(seal->iv, iv, sizeof(seal->iv));
	return (derive(seal->cipher, key->cipher, iv) &&
	    derive(seal->mac, key->mac, iv));
}

static bool
start(const struct tls *tls, struct ticket_job job, struct ticket_seal *seal,
    int sealing)
{
	char digest[] = "SHA256";
	OSSL_PARAM params[3];

	params[0] = OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY,
	    seal->mac, sizeof(seal->mac));
	params[1] =
	    OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0);
	params[2] = OSSL_PARAM_construct_end();
	return (EVP_CipherInit_ex2(job.cipher, tls->ticket_cipher, seal->cipher,
		    seal->iv, sealing, NULL) == 1 &&
	    EVP_MAC_CTX_set_params(job.mac, params) == 1);
}

static bool
is_control(const struct tls_channel *channel)
{
	return (channel->kind == TLS_CONTROL);
}

/* The last ticket of the control connection, for the whole login. */
static void
keep(struct tls_channel *channel, const struct ticket_seal *seal)
{
	struct tls_login *login = channel->login;

	if (!is_control(channel))
		return;
	login->seal = *seal;
	login->sealed = true;
}

static int
close_ticket(struct tls_channel *channel, unsigned char *name,
    unsigned char *iv, struct ticket_job job)
{
	const struct tls *tls = channel->login->tls;
	struct ring_key key;
	struct ticket_seal seal;
	bool ok;

	if (RAND_bytes(iv, EVP_MAX_IV_LENGTH) != 1)
		return (-1);
	ring_newest(tls->ring, &key);
	ok = make_seal(&seal, &key, iv) && start(tls, job, &seal, 1);
	memcpy(name, key.name, sizeof(key.name));
	if (key.expires < channel->ticket_expires)
		channel->ticket_expires = key.expires;
	if (ok)
		keep(channel, &seal);
	tls_trace(channel->login, TLS_SESSION, 5,
	    "ticket sealed with key %02x%02x", key.name[0], key.name[1]);
	secret_wipe(&key, sizeof(key));
	secret_wipe(&seal, sizeof(seal));
	return (ok ? 1 : -1);
}

/* The login's own ticket: its keys do not expire while it lives. */
static bool
is_kept(const struct tls_channel *channel, const unsigned char *name,
    const unsigned char *iv)
{
	const struct tls_login *login = channel->login;

	return (!is_control(channel) && login->sealed &&
	    memcmp(login->seal.name, name, sizeof(login->seal.name)) == 0 &&
	    memcmp(login->seal.iv, iv, sizeof(login->seal.iv)) == 0);
}

static int
open_ticket(struct tls_channel *channel, const unsigned char *name,
    const unsigned char *iv, struct ticket_job job)
{
	const struct tls *tls = channel->login->tls;
	struct ring_key key;
	struct ticket_seal seal;
	bool newest, ok;

	if (is_kept(channel, name, iv))
		return (start(tls, job, &channel->login->seal, 0) ? 1 : -1);
	if (!ring_find(tls->ring, name, tls_now(), &key, &newest)) {
		tls_trace(channel->login, TLS_SESSION, 5,
		    "ticket of key %02x%02x, which there is not", name[0],
		    name[1]);
		return (0);
	}
	ok = make_seal(&seal, &key, iv) && start(tls, job, &seal, 0);
	if (ok)
		keep(channel, &seal);
	secret_wipe(&key, sizeof(key));
	secret_wipe(&seal, sizeof(seal));
	if (!ok)
		return (-1);
	/* A TLS 1.3 client may have used up the ticket that it sent. */
	if (SSL_version(channel->ssl) > TLS1_2_VERSION)
		newest = false;
	return (newest || !is_control(channel) ? 1 : 2);
}

/*
 * 1: go on, 2: go on and issue another ticket, 0: no such key, and -1: fail.
 */
static int
ticket_key(SSL *ssl, unsigned char *name, unsigned char *iv,
    EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int sealing)
{
	struct tls_channel *channel = tls_channel_of(ssl);
	struct ticket_job job = { cipher, mac };

	if (sealing)
		return (close_ticket(channel, name, iv, job));
	return (open_ticket(channel, name, iv, job));
}

/*
 * Before a session goes into a ticket, or into a stateful one of TLS 1.3.  A
 * TLS 1.2 session that was resumed keeps the binding it has.  What a data
 * connection issues after a full handshake is bound to nothing: who has not
 * shown that he is the client must not get the means to show it.
 */
static int
ticket_made(SSL *ssl, void *arg)
{
	struct tls_channel *channel = tls_channel_of(ssl);
	bool resumed = SSL_session_reused(ssl) == 1;
	bool is_1_3 = SSL_version(ssl) > TLS1_2_VERSION;

	(void)arg;
	if (is_control(channel) && (is_1_3 || !resumed))
		binding_put(SSL_get_session(ssl), channel->login);
	else if (!resumed)
		binding_clear(SSL_get_session(ssl));
	channel->queued = false;
	channel->ticket_issued = tls_now();
	channel->ticket_expires = channel->ticket_issued + SESSION_LIFETIME;
	return (1);
}

/* Whether its tickets are sealed by the ring, and not ids of sessions. */
static bool
is_sealed(const struct tls_channel *channel)
{
	return ((SSL_get_options(channel->ssl) & SSL_OP_NO_TICKET) == 0);
}

/*
 * Before the first ticket is made: when it will be due for another.  One that
 * is sealed does not outlive the key that there is now.
 */
void
tickets_expect(struct tls_channel *channel)
{
	uint64_t expires;

	channel->ticket_issued = tls_now();
	channel->ticket_expires = channel->ticket_issued + SESSION_LIFETIME;
	if (!is_sealed(channel))
		return;
	expires = ring_newest_expires(channel->login->tls->ring);
	if (expires < channel->ticket_expires)
		channel->ticket_expires = expires;
}

/*
 * At half its life; but where no key lives longer yet, another ticket would be
 * no better.
 */
uint64_t
tickets_due(const struct tls_channel *channel)
{
	uint64_t half, expires = channel->ticket_expires;

	half = (expires - channel->ticket_issued) / 2;
	/* What is queued is sealed when it goes out, with the key of then. */
	if (channel->queued)
		return (tls_now() + (half > QUEUED_SEC ? half : QUEUED_SEC));
	if (channel->ticket_issued + half <= tls_now() && is_sealed(channel) &&
	    ring_newest_expires(channel->login->tls->ring) <= expires)
		return (expires);
	return (channel->ticket_issued + half);
}

/* The session of a ticket that could be opened: whether it is resumed. */
static bool
acceptable(struct tls_channel *channel, SSL_SESSION *session)
{
	uint8_t binding[BINDING_LEN];

	if (!binding_of(session, binding))
		return (false);
	if (is_control(channel))
		return (sessions_fresh(channel->login->tls, session) &&
		    verify_session(channel, session) &&
		    psk_acceptable(channel->login, session));
	/*
	 * However long the login lasts.  That the session is the login's own
	 * is checked after the handshake.
	 */
	(void)SSL_SESSION_set_time(session, (long)tls_now());
	return (true);
}

static void
tell_ticket(const struct tls_channel *channel, const char *what)
{
	tls_trace(channel->login, TLS_SESSION, 5, "%s: ticket %s",
	    is_control(channel) ? "control" : "data", what);
}

static SSL_TICKET_RETURN
ticket_opened(SSL *ssl, SSL_SESSION *session, const unsigned char *name,
    size_t name_len, SSL_TICKET_STATUS status, void *arg)
{
	struct tls_channel *channel = tls_channel_of(ssl);
	bool opened, usable;

	(void)name;
	(void)name_len;
	(void)arg;
	opened =
	    status == SSL_TICKET_SUCCESS || status == SSL_TICKET_SUCCESS_RENEW;
	usable = opened && acceptable(channel, session);
	if (trace_on(TLS_SESSION, 5))
		tell_ticket(channel,
		    usable       ? "accepted"
			: opened ? "too old, or not for here"
				 : "missing, or cannot be opened");
	if (!usable)
		return (is_control(channel) ? SSL_TICKET_RETURN_IGNORE_RENEW
					    : SSL_TICKET_RETURN_IGNORE);
	channel->by_ticket = true;
	if (status == SSL_TICKET_SUCCESS_RENEW && is_control(channel))
		return (SSL_TICKET_RETURN_USE_RENEW);
	return (SSL_TICKET_RETURN_USE);
}

int
tickets_init(struct tls *tls)
{
	/* Fetched once: doing so for each ticket costs locks. */
	tls->ticket_cipher = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
	if (tls->ticket_cipher == NULL ||
	    SSL_CTX_set_tlsext_ticket_key_evp_cb(tls->base, ticket_key) != 1 ||
	    SSL_CTX_set_session_ticket_cb(tls->base, ticket_made, ticket_opened,
		NULL) != 1)
		return (-1);
	return (0);
}
