/* Unit tests of worker/broker.c and what lies below it. */
#include <CUnit/CUnit.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "tests/unit/broker_rig.h"

/* Tests ------------------------------------------------------------------ */

static void
joins_logs_in_and_leaves(void)
{
	struct table table;
	struct seat seat;

	settle(&table, &seat);
	CU_ASSERT_TRUE(heard(&table.login, 0, "SESSION_OPEN 0"));
	CU_ASSERT_TRUE(heard(&table.login, 1, "LOGIN_REQUEST 1 joesecret"));
	CU_ASSERT_TRUE(seat.verdicts == 1 && seat.limit == LIMIT_NONE);
	CU_ASSERT_TRUE(seat.logins == 1 && seat.login.verdict == LOGIN_OK);
	CU_ASSERT_TRUE(seat.login.uid == 1001 && seat.login.gid == 1002);
	CU_ASSERT_EQUAL(seat.login.policy, LOGIN_ANONYMOUS);
	CU_ASSERT_STRING_EQUAL(seat.name, "joe");
	CU_ASSERT_STRING_EQUAL(seat.group, "crew");
	CU_ASSERT_PTR_NULL(seat.client.question);
	broker_leave(&seat.client);
	broker_leave(NULL);
	talk(&table);
	CU_ASSERT_EQUAL(table.login.nheard, 3);
	CU_ASSERT_TRUE(heard(&table.login, 2, "SESSIONS_KEPT"));
	stop(&table);
}

static void
gets_an_agent(void)
{
	struct table table;
	struct seat seat;
	struct msg_session granted = { .session = SESSION };
	struct msg_agent_refused refused = { .session = SESSION,
		.error = EAGAIN };
	struct channel_message message = { .type = MSG_AGENT_GRANTED,
		.body = &granted };
	int fd;

	settle(&table, &seat);
	broker_ask_agent(&seat.client);
	talk(&table);
	CU_ASSERT_TRUE(heard(&table.login, 2, "AGENT_REQUEST TOKEN"));
	refused.request = table.login.request;
	CU_ASSERT_EQUAL(channel_post(table.login.channel, MSG_AGENT_REFUSED,
			    &refused),
	    0);
	talk(&table);
	CU_ASSERT_TRUE(seat.agents == 1 && seat.error == EAGAIN);

	broker_ask_agent(&seat.client);
	talk(&table);
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	message.fd = fd;
	granted.request = refused.request; /* an old question */
	CU_ASSERT_EQUAL(channel_send(table.login.channel, &message), 0);
	talk(&table);
	CU_ASSERT_EQUAL(seat.agents, 1);
	granted.request = table.login.request;
	CU_ASSERT_EQUAL(channel_send(table.login.channel, &message), 0);
	CU_ASSERT_EQUAL(channel_send(table.login.channel, &message), 0);
	talk(&table);
	CU_ASSERT_TRUE(seat.agents == 2 && seat.error == 0 && seat.fd != -1);

	/* One that is not wanted any more is closed unseen. */
	broker_ask_agent(&seat.client);
	talk(&table);
	broker_forget_agent(&seat.client);
	granted.request = table.login.request;
	CU_ASSERT_EQUAL(channel_send(table.login.channel, &message), 0);
	talk(&table);
	CU_ASSERT_EQUAL(seat.agents, 2);
	fd_close(&seat.fd);
	fd_close(&fd);
	broker_leave(&seat.client);
	stop(&table);
}

/* Login is away, comes, dies, and comes again: nothing is lost. */
static void
repeats_to_a_successor(void)
{
	struct table table;
	struct seat seat;

	start(&table, false);
	(void)sit(&table, &seat, SESSION);
	ask_login(&seat);
	talk(&table);
	connect_login(&table);
	talk(&table);
	CU_ASSERT_TRUE(heard(&table.login, 0, "SESSION_OPEN 0"));
	CU_ASSERT_TRUE(heard(&table.login, 1, "LOGIN_REQUEST 1 joesecret"));

	connect_login(&table);
	talk(&table);
	CU_ASSERT_EQUAL(table.login.nheard, 2);
	CU_ASSERT_TRUE(heard(&table.login, 0, "SESSION_OPEN 0"));
	judge(&table, 0, LIMIT_NONE);

	connect_login(&table);
	talk(&table);
	CU_ASSERT_TRUE(heard(&table.login, 0, "SESSION_ANNOUNCE 0"));
	CU_ASSERT_TRUE(heard(&table.login, 1, "LOGIN_REQUEST 1 joesecret"));
	welcome(&table);
	broker_ask_agent(&seat.client);

	channel_free(&table.login.channel);
	talk(&table);
	connect_login(&table);
	talk(&table);
	CU_ASSERT_EQUAL(table.login.nheard, 2);
	CU_ASSERT_TRUE(heard(&table.login, 0, "SESSION_ANNOUNCE 0 TOKEN"));
	CU_ASSERT_TRUE(heard(&table.login, 1, "AGENT_REQUEST TOKEN"));
	CU_ASSERT_TRUE(seat.verdicts == 1 && seat.logins == 1);
	broker_leave(&seat.client);
	stop(&table);
}

