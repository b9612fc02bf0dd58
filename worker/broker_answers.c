/* What login answers, for the sessions. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "worker/broker_own.h"
#include "worker/worker.h"

/*
 * A session may have moved on before login answered for where it was: then
 * the question for the new host follows, and this answer is only noted.
 */
static int
verdict(struct broker *broker, const struct message *message)
{
	const struct msg_session_verdict *body = message->body;
	struct broker_client *client;

	if (body->limit >= LIMIT_COUNT || message->len != 0)
		return (-1);
	client = broker_table_find(&broker->table, body->session);
	if (client == NULL || !client->joining ||
	    body->host != client->asked_host)
		return (0);
	if (body->limit == LIMIT_NONE) {
		client->settled = true;
		client->settled_host = client->asked_host;
		client->sessions = body->sessions;
		if (client->asked_host != client->host) {
			client->asked_host = client->host;
			broker_tell(&broker->tell, client, BROKER_TELL_HOST);
			return (0);
		}
	}
	client->joining = false;
	client->handlers->verdict((enum limit)body->limit, client->context);
	return (0);
}

enum {
	NAME,
	GROUP,
	TOKEN,
	RESULT_PARTS
};

/* 0, or -1 when login said what makes no sense. */
static int
check_result(const struct message *message,
    struct message_part parts[RESULT_PARTS])
{
	const struct msg_login_result *body = message->body;
	size_t lens[RESULT_PARTS] = { body->name_len, body->group_len,
		body->token_len };
	size_t i;

	if (message_split(message, lens, parts, RESULT_PARTS) == -1 ||
	    body->verdict >= LOGIN_VERDICT_COUNT || body->limit >= LIMIT_COUNT)
		return (-1);
	if (parts[TOKEN].len > TOKEN_LEN_MAX ||
	    (body->verdict == LOGIN_OK) != (parts[TOKEN].len > 0))
		return (-1);
	for (i = NAME; i <= GROUP; i++)
		if (parts[i].len > LOGIN_NAME_MAX_LEN ||
		    memchr(parts[i].data, '\0', parts[i].len) != NULL)
			return (-1);
	return (0);
}

static int
keep_token(struct broker_client *client, const struct message_part *token)
{
	broker_drop_token(client);
	client->token = malloc(token->len);
	if (client->token == NULL)
		return (-1);
	memcpy(client->token, token->data, token->len);
	client->token_len = token->len;
	return (0);
}

static const char *
text_of(const struct message_part *part, char *out)
{
	memcpy(out, part->data, part->len);
	out[part->len] = '\0';
	return (out);
}

static int
login_result(struct broker *broker, const struct message *message)
{
	const struct msg_login_result *body = message->body;
	char name[LOGIN_NAME_MAX_LEN + 1], group[LOGIN_NAME_MAX_LEN + 1];
	struct message_part parts[RESULT_PARTS];
	struct broker_client *client;
	struct broker_login login;

	if (check_result(message, parts) == -1)
		return (-1);
	client = broker_table_find(&broker->table, body->session);
	if (client == NULL || client->question == NULL ||
	    client->question->request != body->request)
		return (0);
	broker_end_question(client);
	login = (struct broker_login){
		.verdict = (enum login_verdict)body->verdict,
		.limit = (enum limit)body->limit,
		.policy = body->policy,
		.uid = body->uid,
		.gid = body->gid,
		.groups = body->groups,
		.name = text_of(&parts[NAME], name),
		.group = text_of(&parts[GROUP], group),
	};
	if (login.verdict == LOGIN_OK &&
	    keep_token(client, &parts[TOKEN]) == -1)
		login.verdict = LOGIN_UNAVAILABLE;
	memcpy(client->identity, body->identity, sizeof(client->identity));
	client->user = client->user || login.verdict == LOGIN_OK;
	client->handlers->login(&login, client->context);
	return (0);
}

static struct broker_client *
who_asked(const struct broker *broker, uint64_t session, uint64_t request)
{
	struct broker_client *client;

	client = broker_table_find(&broker->table, session);
	if (client == NULL || client->agent_request == 0 ||
	    client->agent_request != request)
		return (NULL);
	client->agent_request = 0;
	client->unsent &= ~BROKER_TELL_AGENT;
	return (client);
}

static int
agent_granted(struct broker *broker, struct message *message)
{
	const struct msg_session *body = message->body;
	struct broker_client *client;
	int fd;

	client = who_asked(broker, body->session, body->request);
	if (client == NULL)
		return (0);
	client->agent_of = broker->connections;
	fd = message_take_fd(message);
	if (fd == -1)
		worker_out_of_descriptors(broker->worker);
	client->handlers->agent(fd, fd == -1 ? EMFILE : 0, client->context);
	return (0);
}

static int
agent_refused(struct broker *broker, const struct message *message)
{
	const struct msg_agent_refused *body = message->body;
	struct broker_client *client;

	client = who_asked(broker, body->session, body->request);
	if (client != NULL)
		client->handlers->agent(-1, body->error > 0 ? body->error : EIO,
		    client->context);
	return (0);
}

static int
who_answer(struct broker *broker, const struct message *message)
{
	const struct msg_who *body = message->body;
	struct address others[WHO_MAX];
	struct broker_client *client;
	struct broker_who who;

	if (body->told >= WHO_MAX || body->told >= body->count ||
	    message->len != body->told * sizeof(others[0]))
		return (-1);
	client = broker_table_find(&broker->table, body->session);
	if (client == NULL || !client->asks_who)
		return (0);
	client->asks_who = false;
	memcpy(others, message->bytes, message->len);
	who.count = body->count;
	who.others = others;
	who.nothers = body->told;
	client->handlers->who(&who, client->context);
	return (0);
}

int
broker_receive(struct message *message, void *context)
{
	struct broker *broker = context;

	/* The table of messages lets login send nothing else. */
	if (message->type == MSG_SESSIONS_RECALL) {
		broker_agents_drop(&broker->agents);
		return (broker_places_recall(&broker->places, &broker->table));
	}
	if (message->type == MSG_SESSION_VERDICT)
		return (verdict(broker, message));
	if (message->type == MSG_LOGIN_RESULT)
		return (login_result(broker, message));
	if (message->type == MSG_AGENT_GRANTED)
		return (agent_granted(broker, message));
	if (message->type == MSG_AGENT_REFUSED)
		return (agent_refused(broker, message));
	if (message->type == MSG_WHO_ANSWER)
		return (who_answer(broker, message));
	return (-1);
}
