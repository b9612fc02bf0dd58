/*
 * login_rig - a login process with a master and workers that are the test.
 *
 * login_run() runs in a forked child; it executes this test program anew for
 * its checkers, which a constructor in test_login_faults.c recognises.
 */
#ifndef TESTS_UNIT_LOGIN_RIG_H
#define TESTS_UNIT_LOGIN_RIG_H

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "master/login/login.h"
#include "shm/base/fd.h"
#include "shm/ipc/channel.h"
#include "tests/unit/scratch.h"
#include "tests/unit/suites.h"

#define RIG_WAIT_MS 20000 /* a sanitized program on a busy machine is slow */
#define RIG_UID     61001 /* of accounts in tests that run as root */
#define RIG_ADDRESS "192.0.2.7"

/* Cheap hashes of RIG_PASSWORD and RIG_SECRET. */
#define RIG_PASSWORD "wonder"
#define RIG_SECRET   "a password that must not be inherited"
#define RIG_HASH                                                       \
	"$6$rounds=1000$abcdefgh$isqxwN5vm2BoFv74Mj33lHwJ3eRa3ZOQX8Hc" \
	"roj.yo3vzL0f0TJpzQXjsBNpkLxRruaSq7Cjjska8m4h991Fk0"
#define RIG_SECRET_HASH                                                \
	"$6$rounds=1000$abcdefgh$eIYsTYY7GuhhVSPDbl1M07lpBJtFfvu4qckO" \
	"nhr0LfsDrbwV1Ft.BXSrEa.jB8h4s6qFnF1JrkMopGf8NCxOv0"

/* One end of a channel, and the last message that came through it. */
struct rig_end {
	struct channel *channel;
	bool ended;
	bool wrong; /* EPROTO: the other end broke the rules */
	enum msg_type type;
	size_t len;
	union {
		struct msg_session_verdict verdict;
		struct msg_login_result result;
		struct msg_agent_refused refused;
		struct msg_session granted;
		uint8_t bytes[MSG_LEN_MAX];
	} body;
	uint8_t rest[MSG_LEN_MAX];
	int fd;
};

struct rig {
	struct scratch scratch;
	pid_t pid;
	struct rig_end master;
	int log; /* our end of its log channel */
	uint32_t uid, gid;
	char home[96];
	char setting[2048]; /* the configuration, as YAML */
};

static inline int
rig_keep(struct message *message, void *context)
{
	struct rig_end *end = context;
	const uint8_t *body = message->body;

	end->type = message->type;
	end->len = message->len;
	memcpy(end->body.bytes, body, (size_t)(message->bytes - body));
	memcpy(end->rest, message->bytes, message->len);
	fd_close(&end->fd);
	end->fd = message_take_fd(message);
	return (0);
}

static inline void
rig_end_open(struct rig_end *end, int fd, enum role self)
{
	memset(end, 0, sizeof(*end));
	end->fd = -1;
	end->channel = channel_new(fd, self, ROLE_LOGIN, rig_keep, end);
	CU_ASSERT_PTR_NOT_NULL_FATAL(end->channel);
}

static inline void
rig_end_close(struct rig_end *end)
{
	channel_free(&end->channel);
	fd_close(&end->fd);
}

/* Waits for the next message: its type, or MSG_NONE when the channel ends. */
static inline enum msg_type
rig_next(struct rig_end *end)
{
	struct pollfd ready;
	int n = 0;

	end->type = MSG_NONE;
	while (n == 0) {
		ready.fd = channel_fd(end->channel);
		ready.events = POLLIN;
		if (poll(&ready, 1, RIG_WAIT_MS) != 1)
			break;
		n = channel_receive(end->channel, 1);
		if (n == -1) {
			end->ended = true;
			end->wrong = errno == EPROTO;
		}
	}
	return (end->type);
}

static inline void
rig_send(struct rig_end *end, enum msg_type type, const void *body,
    const void *first, size_t first_len, const void *second, size_t second_len)
{
	struct channel_message message;

	memset(&message, 0, sizeof(message));
	message.type = type;
	message.body = body;
	message.fd = -1;
	message.pieces[0].data = first;
	message.pieces[0].len = first_len;
	message.pieces[1].data = second;
	message.pieces[1].len = second_len;
	CU_ASSERT(channel_send(end->channel, &message) == 0);
}

