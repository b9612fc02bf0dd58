/* Unit tests of worker/worker.c and what it is made of, in a real process. */
#include "worker/worker.h"

#include <CUnit/CUnit.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "shm/base/fd.h"
#include "shm/ipc/channel.h"
#include "tests/unit/suites.h"

#define PATIENCE_MS 10000
#define INCARNATION 9
#define CROWD       60
#define SHORT_LIMIT 48 /* descriptors of a worker that runs out of them */

static const char settings[] = "listen: [{address: 127.0.0.1, port: 2121}]\n"
			       "threads: 4\n"
			       "grace_time: 1s\n"
			       "passive: {address: lo}\n";

/* The worker's surroundings: we are its master, login, and clients. */
struct stage {
	struct worker_start start;
	struct start_listener listener;
	struct conf *conf;
	struct host_keys keys;
	struct ring *ring;
	struct score *score;
	char directory[32];
	int log;
	pid_t pid;
	struct channel *channel, *login;
	int ready, pongs, drained, opened, closed;
};

/* Master and login ------------------------------------------------------- */

static int
hear(struct message *message, void *context)
{
	struct stage *stage = context;

	stage->ready += message->type == MSG_READY;
	stage->pongs += message->type == MSG_PONG;
	stage->drained += message->type == MSG_DRAINED;
	return (0);
}

/* Everybody is welcome. */
static int
judge(struct message *message, void *context)
{
	const struct msg_session_open *open = message->body;
	struct msg_session_verdict verdict = { .limit = LIMIT_NONE };
	struct stage *stage = context;

	stage->closed += message->type == MSG_SESSION_CLOSE;
	if (message->type != MSG_SESSION_OPEN)
		return (0);
	CU_ASSERT_EQUAL(open->session >> 32, INCARNATION);
	stage->opened++;
	verdict.session = open->session;
	verdict.host = open->host;
	return (channel_post(stage->login, MSG_SESSION_VERDICT, &verdict));
}

static uint64_t
now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return ((uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000);
}

/* Hears what there is, or waits a moment for more. */
static void
listen_to(struct stage *stage)
{
	struct pollfd fds[2] = { { .fd = -1 }, { .fd = -1 } };

	if (stage->channel != NULL)
		fds[0] =
		    (struct pollfd){ channel_fd(stage->channel), POLLIN, 0 };
	if (stage->login != NULL)
		fds[1] = (struct pollfd){ channel_fd(stage->login), POLLIN, 0 };
	(void)poll(fds, 2, 10);
	if (fds[0].revents != 0 && channel_receive(stage->channel, 100) == -1)
		channel_free(&stage->channel);
	if (fds[1].revents != 0 && channel_receive(stage->login, 100) == -1)
		channel_free(&stage->login);
}

static bool
until(struct stage *stage, const int *value, int wanted)
{
	uint64_t end = now_ms() + PATIENCE_MS;

	while (*value < wanted && now_ms() < end)
		listen_to(stage);
	return (*value >= wanted);
}

static bool
answers_pings(struct stage *stage)
{
	const struct msg_ping ping = { 1 };
	int wanted = stage->pongs + 1;

	return (channel_post(stage->channel, MSG_PING, &ping) == 0 &&
	    until(stage, &stage->pongs, wanted));
}

static void
introduce_login(struct stage *stage)
{
	const struct msg_peer peer = { .role = ROLE_LOGIN };
	struct channel_message message = { .type = MSG_PEER, .body = &peer };
	int pair[2];

	CU_ASSERT_EQUAL_FATAL(fd_pair(pair), 0);
	channel_free(&stage->login);
	stage->login =
	    channel_new(pair[0], ROLE_LOGIN, ROLE_WORKER, judge, stage);
	CU_ASSERT_PTR_NOT_NULL_FATAL(stage->login);
	channel_running(stage->login);
	message.fd = pair[1];
	CU_ASSERT_EQUAL(channel_send(stage->channel, &message), 0);
	fd_close(&pair[1]);
}

static void
order(struct stage *stage, const struct msg_stop *stop)
{
	CU_ASSERT_EQUAL(channel_post(stage->channel, MSG_STOP, stop), 0);
}

/* Beginning and end ------------------------------------------------------ */

static int
open_listener(struct address *address)
{
	struct sockaddr_in sa = { .sin_family = AF_INET };
	socklen_t len = sizeof(sa);
	int fd;

	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	CU_ASSERT_NOT_EQUAL_FATAL(fd, -1);
	CU_ASSERT_EQUAL_FATAL(bind(fd, (const struct sockaddr *)&sa,
				  sizeof(sa)),
	    0);
	CU_ASSERT_EQUAL_FATAL(listen(fd, 128), 0);
	CU_ASSERT_EQUAL_FATAL(getsockname(fd, (struct sockaddr *)&sa, &len), 0);
	CU_ASSERT_EQUAL(address_from_sockaddr(address,
			    (const struct sockaddr *)&sa),
	    0);
	return (fd);
}

