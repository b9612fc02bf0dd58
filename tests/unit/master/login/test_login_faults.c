/* Unit tests of the login process among peers that lie, hang and die. */
#include <CUnit/CUnit.h>
#include <stdbool.h>

#include "master/login/checker.h"
#include "shm/base/loop.h"
#include "shm/ipc/link.h"
#include "tests/unit/login_rig.h"

#define FAKE "FTPSD_UNIT_CHECKER" /* in the environment: fake checkers */

/* A checker that hangs, dies or lies when the user's name says so. ------- */

static struct link *fake_link;

static int
fake_answer(const struct msg_check_login *check, const char *user)
{
	struct msg_checked body;

	memset(&body, 0, sizeof(body));
	body.request = check->request;
	if (strncmp(user, "lie", 3) == 0)
		body.request++;
	body.verdict = LOGIN_DENIED;
	body.ngroups = strncmp(user, "much", 4) == 0 ? 1000 : 0;
	return (link_post(fake_link, MSG_CHECKED, &body));
}

static int
fake_message(struct message *message, void *context UNUSED)
{
	struct msg_empty empty = { 0 };
	const char *user = (const char *)message->bytes;

	if (message->type == MSG_SETTINGS) {
		if (link_post(fake_link, MSG_READY, &empty) == -1)
			_exit(1);
		channel_running(link_channel(fake_link));
		return (0);
	}
	if (message->type != MSG_CHECK)
		return (0);
	if (strncmp(user, "hang", 4) == 0)
		for (;;)
			(void)pause();
	if (strncmp(user, "crash", 5) == 0)
		_exit(3);
	return (fake_answer(message->body, user));
}

static void
fake_end(void *context UNUSED)
{
	_exit(0);
}

static NORETURN void
fake_checker(void)
{
	static const struct link_handlers handlers = { fake_message, fake_end };
	struct loop *loop = loop_new();

	if (loop != NULL)
		fake_link = link_new(loop, FD_MASTER, ROLE_CHECKER, ROLE_LOGIN,
		    &handlers, NULL);
	if (fake_link != NULL)
		(void)loop_run(loop);
	_exit(1);
}

/* Login executes this program as "ftpsd @checker". */
__attribute__((constructor)) static void
be_checker(int argc, char **argv)
{
	if (argc != 2 || strcmp(argv[1], "@checker") != 0)
		return;
	if (getenv(FAKE) != NULL)
		fake_checker();
	checker_run();
}

/* Hostile and hung peers -------------------------------------------------- */

/* Whether login has cut that worker off, and serves the other one. */
static void
check_cut(struct rig *rig, struct rig_end *bad, struct rig_end *good,
    const char *what)
{
	static uint32_t n = 100;

	CHECK_CASE(rig_next(bad) == MSG_NONE && bad->ended, what);
	rig_end_close(bad);
	CHECK_CASE(rig_open(good, rig_session(1, ++n)) == LIMIT_NONE, what);
	rig_close(good, rig_session(1, n));
	CHECK_CASE(waitpid(rig->pid, NULL, WNOHANG) == 0, what);
}

