#include "worker/broker_tell.h"

#include <stdlib.h>
#include <string.h>

#include "shm/base/log.h"

void
broker_tell_start(struct broker_tell *tell, struct link_uv *link)
{
	tell->link = link;
	tell->nleft = 0;
	while (tell->first != NULL) {
		struct broker_client *client = tell->first;

		tell->first = client->next_unsent;
		client->next_unsent = NULL;
		client->previous_unsent = NULL;
		client->unsent = 0;
	}
	tell->last = NULL;
}

void
broker_tell_free(struct broker_tell *tell)
{
	broker_tell_start(tell, NULL);
	free(tell->left);
	tell->left = NULL;
	tell->left_size = 0;
}

static int
send_announce(struct broker_tell *tell, const struct broker_client *client)
{
	struct msg_session_announce body = {
		.session = client->session,
		.generation = tell->generation,
		.host = client->settled_host,
		.address = client->address,
		.token_len = (uint32_t)client->token_len,
	};
	struct channel_message message = {
		.type = MSG_SESSION_ANNOUNCE,
		.body = &body,
		.pieces = { { client->token, client->token_len } },
		.fd = -1,
	};

	return (link_uv_send(tell->link, &message));
}

static int
send_session(struct broker_tell *tell, struct broker_client *client)
{
	struct msg_session_open body = {
		.session = client->session,
		.generation = tell->generation,
		.host = client->asked_host,
		.address = client->address,
	};
	int ret;

	if (client->settled)
		ret = send_announce(tell, client);
	else
		ret = link_uv_post(tell->link, MSG_SESSION_OPEN, &body);
	if (ret == 0)
		client->known = true;
	return (ret);
}

/* The place is the session's own once login has been told. */
static int
renewed(struct broker_client *client, int ret)
{
	if (ret == 0 && client->place != 0) {
		client->place = 0;
		client->user = false;
	}
	return (ret);
}

static int
send_renew(struct broker_tell *tell, struct broker_client *client)
{
	struct msg_session_place body = {
		.session = client->session,
		.place = client->place,
	};

	if (client->place == 0)
		return (0);
	return (renewed(client,
	    link_uv_post(tell->link, MSG_SESSION_RENEW, &body)));
}

static int
send_logout(struct broker_tell *tell, struct broker_client *client)
{
	struct msg_session body = { .session = client->session };
	int ret = link_uv_post(tell->link, MSG_SESSION_LOGOUT, &body);

	if (ret == 0)
		client->user = false;
	return (ret);
}

static int
send_host(struct broker_tell *tell, struct broker_client *client)
{
	struct msg_session_host body = {
		.session = client->session,
		.place = client->place,
		.host = client->asked_host,
	};

	return (
	    renewed(client, link_uv_post(tell->link, MSG_SESSION_HOST, &body)));
}

static int
send_login(struct broker_tell *tell, struct broker_client *client)
{
	const struct broker_question *question = client->question;
	struct msg_login_request body = {
		.session = client->session,
		.place = client->place,
		.request = question->request,
		.generation = tell->generation,
		.host = client->host,
		.address = client->address,
		.tls = question->tls ? 1 : 0,
		.proof = question->proof,
		.user_len = question->user_len,
		.password_len = question->password_len,
	};
	struct channel_message message = {
		.type = MSG_LOGIN_REQUEST,
		.body = &body,
		.pieces = { { question->user, question->user_len },
		    { question->password, question->password_len } },
		.fd = -1,
	};

	return (renewed(client, link_uv_send(tell->link, &message)));
}

static int
send_agent(struct broker_tell *tell, struct broker_client *client)
{
	struct msg_agent_request body = {
		.session = client->session,
		.request = client->agent_request,
		.token_len = (uint32_t)client->token_len,
	};
	struct channel_message message = {
		.type = MSG_AGENT_REQUEST,
		.body = &body,
		.pieces = { { client->token, client->token_len } },
		.fd = -1,
	};

	return (link_uv_send(tell->link, &message));
}

