/* Unit tests of login and the places of ended sessions that workers keep. */
#include <CUnit/CUnit.h>
#include <string.h>

#include "shm/base/loop.h"
#include "tests/unit/login_rig.h"

static const struct msg_empty empty;

struct stage {
	struct rig rig;
	struct rig_end one, two;
};

static void
set_up_with(struct stage *stage, const char *more)
{
	rig_prepare(&stage->rig, more);
	rig_add_user(&stage->rig, "bob", RIG_HASH, stage->rig.home);
	rig_start(&stage->rig);
	rig_worker(&stage->rig, &stage->one, 1);
	rig_worker(&stage->rig, &stage->two, 2);
}

static void
set_up(struct stage *stage)
{
	set_up_with(stage,
	    "limits: {sessions_per_address: 2, sessions_per_user: 1}\n");
}

static void
tear_down(struct stage *stage)
{
	rig_end_close(&stage->one);
	rig_end_close(&stage->two);
	rig_free(&stage->rig);
}

static void
say(struct rig_end *worker, enum msg_type type)
{
	rig_send(worker, type, &empty, NULL, 0, NULL, 0);
}

static void
ask_open(struct rig_end *worker, uint64_t session)
{
	struct msg_session_open body = { session, 1, 0, rig_address() };

	rig_send(worker, MSG_SESSION_OPEN, &body, NULL, 0, NULL, 0);
}

static void
renew(struct rig_end *worker, uint64_t session, uint64_t place)
{
	struct msg_session_place body = { session, place };

	rig_send(worker, MSG_SESSION_RENEW, &body, NULL, 0, NULL, 0);
}

/* The verdict on what was asked before, or -1. */
static int
verdict(struct rig_end *worker)
{
	if (rig_next(worker) != MSG_SESSION_VERDICT)
		return (-1);
	return ((int)worker->body.verdict.limit);
}

static void
calls_places_back(void)
{
	struct stage stage;
	struct rig_end *one = &stage.one, *two = &stage.two;

	set_up(&stage);
	CU_ASSERT(rig_open(one, rig_session(1, 1)) == LIMIT_NONE);
	CU_ASSERT(rig_open(one, rig_session(1, 2)) == LIMIT_NONE);
	/* Nobody keeps any: the limit stands at once. */
	CU_ASSERT(rig_open(two, rig_session(2, 1)) == LIMIT_ADDRESS);

	say(one, MSG_SESSIONS_KEPT);
	/* An answer on that channel: it was read. */
	CU_ASSERT(
	    rig_login(one, rig_session(1, 2), "alice", "wonder") == LOGIN_OK);
	ask_open(two, rig_session(2, 1));
	CU_ASSERT(rig_next(one) == MSG_SESSIONS_RECALL);
	rig_close(one, rig_session(1, 1));
	say(one, MSG_SESSIONS_RECALLED);
	CU_ASSERT(verdict(two) == LIMIT_NONE);
	CU_ASSERT(rig_open(two, rig_session(2, 2)) == LIMIT_ADDRESS);

	/* The same for the limit of a user. */
	say(one, MSG_SESSIONS_KEPT);
	ask_open(one, rig_session(1, 3));
	CU_ASSERT(rig_next(one) == MSG_SESSIONS_RECALL);
	say(one, MSG_SESSIONS_RECALLED);
	CU_ASSERT(verdict(one) == LIMIT_ADDRESS);
	say(one, MSG_SESSIONS_KEPT);
	CU_ASSERT(rig_login(one, rig_session(1, 2), "alice", "wrong") ==
	    LOGIN_DENIED);
	rig_ask_login(two, rig_session(2, 1), "alice", "wonder");
	CU_ASSERT(rig_next(one) == MSG_SESSIONS_RECALL);
	rig_close(one, rig_session(1, 2));
	say(one, MSG_SESSIONS_RECALLED);
	CU_ASSERT(rig_next(two) == MSG_LOGIN_RESULT);
	CU_ASSERT(two->body.result.verdict == LOGIN_OK);
	CU_ASSERT(two->body.result.token_len > 0);
	tear_down(&stage);
}

