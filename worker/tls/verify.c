/*
 * Whether a client's certificate is good: by the library's own check of the
 * whole chain, in the handshake, and again before its session is resumed.
 */
#include "worker/tls/verify.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#include "worker/tls/admission.h"
#include "worker/tls/contexts.h"
#include "worker/tls/peer.h"
#include "worker/tls/state.h"
#include "worker/tls/trust.h"

static const struct {
	int error;
	const char *words;
	const char *key; /* of the configuration, where to look */
} explanations[] = {
	{ X509_V_ERR_CERT_HAS_EXPIRED, "it has expired", NULL },
	{ X509_V_ERR_CERT_NOT_YET_VALID, "it is not valid yet", NULL },
	{ X509_V_ERR_CERT_REVOKED, "it is revoked", NULL },
	{ X509_V_ERR_CERT_CHAIN_TOO_LONG, "its chain is too long",
	    "verify_depth" },
	{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, "its issuer is unknown",
	    "ca_certificate_file" },
	{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, "its issuer is unknown",
	    "ca_certificate_file" },
	{ X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, "its issuer is unknown",
	    "ca_certificate_file" },
	{ X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
	    "its chain ends in an authority that is not trusted",
	    "ca_certificate_file" },
	{ X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
	    "it is self-signed and not trusted", "ca_certificate_file" },
	{ X509_V_ERR_UNABLE_TO_GET_CRL,
	    "there is no revocation list of its issuer", "ca_revocation_file" },
	{ X509_V_ERR_CRL_HAS_EXPIRED,
	    "the revocation list of its issuer has expired",
	    "ca_revocation_file" },
	{ X509_V_ERR_CRL_NOT_YET_VALID,
	    "the revocation list of its issuer is not valid yet",
	    "ca_revocation_file" },
	{ X509_V_ERR_CRL_SIGNATURE_FAILURE,
	    "the revocation list of its issuer has a bad signature",
	    "ca_revocation_file" },
	{ X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER,
	    "the issuer of the revocation list is unknown",
	    "ca_certificate_file" },
	{ X509_V_ERR_INVALID_PURPOSE, "it is not made for clients", NULL },
	{ X509_V_ERR_CERT_SIGNATURE_FAILURE, "its signature is bad", NULL },
	{ X509_V_ERR_EE_KEY_TOO_SMALL, "its key is too weak", NULL },
	{ X509_V_ERR_CA_KEY_TOO_SMALL, "the key of its issuer is too weak",
	    NULL },
	{ X509_V_ERR_CA_MD_TOO_WEAK, "its signature is too weak", NULL },
};

const char *
verify_explain(int error, const char **key)
{
	size_t i;

	*key = NULL;
	for (i = 0; i < NITEMS(explanations); i++)
		if (explanations[i].error == error) {
			*key = explanations[i].key;
			return (explanations[i].words);
		}
	return (X509_verify_cert_error_string(error));
}

/* Notes in the channel what is wrong with the certificate at depth. */
static void
note(struct tls_channel *channel, X509_STORE_CTX *ctx, int depth)
{
	const char *key;
	char subject[TLS_SUBJECT_MAX];

	channel->objection =
	    verify_explain(X509_STORE_CTX_get_error(ctx), &key);
	tls_channel_because(channel,
	    "the client's certificate is refused: %s (depth %d, \"%s\"%s%s)",
	    channel->objection, depth,
	    peer_subject(X509_STORE_CTX_get_current_cert(ctx), subject),
	    key == NULL ? "" : "; see tls.", key == NULL ? "" : key);
}

