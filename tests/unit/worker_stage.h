/*
 * worker_stage - a real worker process, of which we are master and login.
 */
#ifndef TESTS_UNIT_WORKER_STAGE_H
#define TESTS_UNIT_WORKER_STAGE_H

#include <CUnit/CUnit.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "shm/base/fd.h"
#include "shm/ipc/channel.h"
#include "tests/unit/introduce.h"
#include "worker/worker.h"

#define PATIENCE_MS 10000
#define INCARNATION 9

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
	char cache[48]; /* in it */
	int log;
	pid_t pid;
	struct channel *channel, *login;
	int ready, pongs, drained, opened, closed;
};

/* Master and login ------------------------------------------------------- */

static inline int
hear(struct message *message, void *context)
{
	struct stage *stage = context;

	stage->ready += message->type == MSG_READY;
	stage->pongs += message->type == MSG_PONG;
	stage->drained += message->type == MSG_DRAINED;
	return (0);
}

/* Everybody is welcome. */
static inline int
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

static inline uint64_t
now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return ((uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000);
}

/* Hears what there is, or waits a moment for more. */
static inline void
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

static inline bool
until(struct stage *stage, const int *value, int wanted)
{
	uint64_t end = now_ms() + PATIENCE_MS;

	while (*value < wanted && now_ms() < end)
		listen_to(stage);
	return (*value >= wanted);
}

static inline bool
answers_pings(struct stage *stage)
{
	const struct msg_ping ping = { 1 };
	int wanted = stage->pongs + 1;

	return (channel_post(stage->channel, MSG_PING, &ping) == 0 &&
	    until(stage, &stage->pongs, wanted));
}

static inline void
introduce_login(struct stage *stage)
{
	const struct msg_peer peer = { .role = ROLE_LOGIN };

	channel_free(&stage->login);
	stage->login =
	    introduce(stage->channel, &peer, ROLE_WORKER, judge, stage);
}

static inline void
order(struct stage *stage, const struct msg_stop *stop)
{
	CU_ASSERT_EQUAL(channel_post(stage->channel, MSG_STOP, stop), 0);
}

/* Beginning and end ------------------------------------------------------ */

static inline int
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

static inline void
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
	(void)snprintf(stage->cache, sizeof(stage->cache), "%s/cache",
	    stage->directory);
	CU_ASSERT_FATAL(mkdir(stage->cache, 0700) == 0);
	free(stage->conf->run_directory);
	stage->conf->run_directory = strdup(stage->directory);
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
}

static inline void
be_worker(const struct stage *stage, rlim_t open_files)
{
	const struct rlimit limit = { open_files, open_files };

	if (open_files != 0)
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	worker_run(&stage->start);
}

static inline void
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
static inline int
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

static inline void
stop(struct stage *stage)
{
	channel_free(&stage->channel);
	channel_free(&stage->login);
	fd_close(&stage->log);
	fd_close(&stage->listener.fd);
	ring_free(&stage->ring);
	score_free(&stage->score);
	conf_free(&stage->conf);
	CU_ASSERT_EQUAL(rmdir(stage->cache), 0);
	CU_ASSERT_EQUAL(rmdir(stage->directory), 0);
}

#endif
