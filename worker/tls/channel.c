/* TLS on one socket: the only place that asks OpenSSL what a result means. */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/sslerr.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shm/base/ensure.h"
#include "worker/tls/admission.h"
#include "worker/tls/binding.h"
#include "worker/tls/contexts.h"
#include "worker/tls/inquiry.h"
#include "worker/tls/outcome.h"
#include "worker/tls/partner.h"
#include "worker/tls/psk.h"
#include "worker/tls/refresh.h"
#include "worker/tls/rekey.h"
#include "worker/tls/socket.h"
#include "worker/tls/staple.h"
#include "worker/tls/state.h"

/* Room for two records and more: one for each system call is dear for bulk. */
#define READ_AHEAD (32 * 1024 + 512)

struct tls_channel *
tls_channel_of(const SSL *ssl)
{
	return (SSL_get_app_data(ssl));
}

void
tls_channel_because(struct tls_channel *channel, const char *format, ...)
{
	char text[TLS_REASON_MAX];
	va_list args;

	if (channel->reason != NULL)
		return;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	channel->reason = strdup(text);
}

const char *
tls_reason(const struct tls_channel *channel)
{
	return (channel->reason == NULL ? "unknown" : channel->reason);
}

static int
prepare(struct tls_channel *channel, struct tls_socket *socket)
{
	struct tls_login *login = channel->login;
	BIO *bio;

	ERR_clear_error();
	channel->extensions = (uint8_t)login->tls->nextensions;
	channel->ssl = partner_is_client(channel) ? partner_ssl(channel)
						  : SSL_new(login->tls->base);
	if (channel->ssl == NULL ||
	    SSL_set_app_data(channel->ssl, channel) != 1)
		return (-1);
	bio = socket_bio(socket);
	if (bio == NULL)
		return (-1);
	SSL_set_bio(channel->ssl, bio, bio);
	tls_watch(channel->ssl);
	if (partner_is_client(channel))
		SSL_set_connect_state(channel->ssl);
	else
		SSL_set_accept_state(channel->ssl);
	/*
	 * On control they go with a reply, or by tls_welcome().  On data a
	 * ticket that a client which only sends never reads would turn its
	 * close into a reset, and that destroys the tail of its upload.
	 */
	if (SSL_set_num_tickets(channel->ssl, 0) != 1)
		return (-1);
	if (channel->kind == TLS_CONTROL)
		return (0);
	SSL_set_default_read_buffer_len(channel->ssl, READ_AHEAD);
	/* It is never idle for long, and makes new ones for each record. */
	(void)SSL_clear_mode(channel->ssl, SSL_MODE_RELEASE_BUFFERS);
	if (channel->partner == NULL)
		return (contexts_apply(channel));
	if ((partner_is_client(channel) ? contexts_apply_client(channel)
					: contexts_apply(channel)) == -1)
		return (-1);
	return (partner_apply(channel));
}

/* partner: the channel's. */
static struct tls_channel *
new_channel(struct tls_login *login, enum tls_kind kind,
    struct tls_socket *socket, struct partner *partner)
{
	struct tls_channel *channel;
	struct log_subject subject;

	ensure(kind == TLS_DATA || login->control == NULL);
	channel = calloc(1, sizeof(*channel));
	if (channel == NULL) {
		partner_free(&partner);
		return (NULL);
	}
	channel->login = login;
	channel->kind = kind;
	channel->socket = socket;
	channel->partner = partner;
	if (prepare(channel, socket) == -1) {
		subject = tls_subject(login);
		tls_channel_because(channel, "%s",
		    outcome_explain(ERR_peek_error()));
		log_event(LOG_LEVEL_ERROR, LOG_STREAM_TLS, &subject,
		    "TLS cannot be started: %s", tls_reason(channel));
		tls_channel_free(&channel);
		return (NULL);
	}
	if (kind == TLS_CONTROL)
		login->control = channel;
	return (channel);
}

struct tls_channel *
tls_channel_new(struct tls_login *login, enum tls_kind kind,
    struct tls_socket *socket)
{
	return (new_channel(login, kind, socket, NULL));
}

struct tls_channel *
tls_channel_new_fxp(struct tls_login *login, struct tls_socket *socket,
    const struct tls_fxp *facts)
{
	struct partner *partner = partner_new(facts);

	return (partner == NULL
		? NULL
		: new_channel(login, TLS_DATA, socket, partner));
}

