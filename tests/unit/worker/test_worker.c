/* Unit tests of worker/worker.c and what it is made of, in a real process. */
#include "worker/worker.h"

#include "tests/unit/suites.h"
#include "tests/unit/worker_stage.h"

#define CROWD       60
#define SHORT_LIMIT 48 /* descriptors of a worker that runs out of them */

/* Clients ---------------------------------------------------------------- */

static int
call(const struct stage *stage)
{
	struct sockaddr_storage sa;
	socklen_t len;
	int fd;

	len = address_to_sockaddr(&stage->listener.address, AF_INET, &sa);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CU_ASSERT_NOT_EQUAL_FATAL(fd, -1);
	CU_ASSERT_EQUAL(connect(fd, (const struct sockaddr *)&sa, len), 0);
	CU_ASSERT_EQUAL(fd_set_nonblock(fd), 0);
	return (fd);
}

/* The code of the next reply; 0 the end, -1 nothing came. */
static int
reply(struct stage *stage, int fd)
{
	uint64_t end = now_ms() + PATIENCE_MS;
	char line[256] = "";
	ssize_t n = -1;

	while (n == -1 && now_ms() < end) {
		listen_to(stage);
		n = read(fd, line, sizeof(line) - 1);
		if (n == -1 && errno != EAGAIN)
			n = 0;
	}
	return (n <= 0 ? (int)n : (int)strtol(line, NULL, 10));
}

/* Tests ------------------------------------------------------------------ */

static void
serves_and_drains(void)
{
	const struct msg_stop drain = { .mode = STOP_DRAIN,
		.drain_ms = 50,
		.drain_hard_ms = 100000 };
	struct stage stage;
	int client, late;

	start_with(&stage, 0);
	CU_ASSERT_TRUE(answers_pings(&stage));
	client = call(&stage);
	CU_ASSERT_EQUAL(reply(&stage, client), 220);
	CU_ASSERT_EQUAL(score_get(stage.score, SCORE_SESSIONS), 1);
	CU_ASSERT_EQUAL(score_get(stage.score, SCORE_ACCEPTED), 1);
	order(&stage, &drain);
	CU_ASSERT_TRUE(answers_pings(&stage));
	late = call(&stage); /* waits for a successor */
	CU_ASSERT_EQUAL(reply(&stage, client), 421);
	fd_close(&client);
	CU_ASSERT_EQUAL(exit_status(&stage), 0);
	CU_ASSERT_EQUAL(stage.drained, 1);
	CU_ASSERT_EQUAL(stage.opened, 1);
	CU_ASSERT_EQUAL(read(late, &client, 1), -1);
	CU_ASSERT_EQUAL(errno, EAGAIN);
	fd_close(&late);
	stop(&stage);
}

static void
stops_when_told(void)
{
	static const struct {
		const char *what;
		struct msg_stop order;
		bool client;
	} cases[] = {
		{ "now", { .mode = STOP_NOW }, false },
		{ "now, with a session", { .mode = STOP_NOW }, true },
		{ "with grace", { .mode = STOP_GRACE, .grace_ms = 100000 },
		    true },
		{ "drained at once", { .mode = STOP_DRAIN }, true },
		{ "drained without sessions",
		    { .mode = STOP_DRAIN,
			.drain_ms = 100000,
			.drain_hard_ms = 100000 },
		    false },
	};
	struct stage stage;
	int client = -1;
	size_t i;

	for (i = 0; i < NITEMS(cases); i++) {
		start_with(&stage, 0);
		if (cases[i].client) {
			client = call(&stage);
			CHECK_CASE(reply(&stage, client) == 220, cases[i].what);
		}
		order(&stage, &cases[i].order);
		if (cases[i].client)
			CHECK_CASE(reply(&stage, client) == 421, cases[i].what);
		fd_close(&client);
		CHECK_CASE(exit_status(&stage) == 0, cases[i].what);
		CHECK_CASE(stage.drained == 1, cases[i].what);
		stop(&stage);
	}
}

static void
ends_without_a_master(void)
{
	struct stage stage;
	int client;

	start_with(&stage, 0);
	client = call(&stage);
	CU_ASSERT_EQUAL(reply(&stage, client), 220);
	channel_free(&stage.channel);
	CU_ASSERT_EQUAL(reply(&stage, client), 421);
	fd_close(&client);
	CU_ASSERT_EQUAL(exit_status(&stage), 1);
	stop(&stage);
}