static inline void
rig_send_fd(struct rig_end *end, enum msg_type type, const void *body, int fd)
{
	struct channel_message message;

	memset(&message, 0, sizeof(message));
	message.type = type;
	message.body = body;
	message.fd = fd;
	CU_ASSERT(channel_send(end->channel, &message) == 0);
}

static inline void
rig_send_settings(struct rig *rig, uint32_t generation)
{
	struct msg_settings body = { generation, 0 };
	int fd;

	fd = fd_sealed("settings", rig->setting, strlen(rig->setting));
	CU_ASSERT_FATAL(fd != -1);
	rig_send_fd(&rig->master, MSG_SETTINGS, &body, fd);
	fd_close(&fd);
}

/* Adds an account to the users file. */
static inline void
rig_add_user(struct rig *rig, const char *name, const char *hash,
    const char *home)
{
	char line[1024];
	int fd, len;

	len = snprintf(line, sizeof(line), "%s:%s:%u:%u::%s:\n", name, hash,
	    rig->uid, rig->gid, home);
	fd = openat(rig->scratch.fd, "users", O_WRONLY | O_CREAT | O_APPEND,
	    0600);
	CU_ASSERT_FATAL(fd != -1);
	CU_ASSERT(write(fd, line, (size_t)len) == len);
	close(fd);
}

/* The directory, the accounts and the first lines of the configuration. */
static inline void
rig_prepare(struct rig *rig, const char *more)
{
	memset(rig, 0, sizeof(*rig));
	scratch_new(&rig->scratch);
	CU_ASSERT(chmod(rig->scratch.path, 0711) == 0);
	rig->uid = geteuid() == 0 ? RIG_UID : geteuid();
	rig->gid = geteuid() == 0 ? RIG_UID : getegid();
	(void)snprintf(rig->home, sizeof(rig->home), "%s/home",
	    rig->scratch.path);
	CU_ASSERT(mkdir(rig->home, 0700) == 0);
	if (geteuid() == 0)
		CU_ASSERT(chown(rig->home, rig->uid, rig->gid) == 0);
	rig_add_user(rig, "alice", RIG_HASH, rig->home);
	(void)snprintf(rig->setting, sizeof(rig->setting),
	    "run_directory: %s\n"
	    "listen: [{address: 127.0.0.1, port: 2121}]\n"
	    "auth:\n"
	    "  users_file: %s/users\n"
	    "  checkers: 2\n"
	    "%s",
	    rig->scratch.path, rig->scratch.path, more);
}

static NORETURN inline void
rig_child(int master, int log)
{
	int high[3];
	size_t i;

	memset(high, -1, sizeof(high));
	high[0] = fcntl(master, F_DUPFD, 64);
	high[1] = fcntl(log, F_DUPFD, 64);
	high[2] = open("/proc/self/exe", O_RDONLY);
	for (i = 0; i < NITEMS(high); i++)
		if (high[i] == -1 || dup2(high[i], FD_MASTER + (int)i) == -1)
			_exit(99);
	login_run();
}

static inline void
rig_start(struct rig *rig)
{
	struct msg_token_key key;
	int pair[2] = { -1, -1 }, log[2] = { -1, -1 };

	CU_ASSERT_FATAL(fd_pair(pair) == 0 && fd_pair(log) == 0);
	(void)fflush(NULL);
	rig->pid = fork();
	CU_ASSERT_FATAL(rig->pid != -1);
	if (rig->pid == 0)
		rig_child(pair[1], log[1]);
	fd_close(&pair[1]);
	fd_close(&log[1]);
	rig->log = log[0];
	rig_end_open(&rig->master, pair[0], ROLE_MASTER);
	rig_send_settings(rig, 1);
	memset(&key, 7, sizeof(key));
	CU_ASSERT(channel_post(rig->master.channel, MSG_TOKEN_KEY, &key) == 0);
	CU_ASSERT_FATAL(rig_next(&rig->master) == MSG_READY);
	channel_running(rig->master.channel);
}

