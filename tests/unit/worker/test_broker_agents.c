/* Unit tests of the broker and the agents' channels of ended sessions. */
#include <CUnit/CUnit.h>
#include <string.h>
#include <sys/mman.h>

#include "tests/unit/broker_rig.h"
#include "worker/broker_agents.h"
#include "worker/fs.h"

/* The agent at the other end of a channel. */
struct helper {
	struct channel *channel;
	uint32_t request;
	enum msg_type type;
	int requests;
	bool gone; /* the worker has closed the channel */
};

/* A session with its struct fs. */
struct guest {
	struct seat seat;
	struct fs *fs;
	int answers, error;
};

static int
take_request(struct message *message, void *context)
{
	struct helper *helper = context;

	helper->type = message->type;
	memcpy(&helper->request, message->body, sizeof(helper->request));
	helper->requests++;
	return (0);
}

static void
listen_to(struct table *table, struct helper *helper)
{
	int i;

	for (i = 0; i < 4 && !helper->gone; i++) {
		talk(table);
		if (channel_receive(helper->channel, 100) == -1)
			helper->gone = true;
	}
	if (helper->gone)
		channel_free(&helper->channel);
}

static void
say(struct table *table, struct helper *helper, enum msg_type type,
    const void *body, int fd)
{
	const struct channel_message message = { .type = type,
		.body = body,
		.fd = fd };

	CU_ASSERT_EQUAL(channel_send(helper->channel, &message), 0);
	fd_close(&fd);
	listen_to(table, helper);
}

static void
say_done(struct table *table, struct helper *helper)
{
	const struct msg_fs_done body = { .request = helper->request };

	say(table, helper, MSG_FS_DONE, &body, -1);
}

static void
answered(const struct fs_answer *answer, void *context)
{
	struct guest *guest = context;
	int fd = answer->fd;

	guest->answers++;
	guest->error = answer->error;
	fd_close(&fd);
}

/* Login lets the guest in, as the account with that identity. */
static void
let_in(struct table *table, struct guest *guest, uint64_t session,
    uint8_t identity)
{
	const struct msg_session_verdict verdict = { .session = session };
	struct msg_login_result body = { .session = session,
		.verdict = LOGIN_OK,
		.token_len = 5,
		.name_len = 3,
		.group_len = 4,
		.identity = { identity } };

	guest->answers = 0;
	if (!sit(table, &guest->seat, session))
		CU_ASSERT_EQUAL(channel_post(table->login.channel,
				    MSG_SESSION_VERDICT, &verdict),
		    0);
	talk(table);
	ask_login(&guest->seat);
	talk(table);
	body.request = table->login.request;
	send_result(table, &body, "joecrewTOKEN", 12);
	CU_ASSERT_EQUAL(guest->seat.logins, 1);
	guest->fs =
	    fs_new(&table->rig.worker, &guest->seat.client, answered, guest);
	CU_ASSERT_PTR_NOT_NULL_FATAL(guest->fs);
}

/* Login gives the guest, who has asked, a channel to an agent. */
static void
give_agent(struct table *table, struct guest *guest, struct helper *helper)
{
	const struct msg_session body = { guest->seat.client.session,
		table->login.request };
	struct channel_message message = { .type = MSG_AGENT_GRANTED,
		.body = &body };
	int pair[2];

	memset(helper, 0, sizeof(*helper));
	CU_ASSERT_EQUAL_FATAL(fd_pair(pair), 0);
	helper->channel =
	    channel_new(pair[0], ROLE_AGENT, ROLE_WORKER, take_request, helper);
	CU_ASSERT_PTR_NOT_NULL_FATAL(helper->channel);
	channel_running(helper->channel);
	message.fd = pair[1];
	CU_ASSERT_EQUAL(channel_send(table->login.channel, &message), 0);
	fd_close(&pair[1]);
	talk(table);
	fs_agent(guest->fs, guest->seat.fd, guest->seat.error);
	listen_to(table, helper);
}

