/*
 * Fresh keys while a connection lasts: KeyUpdate in TLS 1.3, renegotiation up
 * to TLS 1.2; and the end of clients that do nothing else.
 */
#include "worker/tls/rekey.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <time.h>

#include "worker/tls/peer.h"
#include "worker/tls/state.h"

#define SECOND     UINT64_C(1000)
#define PAUSE      (60 * SECOND) /* from one renegotiation to the next */
#define CALM_BYTES 32768u
#define RECORD_MAX 16384u

#define SENT     1u
#define RECEIVED 2u

/* Times in milliseconds of a clock that nobody sets. */
struct rekey {
	uint64_t since; /* control: that the keys are in use */
	uint64_t moved; /* data: bytes under the keys */
	uint64_t asked; /* the client, which has not answered; 0: it has */
	uint64_t renegotiated; /* and no more now; 0: long ago, or never */
	unsigned int finished; /* the messages of that name, seen so far */
};

static uint64_t
now(void)
{
	struct timespec time;

	(void)clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
	return ((uint64_t)time.tv_sec * 1000 +
	    (uint64_t)time.tv_nsec / 1000000 + 1);
}

static bool
is_1_3(const struct tls_channel *channel)
{
	return (SSL_version(channel->ssl) > TLS1_2_VERSION);
}

static const struct conf_renegotiate *
policy(const struct tls_channel *channel)
{
	return (&tls_conf(channel->login)->renegotiate);
}

/*
 * Who came in with one pre-shared key could go on with another, so there is no
 * renegotiation on hosts with such keys.
 */
static bool
may_renegotiate(const struct conf_tls *conf)
{
	return ((conf->options & CONF_TLS_ALLOW_CLIENT_RENEGOTIATIONS) != 0 &&
	    conf->renegotiate.mode != CONF_RENEGOTIATE_NEVER &&
	    conf->pre_shared_keys.count == 0);
}

static bool
is_wanted(const struct tls_channel *channel)
{
	/* Another server's certificate is checked once. */
	if (!is_1_3(channel))
		return (channel->partner == NULL &&
		    may_renegotiate(tls_conf(channel->login)));
	return (channel->kind == TLS_CONTROL ? policy(channel)->ctrl > 0
					     : policy(channel)->data > 0);
}

void
rekey_begin(struct tls_channel *channel)
{
	if (!is_wanted(channel))
		return;
	channel->rekey = calloc(1, sizeof(*channel->rekey));
	if (channel->rekey == NULL)
		return;
	channel->rekey->since = now();
	if (is_1_3(channel))
		return;
	/*
	 * On data the session stays what it is: a new one would not be bound
	 * to the control connection, and the client's next transfer would fail.
	 */
	(void)SSL_clear_options(channel->ssl, SSL_OP_NO_RENEGOTIATION);
	(void)SSL_set_options(channel->ssl,
	    SSL_OP_ALLOW_CLIENT_RENEGOTIATION |
		(channel->kind == TLS_CONTROL
			? SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION
			: 0));
}

/* --- what passes ---------------------------------------------------------- */

/* Whether it is one that can come without end and without a byte of data. */
static bool
is_idle_message(bool sent, int type, const uint8_t *message)
{
	if (type == SSL3_RT_HANDSHAKE)
		return (!sent && message[0] == SSL3_MT_KEY_UPDATE);
	/* Ours: the answer to an attempt at renegotiation. */
	return (type == SSL3_RT_ALERT && message[1] == SSL_AD_NO_RENEGOTIATION);
}

/* A little data between them does not make them cheaper. */
static bool
is_flood(struct tls_channel *channel)
{
	uint32_t at = (uint32_t)(now() / SECOND);
	uint64_t forgiven =
	    (at - channel->excess_at) + channel->calm / CALM_BYTES;

	channel->excess = forgiven < channel->excess
	    ? channel->excess - (uint32_t)forgiven
	    : 0;
	channel->excess_at = at;
	channel->calm = 0;
	return (++channel->idle_messages > TLS_IDLE_MESSAGES ||
	    ++channel->excess > TLS_EXCESS_MESSAGES);
}