static void
moves_to_another_host(void)
{
	struct table table;
	struct seat seat;

	/* Before the first answer: that one is noted, and the next asked. */
	start(&table, true);
	(void)sit(&table, &seat, SESSION);
	broker_move(&seat.client, 2);
	talk(&table);
	CU_ASSERT_EQUAL(table.login.nheard, 1);
	judge(&table, 2, LIMIT_HOST); /* nobody asked */
	judge(&table, 0, LIMIT_NONE);
	CU_ASSERT_EQUAL(seat.verdicts, 0);
	CU_ASSERT_TRUE(heard(&table.login, 1, "SESSION_HOST 2"));

	/* A new login hears where it was, then where it goes. */
	connect_login(&table);
	talk(&table);
	CU_ASSERT_TRUE(heard(&table.login, 0, "SESSION_ANNOUNCE 0"));
	CU_ASSERT_TRUE(heard(&table.login, 1, "SESSION_HOST 2"));
	judge(&table, 2, LIMIT_HOST);
	CU_ASSERT_TRUE(seat.verdicts == 1 && seat.limit == LIMIT_HOST);

	/* It was refused, so it is still counted where it was. */
	connect_login(&table);
	talk(&table);
	CU_ASSERT_EQUAL(table.login.nheard, 1);
	CU_ASSERT_TRUE(heard(&table.login, 0, "SESSION_ANNOUNCE 0"));
	broker_leave(&seat.client);
	stop(&table);
}

static void
forgets_a_refused_session(void)
{
	struct table table;
	struct seat seat;

	start(&table, true);
	(void)sit(&table, &seat, SESSION);
	talk(&table);
	judge(&table, 0, LIMIT_ADDRESS);
	CU_ASSERT_TRUE(seat.verdicts == 1 && seat.limit == LIMIT_ADDRESS);
	connect_login(&table);
	talk(&table);
	CU_ASSERT_EQUAL(table.login.nheard, 0);
	broker_leave(&seat.client);
	talk(&table);
	CU_ASSERT_EQUAL(table.login.nheard, 0);
	stop(&table);
}

/* A handler may end its session; a late answer finds nobody. */
static void
survives_leaving_in_a_handler(void)
{
	struct table table;
	struct seat seat;

	start(&table, true);
	(void)sit(&table, &seat, SESSION);
	seat.leaves = true;
	ask_login(&seat);
	talk(&table);
	welcome(&table);
	CU_ASSERT_EQUAL(seat.logins, 1);
	CU_ASSERT_PTR_NULL(seat.client.broker);
	judge(&table, 0, LIMIT_NONE);
	welcome(&table);
	CU_ASSERT_TRUE(seat.logins == 1 && seat.verdicts == 0);
	stop(&table);
}

/* Thousands join and leave while login does not read. */
static void
keeps_what_has_no_room(void)
{
	static struct seat seats[CROWD];
	uint64_t sum = 0;
	struct table table;
	size_t i;

	start(&table, true);
	for (i = 0; i < CROWD; i++)
		(void)sit(&table, &seats[i], SESSION + i);
	for (i = 0; i < CROWD; i += 3)
		broker_leave(&seats[i].client);
	for (i = 0; i < CROWD; i++)
		if (seats[i].client.broker != NULL)
			sum += seats[i].client.session;
	talk(&table);
	CU_ASSERT_TRUE(table.login.sessions < CROWD && table.login.closed > 0);
	CU_ASSERT_EQUAL(table.login.sum, sum);

	connect_login(&table);
	talk(&table);
	CU_ASSERT_TRUE(table.login.sum == sum && table.login.closed == 0);
	for (i = 0; i < CROWD; i++)
		broker_leave(&seats[i].client);
	talk(&table);
	CU_ASSERT_EQUAL(table.login.sum, 0);
	CU_ASSERT_EQUAL(table.login.closed, table.login.sessions);
	stop(&table);
}

