#include "worker/broker_own.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "shm/base/digest.h"
#include "shm/base/ensure.h"
#include "shm/base/log.h"
#include "shm/base/secret.h"
#include "worker/ending.h"
#include "worker/link_uv.h"
#include "worker/master_link.h"
#include "worker/worker.h"

/*
 * How long login may be away.  When it is restarted, or the master connects us
 * anew because it has cut us off, it is back sooner.
 */
#define ALONE_MS 120000

/* Questions -------------------------------------------------------------- */

static struct broker_question *
take_question(struct broker *broker)
{
	if (broker->nspares > 0)
		return (broker->spares[--broker->nspares]);
	return (
	    secret_alloc(sizeof(struct broker_question), SECRET_WIPE_ON_FORK));
}

void
broker_end_question(struct broker_client *client)
{
	struct broker *broker = client->broker;
	struct broker_question *question = client->question;

	client->question = NULL;
	client->unsent &= ~BROKER_TELL_LOGIN;
	if (question == NULL)
		return;
	secret_wipe(question, sizeof(*question));
	if (broker->nspares < SPARES)
		broker->spares[broker->nspares++] = question;
	else
		secret_free(question, sizeof(*question));
}

void
broker_drop_token(struct broker_client *client)
{
	if (client->token != NULL)
		secret_wipe(client->token, client->token_len);
	free(client->token);
	client->token = NULL;
	client->token_len = 0;
}

/* Channel ---------------------------------------------------------------- */

/* What login has not answered waits for its successor. */
static void
disconnect(struct broker *broker)
{
	broker_tell_start(&broker->tell, NULL);
	link_uv_free(&broker->link);
	broker_places_forget(&broker->places);
	/* Its successor does not know of the agents. */
	broker_agents_drop(&broker->agents);
	broker->connections++;
	deadline_set(broker->worker, &broker->alone, ALONE_MS);
}

static void
ended(void *context)
{
	struct broker *broker = context;

	disconnect(broker);
	master_link_lost(broker->worker->master, ROLE_LOGIN);
}

static void
alone(void *context)
{
	struct broker *broker = context;

	ending_without_login(broker->worker->ending);
}

static void
room(void *context)
{
	struct broker *broker = context;

	broker_tell_more(&broker->tell);
}

static const struct link_uv_handlers link_handlers = { broker_receive, ended,
	room };

/* Everything that a login which knows nothing has to hear about a client. */
static uint32_t
all_about(const struct broker_client *client)
{
	uint32_t bits = BROKER_TELL_SESSION;

	if (!client->settled && !client->joining)
		return (0); /* refused, and about to leave */
	if (client->settled && client->joining)
		bits |= BROKER_TELL_HOST;
	if (client->question != NULL)
		bits |= BROKER_TELL_LOGIN;
	if (client->agent_request != 0)
		bits |= BROKER_TELL_AGENT;
	if (client->asks_who)
		bits |= BROKER_TELL_WHO;
	return (bits);
}

void
broker_connect(struct broker *broker, int fd)
{
	struct broker_client *client = NULL;

	disconnect(broker);
	broker->link = link_uv_new(&broker->worker->loop, fd, ROLE_LOGIN,
	    &link_handlers, broker);
	if (broker->link == NULL) {
		log_error("no channel to login: %s", strerror(errno));
		master_link_lost(broker->worker->master, ROLE_LOGIN);
		return;
	}
	deadline_clear(&broker->alone);
	channel_running(link_uv_channel(broker->link));
	broker_tell_start(&broker->tell, broker->link);
	while ((client = broker_table_next(&broker->table, client)) != NULL) {
		client->known = false;
		client->place = 0;
		client->user = client->token != NULL;
		broker_tell(&broker->tell, client, all_about(client));
	}
}

struct broker *
broker_new(struct worker *worker)
{
	struct broker *broker = calloc(1, sizeof(*broker));

	if (broker == NULL)
		return (NULL);
	if (broker_table_init(&broker->table) == -1) {
		free(broker);
		return (NULL);
	}
	broker->worker = worker;
	deadline_init(&broker->alone, alone, broker);
	broker_places_init(&broker->places, worker, &broker->tell);
	broker_agents_init(&broker->agents, worker);
	broker->tell.generation = worker->conf->generation;
	return (broker);
}

void
broker_free(struct broker **broker)
{
	struct broker *ending = *broker;

	if (ending == NULL)
		return;
	ensure(ending->table.count == 0);
	*broker = NULL;
	deadline_clear(&ending->alone);
	broker_places_forget(&ending->places);
	broker_agents_drop(&ending->agents);
	broker_tell_free(&ending->tell);
	link_uv_free(&ending->link);
	broker_table_free(&ending->table);
	while (ending->nspares > 0)
		secret_free(ending->spares[--ending->nspares],
		    sizeof(struct broker_question));
	free(ending);
}