static void
note_finished(struct tls_channel *channel, unsigned int which)
{
	struct rekey *rekey = channel->rekey;

	rekey->finished |= which;
	if (rekey->finished != (SENT | RECEIVED))
		return;
	/* At once: the next one may have come already. */
	rekey->renegotiated = now();
	(void)SSL_set_options(channel->ssl, SSL_OP_NO_RENEGOTIATION);
}

/* Whether it is the client's answer to what we have asked for. */
static bool
note(struct tls_channel *channel, bool sent, uint8_t message)
{
	struct rekey *rekey = channel->rekey;

	if (message == SSL3_MT_KEY_UPDATE && !sent && rekey->asked != 0) {
		rekey->asked = 0;
		tls_trace(channel->login, TLS, 5, "the client has new keys");
		return (true);
	}
	if (message == SSL3_MT_HELLO_REQUEST && sent)
		rekey->asked = now();
	else if (message == SSL3_MT_CLIENT_HELLO && !sent)
		rekey->finished = 0;
	else if (message == SSL3_MT_FINISHED)
		note_finished(channel, sent ? SENT : RECEIVED);
	return (false);
}

void
rekey_message(struct tls_channel *channel, bool sent, int type,
    const uint8_t *message)
{
	if (channel->rekey != NULL && type == SSL3_RT_HANDSHAKE &&
	    note(channel, sent, message[0]))
		return;
	if (!is_idle_message(sent, type, message) || !is_flood(channel))
		return;
	channel->cut = true;
	/* OpenSSL takes no further record then. */
	SSL_set_shutdown(channel->ssl,
	    SSL_get_shutdown(channel->ssl) | SSL_RECEIVED_SHUTDOWN);
}

/* --- asking --------------------------------------------------------------- */

static bool
is_due(const struct tls_channel *channel)
{
	const struct rekey *rekey = channel->rekey;
	const struct conf_renegotiate *set = policy(channel);

	if (rekey == NULL)
		return (false);
	if (channel->kind == TLS_CONTROL)
		return (set->ctrl > 0 &&
		    now() - rekey->since >= set->ctrl * SECOND);
	return (set->data > 0 && rekey->moved / 1024 >= set->data);
}

/* Only one HelloRequest at a time. */
static bool
renegotiate(struct tls_channel *channel)
{
	if (channel->rekey->asked != 0 ||
	    SSL_renegotiate_pending(channel->ssl) == 1)
		return (false);
	(void)SSL_clear_options(channel->ssl, SSL_OP_NO_RENEGOTIATION);
	return (SSL_renegotiate(channel->ssl) == 1);
}

/*
 * Our own keys of TLS 1.3 change in any case, with the next call of OpenSSL;
 * those of the client if it is asked.
 */
static void
change(struct tls_channel *channel, bool ask)
{
	struct rekey *rekey = channel->rekey;
	bool done;

	done = is_1_3(channel)
	    ? SSL_key_update(channel->ssl,
		  ask ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED)
	    : renegotiate(channel);
	/* Else a message or a record waits to be sent: another time. */
	if (!done) {
		ERR_clear_error();
		return;
	}
	tls_trace(channel->login, TLS, 5, "new keys%s",
	    ask ? ", the client is asked for its own" : "");
	channel->records = 0;
	if (rekey == NULL)
		return;
	rekey->moved = 0;
	rekey->since = now();
	if (ask && is_1_3(channel) && rekey->asked == 0)
		rekey->asked = rekey->since;
}

static bool
is_late(const struct tls_channel *channel)
{
	const struct conf_renegotiate *set = policy(channel);
	const struct rekey *rekey = channel->rekey;

	return (set->mode == CONF_RENEGOTIATE_SET && set->required &&
	    rekey->asked != 0 && now() - rekey->asked >= set->timeout * SECOND);
}

static bool
refuse(struct tls_channel *channel, const char *why)
{
	tls_channel_because(channel, "%s", why);
	channel->failed = true;
	return (false);
}

