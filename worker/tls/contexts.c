/* Contexts by host, built when first used, and how an SSL gets into one. */
#include "worker/tls/contexts.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#include "shm/base/digest.h"
#include "worker/tls/admission.h"
#include "worker/tls/alpn.h"
#include "worker/tls/hello.h"
#include "worker/tls/keys.h"
#include "worker/tls/outcome.h"
#include "worker/tls/pairs.h"
#include "worker/tls/parameters.h"
#include "worker/tls/partner_context.h"
#include "worker/tls/psk.h"
#include "worker/tls/schedule.h"
#include "worker/tls/server_info.h"
#include "worker/tls/staple.h"
#include "worker/tls/state.h"
#include "worker/tls/trust.h"
#include "worker/tls/verify.h"

/* About 15 KB each. */
#define CONTEXTS_MAX 1024

struct host_context {
	SSL_CTX *ctx;      /* NULL: not built, or dropped */
	size_t extensions; /* it knows so many, or none */
	struct host_context *newer, *older;
	struct trust *trust; /* NULL: clients show no certificates */
	struct partner_context *partner; /* NULL: not needed yet */
	uint8_t id[CONTEXT_ID_LEN];
};

int
contexts_init(struct tls *tls)
{
	tls->contexts.hosts =
	    calloc(tls->conf->nhosts, sizeof(*tls->contexts.hosts));
	return (tls->contexts.hosts == NULL ? -1 : 0);
}

static void
unlink_context(struct contexts *contexts, struct host_context *context)
{
	if (context->newer != NULL)
		context->newer->older = context->older;
	else
		contexts->newest = context->older;
	if (context->older != NULL)
		context->older->newer = context->newer;
	else
		contexts->oldest = context->newer;
	context->newer = context->older = NULL;
}

static void
link_newest(struct contexts *contexts, struct host_context *context)
{
	context->older = contexts->newest;
	if (contexts->newest != NULL)
		contexts->newest->newer = context;
	else
		contexts->oldest = context;
	contexts->newest = context;
}

/* Connections that use it hold references of their own to the SSL_CTX. */
static void
drop(struct tls *tls, struct host_context *context)
{
	unlink_context(&tls->contexts, context);
	tls->contexts.count--;
	trust_put(tls, &context->trust);
	partner_context_free(tls, &context->partner);
	SSL_CTX_free(context->ctx);
	context->ctx = NULL;
}

void
contexts_free(struct tls *tls)
{
	while (tls->contexts.newest != NULL)
		drop(tls, tls->contexts.newest);
	free(tls->contexts.hosts);
	tls->contexts.hosts = NULL;
}

void
contexts_forget(struct tls *tls, uint32_t host)
{
	struct host_context *context = &tls->contexts.hosts[host];

	if (context->ctx != NULL)
		drop(tls, context);
}

static struct seal_data
piece(const void *data, size_t len)
{
	struct seal_data data_piece = { data, len };

	return (data_piece);
}

/* A NULL and an empty text differ, and no two texts run together. */
static struct seal_data
text_piece(const char *text)
{
	return (text == NULL ? piece("", 0) : piece(text, strlen(text) + 1));
}

/*
 * Who the host is and what it demands: a session is resumed only where both
 * are the same.  Certificates are not part of it, so that renewing one breaks
 * no session.  The listeners tell hosts of one name on several addresses apart.
 */
static void
context_id(const struct conf_host *host, const struct trust *trust,
    uint8_t id[CONTEXT_ID_LEN])
{
	unsigned int weak = host->tls.options &
	    (CONF_TLS_ALLOW_WEAK_DH | CONF_TLS_ALLOW_WEAK_SECURITY);
	struct seal_data pieces[11];
	uint8_t listeners[DIGEST_LEN];
	struct seal_data places[32];
	size_t i, n = 0;

	for (i = 0; i < host->nlisten && n < NITEMS(places); i++)
		places[n++] = piece(&host->listen[i].address,
		    sizeof(host->listen[i].address));
	digest_sha256(listeners, places, n);
	pieces[0] = text_piece(host->name);
	pieces[1] = piece(listeners, sizeof(listeners));
	pieces[2] = text_piece(host->tls.cipher_list);
	pieces[3] = text_piece(host->tls.cipher_suites);
	pieces[4] = piece(&host->tls.protocol, sizeof(host->tls.protocol));
	pieces[5] = text_piece("ftpsd");
	pieces[6] =
	    piece(&host->tls.verify_client, sizeof(host->tls.verify_client));
	pieces[7] =
	    piece(&host->tls.verify_depth, sizeof(host->tls.verify_depth));
	pieces[8] = text_piece(host->tls.user_name);
	pieces[9] = trust == NULL ? piece("", 0)
				  : piece(trust_digest(trust), DIGEST_LEN);
	pieces[10] = piece(&weak, sizeof(weak));
	digest_sha256(id, pieces, NITEMS(pieces));
}