static void
trace(const struct tls_channel *channel, X509_STORE_CTX *ctx, int depth)
{
	char subject[TLS_SUBJECT_MAX];

	if (!trace_on(TLS_VERIFY, 5))
		return;
	tls_trace(channel->login, TLS_VERIFY, 5, "depth %d, \"%s\": %s", depth,
	    peer_subject(X509_STORE_CTX_get_current_cert(ctx), subject),
	    X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
}

/* Something else may say it, or need not. */
bool
verify_without_list(const struct conf_tls *conf, int error)
{
	return ((error == X509_V_ERR_UNABLE_TO_GET_CRL ||
		    error == X509_V_ERR_CRL_HAS_EXPIRED ||
		    error == X509_V_ERR_CRL_NOT_YET_VALID) &&
	    (conf->verify_no_answer == CONF_NO_ANSWER_ACCEPT ||
		conf_tls_consults(conf, CONF_MECHANISM_OCSP)));
}

/*
 * Called for each error, and for each certificate of a chain that is good so
 * far.  The library's own limit is about intermediate ones only.
 */
static int
judge(int good, X509_STORE_CTX *ctx)
{
	const SSL *ssl = X509_STORE_CTX_get_ex_data(ctx,
	    SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls_channel *channel = tls_channel_of(ssl);
	int depth = X509_STORE_CTX_get_error_depth(ctx);

	if (good && (uint32_t)depth > tls_conf(channel->login)->verify_depth) {
		X509_STORE_CTX_set_error(ctx, X509_V_ERR_CERT_CHAIN_TOO_LONG);
		good = 0;
	}
	if (!good &&
	    verify_without_list(tls_conf(channel->login),
		X509_STORE_CTX_get_error(ctx))) {
		channel->no_list = true;
		X509_STORE_CTX_set_error(ctx, X509_V_OK);
		good = 1;
	}
	if (!good)
		note(channel, ctx, depth);
	trace(channel, ctx, depth);
	return (good);
}

void
verify_apply(SSL *ssl, const struct conf_tls *conf)
{
	switch (conf->verify_client) {
	case CONF_VERIFY_OFF:
		SSL_set_verify(ssl, SSL_VERIFY_NONE, NULL);
		return;
	case CONF_VERIFY_OPTIONAL:
		SSL_set_verify(ssl, SSL_VERIFY_PEER, judge);
		break;
	case CONF_VERIFY_ON:
		SSL_set_verify(ssl,
		    SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, judge);
		break;
	}
	SSL_set_verify_depth(ssl, (int)conf->verify_depth);
}

/* Makes ctx as the library makes it for a handshake. */
static int
prepare(X509_STORE_CTX *ctx, struct tls_channel *channel, X509 *cert)
{
	const struct trust *trust = contexts_trust(channel->login);
	X509_STORE *store = NULL;
	X509_VERIFY_PARAM *param;

	if (trust == NULL ||
	    SSL_get0_verify_cert_store(channel->ssl, &store) != 1 ||
	    store == NULL ||
	    X509_STORE_CTX_init(ctx, store, cert, trust_seen(trust)) != 1 ||
	    X509_STORE_CTX_set_ex_data(ctx,
		SSL_get_ex_data_X509_STORE_CTX_idx(), channel->ssl) != 1 ||
	    X509_STORE_CTX_set_default(ctx, "ssl_client") != 1)
		return (-1);
	param = X509_STORE_CTX_get0_param(ctx);
	if (X509_VERIFY_PARAM_set1(param, SSL_get0_param(channel->ssl)) != 1)
		return (-1);
	X509_VERIFY_PARAM_set_auth_level(param,
	    SSL_get_security_level(channel->ssl));
	X509_STORE_CTX_set_verify_cb(ctx, judge);
	return (0);
}

static bool
is_good(struct tls_channel *channel, X509 *cert)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	bool good;

	channel->no_list = false;
	good = ctx != NULL && prepare(ctx, channel, cert) == 0 &&
	    X509_verify_cert(ctx) == 1;
	if (good &&
	    (admission_asks(tls_conf(channel->login)) || channel->no_list)) {
		sk_X509_pop_free(channel->chain, X509_free);
		channel->chain = X509_STORE_CTX_get1_chain(ctx);
	}
	X509_STORE_CTX_free(ctx);
	return (good);
}

/* Whether the session was made under the policy that its host has now. */
static bool
is_ours(const struct tls_channel *channel, const SSL_SESSION *session)
{
	const struct tls_login *login = channel->login;
	const unsigned char *id;
	unsigned int len;

	id = SSL_SESSION_get0_id_context(session, &len);
	return (len == sizeof(login->context_id) &&
	    memcmp(id, login->context_id, len) == 0);
}

/* Whatever went wrong here is none of the handshake's business. */
static bool
is_still_good(struct tls_channel *channel, X509 *cert)
{
	bool good;

	(void)ERR_set_mark();
	good = is_good(channel, cert);
	(void)ERR_pop_to_mark();
	if (good)
		return (true);
	tls_channel_because(channel, "memory is short");
	verify_log(channel, "a session is not resumed");
	free(channel->reason);
	channel->reason = NULL;
	channel->objection = NULL;
	return (false);
}

bool
verify_session(struct tls_channel *channel, SSL_SESSION *session)
{
	const struct conf_tls *conf = tls_conf(channel->login);
	X509 *cert;

	if (conf->verify_client == CONF_VERIFY_OFF)
		return (true);
	if (!is_ours(channel, session))
		return (false);
	cert = SSL_SESSION_get0_peer(session);
	if (cert == NULL)
		return (conf->verify_client == CONF_VERIFY_OPTIONAL);
	channel->verified = is_still_good(channel, cert);
	return (channel->verified);
}

void
verify_log(struct tls_channel *channel, const char *what)
{
	struct log_subject subject = tls_subject(channel->login);

	log_event(LOG_LEVEL_NOTICE, LOG_STREAM_TLS, &subject, "%s: %s", what,
	    tls_reason(channel));
}