/* Whether a renegotiation that is over left the client what it was. */
bool
rekey_settled(struct tls_channel *channel)
{
	const struct tls_login *login = channel->login;
	struct rekey *rekey = channel->rekey;
	struct log_subject subject = tls_subject(login);

	if (rekey->finished != (SENT | RECEIVED) || SSL_in_init(channel->ssl))
		return (true);
	rekey->finished = 0;
	rekey->moved = 0;
	rekey->since = now();
	log_event(LOG_LEVEL_INFO, LOG_STREAM_TLS, &subject,
	    "TLS was renegotiated%s: %s",
	    channel->kind == TLS_DATA ? " on a data connection" : "",
	    rekey->asked != 0 ? "we had asked" : "the client wanted it");
	rekey->asked = 0;
	if (peer_is_same(login, channel->ssl) &&
	    (login->peer != NULL ||
		SSL_get0_peer_certificate(channel->ssl) == NULL))
		return (true);
	return (refuse(channel,
	    "the client shows another certificate when it renegotiates"));
}

/* A control connection can still be told. */
static bool
give_up(struct tls_channel *channel)
{
	static const char why[] =
	    "the client has not renewed its keys in time (tls.renegotiate)";
	struct log_subject subject = tls_subject(channel->login);

	if (channel->kind == TLS_DATA)
		return (refuse(channel, why));
	if (!channel->overdue)
		log_event(LOG_LEVEL_NOTICE, LOG_STREAM_TLS, &subject, "%s",
		    why);
	channel->overdue = true;
	return (true);
}

/*
 * Up to TLS 1.3 its answer precedes the next byte of a client that has read the
 * request; so one that sends nothing is not late.
 */
static bool
is_acceptable(struct tls_channel *channel)
{
	return (
	    rekey_settled(channel) && (!is_late(channel) || give_up(channel)));
}

void
rekey_before_read(struct tls_channel *channel)
{
	struct rekey *rekey = channel->rekey;

	if (rekey->renegotiated == 0 || now() - rekey->renegotiated < PAUSE)
		return;
	rekey->renegotiated = 0;
	channel->begged = false;
	(void)SSL_clear_options(channel->ssl, SSL_OP_NO_RENEGOTIATION);
}

bool
rekey_received(struct tls_channel *channel, size_t bytes)
{
	if (!is_acceptable(channel))
		return (false);
	channel->rekey->moved += bytes;
	/* On control it goes with the next reply. */
	if (channel->kind == TLS_DATA && is_due(channel))
		change(channel, true);
	return (true);
}

/*
 * Who sends a file hears nothing of the client, unless it listens; here it
 * does as long as the client is asked.
 */
static int
listen_once(struct tls_channel *channel)
{
	uint8_t byte;
	size_t done;
	int ret, error;

	ret = SSL_peek_ex(channel->ssl, &byte, 1, &done);
	if (ret == 1 || SSL_in_init(channel->ssl))
		return (ret);
	error = SSL_get_error(channel->ssl, ret);
	return (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_ZERO_RETURN
		? 1
		: ret);
}

int
rekey_before_write(struct tls_channel *channel)
{
	bool old = !is_1_3(channel);

	/* A client that is sent a file may have no reason to read and answer.
	 */
	if (channel->records >= TLS_RECORDS_MAX || is_due(channel))
		change(channel, channel->kind == TLS_CONTROL || old);
	if (channel->rekey == NULL || channel->kind == TLS_CONTROL || !old)
		return (1);
	if (!is_acceptable(channel))
		return (0);
	return (channel->rekey->asked != 0 ? listen_once(channel) : 1);
}

void
rekey_sent(struct tls_channel *channel, size_t bytes)
{
	if (channel->rekey != NULL)
		channel->rekey->moved += bytes;
	/* No cipher of TLS 1.3 is good for any number of records. */
	if (is_1_3(channel))
		channel->records +=
		    (uint32_t)((bytes + RECORD_MAX - 1) / RECORD_MAX);
}

bool
tls_overdue(const struct tls_channel *control)
{
	return (control->overdue);
}