static SSL_CTX *
new_context(const struct tls *tls, uint32_t host,
    const struct log_subject *subject)
{
	const struct conf_tls *conf = &tls->conf->hosts[host].tls;
	const struct host_keys *keys = tls_keys(tls, host);
	SSL_CTX *ctx;

	ctx = SSL_CTX_new_ex(NULL, schedule_query(), TLS_server_method());
	if (ctx == NULL)
		return (NULL);
	/* First what is allowed: certificates are judged by it. */
	if (parameters_load(ctx, conf, keys, subject) == -1 ||
	    pairs_load(ctx, keys, subject) == -1) {
		SSL_CTX_free(ctx);
		return (NULL);
	}
	if (server_info_load(ctx, tls, &keys->files[HOST_FILE_SERVER_INFO]) ==
	    -1) {
		log_event(LOG_LEVEL_ERROR, LOG_STREAM_TLS, subject,
		    "server_info_file: the extensions cannot be used: %s",
		    outcome_explain(ERR_peek_error()));
		SSL_CTX_free(ctx);
		return (NULL);
	}
	SSL_CTX_set_tlsext_servername_callback(ctx, hello_answer_name);
	staple_install(ctx, tls, host);
	if (conf->next_protocol)
		SSL_CTX_set_alpn_select_cb(ctx, alpn_select, NULL);
	return (ctx);
}

/* Whom the context trusts to vouch for clients, if these are asked at all. */
static int
add_trust(struct tls_login *login, struct host_context *context,
    const struct log_subject *subject)
{
	if (tls_conf(login)->verify_client == CONF_VERIFY_OFF)
		return (0);
	context->trust = trust_get(login->tls, login->host, subject);
	if (context->trust != NULL &&
	    trust_install(context->trust, context->ctx) == 0)
		return (0);
	trust_put(login->tls, &context->trust);
	return (-1);
}

static const char *
host_name(const struct tls_login *login)
{
	const char *name = login->tls->conf->hosts[login->host].name;

	return (name == NULL ? "(unnamed)" : name);
}

static int
build(struct tls_login *login, struct host_context *context)
{
	struct contexts *contexts = &login->tls->contexts;
	struct log_subject subject = tls_subject(login);

	ERR_clear_error();
	context->ctx = new_context(login->tls, login->host, &subject);
	if (context->ctx == NULL)
		return (-1);
	context->extensions = server_info_count(login->tls, login->host);
	if (add_trust(login, context, &subject) == -1) {
		SSL_CTX_free(context->ctx);
		context->ctx = NULL;
		return (-1);
	}
	context_id(&login->tls->conf->hosts[login->host], context->trust,
	    context->id);
	log_event(LOG_LEVEL_DEBUG, LOG_STREAM_TLS, &subject,
	    "context of host %s built", host_name(login));
	link_newest(contexts, context);
	tls_trace(login, TLS, 5, "the context of host %u was built",
	    login->host);
	if (++contexts->count > CONTEXTS_MAX)
		drop(login->tls, contexts->oldest);
	return (0);
}

/* The context of the login's host; NULL: it can have none. */
static struct host_context *
find(struct tls_login *login)
{
	struct contexts *contexts = &login->tls->contexts;
	struct host_context *context;

	if (!tls_available(login->tls, login->host))
		return (NULL);
	context = &contexts->hosts[login->host];
	if (context->ctx == NULL)
		return (build(login, context) == -1 ? NULL : context);
	if (context != contexts->newest) {
		unlink_context(contexts, context);
		link_newest(contexts, context);
	}
	return (context);
}

const struct partner_context *
contexts_partner(struct tls_login *login)
{
	struct host_context *context = find(login);
	struct log_subject subject;

	if (context == NULL)
		return (NULL);
	if (context->partner == NULL) {
		subject = tls_subject(login);
		context->partner =
		    partner_context_new(login->tls, login->host, &subject);
	}
	return (context->partner);
}

struct trust *
contexts_trust(const struct tls_login *login)
{
	return (login->tls->contexts.hosts[login->host].trust);
}

static bool
set_options(SSL *ssl, const struct conf_tls *conf)
{
	/* A client that likes ChaCha20 best is slow with AES. */
	static const uint64_t preference =
	    SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA;
	uint64_t wanted = SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION;

	/* Pre-shared keys need the server's: see parameters.c. */
	if (conf->server_cipher_preference || conf->pre_shared_keys.count > 0)
		wanted |= preference;
	/* In TLS 1.2 a ticket goes out before the client may come in. */
	if (!conf->session_tickets || admission_asks(conf))
		wanted |= SSL_OP_NO_TICKET;
	if ((conf->options & CONF_TLS_NO_EMPTY_FRAGMENTS) != 0)
		wanted |= SSL_OP_DONT_INSERT_EMPTY_FRAGMENTS;
	/* Setting only adds: what the last host set would stay. */
	(void)SSL_clear_options(ssl,
	    preference | SSL_OP_NO_TICKET | SSL_OP_DONT_INSERT_EMPTY_FRAGMENTS);
	(void)SSL_set_options(ssl, wanted);
	return (true);
}

