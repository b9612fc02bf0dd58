/*
 * TLS with another server, to exchange a file with it (FXP): who plays which
 * part, and whether the other one is who it should be.
 *
 * Its certificate must be good, and name the address that it has: by number,
 * or by the name that DNS has for it, which is asked for after the handshake.
 *
 * Where we play the server nobody says whether it is the session's client, or
 * another server, that has come: who resumes a session of the control
 * connection is the client, and who shows a certificate is judged by that.
 */
#include "worker/tls/partner.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "shm/ipc/body_ocsp.h"
#include "worker/tls/binding.h"
#include "worker/tls/contexts.h"
#include "worker/tls/outcome.h"
#include "worker/tls/partner_context.h"
#include "worker/tls/peer.h"
#include "worker/tls/state.h"
#include "worker/tls/verify.h"

struct partner {
	struct tls_fxp facts;
	bool lenient;  /* a bad certificate is no end: it may be the client */
	bool bad;      /* the certificate is */
	bool pending;  /* the name of the address decides */
	bool verified; /* it is whom it should be */
};

struct partner *
partner_new(const struct tls_fxp *facts)
{
	struct partner *partner = calloc(1, sizeof(*partner));

	if (partner != NULL)
		partner->facts = *facts;
	return (partner);
}

void
partner_free(struct partner **partner)
{
	free(*partner);
	*partner = NULL;
}

bool
partner_is_client(const struct tls_channel *channel)
{
	return (channel->partner != NULL && channel->partner->facts.client);
}

static enum conf_verify_server
mode(const struct tls_channel *channel)
{
	return (tls_conf(channel->login)->verify_server);
}

/* The common name counts only in a certificate without any other name. */
static bool
has_name(X509 *cert, const char *name, size_t len, unsigned int flags)
{
	if (X509_get_ext_by_NID(cert, NID_subject_alt_name, -1) >= 0)
		flags |= X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;
	return (X509_check_host(cert, name, len, flags, NULL) == 1);
}

static bool
names_address(X509 *cert, const struct address *address)
{
	char text[ADDRESS_TEXT_MAX];
	size_t skip = address_is_v4(address) ? 12 : 0;

	if (X509_check_ip(cert, address->ip + skip, sizeof(address->ip) - skip,
		0) == 1)
		return (true);
	(void)address_text(address, text);
	return (
	    has_name(cert, text, strlen(text), X509_CHECK_FLAG_NO_WILDCARDS));
}

/* --- the certificate ------------------------------------------------------ */

static const char *
words_for(int error, const char **key)
{
	*key = NULL;
	if (error == X509_V_ERR_INVALID_PURPOSE)
		return ("it is not made for servers");
	if (error == X509_V_ERR_IP_ADDRESS_MISMATCH)
		return ("it does not name the address of the server");
	return (verify_explain(error, key));
}

static void
note(struct tls_channel *channel, X509_STORE_CTX *ctx, int depth)
{
	int error = X509_STORE_CTX_get_error(ctx);
	const char *key = NULL;
	char subject[TLS_SUBJECT_MAX];

	channel->objection = words_for(error, &key);
	tls_channel_because(channel,
	    "the certificate of the other server is refused: %s (depth %d, "
	    "\"%s\"%s%s)",
	    channel->objection, depth,
	    peer_subject(X509_STORE_CTX_get_current_cert(ctx), subject),
	    key == NULL ? "" : "; see tls.", key == NULL ? "" : key);
}

/* What can be said of its names at once: the other server gets an alert. */
static bool
is_named(const struct tls_channel *channel, X509_STORE_CTX *ctx, int depth)
{
	bool named;

	if (depth > 0 || mode(channel) != CONF_VERIFY_SERVER_NO_DNS)
		return (true);
	named = names_address(X509_STORE_CTX_get_current_cert(ctx),
	    &channel->partner->facts.peer);
	if (!named)
		X509_STORE_CTX_set_error(ctx, X509_V_ERR_IP_ADDRESS_MISMATCH);
	return (named);
}