static void
fill_start(struct stage *stage)
{
	struct worker_start *start = &stage->start;
	struct conf_errors errors = { NULL, 0 };

	stage->conf =
	    conf_parse("test", settings, sizeof(settings) - 1, &errors);
	conf_errors_free(&errors);
	CU_ASSERT_PTR_NOT_NULL_FATAL(stage->conf);
	stage->ring = ring_create(3600, 4);
	stage->score = score_create(&start->score_fd);
	CU_ASSERT_PTR_NOT_NULL_FATAL(stage->ring);
	CU_ASSERT_PTR_NOT_NULL_FATAL(stage->score);
	(void)snprintf(stage->directory, sizeof(stage->directory),
	    "/tmp/ftpsd-unit-XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(stage->directory));
	stage->listener.fd = open_listener(&stage->listener.address);
	start->slot = 1;
	start->incarnation = INCARNATION;
	start->master = getpid();
	start->conf = stage->conf;
	start->keys = &stage->keys;
	start->listeners = &stage->listener;
	start->nlisteners = 1;
	start->ring_fd = ring_fd(stage->ring);
	start->uid = getuid();
	start->gid = getgid();
	start->cache_directory = stage->directory;
}

static void
be_worker(const struct stage *stage, rlim_t open_files)
{
	const struct rlimit limit = { open_files, open_files };

	if (open_files != 0)
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	worker_run(&stage->start);
}

static void
start_with(struct stage *stage, rlim_t open_files)
{
	int channel[2], log[2];

	memset(stage, 0, sizeof(*stage));
	fill_start(stage);
	CU_ASSERT_EQUAL_FATAL(fd_pair(channel), 0);
	CU_ASSERT_EQUAL_FATAL(fd_pair(log), 0);
	stage->start.master_fd = channel[1];
	stage->start.log_fd = log[1];
	stage->pid = fork();
	CU_ASSERT_NOT_EQUAL_FATAL(stage->pid, -1);
	if (stage->pid == 0)
		be_worker(stage, open_files);
	fd_close(&channel[1]);
	fd_close(&log[1]);
	fd_close(&stage->start.score_fd);
	stage->log = log[0];
	stage->channel =
	    channel_new(channel[0], ROLE_MASTER, ROLE_WORKER, hear, stage);
	CU_ASSERT_PTR_NOT_NULL_FATAL(stage->channel);
	CU_ASSERT_TRUE(until(stage, &stage->ready, 1));
	channel_running(stage->channel);
	introduce_login(stage);
}

/* The worker's exit status, or -1; one that goes on is killed. */
static int
exit_status(struct stage *stage)
{
	uint64_t end = now_ms() + PATIENCE_MS;
	int status = -1;
	pid_t pid = 0;

	while (pid == 0 && now_ms() < end) {
		listen_to(stage);
		pid = waitpid(stage->pid, &status, WNOHANG);
	}
	/* Its last word may have come between the two. */
	listen_to(stage);
	if (pid == 0) {
		(void)kill(stage->pid, SIGKILL);
		(void)waitpid(stage->pid, &status, 0);
	}
	return (WIFEXITED(status) ? WEXITSTATUS(status) : -1);
}

static void
stop(struct stage *stage)
{
	channel_free(&stage->channel);
	channel_free(&stage->login);
	fd_close(&stage->log);
	fd_close(&stage->listener.fd);
	ring_free(&stage->ring);
	score_free(&stage->score);
	conf_free(&stage->conf);
	CU_ASSERT_EQUAL(rmdir(stage->directory), 0);
}

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

/* Names that the configuration has not, and addresses that PASV has not. */
static void
distrusts_addresses(void)
{
	static const struct {
		uint32_t number;
		const char *address;
		bool good;
	} rows[] = {
		{ 0, "192.0.2.1", true },
		{ 1, "192.0.2.1", false },
		{ UINT32_MAX, "192.0.2.1", false },
		{ 0, "0.0.0.0", false },
		{ 0, "2001:db8::1", false },
	};
	struct msg_address body;
	struct stage stage;
	size_t i;

	for (i = 0; i < NITEMS(rows); i++) {
		start_with(&stage, 0);
		memset(&body, 0, sizeof(body));
		body.number = rows[i].number;
		CU_ASSERT_EQUAL(address_parse(&body.address, rows[i].address),
		    0);
		CU_ASSERT_EQUAL(channel_post(stage.channel, MSG_ADDRESS, &body),
		    0);
		if (rows[i].good) {
			CU_ASSERT_TRUE(answers_pings(&stage));
			(void)kill(stage.pid, SIGKILL);
		}
		/* The channel ends, as if the master were gone. */
		CHECK_CASE(exit_status(&stage) == (rows[i].good ? -1 : 1),
		    rows[i].address);
		stop(&stage);
	}
}

static void
distrusts_traces(void)
{
	static const struct {
		const char *what;
		uint32_t level, bits;
		bool good;
	} rows[] = {
		{ "what the master sends", 20, 128, true },
		{ "a level above all", 21, 0, false },
		{ "more bits than an address has", 1, 129, false },
		{ "huge numbers", UINT32_MAX, UINT32_MAX, false },
	};
	struct msg_trace body;
	struct stage stage;
	size_t i;

	for (i = 0; i < NITEMS(rows); i++) {
		start_with(&stage, 0);
		memset(&body, 0, sizeof(body));
		body.rules[TRACE_TLS_VERIFY].level = rows[i].level;
		body.rules[TRACE_TLS_VERIFY].bits = rows[i].bits;
		CU_ASSERT_EQUAL(channel_post(stage.channel, MSG_TRACE, &body),
		    0);
		if (rows[i].good) {
			CU_ASSERT_TRUE(answers_pings(&stage));
			(void)kill(stage.pid, SIGKILL);
		}
		CHECK_CASE(exit_status(&stage) == (rows[i].good ? -1 : 1),
		    rows[i].what);
		stop(&stage);
	}
}

CU_TestInfo worker_tests[] = {
	{ "a worker distrusts what is to be traced", distrusts_traces },
	{ "a worker serves, and drains", serves_and_drains },
	{ "a worker stops when told", stops_when_told },
	{ "a worker ends when the master is gone", ends_without_a_master },
	{ "sessions survive a new login", survives_login },
	{ "signals are for the master", ignores_signals },
	{ "a worker has no rights", has_no_rights },
	{ "a worker distrusts addresses of names", distrusts_addresses },
	{ "clients are told when descriptors run out",
	    runs_out_of_descriptors },
	CU_TEST_INFO_NULL,
};