static void
waits_for_nobody_for_ever(void)
{
	struct stage stage;
	struct rig_end *one = &stage.one, *two = &stage.two;

	/* One does not answer. */
	set_up(&stage);
	CU_ASSERT(rig_open(one, rig_session(1, 1)) == LIMIT_NONE);
	say(one, MSG_SESSIONS_KEPT);
	CU_ASSERT(rig_open(one, rig_session(1, 2)) == LIMIT_NONE);
	CU_ASSERT(rig_open(two, rig_session(2, 1)) == LIMIT_ADDRESS);
	CU_ASSERT(rig_next(one) == MSG_SESSIONS_RECALL);
	/* One dies while it is waited for. */
	ask_open(two, rig_session(2, 1));
	CU_ASSERT(rig_next(one) == MSG_SESSIONS_RECALL);
	rig_end_close(one);
	CU_ASSERT(verdict(two) == LIMIT_NONE);
	/* The one who waits goes, or what it waits for. */
	CU_ASSERT(rig_open(two, rig_session(2, 2)) == LIMIT_NONE);
	say(two, MSG_SESSIONS_KEPT);
	ask_open(two, rig_session(2, 3));
	CU_ASSERT(rig_next(two) == MSG_SESSIONS_RECALL);
	rig_close(two, rig_session(2, 3));
	rig_close(two, rig_session(2, 2));
	say(two, MSG_SESSIONS_RECALLED);
	CU_ASSERT(rig_open(two, rig_session(2, 4)) == LIMIT_NONE);
	say(two, MSG_SESSIONS_KEPT);
	ask_open(two, rig_session(2, 5));
	CU_ASSERT(rig_next(two) == MSG_SESSIONS_RECALL);
	tear_down(&stage);
}

static void
gives_a_place_to_another(void)
{
	struct msg_login_request body;
	struct stage stage;
	struct rig_end *one = &stage.one, *two = &stage.two;

	set_up(&stage);
	CU_ASSERT(rig_open(one, rig_session(1, 1)) == LIMIT_NONE);
	CU_ASSERT(
	    rig_login(one, rig_session(1, 1), "alice", "wonder") == LOGIN_OK);
	renew(one, rig_session(1, 2), rig_session(1, 1));
	/* The user is gone, and so is the number. */
	CU_ASSERT(rig_login(one, rig_session(1, 1), "alice", "wonder") ==
	    LOGIN_UNAVAILABLE);
	CU_ASSERT(rig_open(two, rig_session(2, 1)) == LIMIT_NONE);
	CU_ASSERT(
	    rig_login(two, rig_session(2, 1), "alice", "wonder") == LOGIN_OK);
	CU_ASSERT(rig_open(two, rig_session(2, 2)) == LIMIT_ADDRESS);
	/* A login may bring the place along. */
	memset(&body, 0, sizeof(body));
	body.session = rig_session(2, 3);
	body.place = rig_session(2, 1);
	body.generation = 1;
	body.address = rig_address();
	body.user_len = 5;
	body.password_len = 6;
	rig_send(two, MSG_LOGIN_REQUEST, &body, "alice", 5, "wonder", 6);
	CU_ASSERT(rig_next(two) == MSG_LOGIN_RESULT);
	CU_ASSERT(two->body.result.session == rig_session(2, 3));
	CU_ASSERT(two->body.result.verdict == LOGIN_OK);
	CU_ASSERT(rig_open(one, rig_session(1, 3)) == LIMIT_ADDRESS);
	tear_down(&stage);
}

static void
cuts_off_thieves(void)
{
	static const struct {
		const char *what;
		uint32_t of, number, of_place, place;
	} cases[] = {
		{ "the place of another worker", 1, 2, 2, 1 },
		{ "a number of another worker", 2, 2, 1, 1 },
		{ "a place that there is not", 1, 2, 1, 7 },
		{ "a number that is taken", 1, 1, 1, 1 },
		{ "no place", 1, 2, 0, 0 },
	};
	struct stage stage;
	size_t i;

	for (i = 0; i < NITEMS(cases); i++) {
		set_up(&stage);
		CU_ASSERT(
		    rig_open(&stage.one, rig_session(1, 1)) == LIMIT_NONE);
		CU_ASSERT(
		    rig_open(&stage.two, rig_session(2, 1)) == LIMIT_NONE);
		renew(&stage.one, rig_session(cases[i].of, cases[i].number),
		    rig_session(cases[i].of_place, cases[i].place));
		CHECK_CASE(rig_next(&stage.one) == MSG_NONE, cases[i].what);
		CHECK_CASE(stage.one.ended, cases[i].what);
		CHECK_CASE(rig_open(&stage.two, rig_session(2, 2)) ==
			LIMIT_NONE,
		    cases[i].what);
		tear_down(&stage);
	}
}

/* The session logs in; a token for its agent. */
static void
log_in(struct rig_end *worker, uint64_t session, const char *user,
    struct rig_token *token)
{
	CU_ASSERT(rig_open(worker, session) == LIMIT_NONE);
	CU_ASSERT(rig_login(worker, session, user, RIG_PASSWORD) == LOGIN_OK);
	rig_token(worker, token);
}

static int
take_fd(struct rig_end *worker)
{
	int fd = worker->fd;

	worker->fd = -1;
	return (fd);
}

