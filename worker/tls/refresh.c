#include "worker/tls/refresh.h"

#include <openssl/ssl.h>

#include "worker/tls/state.h"
#include "worker/tls/tickets.h"

/*
 * One is enough, where OpenSSL by itself would send two: each transfer brings
 * another, and a ticket costs a sealed session in the shared cache.
 */
void
refresh_owe(struct tls_channel *channel)
{
	if (SSL_version(channel->ssl) < TLS1_3_VERSION)
		return;
	channel->owed = true;
	tickets_expect(channel);
}

void
refresh_pay(struct tls_channel *channel)
{
	if (!channel->owed || !channel->admitted)
		return;
	channel->owed = false;
	channel->first = true;
	(void)SSL_new_session_ticket(channel->ssl);
}

bool
tls_welcome_due(const struct tls_channel *control)
{
	return (control->owed && control->admitted && !control->failed);
}

void
tls_welcome(struct tls_channel *control)
{
	if (!tls_welcome_due(control))
		return;
	tls_channel_fresh();
	refresh_pay(control);
	/* What cannot be sent now goes with the next write, errors too. */
	if (SSL_in_init(control->ssl) && SSL_do_handshake(control->ssl) == 1)
		control->first = false;
}

static bool
issues_tickets(const struct tls_channel *control)
{
	return (control->kind == TLS_CONTROL && control->admitted &&
	    !control->failed && !control->closed &&
	    SSL_version(control->ssl) > TLS1_2_VERSION);
}

void
tls_refresh(struct tls_channel *control)
{
	if (!issues_tickets(control))
		return;
	tls_channel_fresh();
	/* Refused only where one waits to be sent already. */
	(void)SSL_new_session_ticket(control->ssl);
	control->queued = true;
}

uint32_t
tls_refresh_after(const struct tls_channel *control)
{
	uint64_t now = tls_now(), due;

	if (!issues_tickets(control) || control->ticket_issued == 0)
		return (0);
	due = tickets_due(control);
	return (due > now ? (uint32_t)(due - now) : 1);
}