/* A new login hears of the session, and the session of nothing. */
static void
survives_login(void)
{
	const struct msg_stop now = { .mode = STOP_NOW };
	struct stage stage;
	int client, second;

	start_with(&stage, 0);
	client = call(&stage);
	CU_ASSERT_EQUAL(reply(&stage, client), 220);
	channel_free(&stage.login);
	CU_ASSERT_TRUE(answers_pings(&stage));
	second = call(&stage);
	introduce_login(&stage);
	CU_ASSERT_EQUAL(reply(&stage, second), 220);
	CU_ASSERT_EQUAL(write(client, "NOOP\r\n", 6), 6);
	CU_ASSERT_TRUE(reply(&stage, client) > 0);
	fd_close(&client);
	fd_close(&second);
	CU_ASSERT_TRUE(until(&stage, &stage.closed, 2));
	order(&stage, &now);
	CU_ASSERT_EQUAL(exit_status(&stage), 0);
	stop(&stage);
}

static void
ignores_signals(void)
{
	static const int signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM,
		SIGUSR1, SIGUSR2, SIGPIPE };
	const struct msg_stop now = { .mode = STOP_NOW };
	struct stage stage;
	size_t i;

	start_with(&stage, 0);
	for (i = 0; i < NITEMS(signals); i++)
		CU_ASSERT_EQUAL(kill(stage.pid, signals[i]), 0);
	CU_ASSERT_TRUE(answers_pings(&stage));
	order(&stage, &now);
	CU_ASSERT_EQUAL(exit_status(&stage), 0);
	stop(&stage);
}

static bool
has_line(pid_t pid, const char *name, const char *wanted)
{
	char path[32], line[128];
	bool found = false;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	file = fopen(path, "re");
	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	while (!found && fgets(line, sizeof(line), file) != NULL)
		found = strncmp(line, wanted, strlen(wanted)) == 0;
	(void)fclose(file);
	return (found);
}

static void
has_no_rights(void)
{
	const struct msg_stop now = { .mode = STOP_NOW };
	struct stage stage;

	start_with(&stage, 0);
	CU_ASSERT_TRUE(has_line(stage.pid, "status", "NoNewPrivs:\t1\n"));
	CU_ASSERT_TRUE(has_line(stage.pid, "limits",
	    "Max processes             0        "));
	CU_ASSERT_TRUE(has_line(stage.pid, "limits",
	    "Max core file size        0                    0  "));
	order(&stage, &now);
	CU_ASSERT_EQUAL(exit_status(&stage), 0);
	stop(&stage);
}

/* Milliseconds of processor time that the worker has used. */
static uint64_t
cpu_ms(pid_t pid)
{
	struct timespec used;
	clockid_t id;

	CU_ASSERT_EQUAL_FATAL(clock_getcpuclockid(pid, &id), 0);
	CU_ASSERT_EQUAL(clock_gettime(id, &used), 0);
	return (
	    (uint64_t)used.tv_sec * 1000 + (uint64_t)used.tv_nsec / 1000000);
}

/* More clients than descriptors: some are told so, none is forgotten. */
static void
runs_out_of_descriptors(void)
{
	const struct msg_stop now = { .mode = STOP_NOW };
	int clients[CROWD], codes[CROWD], served = 0, refused = 0, i;
	struct stage stage;
	uint64_t begun;

	start_with(&stage, SHORT_LIMIT);
	begun = cpu_ms(stage.pid);
	for (i = 0; i < CROWD; i++)
		clients[i] = call(&stage);
	for (i = 0; i < CROWD; i++) {
		codes[i] = reply(&stage, clients[i]);
		served += codes[i] == 220;
		refused += codes[i] == 421;
	}
	CU_ASSERT_TRUE(served > 0 && refused > 0);
	CU_ASSERT_EQUAL(served + refused, CROWD);
	CU_ASSERT_TRUE(score_get(stage.score, SCORE_ACCEPT_PAUSED) > 0);
	CU_ASSERT_TRUE(answers_pings(&stage));
	CU_ASSERT_TRUE(cpu_ms(stage.pid) - begun < 500);
	for (i = 0; i < CROWD; i++)
		fd_close(&clients[i]);
	CU_ASSERT_TRUE(until(&stage, &stage.closed, served));
	clients[0] = call(&stage);
	CU_ASSERT_EQUAL(reply(&stage, clients[0]), 220);
	fd_close(&clients[0]);
	order(&stage, &now);
	CU_ASSERT_EQUAL(exit_status(&stage), 0);
	stop(&stage);
}

CU_TestInfo worker_tests[] = {
	{ "a worker serves, and drains", serves_and_drains },
	{ "a worker stops when told", stops_when_told },
	{ "a worker ends when the master is gone", ends_without_a_master },
	{ "sessions survive a new login", survives_login },
	{ "signals are for the master", ignores_signals },
	{ "a worker has no rights", has_no_rights },
	{ "clients are told when descriptors run out",
	    runs_out_of_descriptors },
	CU_TEST_INFO_NULL,
};
