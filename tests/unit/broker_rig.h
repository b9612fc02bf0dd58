/*
 * broker_rig - a broker whose login is the test, and sessions that use it.
 */
#ifndef TESTS_UNIT_BROKER_RIG_H
#define TESTS_UNIT_BROKER_RIG_H

#include "worker/broker.h"

#include <CUnit/CUnit.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "shm/base/fd.h"
#include "tests/unit/suites.h"
#include "tests/unit/worker_rig.h"

#define HEARD_MAX    64
#define CROWD        4000
#define RIG_SESSIONS 5 /* by the word of login */
#define SESSION      ((uint64_t)3 << 32 | 1)

/* The login process: what it heard, as short text. */
struct login {
	struct channel *channel;
	char heard[HEARD_MAX][64];
	size_t nheard;
	size_t sessions, closed; /* of a crowd */
	uint64_t request, place; /* the last question's */
	uint64_t sum;            /* of the sessions that are open */
	uint32_t proof;          /* of the last LOGIN_REQUEST */
};

struct seat {
	struct broker_client client;
	int verdicts, logins, agents;
	enum limit limit;
	struct broker_login login;
	char name[32], group[32];
	int fd, error;
	int told;
	uint32_t sessions; /* and others of which the addresses are known */
	size_t others;
	bool leaves; /* in its next handler */
};

struct table {
	struct rig rig;
	struct broker *broker;
	struct login login;
};

/* What login hears ------------------------------------------------------- */

/* Notes "NAME number bytes"; a number of -1 is left out. */
static inline void
hear(struct login *login, const struct message *message, long number)
{
	char *text = login->heard[login->nheard];
	size_t len, room = sizeof(login->heard[0]) - 1;

	if (login->nheard == HEARD_MAX)
		return;
	login->nheard++;
	len = (size_t)snprintf(text, room, "%s", msg_name(message->type));
	if (number != -1)
		len += (size_t)snprintf(text + len, room - len, " %ld", number);
	if (message->len == 0 || message->len >= room - len)
		return;
	text[len] = ' ';
	memcpy(text + len + 1, message->bytes, message->len);
	text[len + 1 + message->len] = '\0';
}

static inline void
hear_session(struct login *login, const struct message *message)
{
	const struct msg_session_open *open = message->body;
	const struct msg_session_announce *announce = message->body;

	login->sessions++;
	if (message->type == MSG_SESSION_OPEN) {
		login->sum += open->session;
		CU_ASSERT_EQUAL(open->generation, 7);
		hear(login, message, open->host);
	} else {
		login->sum += announce->session;
		CU_ASSERT_EQUAL(announce->token_len, message->len);
		hear(login, message, announce->host);
	}
}

static inline int
hear_message(struct message *message, void *context)
{
	const struct msg_login_request *asked = message->body;
	const struct msg_agent_request *agent = message->body;
	const struct msg_session_host *host = message->body;
	const struct msg_session *closed = message->body;
	const struct msg_session_place *place = message->body;
	struct login *login = context;

	if (message->type == MSG_LOGIN_REQUEST) {
		login->request = asked->request;
		CU_ASSERT_EQUAL(message->len,
		    (size_t)asked->user_len + asked->password_len);
		hear(login, message, asked->tls);
		login->place = asked->place;
		login->proof = asked->proof;
	} else if (message->type == MSG_AGENT_REQUEST) {
		login->request = agent->request;
		hear(login, message, -1);
	} else if (message->type == MSG_SESSION_HOST) {
		hear(login, message, host->host);
	} else if (message->type == MSG_SESSIONS_KEPT ||
	    message->type == MSG_SESSION_LOGOUT ||
	    message->type == MSG_WHO_ASK ||
	    message->type == MSG_SESSIONS_RECALLED) {
		hear(login, message, -1);
	} else if (message->type == MSG_SESSION_RENEW) {
		hear(login, message, (long)(uint32_t)place->place);
	} else if (message->type == MSG_SESSION_CLOSE) {
		login->closed++;
		login->sum -= closed->session;
		hear(login, message, -1);
	} else {
		hear_session(login, message);
	}
	return (0);
}

static inline bool
heard(const struct login *login, size_t n, const char *text)
{
	return (n < login->nheard && strcmp(login->heard[n], text) == 0);
}

/* Lets both sides talk until neither has more to say. */
static inline void
talk(struct table *table)
{
	int i;

	for (i = 0; i < 4; i++) {
		while (table->login.channel != NULL &&
		    channel_receive(table->login.channel, 1000) > 0)
			rig_turn(&table->rig);
		rig_turn(&table->rig);
	}
}