static void
go(struct guest *guest)
{
	fs_free(&guest->fs);
	broker_leave(&guest->seat.client);
}

/* A guest whose agent has done something, and who has gone. */
static void
start_after_one(struct table *table, struct helper *helper)
{
	struct guest guest;

	start(table, true);
	table->rig.worker.broker = table->broker;
	let_in(table, &guest, SESSION, 1);
	CU_ASSERT_EQUAL(fs_stat(guest.fs, "/a"), 1);
	talk(table);
	give_agent(table, &guest, helper);
	CU_ASSERT_EQUAL(helper->requests, 1);
	say_done(table, helper);
	CU_ASSERT_EQUAL(guest.answers, 1);
	go(&guest);
	listen_to(table, helper);
}

static void
end(struct table *table, struct helper *helper)
{
	channel_free(&helper->channel);
	stop(table);
}

static bool
was_asked(const struct login *login, const char *what)
{
	size_t i;

	for (i = 0; i < login->nheard; i++)
		if (strncmp(login->heard[i], what, strlen(what)) == 0)
			return (true);
	return (false);
}

static void
serves_the_next_session(void)
{
	struct helper helper;
	struct table table;
	struct guest guest;

	start_after_one(&table, &helper);
	CU_ASSERT_FALSE(helper.gone);
	table.login.nheard = 0;
	let_in(&table, &guest, SESSION + 1, 1);
	CU_ASSERT_EQUAL(fs_mkdir(guest.fs, "/b", 0755), 1);
	listen_to(&table, &helper);
	CU_ASSERT_FALSE(was_asked(&table.login, "AGENT_REQUEST"));
	CU_ASSERT_TRUE(helper.requests == 2 && helper.type == MSG_FS_MKDIR &&
	    helper.request == 1);
	say_done(&table, &helper);
	CU_ASSERT_TRUE(guest.answers == 1 && guest.error == 0);
	/* And the one after that. */
	go(&guest);
	let_in(&table, &guest, SESSION + 2, 1);
	CU_ASSERT_EQUAL(fs_chdir(guest.fs, "/b"), 1);
	listen_to(&table, &helper);
	CU_ASSERT_EQUAL(helper.requests, 3);
	/* It dies, and nobody had noticed. */
	say_done(&table, &helper);
	go(&guest);
	channel_free(&helper.channel);
	let_in(&table, &guest, SESSION + 3, 1);
	CU_ASSERT_EQUAL(fs_chdir(guest.fs, "/b"), 1);
	talk(&table);
	CU_ASSERT_TRUE(was_asked(&table.login, "AGENT_REQUEST TOKEN"));
	give_agent(&table, &guest, &helper);
	CU_ASSERT_EQUAL(helper.requests, 1);
	go(&guest);
	end(&table, &helper);
}

static void
is_for_the_same_account(void)
{
	struct helper helper, other;
	struct table table;
	struct guest guest, second;

	start_after_one(&table, &helper);
	let_in(&table, &guest, SESSION + 1, 2);
	CU_ASSERT_NOT_EQUAL(fs_stat(guest.fs, "/"), 0);
	talk(&table);
	CU_ASSERT_TRUE(was_asked(&table.login, "AGENT_REQUEST TOKEN"));
	give_agent(&table, &guest, &other);
	CU_ASSERT_EQUAL(other.requests, 1);
	/* There is one channel, and two sessions want it. */
	go(&guest);
	let_in(&table, &guest, SESSION + 2, 1);
	let_in(&table, &second, SESSION + 3, 1);
	CU_ASSERT_NOT_EQUAL(fs_stat(guest.fs, "/"), 0);
	table.login.nheard = 0;
	CU_ASSERT_NOT_EQUAL(fs_stat(second.fs, "/"), 0);
	talk(&table);
	CU_ASSERT_TRUE(was_asked(&table.login, "AGENT_REQUEST TOKEN"));
	listen_to(&table, &helper);
	CU_ASSERT_EQUAL(helper.requests, 2);
	go(&guest);
	go(&second);
	channel_free(&other.channel);
	end(&table, &helper);
}