/* Instead of a password, also to a successor of login. */
static void
asks_by_certificate(void)
{
	static const uint8_t digest[] = "0123456789abcdefghijklmnopqrstuv";
	struct broker_credentials credentials = { .user = "joe",
		.certificate = digest,
		.tls = true };
	const char *text =
	    "LOGIN_REQUEST 1 joe0123456789abcdefghijklmnopqrstuv";
	struct table table;
	struct seat seat;

	start(&table, true);
	(void)sit(&table, &seat, SESSION);
	CU_ASSERT_EQUAL(broker_ask_login(&seat.client, &credentials), 0);
	talk(&table);
	CU_ASSERT_TRUE(heard(&table.login, 1, text));
	CU_ASSERT_EQUAL(table.login.proof, LOGIN_BY_CERTIFICATE);
	broker_logout(&seat.client);
	credentials.named = true;
	CU_ASSERT_EQUAL(broker_ask_login(&seat.client, &credentials), 0);
	connect_login(&table);
	talk(&table);
	CU_ASSERT_TRUE(heard(&table.login, 1, text));
	CU_ASSERT_EQUAL(table.login.proof, LOGIN_BY_CERTIFICATE | LOGIN_NAMED);
	broker_leave(&seat.client);
	stop(&table);
}

static void
refuses_long_credentials(void)
{
	char name[LOGIN_NAME_MAX_LEN + 2], password[LOGIN_PASSWORD_MAX + 2];
	struct broker_credentials credentials = { .user = name,
		.password = "secret" };
	struct table table;
	struct seat seat;

	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	memset(password, 'p', sizeof(password));
	password[sizeof(password) - 1] = '\0';
	start(&table, true);
	(void)sit(&table, &seat, SESSION);
	CU_ASSERT_EQUAL(broker_ask_login(&seat.client, &credentials), -1);
	credentials.user = "joe";
	credentials.password = password;
	CU_ASSERT_EQUAL(broker_ask_login(&seat.client, &credentials), -1);
	CU_ASSERT_EQUAL(errno, EMSGSIZE);
	password[LOGIN_PASSWORD_MAX] = '\0';
	CU_ASSERT_EQUAL(broker_ask_login(&seat.client, &credentials), 0);
	broker_leave(&seat.client);
	stop(&table);
}

/* What login must not say: it is cut off, and the session waits on. */
static void
cuts_off_nonsense(void)
{
	static const struct {
		const char *what;
		uint32_t verdict, limit, token_len;
		uint16_t name_len, group_len;
		const char *bytes;
		size_t len;
	} cases[] = {
		{ "a verdict past the last", LOGIN_VERDICT_COUNT, 0, 0, 0, 0,
		    "", 0 },
		{ "a limit past the last", LOGIN_LIMIT, LIMIT_COUNT, 0, 0, 0,
		    "", 0 },
		{ "success without a token", LOGIN_OK, 0, 0, 1, 1, "ab", 2 },
		{ "a token without success", LOGIN_DENIED, 0, 2, 0, 0, "ab",
		    2 },
		{ "a name with a NUL", LOGIN_OK, 0, 1, 3, 0, "a\0bT", 4 },
		{ "lengths beyond the message", LOGIN_OK, 0, 9, 1, 1, "abc",
		    3 },
		{ "more bytes than lengths", LOGIN_OK, 0, 1, 1, 1, "abcd", 4 },
		{ "a token of 4 GiB", LOGIN_OK, 0, UINT32_MAX, 1, 1, "abcd",
		    4 },
	};
	struct msg_login_result body;
	struct table table;
	struct seat seat;
	size_t i;

	for (i = 0; i < NITEMS(cases); i++) {
		start(&table, true);
		(void)sit(&table, &seat, SESSION);
		ask_login(&seat);
		talk(&table);
		memset(&body, 0, sizeof(body));
		body.session = SESSION;
		body.request = table.login.request;
		body.verdict = cases[i].verdict;
		body.limit = cases[i].limit;
		body.token_len = cases[i].token_len;
		body.name_len = cases[i].name_len;
		body.group_len = cases[i].group_len;
		send_result(&table, &body, cases[i].bytes, cases[i].len);
		CHECK_CASE(seat.logins == 0, cases[i].what);
		CHECK_CASE(channel_receive(table.login.channel, 1) == -1,
		    cases[i].what);
		CHECK_CASE(seat.client.question != NULL, cases[i].what);
		broker_leave(&seat.client);
		stop(&table);
	}
}

