/*
 * Which control connection a session belongs to.
 *
 * Each login has a random number, its binding, which travels inside the
 * sessions that its control connection issues: in the part of a ticket that
 * only we can read, or in the cached session.  A data connection is the
 * client's own if the session it resumed bears the login's binding.
 */
#include "worker/tls/binding.h"

#include <openssl/ssl.h>
#include <string.h>

#include "shm/base/secret.h"
#include "worker/tls/peer.h"
#include "worker/tls/psk.h"
#include "worker/tls/state.h"

void
binding_put(SSL_SESSION *session, const struct tls_login *login)
{
	const struct psk_owner *owner = psk_owner(login);
	uint8_t data[BINDING_LEN + PSK_OWNER_MAX];
	size_t len = BINDING_LEN;

	memcpy(data, login->binding, BINDING_LEN);
	if (owner != NULL)
		len += psk_write(owner, data + len);
	/* Without memory the session is unbound, and refused later. */
	(void)SSL_SESSION_set1_ticket_appdata(session, data, len);
}

void
binding_clear(SSL_SESSION *session)
{
	(void)SSL_SESSION_set1_ticket_appdata(session, NULL, 0);
}

bool
binding_of(SSL_SESSION *session, uint8_t binding[BINDING_LEN])
{
	static const uint8_t none[BINDING_LEN]; /* that of a pre-shared key */
	void *data = NULL;
	size_t len = 0;

	if (session == NULL ||
	    SSL_SESSION_get0_ticket_appdata(session, &data, &len) != 1 ||
	    data == NULL || len < BINDING_LEN ||
	    memcmp(data, none, BINDING_LEN) == 0)
		return (false);
	memcpy(binding, data, BINDING_LEN);
	return (true);
}

/*
 * Up to TLS 1.2 a client that resumed goes on using the session that it has:
 * no new one is issued.  So that session's binding becomes ours.
 */
void
binding_adopt(struct tls_channel *channel)
{
	uint8_t binding[BINDING_LEN];

	if (!SSL_session_reused(channel->ssl) ||
	    SSL_version(channel->ssl) > TLS1_2_VERSION)
		return;
	if (binding_of(SSL_get_session(channel->ssl), binding))
		memcpy(channel->login->binding, binding, BINDING_LEN);
}

bool
binding_relaxed(const struct tls_login *login)
{
	if (login->free ||
	    (tls_conf(login)->options & CONF_TLS_NO_SESSION_REUSE_REQUIRED) !=
		0)
		return (true);
	/* As with mod_tls, "off" also means that nothing is demanded. */
	return (!login->tls->conf->session_cache);
}

/* After CCC no fresh ticket can reach the client any more. */
static bool
need_not_resume(const struct tls_login *login)
{
	return (binding_relaxed(login) || login->control == NULL);
}

void
binding_check(struct tls_channel *channel)
{
	const struct tls_login *login = channel->login;
	uint8_t binding[BINDING_LEN];

	channel->stranger = !peer_is_same(login, channel->ssl);
	if (channel->stranger) {
		channel->unbound = "the client does not show the certificate "
				   "of its control connection";
		return;
	}
	channel->bound = true;
	if (need_not_resume(login))
		return;
	if (!SSL_session_reused(channel->ssl))
		channel->unbound = "the client did not resume the session of "
				   "its control connection";
	else if (!binding_of(SSL_get_session(channel->ssl), binding) ||
	    !secret_equal(binding, login->binding, BINDING_LEN))
		channel->unbound = "the client resumed the session of another "
				   "control connection";
	channel->bound = channel->unbound == NULL;
	tls_trace(login, TLS_SESSION, 5, "data connection %s",
	    channel->bound ? "resumed the login's session" : channel->unbound);
}