static void
ask_agent(struct rig_end *worker, uint64_t session,
    const struct rig_token *token)
{
	struct msg_agent_request body = { session, 77, token->len, 0 };

	rig_send(worker, MSG_AGENT_REQUEST, &body, token->bytes, token->len,
	    NULL, 0);
}

/* A channel that a worker keeps does not count against another's agent. */
static void
calls_agents_back(void)
{
	static struct rig_token alice, bob;
	uint8_t identity[LOGIN_IDENTITY_LEN];
	struct stage stage;
	struct rig_end *one = &stage.one, *two = &stage.two;
	int fd;

	set_up_with(&stage, "limits: {agents: 1}\nagent_idle: 1h\n");
	log_in(one, rig_session(1, 1), "alice", &alice);
	memcpy(identity, one->body.result.identity, sizeof(identity));
	CU_ASSERT(rig_agent(one, rig_session(1, 1), &alice) == 0);
	fd = take_fd(one);
	log_in(two, rig_session(2, 1), "bob", &bob);
	CU_ASSERT(
	    memcmp(identity, two->body.result.identity, sizeof(identity)) != 0);
	/* Nobody keeps any: the limit stands at once. */
	CU_ASSERT(rig_agent(two, rig_session(2, 1), &bob) == EAGAIN);

	say(one, MSG_SESSIONS_KEPT);
	log_in(one, rig_session(1, 2), "alice", &alice);
	CU_ASSERT(
	    memcmp(identity, one->body.result.identity, sizeof(identity)) == 0);
	ask_agent(two, rig_session(2, 1), &bob);
	CU_ASSERT(rig_next(one) == MSG_SESSIONS_RECALL);
	fd_close(&fd);
	say(one, MSG_SESSIONS_RECALLED);
	CU_ASSERT(rig_next(two) == MSG_AGENT_GRANTED);
	fd = take_fd(two);

	/* One that is in use is not to be had. */
	say(two, MSG_SESSIONS_KEPT);
	CU_ASSERT(
	    rig_login(two, rig_session(2, 1), "bob", "wrong") == LOGIN_DENIED);
	ask_agent(one, rig_session(1, 2), &alice);
	CU_ASSERT(rig_next(two) == MSG_SESSIONS_RECALL);
	say(two, MSG_SESSIONS_RECALLED);
	CU_ASSERT(rig_next(one) == MSG_AGENT_REFUSED);
	CU_ASSERT(one->body.refused.error == EAGAIN);
	fd_close(&fd);
	tear_down(&stage);
}

static void
log_out(struct rig_end *worker, uint64_t session)
{
	struct msg_session body = { session, 0 };

	rig_send(worker, MSG_SESSION_LOGOUT, &body, NULL, 0, NULL, 0);
}

/* One account, one session: who has logged out is not counted any more. */
static void
frees_the_user_of_one_that_logs_out(void)
{
	struct stage stage;
	struct rig_end *one = &stage.one, *two = &stage.two;

	set_up(&stage);
	CU_ASSERT(rig_open(one, rig_session(1, 1)) == LIMIT_NONE);
	CU_ASSERT(rig_open(two, rig_session(2, 1)) == LIMIT_NONE);
	CU_ASSERT(
	    rig_login(one, rig_session(1, 1), "alice", "wonder") == LOGIN_OK);
	CU_ASSERT(rig_login(two, rig_session(2, 1), "alice", "wonder") ==
	    LOGIN_LIMIT);
	/* Another worker's session is none of theirs: nothing happens. */
	log_out(two, rig_session(1, 1));
	CU_ASSERT(rig_login(two, rig_session(2, 1), "alice", "wonder") ==
	    LOGIN_LIMIT);
	log_out(one, rig_session(1, 1));
	log_out(one, rig_session(1, 1));
	log_out(one, rig_session(1, 9));
	/* An answer on that channel: it was read. */
	CU_ASSERT(rig_login(one, rig_session(1, 1), "alice", "wrong") ==
	    LOGIN_DENIED);
	CU_ASSERT(
	    rig_login(two, rig_session(2, 1), "alice", "wonder") == LOGIN_OK);
	/* A login under way is withdrawn. */
	rig_ask_login(one, rig_session(1, 1), "bob", "wonder");
	log_out(one, rig_session(1, 1));
	CU_ASSERT(
	    rig_login(two, rig_session(2, 1), "bob", "wonder") == LOGIN_OK);
	/* It goes on being counted for its address. */
	CU_ASSERT(rig_open(two, rig_session(2, 2)) == LIMIT_ADDRESS);
	tear_down(&stage);
}

static void
ask_who(struct rig_end *worker, uint64_t session)
{
	struct msg_session body = { session, 0 };

	rig_send(worker, MSG_WHO_ASK, &body, NULL, 0, NULL, 0);
}