static const struct {
	unsigned int bit;
	int version;
	uint64_t without;
} versions[] = {
	{ CONF_TLS_1_0, TLS1_VERSION, SSL_OP_NO_TLSv1 },
	{ CONF_TLS_1_1, TLS1_1_VERSION, SSL_OP_NO_TLSv1_1 },
	{ CONF_TLS_1_2, TLS1_2_VERSION, SSL_OP_NO_TLSv1_2 },
	{ CONF_TLS_1_3, TLS1_3_VERSION, SSL_OP_NO_TLSv1_3 },
};

/* The options are for holes between the least and the most. */
static bool
set_versions(SSL *ssl, const struct conf_tls *conf)
{
	int least = 0, most = 0;
	size_t i;

	for (i = 0; i < NITEMS(versions); i++) {
		if ((conf->protocol & versions[i].bit) == 0) {
			(void)SSL_set_options(ssl, versions[i].without);
			continue;
		}
		(void)SSL_clear_options(ssl, versions[i].without);
		least = least == 0 ? versions[i].version : least;
		most = versions[i].version;
	}
	return (SSL_set_min_proto_version(ssl, least) == 1 &&
	    SSL_set_max_proto_version(ssl, most) == 1);
}

static bool
set_verification(SSL *ssl, const struct conf_tls *conf)
{
	verify_apply(ssl, conf);
	return (true);
}

static bool
set_groups(SSL *ssl, const struct conf_tls *conf)
{
	return (conf->ecdh_curve == NULL ||
	    SSL_set1_groups_list(ssl, conf->ecdh_curve) == 1);
}

/*
 * Reading header and body of each record by themselves doubles the system
 * calls.  But after CCC the bytes behind close_notify are not for TLS.
 */
static bool
set_read_ahead(SSL *ssl, const struct conf_tls *conf)
{
	const struct tls_channel *channel = tls_channel_of(ssl);

	SSL_set_read_ahead(ssl, channel->kind == TLS_DATA || !conf->allow_ccc);
	return (true);
}

/*
 * What SSL_new() copies from the context and SSL_set_SSL_CTX() leaves as it
 * was.  The number of tickets goes by the kind of connection, the message
 * callback is the same for all; certificates, ciphers, security level and ALPN
 * are looked up in the new context.
 */
static const struct {
	const char *what;
	bool (*set)(SSL *ssl, const struct conf_tls *conf);
	bool client; /* where we play the client, too */
} settings[] = {
	{ "options", set_options, true },
	{ "protocol versions", set_versions, true },
	{ "verification", set_verification, false },
	{ "ecdh_curve", set_groups, true },
	{ "reading ahead", set_read_ahead, true },
	{ "diagnostics", diags_apply, true },
	{ "pre_shared_key", psk_set, false },
};

static int
apply_settings(struct tls_channel *channel, bool client)
{
	size_t i;

	for (i = 0; i < NITEMS(settings); i++) {
		if ((client && !settings[i].client) ||
		    settings[i].set(channel->ssl, tls_conf(channel->login)))
			continue;
		tls_channel_because(channel, "%s of the host cannot be used",
		    settings[i].what);
		return (-1);
	}
	return (0);
}

int
contexts_apply_client(struct tls_channel *channel)
{
	return (apply_settings(channel, true));
}

int
contexts_apply(struct tls_channel *channel)
{
	struct tls_login *login = channel->login;
	struct host_context *context;

	context = find(login);
	/* One that has become known since the SSL was made: see server_info.c.
	 */
	if (context != NULL && channel->kind == TLS_CONTROL &&
	    context->extensions > channel->extensions) {
		tls_channel_because(channel,
		    "tls.server_info_file was replaced at this moment");
		return (-1);
	}
	if (context == NULL ||
	    SSL_set_SSL_CTX(channel->ssl, context->ctx) == NULL) {
		tls_channel_because(channel, "no certificate can be used here");
		return (-1);
	}
	/* What a login began with is good for it, whatever is replaced. */
	if (channel->kind == TLS_CONTROL)
		memcpy(login->context_id, context->id,
		    sizeof(login->context_id));
	if (SSL_set_session_id_context(channel->ssl, login->context_id,
		sizeof(login->context_id)) != 1) {
		tls_channel_because(channel, "session-id context");
		return (-1);
	}
	return (apply_settings(channel, false));
}