/* What a session has begun on the channel. */
enum burden {
	AN_UPLOAD,
	A_QUESTION,
	FORGOTTEN,
	A_PIPE
};

static void
burden(struct table *table, struct guest *guest, struct helper *helper,
    enum burden what)
{
	const struct fs_create create = { .path = "/up" };
	struct msg_fs_opened body = { .handle = 4 };
	int pipes[2];

	if (what == AN_UPLOAD) {
		CU_ASSERT_NOT_EQUAL(fs_create(guest->fs, &create), 0);
		listen_to(table, helper);
		body.request = helper->request;
		say(table, helper, MSG_FS_OPENED, &body,
		    memfd_create("up", MFD_CLOEXEC));
	} else if (what == A_PIPE) {
		CU_ASSERT_NOT_EQUAL(fs_open(guest->fs, "/slow", 0,
					FS_DATA_CLEAR),
		    0);
		listen_to(table, helper);
		CU_ASSERT_EQUAL_FATAL(pipe2(pipes, O_CLOEXEC), 0);
		body = (struct msg_fs_opened){ .request = helper->request,
			.pipe = 1 };
		say(table, helper, MSG_FS_OPENED, &body, pipes[0]);
		fd_close(&pipes[1]);
		fs_forget(guest->fs);
	} else {
		CU_ASSERT_NOT_EQUAL(fs_stat(guest->fs, "/"), 0);
		if (what == FORGOTTEN)
			fs_forget(guest->fs);
	}
}

static void
goes_with_what_is_open(void)
{
	static const struct {
		const char *what;
		enum burden burden;
	} cases[] = {
		{ "an upload", AN_UPLOAD },
		{ "a question under way", A_QUESTION },
		{ "an answer that nobody waits for", FORGOTTEN },
		{ "a pipe that may be served still", A_PIPE },
	};
	struct helper helper;
	struct table table;
	struct guest guest;
	size_t i;

	for (i = 0; i < NITEMS(cases); i++) {
		start_after_one(&table, &helper);
		let_in(&table, &guest, SESSION + 1, 1);
		burden(&table, &guest, &helper, cases[i].burden);
		listen_to(&table, &helper);
		CHECK_CASE(!helper.gone, cases[i].what);
		go(&guest);
		listen_to(&table, &helper);
		CHECK_CASE(helper.gone, cases[i].what);
		end(&table, &helper);
	}
}

/* What ends the wait of a channel. */
enum reason {
	A_RECALL,
	ANOTHER_LOGIN,
	A_WORD,
	NO_DESCRIPTORS
};

static void
disturb(struct table *table, struct helper *helper, enum reason reason)
{
	static const struct msg_empty empty;
	const struct msg_fs_done done = { .request = 1 };

	switch (reason) {
	case A_RECALL:
		CU_ASSERT_EQUAL(channel_post(table->login.channel,
				    MSG_SESSIONS_RECALL, &empty),
		    0);
		break;
	case ANOTHER_LOGIN:
		connect_login(table);
		break;
	case A_WORD:
		say(table, helper, MSG_FS_DONE, &done, -1);
		break;
	case NO_DESCRIPTORS:
		broker_drop_agents(table->broker);
		break;
	}
	listen_to(table, helper);
}

static void
is_closed_when_it_must_be(void)
{
	static const struct {
		const char *what;
		enum reason reason;
	} cases[] = {
		{ "login calls it back", A_RECALL },
		{ "there is another login", ANOTHER_LOGIN },
		{ "the agent speaks unasked", A_WORD },
		{ "descriptors are short", NO_DESCRIPTORS },
	};
	struct helper helper;
	struct table table;
	size_t i;

	for (i = 0; i < NITEMS(cases); i++) {
		start_after_one(&table, &helper);
		CHECK_CASE(!helper.gone, cases[i].what);
		disturb(&table, &helper, cases[i].reason);
		CHECK_CASE(helper.gone, cases[i].what);
		CHECK_CASE((cases[i].reason == A_RECALL) ==
			was_asked(&table.login, "SESSIONS_RECALLED"),
		    cases[i].what);
		end(&table, &helper);
	}
}