void
tls_channel_free(struct tls_channel **channel)
{
	struct tls_channel *ended = *channel;

	if (ended == NULL)
		return;
	*channel = NULL;
	if (ended->login->control == ended)
		ended->login->control = NULL;
	if (ended->begun && !ended->established && !ended->failed)
		outcome_abandoned(ended);
	/* Else OpenSSL takes it for a bad end and spoils the session. */
	if (ended->ssl != NULL)
		SSL_set_shutdown(ended->ssl,
		    SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	inquiry_free(&ended->inquiry);
	partner_free(&ended->partner);
	free(ended->rekey);
	sk_X509_pop_free(ended->chain, X509_free);
	SSL_free(ended->ssl);
	free(ended->reason);
	free(ended);
}

/* The connection ended without a word of TLS. */
static enum tls_result
lost(struct tls_channel *channel, int error)
{
	if (error == 0)
		tls_channel_because(channel,
		    "the client closed the connection without close_notify");
	else
		tls_channel_because(channel, "%s", strerror(error));
	return (TLS_TRUNCATED);
}

/* The usual words are about clients. */
static const char *
explain(const struct tls_channel *channel, unsigned long error)
{
	const char *words = NULL;

	if (partner_is_client(channel))
		words = ERR_reason_error_string(error);
	return (words == NULL ? outcome_explain(error) : words);
}

static enum tls_result
broken(struct tls_channel *channel)
{
	unsigned long error = ERR_peek_error();

	tls_channel_because(channel, "%s", explain(channel, error));
	if (ERR_GET_LIB(error) == ERR_LIB_SSL &&
	    ERR_GET_REASON(error) == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE)
		channel->objection = "there is none";
	if (ERR_GET_LIB(error) == ERR_LIB_SSL &&
	    ERR_GET_REASON(error) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
		return (TLS_TRUNCATED);
	return (TLS_FAILED);
}

/* What the last call meant, which returned ret. */
static enum tls_result
settle(struct tls_channel *channel, int ret)
{
	int error = errno;

	if (channel->cut) {
		tls_channel_because(channel,
		    "too many key updates or "
		    "renegotiations without data");
		return (TLS_FAILED);
	}
	switch (SSL_get_error(channel->ssl, ret)) {
	case SSL_ERROR_WANT_READ:
		return (TLS_WANT_READ);
	case SSL_ERROR_WANT_WRITE:
		return (TLS_WANT_WRITE);
	case SSL_ERROR_ZERO_RETURN:
		return (TLS_CLOSED);
	case SSL_ERROR_SYSCALL:
		return (lost(channel, error));
	default:
		return (broken(channel));
	}
}

/* Where the end of the peer's bytes is no answer. */
static enum tls_result
settle_or_fail(struct tls_channel *channel, int ret)
{
	enum tls_result result = settle(channel, ret);

	if (result == TLS_CLOSED)
		tls_channel_because(channel, "the client has closed");
	if (result == TLS_CLOSED || result == TLS_TRUNCATED)
		result = TLS_FAILED;
	if (result == TLS_FAILED)
		channel->failed = true;
	return (result);
}

/* errno tells what happened only if it was not set before. */
void
tls_channel_fresh(void)
{
	/* Clearing goes through all of the queue, empty or not. */
	if (ERR_peek_error() != 0)
		ERR_clear_error();
	errno = 0;
}

static void
established(struct tls_channel *channel)
{
	channel->established = true;
	channel->starved = false;
	if (!partner_is_client(channel))
		psk_adopt(channel);
	staple_done(channel);
	if (channel->kind == TLS_CONTROL) {
		binding_adopt(channel);
		refresh_owe(channel);
		admission_begin(channel);
	} else if (channel->partner != NULL)
		partner_check(channel);
	else
		binding_check(channel);
	if (channel->kind == TLS_DATA)
		rekey_begin(channel);
	if (!tls_bound_pending(channel))
		outcome_established(channel);
}

enum tls_result
tls_handshake(struct tls_channel *channel)
{
	enum tls_result result;
	int ret;

	if (channel->failed)
		return (TLS_FAILED);
	if (channel->established)
		return (TLS_OK);
	channel->begun = true;
	tls_channel_fresh();
	ret = SSL_do_handshake(channel->ssl);
	if (ret != 1) {
		result = settle_or_fail(channel, ret);
		if (result == TLS_FAILED)
			outcome_failed(channel);
		/* What lies there is no more than a part of a record. */
		channel->starved = true;
		socket_hasten(channel->socket);
		return (result);
	}
	established(channel);
	return (TLS_OK);
}

/* What tls_read() found instead of bytes. */
static void
tell_end(const struct tls_channel *channel, enum tls_result result)
{
	const char *kind = channel->kind == TLS_DATA ? "data" : "control";

	if (result == TLS_CLOSED)
		tls_trace(channel->login, TLS, 5, "%s: close_notify received",
		    kind);
	else if (result == TLS_FAILED || result == TLS_TRUNCATED)
		tls_trace(channel->login, TLS, 1, "%s: broken: %s", kind,
		    tls_reason(channel));
}

enum tls_result
tls_read(struct tls_channel *channel, void *data, size_t len, size_t *done)
{
	enum tls_result result;
	int ret;

	if (channel->failed)
		return (TLS_FAILED);
	tls_channel_fresh();
	if (channel->rekey != NULL)
		rekey_before_read(channel);
	ret = SSL_read_ex(channel->ssl, data, len, done);
	if (ret == 1) {
		channel->starved = false;
		channel->idle_messages = 0;
		channel->calm += *done;
		return (channel->rekey == NULL || rekey_received(channel, *done)
			? TLS_OK
			: TLS_FAILED);
	}
	result = settle(channel, ret);
	channel->starved = true;
	if (result == TLS_WANT_READ && channel->rekey != NULL &&
	    !rekey_settled(channel))
		result = TLS_FAILED;
	if (result == TLS_FAILED || result == TLS_TRUNCATED)
		channel->failed = true;
	if (trace_on(TLS, 1))
		tell_end(channel, result);
	return (result);
}

/*
 * What OpenSSL has to say first, a ticket or new keys: in one packet with what
 * follows.
 */
static int
send_first(struct tls_channel *channel)
{
	bool held = channel->socket->more;
	int ret;

	if (!SSL_in_init(channel->ssl))
		return (1);
	channel->socket->more = true;
	ret = SSL_do_handshake(channel->ssl);
	channel->socket->more = held;
	return (ret);
}

/* 1, or what came of a call of OpenSSL. */
static int
before_write(struct tls_channel *channel)
{
	int ret;

	refresh_pay(channel);
	ret = send_first(channel);
	if (ret != 1)
		return (ret);
	channel->first = false;
	if (channel->rekey == NULL && channel->records < TLS_RECORDS_MAX)
		return (1);
	ret = rekey_before_write(channel);
	return (ret == 1 ? send_first(channel) : ret);
}

enum tls_result
tls_write(struct tls_channel *channel, const void *data, size_t len,
    size_t *done)
{
	int ret;

	if (channel->failed)
		return (TLS_FAILED);
	tls_channel_fresh();
	ret = channel->unsent ? 1 : before_write(channel);
	if (channel->failed)
		return (TLS_FAILED);
	if (ret != 1)
		return (settle_or_fail(channel, ret));
	ret = SSL_write_ex(channel->ssl, data, len, done);
	channel->unsent = ret != 1;
	if (ret != 1)
		return (settle_or_fail(channel, ret));
	if (channel->kind == TLS_DATA)
		rekey_sent(channel, *done);
	return (TLS_OK);
}

enum tls_result
tls_close(struct tls_channel *channel)
{
	int ret;

	if (channel->failed || !channel->established)
		return (TLS_FAILED);
	if (channel->closed)
		return (TLS_OK);
	tls_channel_fresh();
	refresh_pay(channel);
	/* A ticket that waits to be sent goes first. */
	if (SSL_in_init(channel->ssl)) {
		ret = SSL_do_handshake(channel->ssl);
		if (ret != 1)
			return (settle_or_fail(channel, ret));
	}
	ret = SSL_shutdown(channel->ssl);
	if (ret < 0)
		return (settle_or_fail(channel, ret));
	channel->closed = true;
	return (TLS_OK);
}

bool
tls_ended_bare(const struct tls_channel *channel)
{
	return (channel->socket->eof && SSL_has_pending(channel->ssl) == 0);
}

bool
tls_pending(const struct tls_channel *channel)
{
	return (!channel->starved && SSL_has_pending(channel->ssl) == 1);
}

bool
tls_mid_record(const struct tls_channel *channel)
{
	return (SSL_has_pending(channel->ssl) == 1);
}

void
tls_expect_end(struct tls_channel *channel)
{
	SSL_set_read_ahead(channel->ssl, 0);
}

bool
tls_bound(const struct tls_channel *channel, const char **why)
{
	ensure(channel->kind == TLS_DATA);
	*why = channel->unbound;
	return (channel->established && channel->bound);
}

bool
tls_same_peer(const struct tls_channel *channel)
{
	return (!channel->stranger);
}

void
tls_facts(const struct tls_channel *channel, struct tls_facts *facts)
{
	facts->protocol = SSL_get_version(channel->ssl);
	facts->cipher = SSL_get_cipher_name(channel->ssl);
	facts->resumed = SSL_session_reused(channel->ssl) == 1;
	facts->server_name = channel->login->server_name;
}