static int
judge(int good, X509_STORE_CTX *ctx)
{
	const SSL *ssl = X509_STORE_CTX_get_ex_data(ctx,
	    SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls_channel *channel = tls_channel_of(ssl);
	const struct conf_tls *conf = tls_conf(channel->login);
	int depth = X509_STORE_CTX_get_error_depth(ctx);

	if (good && (uint32_t)depth > conf->verify_depth) {
		X509_STORE_CTX_set_error(ctx, X509_V_ERR_CERT_CHAIN_TOO_LONG);
		good = 0;
	}
	/* Responders are not asked about servers. */
	if (!good && conf->verify_no_answer == CONF_NO_ANSWER_ACCEPT &&
	    verify_without_list(conf, X509_STORE_CTX_get_error(ctx))) {
		X509_STORE_CTX_set_error(ctx, X509_V_OK);
		good = 1;
	}
	if (good && is_named(channel, ctx, depth))
		return (1);
	channel->partner->bad = true;
	if (channel->partner->lenient)
		return (1);
	note(channel, ctx, depth);
	return (0);
}

SSL *
partner_ssl(const struct tls_channel *channel)
{
	const struct partner_context *context =
	    contexts_partner(channel->login);

	return (
	    context == NULL ? NULL : SSL_new(partner_context_client(context)));
}

/* The client need not show a certificate, and who resumes shows none. */
static int
server_mode(const struct partner *partner)
{
	return (partner->lenient
		? SSL_VERIFY_PEER
		: SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT);
}

int
partner_apply(struct tls_channel *channel)
{
	const struct partner_context *context;
	struct partner *partner = channel->partner;
	X509_STORE *store;

	if (mode(channel) == CONF_VERIFY_SERVER_OFF ||
	    (!partner->facts.client && binding_relaxed(channel->login)))
		return (0);
	context = contexts_partner(channel->login);
	store = context == NULL ? NULL : partner_context_store(context);
	/* Whatever its part, it is a server. */
	if (store == NULL ||
	    SSL_set1_verify_cert_store(channel->ssl, store) != 1 ||
	    SSL_set_purpose(channel->ssl, X509_PURPOSE_SSL_SERVER) != 1) {
		tls_channel_because(channel,
		    "other servers cannot be verified here");
		return (-1);
	}
	partner->lenient = !partner->facts.client && !partner->facts.foreign;
	SSL_set_verify(channel->ssl,
	    partner->facts.client ? SSL_VERIFY_PEER : server_mode(partner),
	    judge);
	SSL_set_verify_depth(channel->ssl,
	    (int)tls_conf(channel->login)->verify_depth);
	return (0);
}

/* --- its names ------------------------------------------------------------ */

static void
accept_peer(struct tls_channel *channel)
{
	channel->partner->verified = true;
	channel->bound = true;
	channel->unbound = NULL;
}

static void
refuse_peer(struct tls_channel *channel, const char *why)
{
	channel->objection = "it is for another";
	channel->unbound = why;
	channel->bound = false;
}

static void
check_names(struct tls_channel *channel)
{
	X509 *cert = SSL_get0_peer_certificate(channel->ssl);

	if (cert != NULL && names_address(cert, &channel->partner->facts.peer))
		accept_peer(channel);
	else if (cert == NULL || mode(channel) == CONF_VERIFY_SERVER_NO_DNS)
		refuse_peer(channel,
		    "the certificate of the other server does not name its "
		    "address");
	else
		channel->partner->pending = true;
	ERR_clear_error();
}

void
partner_check(struct tls_channel *channel)
{
	const struct partner *partner = channel->partner;

	if (partner->facts.client) {
		if (mode(channel) == CONF_VERIFY_SERVER_OFF)
			channel->bound = true;
		else
			check_names(channel);
		return;
	}
	if (mode(channel) == CONF_VERIFY_SERVER_OFF ||
	    binding_relaxed(channel->login) ||
	    SSL_session_reused(channel->ssl) || partner->bad ||
	    SSL_get0_peer_certificate(channel->ssl) == NULL)
		binding_check(channel);
	else
		check_names(channel);
}

bool
tls_bound_pending(const struct tls_channel *channel)
{
	return (channel->partner != NULL && channel->partner->pending);
}

/* With a dot in front it would stand for all that end so. */
static bool
names_host(X509 *cert, struct seal_data name)
{
	bool named;

	named = cert != NULL && name.len > 0 && name.len <= DNS_NAME_MAX_LEN &&
	    memchr(name.data, '\0', name.len) == NULL &&
	    *(const char *)name.data != '.' &&
	    has_name(cert, (const char *)name.data, name.len,
		X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	ERR_clear_error();
	return (named);
}

void
tls_bound_name(struct tls_channel *channel, struct seal_data name,
    const char *why)
{
	struct log_subject subject = tls_subject(channel->login);

	if (!tls_bound_pending(channel))
		return;
	channel->partner->pending = false;
	if (name.len == 0)
		log_event(LOG_LEVEL_INFO, LOG_STREAM_TLS, &subject,
		    "reverse DNS of the other server: %s", why);
	if (names_host(SSL_get0_peer_certificate(channel->ssl), name))
		accept_peer(channel);
	else
		refuse_peer(channel,
		    "the certificate of the other server names neither its "
		    "address nor the name of that in DNS");
	outcome_established(channel);
}

bool
tls_unverified(const struct tls_channel *channel)
{
	return (channel->partner != NULL && channel->objection != NULL);
}
