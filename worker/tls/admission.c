/*
 * Whether the client of a control connection may come in, once its handshake
 * is over.
 */
#include "worker/tls/admission.h"

#include <openssl/ssl.h>

#include "shm/base/ensure.h"
#include "shm/board/score.h"
#include "worker/tls/contexts.h"
#include "worker/tls/inquiry.h"
#include "worker/tls/names.h"
#include "worker/tls/peer.h"
#include "worker/tls/rekey.h"
#include "worker/tls/sessions.h"
#include "worker/tls/state.h"
#include "worker/tls/trust.h"
#include "worker/tls/verify.h"

bool
admission_asks(const struct conf_tls *conf)
{
	if (conf->verify_client == CONF_VERIFY_OFF)
		return (false);
	return (conf_tls_consults(conf, CONF_MECHANISM_OCSP) ||
	    (conf->verify_client == CONF_VERIFY_ON &&
		(conf->options & NAMES_OPTIONS) != 0));
}

void
admission_begin(struct tls_channel *control)
{
	const struct conf_tls *conf = tls_conf(control->login);

	if (conf->verify_client == CONF_VERIFY_OFF) {
		control->admitted = true;
		rekey_begin(control);
		return;
	}
	peer_note(control);
	if (SSL_session_reused(control->ssl) == 0 &&
	    contexts_trust(control->login) != NULL)
		trust_remember(contexts_trust(control->login),
		    SSL_get0_verified_chain(control->ssl));
}

/*
 * Why the client may not come in; NULL: it may.  The handshake has seen to all
 * of this: here it is made sure of.
 */
static const char *
objection(const struct tls_channel *control)
{
	const struct peer *peer = control->login->peer;

	if (peer != NULL)
		return (peer->facts.verified ? NULL : "it is not verified");
	if (SSL_get0_peer_certificate(control->ssl) != NULL)
		return ("memory is short");
	if (tls_conf(control->login)->verify_client == CONF_VERIFY_ON)
		return ("there is none");
	return (NULL);
}

/* The objection, a literal, is for the client, and the detail for the log. */
static enum tls_admission
refuse(struct tls_channel *control, const char *objection_text,
    const char *detail)
{
	control->refused = true;
	control->objection = objection_text;
	tls_channel_because(control, "the client's certificate is refused: %s",
	    detail);
	score_add(control->login->tls->score, SCORE_HANDSHAKES_FAILED, 1);
	score_add(control->login->tls->score, SCORE_FAILED_CLIENT_CERTIFICATE,
	    1);
	verify_log(control, "TLS client refused");
	return (TLS_REFUSED);
}

/* What was only needed to decide. */
static void
forget(struct tls_channel *control)
{
	inquiry_free(&control->inquiry);
	sk_X509_pop_free(control->chain, X509_free);
	control->chain = NULL;
}

enum tls_admission
tls_admission(struct tls_channel *control)
{
	enum tls_admission admission = TLS_ADMITTED;
	struct inquiry_refusal refusal;
	const char *why;

	ensure(control->kind == TLS_CONTROL && control->established);
	if (control->admitted)
		return (TLS_ADMITTED);
	if (control->refused)
		return (TLS_REFUSED);
	why = objection(control);
	if (why != NULL)
		return (refuse(control, why, why));
	if (admission_asks(tls_conf(control->login)) || control->no_list)
		admission = inquiry_judge(control, &refusal);
	if (admission == TLS_PENDING)
		return (TLS_PENDING);
	if (admission == TLS_REFUSED)
		(void)refuse(control, refusal.objection, refusal.detail);
	forget(control);
	if (admission == TLS_REFUSED)
		return (TLS_REFUSED);
	control->admitted = true;
	sessions_admitted(control);
	rekey_begin(control);
	return (TLS_ADMITTED);
}

const char *
tls_objection(const struct tls_channel *channel)
{
	return (channel->objection);
}