static int
send_who(struct broker_tell *tell, struct broker_client *client)
{
	struct msg_session body = { .session = client->session };

	return (link_uv_post(tell->link, MSG_WHO_ASK, &body));
}

/* In the order in which login must hear it. */
static const struct {
	uint32_t bit;
	int (*send)(struct broker_tell *tell, struct broker_client *client);
} sendings[] = {
	{ BROKER_TELL_SESSION, send_session },
	{ BROKER_TELL_RENEW, send_renew },
	{ BROKER_TELL_LOGOUT, send_logout },
	{ BROKER_TELL_HOST, send_host },
	{ BROKER_TELL_LOGIN, send_login },
	{ BROKER_TELL_AGENT, send_agent },
	{ BROKER_TELL_WHO, send_who },
};

/* Whether everything about the client has been told. */
static bool
told(struct broker_tell *tell, struct broker_client *client)
{
	size_t i;

	for (i = 0; i < NITEMS(sendings); i++) {
		if ((client->unsent & sendings[i].bit) == 0)
			continue;
		if (sendings[i].send(tell, client) == -1)
			return (false);
		client->unsent &= ~sendings[i].bit;
	}
	return (true);
}

static void
enlist(struct broker_tell *tell, struct broker_client *client)
{
	client->unsent |= BROKER_TELL_LISTED;
	client->next_unsent = NULL;
	client->previous_unsent = tell->last;
	if (tell->last != NULL)
		tell->last->next_unsent = client;
	else
		tell->first = client;
	tell->last = client;
}

static void
delist(struct broker_tell *tell, struct broker_client *client)
{
	if (client->previous_unsent != NULL)
		client->previous_unsent->next_unsent = client->next_unsent;
	else
		tell->first = client->next_unsent;
	if (client->next_unsent != NULL)
		client->next_unsent->previous_unsent = client->previous_unsent;
	else
		tell->last = client->previous_unsent;
	client->next_unsent = NULL;
	client->previous_unsent = NULL;
	client->unsent = 0;
}

static int
send_close(struct broker_tell *tell, uint64_t session)
{
	struct msg_session body = { .session = session };

	return (link_uv_post(tell->link, MSG_SESSION_CLOSE, &body));
}

void
broker_tell_more(struct broker_tell *tell)
{
	if (tell->link == NULL)
		return;
	/* Those that left make room for others. */
	while (tell->nleft > 0) {
		if (send_close(tell, tell->left[tell->nleft - 1]) == -1)
			return;
		tell->nleft--;
	}
	while (tell->first != NULL) {
		if (!told(tell, tell->first))
			return;
		delist(tell, tell->first);
	}
}

void
broker_tell(struct broker_tell *tell, struct broker_client *client,
    uint32_t bits)
{
	if ((client->unsent & BROKER_TELL_LISTED) == 0)
		enlist(tell, client);
	client->unsent |= bits;
	broker_tell_more(tell);
}

static void
note_left(struct broker_tell *tell, uint64_t session)
{
	size_t size = tell->left_size == 0 ? 64 : tell->left_size * 2;
	uint64_t *larger;

	if (tell->nleft == tell->left_size) {
		larger = reallocarray(tell->left, size, sizeof(*larger));
		if (larger == NULL) {
			log_error("out of memory: session %llu stays counted "
				  "until login is restarted",
			    (unsigned long long)session);
			return;
		}
		tell->left = larger;
		tell->left_size = size;
	}
	tell->left[tell->nleft++] = session;
}

void
broker_tell_left(struct broker_tell *tell, struct broker_client *client)
{
	if ((client->unsent & BROKER_TELL_LISTED) != 0)
		delist(tell, client);
	if (!client->known || tell->link == NULL)
		return;
	client->known = false;
	broker_tell_closed(tell,
	    client->place != 0 ? client->place : client->session);
}

void
broker_tell_closed(struct broker_tell *tell, uint64_t session)
{
	if (tell->link != NULL && send_close(tell, session) == -1)
		note_left(tell, session);
}