/* The end of login only: the next rig_start() is its successor. */
static inline void
rig_stop(struct rig *rig)
{
	int status = -1;

	rig_end_close(&rig->master);
	CU_ASSERT(waitpid(rig->pid, &status, 0) == rig->pid);
	fd_close(&rig->log);
}

static inline void
rig_free(struct rig *rig)
{
	rig_stop(rig);
	scratch_free(&rig->scratch);
}

/* A worker of that incarnation on the slot with the same number. */
static inline void
rig_worker(struct rig *rig, struct rig_end *worker, uint32_t incarnation)
{
	struct msg_peer peer = { ROLE_WORKER, incarnation, 1, incarnation, 0,
		0 };
	int pair[2];

	CU_ASSERT_FATAL(fd_pair(pair) == 0);
	rig_send_fd(&rig->master, MSG_PEER, &peer, pair[1]);
	fd_close(&pair[1]);
	rig_end_open(worker, pair[0], ROLE_WORKER);
	channel_running(worker->channel);
}

/* Session number n of the worker with that incarnation. */
static inline uint64_t
rig_session(uint32_t incarnation, uint32_t n)
{
	return ((uint64_t)incarnation << 32 | n);
}

static inline struct address
rig_address(void)
{
	struct address address;

	CU_ASSERT_FATAL(address_parse(&address, RIG_ADDRESS) == 0);
	return (address);
}

/* The verdict's limit, or -1 when there is none. */
static inline int
rig_open(struct rig_end *worker, uint64_t session)
{
	struct msg_session_open body = { session, 1, 0, rig_address() };

	rig_send(worker, MSG_SESSION_OPEN, &body, NULL, 0, NULL, 0);
	if (rig_next(worker) != MSG_SESSION_VERDICT ||
	    worker->body.verdict.session != session)
		return (-1);
	return ((int)worker->body.verdict.limit);
}

static inline void
rig_close(struct rig_end *worker, uint64_t session)
{
	struct msg_session body = { session, 0 };

	rig_send(worker, MSG_SESSION_CLOSE, &body, NULL, 0, NULL, 0);
}

static inline void
rig_ask_login(struct rig_end *worker, uint64_t session, const char *user,
    const char *password)
{
	struct msg_login_request body;

	memset(&body, 0, sizeof(body));
	body.session = session;
	body.request = session & 0xffffffff;
	body.generation = 1;
	body.address = rig_address();
	body.user_len = (uint16_t)strlen(user);
	body.password_len = (uint16_t)strlen(password);
	rig_send(worker, MSG_LOGIN_REQUEST, &body, user, body.user_len,
	    password, body.password_len);
}

/* The verdict, or -1. */
static inline int
rig_login(struct rig_end *worker, uint64_t session, const char *user,
    const char *password)
{
	rig_ask_login(worker, session, user, password);
	if (rig_next(worker) != MSG_LOGIN_RESULT ||
	    worker->body.result.session != session)
		return (-1);
	return ((int)worker->body.result.verdict);
}

/* The token in the last LOGIN_RESULT. */
struct rig_token {
	uint8_t bytes[TOKEN_LEN_MAX];
	uint32_t len;
};

static inline void
rig_token(const struct rig_end *worker, struct rig_token *token)
{
	const struct msg_login_result *result = &worker->body.result;

	token->len = result->token_len;
	CU_ASSERT_FATAL(token->len > 0 && token->len <= TOKEN_LEN_MAX);
	memcpy(token->bytes,
	    worker->rest + result->name_len + result->group_len, token->len);
}

/* 0 and worker->fd is the session's channel, or the errno of the refusal. */
static inline int
rig_agent(struct rig_end *worker, uint64_t session,
    const struct rig_token *token)
{
	struct msg_agent_request body = { session, 77, token->len, 0 };

	rig_send(worker, MSG_AGENT_REQUEST, &body, token->bytes, token->len,
	    NULL, 0);
	if (rig_next(worker) == MSG_AGENT_GRANTED)
		return (worker->body.granted.request == 77 ? 0 : -1);
	return (worker->type == MSG_AGENT_REFUSED ? worker->body.refused.error
						  : -1);
}

#endif
