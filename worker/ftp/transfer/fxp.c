#include "worker/ftp/transfer/fxp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "worker/asker.h"
#include "worker/ftp/policy.h"
#include "worker/ftp/transfer/transfer.h"
#include "worker/ftp/verbs.h"

/* For the process that asks to be replaced, besides what asking may take. */
#define EXTRA_MS 2000

/* Of a transfer, only while the name of a server is asked for. */
struct fxp {
	struct session *session;
	struct asker_question question;
};

bool
fxp_allowed(const struct session *session)
{
	const bool *allow = policy_find(session, NULL, CONF_FIELD(allow_fxp));

	return (*allow);
}

/* Our own services: only who names their network on purpose means them. */
static bool
is_loopback(const struct address *address)
{
	static const uint8_t v6[16] = { [15] = 1 };

	return (address_is_v4(address)
		? address->ip[12] == 127
		: memcmp(address->ip, v6, sizeof(v6)) == 0);
}

static bool
has(const struct conf_network *network, const struct address *address)
{
	if (!conf_network_has(network, address))
		return (false);
	return (!is_loopback(address) || is_loopback(&network->address));
}

bool
fxp_is_peer(const struct session *session, const struct address *address)
{
	const struct conf_networks *list;
	size_t i;

	if (!fxp_allowed(session) || address_is_any(address))
		return (false);
	list = policy_find(session, NULL, CONF_FIELD(fxp_peers));
	for (i = 0; i < list->count; i++)
		if (has(&list->items[i], address))
			return (true);
	return (false);
}

static int
peer_of(const struct stream *stream, struct address *address)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);

	if (getpeername(stream_fd(stream), (struct sockaddr *)&sa, &len) != 0)
		return (-1);
	return (address_from_sockaddr(address, (struct sockaddr *)&sa));
}

bool
fxp_describe(const struct session *session, const struct stream *stream,
    bool client, struct tls_fxp *facts)
{
	if (!fxp_allowed(session) || peer_of(stream, &facts->peer) != 0)
		return (false);
	facts->client = client;
	facts->foreign = !address_same_ip(&facts->peer, &session->peer);
	return (client || fxp_is_peer(session, &facts->peer));
}

/* --- the name of its address ---------------------------------------------- */

static void
give(struct session *session, const struct asker_answer *answer)
{
	const struct seal_data name = { answer->data, answer->len };

	tls_bound_name(stream_tls(session->transfer->stream), name,
	    answer->text);
}

static void
answered(const struct asker_answer *answer, void *context)
{
	const struct fxp *fxp = context;

	give(fxp->session, answer);
	session_run(fxp->session);
}

static int
begin(struct session *session)
{
	struct transfer *transfer = session->transfer;
	struct fxp *fxp = calloc(1, sizeof(*fxp));

	if (fxp == NULL)
		return (-1);
	if (peer_of(transfer->stream, &fxp->question.address) != 0) {
		free(fxp);
		return (-1);
	}
	transfer->fxp = fxp;
	fxp->session = session;
	fxp->question.answered = answered;
	fxp->question.context = fxp;
	fxp->question.about_name = true;
	asker_ask(session->worker->asker, &fxp->question);
	return (0);
}

bool
fxp_ask(struct session *session)
{
	static const struct asker_answer none = { NULL, 0,
		"the ocsp process does not answer" };
	uint64_t ms =
	    session->worker->conf->ocsp_timeout * UINT64_C(1000) + EXTRA_MS;
	struct transfer *transfer = session->transfer;

	if (!tls_bound_pending(stream_tls(transfer->stream)))
		return (false);
	if ((transfer->fxp != NULL || begin(session) == 0) &&
	    !session_expired(session, ms))
		return (true);
	fxp_free(&transfer->fxp);
	give(session, &none);
	return (false);
}

void
fxp_free(struct fxp **fxp)
{
	if (*fxp == NULL)
		return;
	asker_forget(&(*fxp)->question);
	free(*fxp);
	*fxp = NULL;
}

/* --- SSCN ----------------------------------------------------------------- */

static enum flow
set_method(struct session *session, bool client)
{
	/* What came early has shaken hands in the other part. */
	if (client != session->sscn && session->data.early != NULL)
		data_drop(session);
	session->sscn = client;
	return (session_answer(session, 200, "SSCN:%s METHOD",
	    client ? "CLIENT" : "SERVER"));
}

/* Clients go by these texts, in capital letters. */
enum flow
verb_sscn(struct session *session, const char *text)
{
	if (session->tls == NULL)
		return (session_answer(session, 500, "Send AUTH TLS first."));
	if (!session->logged_in)
		return (session_answer(session, 530,
		    "Please log in with USER and PASS."));
	if (strchr(text, ' ') != NULL)
		return (session_answer(session, 504, "Syntax: SSCN [ON|OFF]"));
	if (*text == '\0')
		return (set_method(session, session->sscn));
	if (strcmp(text, "OFF") == 0)
		return (set_method(session, false));
	if (strcmp(text, "ON") != 0)
		return (session_answer(session, 501, "Syntax: SSCN [ON|OFF]"));
	if (!fxp_allowed(session))
		return (session_answer(session, 550,
		    "No transfers with other servers here (allow_fxp)."));
	return (set_method(session, true));
}