/* A channel to an agent of a login that has gone is not counted by the new. */
static void
is_of_the_present_login(void)
{
	struct helper helper;
	struct table table;
	struct guest guest;

	start_after_one(&table, &helper);
	let_in(&table, &guest, SESSION + 1, 1);
	CU_ASSERT_NOT_EQUAL(fs_stat(guest.fs, "/"), 0);
	listen_to(&table, &helper);
	say_done(&table, &helper);
	connect_login(&table);
	listen_to(&table, &helper);
	CU_ASSERT_FALSE(helper.gone);
	go(&guest);
	listen_to(&table, &helper);
	CU_ASSERT_TRUE(helper.gone);
	end(&table, &helper);

	/* Nor is it kept by a worker that ends. */
	start_after_one(&table, &helper);
	let_in(&table, &guest, SESSION + 1, 1);
	CU_ASSERT_NOT_EQUAL(fs_stat(guest.fs, "/"), 0);
	listen_to(&table, &helper);
	say_done(&table, &helper);
	table.rig.worker.phase = WORKER_DRAINING;
	go(&guest);
	listen_to(&table, &helper);
	CU_ASSERT_TRUE(helper.gone);
	end(&table, &helper);
}

static void
is_not_kept_for_long(void)
{
	struct helper helper;
	struct table table;
	struct guest guest;
	int over = 0, tries;

	start_after_one(&table, &helper);
	let_in(&table, &guest, SESSION + 1, 1);
	table.rig.conf.agent_idle = 1;
	CU_ASSERT_NOT_EQUAL(fs_stat(guest.fs, "/"), 0);
	listen_to(&table, &helper);
	say_done(&table, &helper);
	go(&guest);
	for (tries = 0; tries < 200 && over == 0; tries++) {
		(void)uv_run(&table.rig.worker.loop, UV_RUN_ONCE);
		listen_to(&table, &helper);
		over = helper.gone;
	}
	CU_ASSERT_TRUE(over);
	end(&table, &helper);
}

static void
keeps_a_number_of_them(void)
{
	struct helper helpers[BROKER_AGENTS_MAX + 1];
	struct guest guest;
	struct table table;
	uint32_t i, gone = 0;

	start_after_one(&table, &helpers[0]);
	for (i = 1; i < NITEMS(helpers); i++) {
		let_in(&table, &guest, SESSION + i, (uint8_t)(i + 1));
		CU_ASSERT_NOT_EQUAL(fs_stat(guest.fs, "/"), 0);
		talk(&table);
		give_agent(&table, &guest, &helpers[i]);
		say_done(&table, &helpers[i]);
		go(&guest);
		table.login.nheard = 0;
	}
	for (i = 0; i < NITEMS(helpers); i++) {
		listen_to(&table, &helpers[i]);
		gone += helpers[i].gone;
	}
	CU_ASSERT_TRUE(gone == 1 && helpers[0].gone);
	for (i = 0; i < NITEMS(helpers); i++)
		channel_free(&helpers[i].channel);
	stop(&table);
}

CU_TestInfo broker_agents_tests[] = {
	{ "an ended session's channel serves the next",
	    serves_the_next_session },
	{ "it is for the same account only", is_for_the_same_account },
	{ "it goes when something is open", goes_with_what_is_open },
	{ "it is closed when it must be", is_closed_when_it_must_be },
	{ "it is one that login knows of", is_of_the_present_login },
	{ "it is not kept for long", is_not_kept_for_long },
	{ "some are kept, and no more", keeps_a_number_of_them },
	CU_TEST_INFO_NULL,
};