static inline void
connect_login(struct table *table)
{
	int pair[2];

	channel_free(&table->login.channel);
	table->login = (struct login){ .channel = NULL };
	CU_ASSERT_EQUAL_FATAL(fd_pair(pair), 0);
	table->login.channel = channel_new(pair[0], ROLE_LOGIN, ROLE_WORKER,
	    hear_message, &table->login);
	CU_ASSERT_PTR_NOT_NULL_FATAL(table->login.channel);
	channel_running(table->login.channel);
	broker_connect(table->broker, pair[1]);
}

static inline void
start(struct table *table, bool connected)
{
	memset(table, 0, sizeof(*table));
	rig_start(&table->rig);
	table->broker = broker_new(&table->rig.worker);
	CU_ASSERT_PTR_NOT_NULL_FATAL(table->broker);
	if (connected)
		connect_login(table);
}

static inline void
stop(struct table *table)
{
	broker_free(&table->broker);
	channel_free(&table->login.channel);
	rig_stop(&table->rig);
}

/* A session -------------------------------------------------------------- */

static inline void
on_verdict(enum limit limit, void *context)
{
	struct seat *seat = context;

	seat->verdicts++;
	seat->limit = limit;
	if (seat->leaves)
		broker_leave(&seat->client);
}

static inline void
on_login(const struct broker_login *login, void *context)
{
	struct seat *seat = context;

	seat->logins++;
	seat->login = *login;
	(void)snprintf(seat->name, sizeof(seat->name), "%s", login->name);
	(void)snprintf(seat->group, sizeof(seat->group), "%s", login->group);
	if (seat->leaves)
		broker_leave(&seat->client);
}

static inline void
on_agent(int fd, int error, void *context)
{
	struct seat *seat = context;

	seat->agents++;
	seat->fd = fd;
	seat->error = error;
}

static inline void
on_who(const struct broker_who *who, void *context)
{
	struct seat *seat = context;

	seat->told++;
	seat->sessions = who->count;
	seat->others = who->nothers;
}

static const struct broker_handlers handlers = { on_verdict, on_login, on_agent,
	on_who };

/* Whether there was a place for it. */
static inline bool
sit(struct table *table, struct seat *seat, uint64_t session)
{
	memset(seat, 0, sizeof(*seat));
	seat->fd = -1;
	seat->client.handlers = &handlers;
	seat->client.context = seat;
	seat->client.session = session;
	return (broker_join(table->broker, &seat->client));
}

static inline void
judge(struct table *table, uint32_t host, enum limit limit)
{
	const struct msg_session_verdict body = { .session = SESSION,
		.limit = (uint32_t)limit,
		.host = host,
		.sessions = RIG_SESSIONS };

	CU_ASSERT_EQUAL(channel_post(table->login.channel, MSG_SESSION_VERDICT,
			    &body),
	    0);
	talk(table);
}

static inline void
ask_login(struct seat *seat)
{
	const struct broker_credentials credentials = { .user = "joe",
		.password = "secret",
		.tls = true };

	CU_ASSERT_EQUAL(broker_ask_login(&seat->client, &credentials), 0);
}

/* A result with these variable bytes: name, group and token. */
static inline void
send_result(struct table *table, struct msg_login_result *body,
    const char *bytes, size_t len)
{
	const struct channel_message message = {
		.type = MSG_LOGIN_RESULT,
		.body = body,
		.pieces = { { bytes, len } },
		.fd = -1,
	};

	CU_ASSERT_EQUAL(channel_send(table->login.channel, &message), 0);
	talk(table);
}

static inline void
welcome(struct table *table)
{
	struct msg_login_result body = {
		.session = SESSION,
		.request = table->login.request,
		.verdict = LOGIN_OK,
		.policy = LOGIN_ANONYMOUS,
		.uid = 1001,
		.gid = 1002,
		.token_len = 5,
		.name_len = 3,
		.group_len = 4,
	};

	send_result(table, &body, "joecrewTOKEN", 12);
}

/* A session that has joined and logged in. */
static inline void
settle(struct table *table, struct seat *seat)
{
	start(table, true);
	(void)sit(table, seat, SESSION);
	talk(table);
	judge(table, 0, LIMIT_NONE);
	ask_login(seat);
	talk(table);
	welcome(table);
}

#endif