static void
check_hostile_workers(void)
{
	struct msg_session_open open = { rig_session(9, 1), 1, 0,
		rig_address() };
	struct msg_login_request login;
	struct msg_agent_request agent = { rig_session(2, 1), 1, 5, 0 };
	struct msg_session_announce announced;
	struct rig_end good, bad;
	struct rig rig;

	rig_prepare(&rig, "");
	rig_start(&rig);
	rig_worker(&rig, &good, 1);

	rig_worker(&rig, &bad, 2);
	rig_send(&bad, MSG_SESSION_OPEN, &open, NULL, 0, NULL, 0);
	check_cut(&rig, &bad, &good, "another worker's session");

	rig_worker(&rig, &bad, 2);
	open.session = rig_session(2, 1);
	open.generation = 7;
	rig_send(&bad, MSG_SESSION_OPEN, &open, NULL, 0, NULL, 0);
	check_cut(&rig, &bad, &good, "another generation");

	rig_worker(&rig, &bad, 2);
	memset(&login, 0, sizeof(login));
	login.session = rig_session(2, 1);
	login.generation = 1;
	login.user_len = 60000;
	login.password_len = 10;
	rig_send(&bad, MSG_LOGIN_REQUEST, &login, "0123456789", 10, NULL, 0);
	check_cut(&rig, &bad, &good, "lengths beyond the message");

	rig_worker(&rig, &bad, 2);
	rig_send(&bad, MSG_AGENT_REQUEST, &agent, "0123456789", 10, NULL, 0);
	check_cut(&rig, &bad, &good, "a token with bytes behind it");

	rig_worker(&rig, &bad, 2);
	memset(&announced, 0, sizeof(announced));
	announced.session = rig_session(2, 1);
	announced.generation = 1;
	announced.token_len = UINT32_MAX;
	rig_send(&bad, MSG_SESSION_ANNOUNCE, &announced, NULL, 0, NULL, 0);
	check_cut(&rig, &bad, &good, "a token without bytes");

	rig_worker(&rig, &bad, 2);
	CU_ASSERT(send(channel_fd(bad.channel), "garbage", 7, 0) == 7);
	check_cut(&rig, &bad, &good, "what is no message");

	rig_end_close(&good);
	rig_free(&rig);
}

static void
check_unreliable_checkers(void)
{
	struct rig_end worker;
	struct rig rig;
	int left = 3;

	CU_ASSERT(setenv(FAKE, "1", 1) == 0);
	rig_prepare(&rig, "  timeout: 1s\n  checker_logins: 2\n");
	rig_start(&rig);
	CU_ASSERT(unsetenv(FAKE) == 0);
	rig_worker(&rig, &worker, 1);
	CU_ASSERT(rig_open(&worker, rig_session(1, 1)) == LIMIT_NONE);
	CU_ASSERT(rig_open(&worker, rig_session(1, 2)) == LIMIT_NONE);
	CU_ASSERT(rig_open(&worker, rig_session(1, 3)) == LIMIT_NONE);

	/* One hangs: the other one answers, again and again. */
	rig_ask_login(&worker, rig_session(1, 1), "hang", "x");
	while (left-- > 0)
		CU_ASSERT(rig_login(&worker, rig_session(1, 2), "someone",
			      "x") == LOGIN_DENIED);
	CU_ASSERT(rig_next(&worker) == MSG_LOGIN_RESULT);
	CU_ASSERT(worker.body.result.session == rig_session(1, 1));
	CU_ASSERT(worker.body.result.verdict == LOGIN_UNAVAILABLE);

	/* One dies, or answers what it was not asked. */
	CU_ASSERT(rig_login(&worker, rig_session(1, 1), "crash", "x") ==
	    LOGIN_UNAVAILABLE);
	CU_ASSERT(rig_login(&worker, rig_session(1, 1), "lie", "x") ==
	    LOGIN_UNAVAILABLE);
	CU_ASSERT(rig_login(&worker, rig_session(1, 1), "much", "x") ==
	    LOGIN_UNAVAILABLE);
	CU_ASSERT(rig_login(&worker, rig_session(1, 1), "someone", "x") ==
	    LOGIN_DENIED);

	/* All hang, and a session leaves: its answer never comes. */
	rig_ask_login(&worker, rig_session(1, 1), "hang", "x");
	rig_ask_login(&worker, rig_session(1, 2), "hang", "x");
	rig_ask_login(&worker, rig_session(1, 3), "someone", "x");
	rig_close(&worker, rig_session(1, 1));
	CU_ASSERT(rig_next(&worker) == MSG_LOGIN_RESULT);
	CU_ASSERT(worker.body.result.session != rig_session(1, 1));
	CU_ASSERT(rig_next(&worker) == MSG_LOGIN_RESULT);
	CU_ASSERT(worker.body.result.session != rig_session(1, 1));
	CU_ASSERT(rig_login(&worker, rig_session(1, 2), "someone", "x") ==
	    LOGIN_DENIED);
	rig_end_close(&worker);
	rig_free(&rig);
}

CU_TestInfo login_faults_tests[] = {
	{ "hostile workers are cut off", check_hostile_workers },
	{ "checkers that hang, die or lie", check_unreliable_checkers },
	CU_TEST_INFO_NULL,
};