/* The count in the next answer, which has the addresses of all others; or 0. */
static uint32_t
who(struct rig_end *worker)
{
	const struct msg_who *body = (const void *)worker->body.bytes;
	struct address address = rig_address();

	if (rig_next(worker) != MSG_WHO_ANSWER ||
	    body->told != body->count - 1 ||
	    worker->len != body->told * sizeof(struct address) ||
	    (body->told > 0 &&
		memcmp(worker->rest, &address, sizeof(address)) != 0))
		return (0);
	return (body->count);
}

/* What it has said before is read, and nothing was asked of it. */
static bool
is_heard(struct rig_end *worker, uint64_t session)
{
	return (rig_login(worker, session, "bob", "wrong") == LOGIN_DENIED);
}

/* Sessions of the same account, of all workers, and no others. */
static void
tells_who_there_is(void)
{
	struct stage stage;
	struct rig_end *one = &stage.one, *two = &stage.two;
	static struct rig_token token;
	uint64_t began;
	bool soon;

	set_up_with(&stage, "umask: '022'\n");
	log_in(one, rig_session(1, 1), "alice", &token);
	log_in(two, rig_session(2, 1), "alice", &token);
	log_in(two, rig_session(2, 2), "bob", &token);
	CU_ASSERT(rig_open(one, rig_session(1, 2)) == LIMIT_NONE);
	ask_who(one, rig_session(1, 1));
	CU_ASSERT(who(one) == 2);
	ask_who(two, rig_session(2, 2));
	CU_ASSERT(who(two) == 1);
	/* Nobody's session is alone, and another's is not to be asked about. */
	ask_who(one, rig_session(2, 1));
	ask_who(one, rig_session(1, 2));
	CU_ASSERT(who(one) == 1);
	CU_ASSERT(one->body.granted.session == rig_session(1, 2));

	/* One of them has ended; that shows before the answer, and once. */
	say(two, MSG_SESSIONS_KEPT);
	CU_ASSERT(is_heard(two, rig_session(2, 2)));
	began = loop_now();
	ask_who(one, rig_session(1, 1));
	ask_who(one, rig_session(1, 1));
	CU_ASSERT(rig_next(two) == MSG_SESSIONS_RECALL);
	rig_close(two, rig_session(2, 1));
	say(two, MSG_SESSIONS_RECALLED);
	CU_ASSERT(who(one) == 1);
	ask_who(one, rig_session(1, 1));
	CU_ASSERT(who(one) == 1);

	/* Nobody is bothered again so soon. */
	say(two, MSG_SESSIONS_KEPT);
	CU_ASSERT(is_heard(two, rig_session(2, 2)));
	soon = loop_now() - began < 500;
	ask_who(one, rig_session(1, 1));
	CU_ASSERT(who(one) == 1);
	CU_ASSERT(!soon || is_heard(two, rig_session(2, 2)));
	tear_down(&stage);
}

/* What the one before has asked, and left unheard, is no business of its. */
static void
begins_anew_in_a_place(void)
{
	struct stage stage;
	struct rig_end *one = &stage.one, *two = &stage.two;
	static struct rig_token token;

	set_up_with(&stage, "umask: '022'\n");
	log_in(one, rig_session(1, 1), "alice", &token);
	CU_ASSERT(rig_open(two, rig_session(2, 2)) == LIMIT_NONE);
	say(two, MSG_SESSIONS_KEPT);
	CU_ASSERT(is_heard(two, rig_session(2, 2)));
	ask_who(one, rig_session(1, 1));
	CU_ASSERT(rig_next(two) == MSG_SESSIONS_RECALL);
	renew(one, rig_session(1, 2), rig_session(1, 1));
	CU_ASSERT(is_heard(one, rig_session(1, 2)));
	say(two, MSG_SESSIONS_RECALLED);
	CU_ASSERT(
	    rig_login(one, rig_session(1, 2), "alice", "wonder") == LOGIN_OK);
	ask_who(one, rig_session(1, 2));
	CU_ASSERT(who(one) == 1);
	CU_ASSERT(one->body.granted.session == rig_session(1, 2));
	tear_down(&stage);
}

CU_TestInfo places_tests[] = {
	{ "places are called back before a refusal", calls_places_back },
	{ "nobody is waited for too long", waits_for_nobody_for_ever },
	{ "another session takes a place over", gives_a_place_to_another },
	{ "places of others cannot be had", cuts_off_thieves },
	{ "agents are called back before a refusal", calls_agents_back },
	{ "a session is told who else there is", tells_who_there_is },
	{ "a place comes without questions", begins_anew_in_a_place },
	{ "who logs out is no user's session any more",
	    frees_the_user_of_one_that_logs_out },
	CU_TEST_INFO_NULL,
};
