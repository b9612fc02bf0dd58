/*
 * What a host needs to exchange files with other servers: a context for the
 * client's side of TLS, and whom to trust to vouch for a server.
 *
 * Ciphers, versions, groups and certificates are those of the host; what
 * clients of it are vouched for by, vouches for servers, too.
 */
#include "worker/tls/partner_context.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>

#include "worker/tls/keys.h"
#include "worker/tls/outcome.h"
#include "worker/tls/pairs.h"
#include "worker/tls/parameters.h"
#include "worker/tls/schedule.h"
#include "worker/tls/state.h"
#include "worker/tls/trust.h"

struct partner_context {
	SSL_CTX *client;
	struct trust *trust; /* NULL: servers are not verified */
};

static SSL_CTX *
new_client(const struct tls *tls, uint32_t host,
    const struct log_subject *subject)
{
	const struct host_keys *keys = tls_keys(tls, host);
	SSL_CTX *ctx;

	ctx = SSL_CTX_new_ex(NULL, schedule_query(), TLS_client_method());
	if (ctx == NULL)
		return (NULL);
	if (tls_prepare_context(ctx) == -1 ||
	    parameters_load(ctx, &tls->conf->hosts[host].tls, keys, subject) ==
		-1 ||
	    pairs_load(ctx, keys, subject) == -1) {
		SSL_CTX_free(ctx);
		return (NULL);
	}
	/* The next transfer may be with another server. */
	(void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	return (ctx);
}

static int
fill(struct partner_context *context, struct tls *tls, uint32_t host,
    const struct log_subject *subject)
{
	context->client = new_client(tls, host, subject);
	if (context->client == NULL)
		return (-1);
	if (tls->conf->hosts[host].tls.verify_server == CONF_VERIFY_SERVER_OFF)
		return (0);
	context->trust = trust_get(tls, host, subject);
	return (context->trust == NULL ? -1 : 0);
}

struct partner_context *
partner_context_new(struct tls *tls, uint32_t host,
    const struct log_subject *subject)
{
	struct partner_context *context = calloc(1, sizeof(*context));

	if (context == NULL)
		return (NULL);
	ERR_clear_error();
	if (fill(context, tls, host, subject) == 0)
		return (context);
	log_event(LOG_LEVEL_ERROR, LOG_STREAM_TLS, subject,
	    "no TLS with other servers: %s", outcome_explain(ERR_peek_error()));
	partner_context_free(tls, &context);
	return (NULL);
}

void
partner_context_free(struct tls *tls, struct partner_context **context)
{
	struct partner_context *ended = *context;

	if (ended == NULL)
		return;
	*context = NULL;
	trust_put(tls, &ended->trust);
	SSL_CTX_free(ended->client);
	free(ended);
}

SSL_CTX *
partner_context_client(const struct partner_context *context)
{
	return (context->client);
}

X509_STORE *
partner_context_store(const struct partner_context *context)
{
	return (context->trust == NULL ? NULL : trust_store(context->trust));
}
