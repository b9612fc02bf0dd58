#include "worker/tls/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "shm/base/ensure.h"
#include "shm/base/log.h"
#include "shm/base/secret.h"
#include "worker/tls/contexts.h"
#include "worker/tls/hello.h"
#include "worker/tls/keys.h"
#include "worker/tls/outcome.h"
#include "worker/tls/peer.h"
#include "worker/tls/rekey.h"
#include "worker/tls/schedule.h"
#include "worker/tls/server_info.h"
#include "worker/tls/sessions.h"
#include "worker/tls/state.h"
#include "worker/tls/tickets.h"
#include "worker/tls/variables.h"

/* Bytes of all certificates that a client shows. */
#define CLIENT_CHAIN_MAX (16L * 1024)

uint64_t
tls_now(void)
{
	return ((uint64_t)time(NULL));
}

const struct conf_tls *
tls_conf(const struct tls_login *login)
{
	return (&login->tls->conf->hosts[login->host].tls);
}

struct log_subject
tls_subject(const struct tls_login *login)
{
	struct log_subject subject;

	memset(&subject, 0, sizeof(subject));
	if (login->subject != NULL)
		subject = *login->subject;
	subject.generation = login->tls->conf->generation;
	subject.host = (uint16_t)login->host;
	return (subject);
}

void
tls_trace_write(const struct tls_login *login, enum trace_channel channel,
    unsigned int level, const char *format, ...)
{
	struct log_subject subject = tls_subject(login);
	char text[LOG_TEXT_MAX];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	trace_write(channel, level, &subject, "%s", text);
}

struct tls_extra *
tls_extra(struct tls_login *login)
{
	if (login->extra == NULL)
		login->extra = calloc(1, sizeof(*login->extra));
	return (login->extra);
}

/*
 * OpenSSL has no limit of its own for messages that ask for new keys, and would
 * handle thousands of them in one SSL_read().
 */
static void
/* NOLINTNEXTLINE(readability-function-size): OpenSSL's signature */
watch_messages(int sent, int version, int type, const void *data, size_t len,
    SSL *ssl, void *arg)
{
	struct tls_channel *channel = tls_channel_of(ssl);

	(void)version;
	(void)arg;
	if (channel != NULL && (channel->diags || trace_on(TLS, 15)))
		diags_message(channel, sent == 1, type, data, len);
	if (channel != NULL && type == SSL3_RT_ALERT && len == 2)
		outcome_alert(channel, ((const uint8_t *)data)[1], sent == 1);
	if (channel != NULL && channel->established && len >= 2)
		rekey_message(channel, sent == 1, type, data);
}

int
tls_prepare_context(SSL_CTX *ctx)
{
	if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1)
		return (-1);
	SSL_CTX_set_mode(ctx,
	    SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
		SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN);
	SSL_CTX_set_max_cert_list(ctx, CLIENT_CHAIN_MAX);
	return (0);
}

void
tls_watch(SSL *ssl)
{
	SSL_set_msg_callback(ssl, watch_messages);
}

static SSL_CTX *
new_base(void)
{
	SSL_CTX *ctx;

	ctx = SSL_CTX_new_ex(NULL, schedule_query(), TLS_server_method());
	if (ctx == NULL)
		return (NULL);
	if (tls_prepare_context(ctx) == -1) {
		SSL_CTX_free(ctx);
		return (NULL);
	}
	SSL_CTX_set_max_early_data(ctx, 0);
	SSL_CTX_set_recv_max_early_data(ctx, 0);
	SSL_CTX_set_timeout(ctx, SESSION_LIFETIME);
	SSL_CTX_set_client_hello_cb(ctx, hello_choose_host, NULL);
	return (ctx);
}

static int
prepare(struct tls *tls)
{
	tls->base = new_base();
	if (tls->base == NULL || tickets_init(tls) == -1)
		return (-1);
	sessions_init(tls);
	server_info_announce(tls);
	return (contexts_init(tls));
}

struct tls *
tls_new(const struct tls_setup *setup)
{
	struct tls *tls;

	/* The system's openssl.cnf is a file, and no word on our policy. */
	(void)OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	tls = calloc(1, sizeof(*tls));
	if (tls == NULL) {
		log_error("TLS: no memory");
		return (NULL);
	}
	tls->start = setup->start;
	tls->conf = setup->start->conf;
	tls->ring = setup->ring;
	tls->cache = setup->cache;
	tls->responses = setup->responses;
	tls->staples = setup->staples;
	tls->store = setup->store;
	tls->score = setup->score;
	if (prepare(tls) == -1) {
		log_error("TLS: cannot set up OpenSSL: %s",
		    outcome_explain(ERR_peek_error()));
		tls_free(&tls);
		return (NULL);
	}
	if (!tls->conf->session_cache)
		log_warn("session_cache is off: data connections need not "
			 "resume the session of their control connection");
	return (tls);
}

void
tls_free(struct tls **tls)
{
	struct tls *ended = *tls;

	if (ended == NULL)
		return;
	*tls = NULL;
	contexts_free(ended);
	keys_free(ended);
	SSL_CTX_free(ended->base);
	EVP_CIPHER_free(ended->ticket_cipher);
	free(ended);
}

struct tls_login *
tls_login_new(struct tls *tls, uint32_t host, const struct log_subject *subject)
{
	struct tls_login *login;

	ensure(host < tls->conf->nhosts);
	login = calloc(1, sizeof(*login));
	if (login == NULL)
		return (NULL);
	login->tls = tls;
	login->host = login->base = host;
	login->subject = subject;
	secret_random(login->binding, sizeof(login->binding));
	return (login);
}

void
tls_login_free(struct tls_login **login)
{
	struct tls_login *ended = *login;

	if (ended == NULL)
		return;
	*login = NULL;
	sessions_forget(ended);
	diags_end(ended);
	variables_forget(ended);
	free(ended->extra);
	free(ended->server_name);
	peer_free(&ended->peer);
	secret_wipe(&ended->seal, sizeof(ended->seal));
	free(ended);
}

void
tls_login_listener(struct tls_login *login,
    const struct conf_listener *listener)
{
	login->listener = listener;
}

void
tls_login_pin(struct tls_login *login, uint32_t host, bool named)
{
	ensure(host < login->tls->conf->nhosts);
	login->host = host;
	login->pinned = true;
	login->named = named;
}

void
tls_login_relax(struct tls_login *login)
{
	login->free = true;
}

bool
tls_available(const struct tls *tls, uint32_t host)
{
	if (host >= tls->conf->nhosts)
		return (false);
	return (tls->conf->hosts[host].tls.engine &&
	    tls_keys(tls, host)->count > 0);
}

uint32_t
tls_login_host(const struct tls_login *login)
{
	return (login->host);
}
