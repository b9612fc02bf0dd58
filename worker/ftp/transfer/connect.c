/* PASV, CPSV, EPSV, PORT, EPRT: where the next data connection comes from. */
#include <errno.h>
#include <string.h>

#include "worker/ftp/state.h"
#include "worker/ftp/syntax/args.h"
#include "worker/ftp/transfer/data.h"
#include "worker/ftp/transfer/fxp.h"
#include "worker/ftp/verbs.h"

#define LOWEST_PORT 1024 /* below are services: RFC 2577 */

static enum flow
no_listener(struct session *session, int error)
{
	session_log(session, WARNING, "no port for a data connection: %s",
	    strerror(error));
	if (error == EADDRINUSE)
		score_add(session->worker->score, SCORE_NO_PORT, 1);
	return (session_answer(session, 425,
	    "No port is free for a data connection."));
}

static bool
is_for(const struct conf_told *told, const struct address *peer)
{
	return (told->everywhere || conf_network_has(&told->network, peer));
}

/* What the list says to this client; NULL: nothing. */
static const struct address *
told(const struct session *session, const struct conf_addresses *list)
{
	const struct worker *worker = session->worker;
	const struct address *address = NULL;
	size_t i;

	for (i = 0; i < list->count && address == NULL; i++) {
		if (!is_for(&list->items[i], &session->peer))
			continue;
		address = &list->items[i].address;
		if (list->items[i].number > 0)
			address = &worker->names[list->items[i].number - 1];
	}
	if (address == NULL)
		return (NULL);
	/* PASV can say no other than an IPv4 address. */
	if (address_is_any(address) || !address_is_v4(address))
		return (&session->local);
	return (address);
}

/* Also after CCC: what is between us and the client has not changed. */
static const struct address *
shown_address(const struct session *session)
{
	const struct address *address = NULL;

	if (session->tls != NULL)
		address =
		    told(session, &session->host->tls.masquerade_addresses);
	if (address == NULL)
		address = told(session, &session->host->passive_addresses);
	return (address == NULL ? &session->local : address);
}

static enum flow
passive(struct session *session, bool client)
{
	const struct address *shown;
	unsigned int port;
	int error;

	if (!address_is_v4(&session->local))
		return (session_answer(session, 425,
		    "PASV is for IPv4 only: use EPSV."));
	error = data_listen(session);
	if (error != 0)
		return (no_listener(session, error));
	session->data.client = client;
	shown = shown_address(session);
	port = session->data.port;
	return (session_answer(session, 227,
	    "Entering Passive Mode (%u,%u,%u,%u,%u,%u).", shown->ip[12],
	    shown->ip[13], shown->ip[14], shown->ip[15], port >> 8,
	    port & 0xff));
}

enum flow
verb_pasv(struct session *session, const char *text)
{
	(void)text;
	return (passive(session, false));
}

/* PASV for one transfer in which we play the client of TLS. */
enum flow
verb_cpsv(struct session *session, const char *text)
{
	(void)text;
	if (!session->prot_private)
		return (session_answer(session, 521,
		    "CPSV is for protected data connections: send PROT P."));
	if (!fxp_allowed(session))
		return (session_answer(session, 550,
		    "No transfers with other servers here (allow_fxp)."));
	return (passive(session, true));
}

/* RFC 2428: with the one that this control connection has. */
static enum flow
wrong_family(struct session *session)
{
	return (session_answer(session, 522,
	    "Network protocol not supported, use (%d).",
	    address_is_v4(&session->local) ? 1 : 2));
}

enum flow
verb_epsv(struct session *session, const char *text)
{
	enum args_result result;
	enum args_epsv value;
	int error;

	result = args_epsv(text, &value);
	if (result == ARGS_SYNTAX)
		return (
		    session_answer(session, 501, "Syntax: EPSV [1 | 2 | ALL]"));
	if (result == ARGS_OK && value == ARGS_EPSV_ALL) {
		session->epsv_all = true;
		return (session_answer(session, 200,
		    "Only EPSV is accepted from now on."));
	}
	if (result != ARGS_OK ||
	    (value == ARGS_EPSV_V4 && !address_is_v4(&session->local)) ||
	    (value == ARGS_EPSV_V6 && address_is_v4(&session->local)))
		return (wrong_family(session));
	error = data_listen(session);
	if (error != 0)
		return (no_listener(session, error));
	return (session_answer(session, 229,
	    "Entering Extended Passive Mode (|||%u|).",
	    (unsigned int)session->data.port));
}

/*
 * Not a third party's port (bounce), but that of a server which the
 * configuration knows; and nowhere a service.
 */
static bool
may_connect(const struct session *session, const struct address *target)
{
	if (target->port < LOWEST_PORT)
		return (false);
	if (address_same_ip(target, &session->peer))
		return (true);
	return (address_is_v4(target) == address_is_v4(&session->local) &&
	    fxp_is_peer(session, target));
}

static enum flow
set_target(struct session *session, const struct address *target)
{
	char text[ADDRESS_TEXT_MAX];

	if (!may_connect(session, target)) {
		session_log(session, NOTICE,
		    "refused a data connection to %s port %u",
		    address_text(target, text), (unsigned int)target->port);
		return (session_answer(session, 504,
		    fxp_allowed(session)
			? "Only your own address and servers that may take "
			  "part (fxp_peers), and ports from %d on."
			: "Only your own address, and ports from %d on.",
		    LOWEST_PORT));
	}
	if (data_target(session, target) != 0)
		return (session_answer(session, 451, "Out of memory."));
	if (!address_same_ip(target, &session->peer))
		session_log(session, INFO,
		    "the next data connection is for the server %s port %u",
		    address_text(target, text), (unsigned int)target->port);
	return (session_answer(session, 200, "OK."));
}

enum flow
verb_port(struct session *session, const char *text)
{
	struct address target;

	if (args_port(text, &target) != ARGS_OK)
		return (session_answer(session, 501,
		    "Syntax: PORT h1,h2,h3,h4,p1,p2"));
	if (!address_is_v4(&session->local))
		return (session_answer(session, 504,
		    "PORT is for IPv4 only: use EPRT."));
	return (set_target(session, &target));
}

enum flow
verb_eprt(struct session *session, const char *text)
{
	struct address target;

	switch (args_eprt(text, &target)) {
	case ARGS_OK:
		break;
	case ARGS_SYNTAX:
		return (session_answer(session, 501,
		    "Syntax: EPRT |family|address|port|"));
	case ARGS_UNSUPPORTED:
		return (wrong_family(session));
	}
	if (address_is_v4(&target) != address_is_v4(&session->local))
		return (wrong_family(session));
	return (set_target(session, &target));
}