static int
say_who(struct table *table, const struct msg_who *body, size_t len)
{
	static const struct address others[WHO_MAX + 1];
	const struct channel_message message = {
		.type = MSG_WHO_ANSWER,
		.body = body,
		.pieces = { { others, len } },
		.fd = -1,
	};

	CU_ASSERT_EQUAL(channel_send(table->login.channel, &message), 0);
	talk(table);
	return (table->broker == NULL
		? -1
		: channel_receive(table->login.channel, 1));
}

static void
asks_who_there_is(void)
{
	static const size_t one = sizeof(struct address);
	static const struct msg_who good = { SESSION, 70, 2 },
				    stranger = { SESSION + 9, 2, 1 };
	static const struct {
		struct msg_who body;
		size_t len;
	} wrong[] = { { { SESSION, 3, 2 }, one },
		{ { SESSION, 2, 2 }, 2 * one }, { { SESSION, 2, 1 }, one - 1 },
		{ { SESSION, 200, WHO_MAX }, WHO_MAX * one },
		{ { SESSION, 0, 0 }, 0 }, { { SESSION, 9, UINT32_MAX }, one } };
	struct table table;
	struct seat seat;
	size_t i;

	settle(&table, &seat);
	broker_ask_who(&seat.client);
	talk(&table);
	CU_ASSERT_TRUE(heard(&table.login, 2, "WHO_ASK"));
	connect_login(&table);
	talk(&table);
	CU_ASSERT_TRUE(heard(&table.login, 1, "WHO_ASK"));
	CU_ASSERT_NOT_EQUAL(say_who(&table, &stranger, one), -1);
	CU_ASSERT_EQUAL(seat.told, 0);
	CU_ASSERT_NOT_EQUAL(say_who(&table, &good, 2 * one), -1);
	CU_ASSERT_NOT_EQUAL(say_who(&table, &good, 2 * one), -1);
	CU_ASSERT_TRUE(
	    seat.told == 1 && seat.sessions == 70 && seat.others == 2);
	broker_leave(&seat.client);
	stop(&table);
	for (i = 0; i < NITEMS(wrong); i++) {
		settle(&table, &seat);
		broker_ask_who(&seat.client);
		talk(&table);
		CU_ASSERT_EQUAL(say_who(&table, &wrong[i].body, wrong[i].len),
		    -1);
		CU_ASSERT_EQUAL(seat.told, 0);
		broker_leave(&seat.client);
		stop(&table);
	}
}

/* Login hears of it before the next login, and once. */
static void
logs_out(void)
{
	struct table table;
	struct seat seat;

	settle(&table, &seat);
	broker_logout(&seat.client);
	broker_logout(&seat.client);
	CU_ASSERT_PTR_NULL(seat.client.token);
	ask_login(&seat);
	talk(&table);
	CU_ASSERT_TRUE(heard(&table.login, 2, "SESSION_LOGOUT"));
	CU_ASSERT_TRUE(heard(&table.login, 3, "LOGIN_REQUEST 1 joesecret"));
	broker_leave(&seat.client);
	stop(&table);
}

CU_TestInfo broker_tests[] = {
	{ "a session joins, logs in and leaves", joins_logs_in_and_leaves },
	{ "a session gets an agent", gets_an_agent },
	{ "a new login hears what the old one left open",
	    repeats_to_a_successor },
	{ "a session moves to another host", moves_to_another_host },
	{ "a refused session is not announced", forgets_a_refused_session },
	{ "a session may end in a handler", survives_leaving_in_a_handler },
	{ "what has no room waits", keeps_what_has_no_room },
	{ "logins by certificate", asks_by_certificate },
	{ "credentials that are too long", refuses_long_credentials },
	{ "a login that talks nonsense is cut off", cuts_off_nonsense },
	{ "a session asks who there is", asks_who_there_is },
	{ "a session logs out", logs_out },
	CU_TEST_INFO_NULL,
};