/* Clients ---------------------------------------------------------------- */

bool
broker_join(struct broker *broker, struct broker_client *client)
{
	ensure(client->broker == NULL && client->handlers != NULL);
	client->broker = broker;
	client->asked_host = client->host;
	broker_table_add(&broker->table, client);
	if (broker_places_take(&broker->places, client))
		return (true);
	client->joining = true;
	broker_tell(&broker->tell, client, all_about(client));
	return (false);
}

void
broker_move(struct broker_client *client, uint32_t host)
{
	bool asking = client->joining;

	client->host = host;
	client->joining = true;
	if (asking)
		return; /* verdict() sees to it */
	client->asked_host = host;
	broker_tell(&client->broker->tell, client, BROKER_TELL_HOST);
}

static void
forget_login(struct broker_client *client)
{
	broker_end_question(client);
	broker_forget_agent(client);
	broker_forget_who(client);
	broker_drop_token(client);
}

/* A login under way may still succeed there, so that is told of, too. */
void
broker_logout(struct broker_client *client)
{
	bool known = client->token != NULL || client->question != NULL;

	forget_login(client);
	if (known)
		broker_tell(&client->broker->tell, client, BROKER_TELL_LOGOUT);
}

void
broker_leave(struct broker_client *client)
{
	struct broker *broker;

	if (client == NULL || client->broker == NULL)
		return;
	broker = client->broker;
	if (!broker_places_keep(&broker->places, client))
		broker_tell_left(&broker->tell, client);
	forget_login(client);
	broker_table_remove(&broker->table, client);
	client->broker = NULL;
	client->joining = false;
	client->settled = false;
}

/* What the question has instead of the password, if that is so. */
static struct seal_data
secret_of(const struct broker_credentials *credentials, uint32_t *proof)
{
	struct seal_data secret = { credentials->certificate, DIGEST_LEN };

	*proof = 0;
	if (credentials->certificate != NULL) {
		*proof = LOGIN_BY_CERTIFICATE |
		    (credentials->named ? LOGIN_NAMED : 0u);
		return (secret);
	}
	secret.data = (const uint8_t *)credentials->password;
	secret.len = strlen(credentials->password);
	return (secret);
}

int
broker_ask_login(struct broker_client *client,
    const struct broker_credentials *credentials)
{
	size_t user_len = strlen(credentials->user);
	struct broker *broker = client->broker;
	struct broker_question *question;
	struct seal_data secret;
	uint32_t proof;

	ensure(client->question == NULL);
	secret = secret_of(credentials, &proof);
	if (user_len > LOGIN_NAME_MAX_LEN || secret.len > LOGIN_PASSWORD_MAX) {
		errno = EMSGSIZE;
		return (-1);
	}
	question = take_question(broker);
	if (question == NULL)
		return (-1);
	question->request = ++broker->requests;
	question->tls = credentials->tls;
	question->proof = proof;
	question->user_len = (uint16_t)user_len;
	question->password_len = (uint16_t)secret.len;
	memcpy(question->user, credentials->user, user_len);
	memcpy(question->password, secret.data, secret.len);
	client->question = question;
	broker_tell(&broker->tell, client, BROKER_TELL_LOGIN);
	return (0);
}

void
broker_ask_agent(struct broker_client *client)
{
	struct broker *broker = client->broker;

	ensure(client->token != NULL && client->agent_request == 0);
	client->agent_request = ++broker->requests;
	broker_tell(&broker->tell, client, BROKER_TELL_AGENT);
}

void
broker_forget_agent(struct broker_client *client)
{
	client->agent_request = 0;
	client->unsent &= ~BROKER_TELL_AGENT;
}

void
broker_ask_who(struct broker_client *client)
{
	client->asks_who = true;
	broker_tell(&client->broker->tell, client, BROKER_TELL_WHO);
}

void
broker_forget_who(struct broker_client *client)
{
	client->asks_who = false;
	client->unsent &= ~BROKER_TELL_WHO;
}

/* Not one that login, as it is now, does not know of: it could not count it. */
void
broker_keep_agent(struct broker_client *client, struct link_uv **link,
    uint64_t ms)
{
	struct broker *broker = client->broker;

	if (client->token != NULL && client->agent_of == broker->connections &&
	    broker->worker->phase == WORKER_SERVING &&
	    broker_places_open(&broker->places))
		broker_agents_keep(&broker->agents, client->identity, link, ms);
}

struct link_uv *
broker_kept_agent(struct broker_client *client)
{
	struct broker *broker = client->broker;

	ensure(client->token != NULL);
	client->agent_of = broker->connections;
	return (broker_agents_take(&broker->agents, client->identity));
}

void
broker_drop_agents(struct broker *broker)
{
	if (broker != NULL)
		broker_agents_drop(&broker->agents);
}
