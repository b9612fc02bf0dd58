/* Unit tests of the login process: it is driven as workers and master do. */
#include <CUnit/CUnit.h>
#include <stdbool.h>

#include "master/login/rules.h"
#include "shm/base/process.h"
#include "tests/unit/conf_rig.h"
#include "tests/unit/login_rig.h"

/* Logins ------------------------------------------------------------------ */

static void
check_logins(void)
{
	static const struct {
		const char *what;
		const char *user, *password;
		enum login_verdict verdict;
	} cases[] = {
		{ "the right password", "alice", "wonder", LOGIN_OK },
		{ "a wrong password", "alice", "Wonder", LOGIN_DENIED },
		{ "an unknown user", "nobody-here", "wonder", LOGIN_DENIED },
		{ "no password", "alice", "", LOGIN_DENIED },
		{ "a locked account", "locked", "wonder", LOGIN_DENIED },
		{ "uid 0", "toor", "wonder", LOGIN_DENIED },
		{ "another's uid", "other", "wonder", LOGIN_DENIED },
		{ "a home that is missing", "lost", "wonder", LOGIN_HOME },
		{ "a home that is a file", "file", "wonder", LOGIN_HOME },
		{ "a home that is shut", "shut", "wonder", LOGIN_HOME },
		{ "anonymous, which is off", "anonymous", "x", LOGIN_DENIED },
		{ "a control character", "al\nice", "wonder", LOGIN_DENIED },
		{ "the right one again", "alice", "wonder", LOGIN_OK },
	};
	const struct msg_login_result *result;
	struct rig_end worker;
	char path[160];
	struct rig rig;
	size_t i;

	rig_prepare(&rig, "");
	(void)snprintf(path, sizeof(path), "%s/none", rig.scratch.path);
	rig_add_user(&rig, "lost", RIG_HASH, path);
	(void)snprintf(path, sizeof(path), "%s/users", rig.scratch.path);
	rig_add_user(&rig, "file", RIG_HASH, path);
	rig_add_user(&rig, "locked", "!" RIG_HASH, rig.home);
	(void)snprintf(path, sizeof(path), "%s/shut", rig.scratch.path);
	CU_ASSERT(mkdir(path, 0) == 0);
	rig_add_user(&rig, "shut", RIG_HASH, path);
	rig.uid = rig.uid == 0 ? 1 : 0;
	rig_add_user(&rig, "toor", RIG_HASH, rig.home);
	rig.uid = 4; /* neither ours nor above min_uid */
	rig_add_user(&rig, "other", RIG_HASH, rig.home);
	rig_start(&rig);
	rig_worker(&rig, &worker, 1);
	result = &worker.body.result;
	CU_ASSERT(rig_open(&worker, rig_session(1, 1)) == LIMIT_NONE);
	for (i = 0; i < NITEMS(cases); i++) {
		CHECK_CASE(rig_login(&worker, rig_session(1, 1), cases[i].user,
			       cases[i].password) == (int)cases[i].verdict,
		    cases[i].what);
		CHECK_CASE((result->token_len > 0) ==
			(cases[i].verdict == LOGIN_OK),
		    cases[i].what);
		/* A refusal says nothing about the account. */
		CHECK_CASE((result->name_len == 5 &&
			       memcmp(worker.rest, "alice", 5) == 0) ==
			(cases[i].verdict == LOGIN_OK),
		    cases[i].what);
	}
	CU_ASSERT(result->policy == 0);
	rig_end_close(&worker);
	rig_free(&rig);
}

static void
check_anonymous(void)
{
	struct rig_end worker;
	struct rig rig;
	char more[256];
	size_t used;

	rig_prepare(&rig, "");
	used = strlen(rig.setting);
	/* "games" has a uid below min_uid, which bars real users only. */
	(void)snprintf(more, sizeof(more),
	    "anonymous: {enabled: on, directory: %s, user: games,\n"
	    "  limits: {sessions: 1}}\n",
	    rig.scratch.path);
	(void)snprintf(rig.setting + used, sizeof(rig.setting) - used, "%s",
	    more);
	rig_start(&rig);
	rig_worker(&rig, &worker, 1);
	CU_ASSERT(rig_open(&worker, rig_session(1, 1)) == LIMIT_NONE);
	CU_ASSERT(rig_open(&worker, rig_session(1, 2)) == LIMIT_NONE);
	CU_ASSERT(rig_login(&worker, rig_session(1, 1), "ftp", "any@thing") ==
	    LOGIN_OK);
	CU_ASSERT(worker.body.result.policy == LOGIN_ANONYMOUS);
	CU_ASSERT(worker.body.result.uid != 0);
	CU_ASSERT(worker.body.result.name_len == 9 &&
	    memcmp(worker.rest, "anonymous", 9) == 0);
	CU_ASSERT(rig_login(&worker, rig_session(1, 2), "Anonymous", "") ==
	    LOGIN_LIMIT);
	CU_ASSERT(worker.body.result.limit == LIMIT_USER);
	CU_ASSERT(rig_login(&worker, rig_session(1, 2), "alice", "wonder") ==
	    LOGIN_OK);
	rig_end_close(&worker);
	rig_free(&rig);
}

/* Users and groups that ftpsd itself runs as bar all others from them. */
static void
bars_service_users(void)
{
	static const char *const keys[] = { "user", "cache_user", "log_user",
		"ocsp_user" };
	struct account account = { .uid = 61001, .gid = 61001 };
	char text[128];
	struct rules rules;
	struct conf *conf;
	gid_t gid;
	size_t i;

	if (process_find_user("games", &account.uid, &gid) != 0 ||
	    !process_is_root())
		return;
	for (i = 0; i < NITEMS(keys); i++) {
		(void)snprintf(text, sizeof(text), LISTEN "%s: games\n",
		    keys[i]);
		conf = rig_must(text);
		rules_init(&rules, conf);
		conf->hosts[0].min_uid = 1;
		CHECK_CASE(rules_refuse(&rules, &conf->hosts[0], &account) !=
			NULL,
		    keys[i]);
		account.uid++;
		CHECK_CASE(rules_refuse(&rules, &conf->hosts[0], &account) ==
			NULL,
		    keys[i]);
		account.groups[account.ngroups++] = gid;
		CHECK_CASE(rules_refuse(&rules, &conf->hosts[0], &account) !=
			NULL,
		    keys[i]);
		account.ngroups = 0;
		account.uid--;
		conf_free(&conf);
	}
}

/* Limits ------------------------------------------------------------------ */

static void
check_limits_over_workers(void)
{
	struct rig_end one, two;
	struct rig rig;
	int tries = 1000;

	rig_prepare(&rig,
	    "limits: {sessions_per_address: 3, sessions_per_user: 1}\n");
	rig_start(&rig);
	rig_worker(&rig, &one, 1);
	rig_worker(&rig, &two, 2);
	CU_ASSERT(rig_open(&one, rig_session(1, 1)) == LIMIT_NONE);
	CU_ASSERT(rig_open(&one, rig_session(1, 2)) == LIMIT_NONE);
	CU_ASSERT(rig_open(&two, rig_session(2, 1)) == LIMIT_NONE);
	CU_ASSERT(rig_open(&two, rig_session(2, 2)) == LIMIT_ADDRESS);
	rig_close(&two, rig_session(2, 2)); /* was refused: no matter */
	rig_close(&one, rig_session(1, 1));
	/* An answer on that channel means that the close was read. */
	CU_ASSERT(
	    rig_login(&one, rig_session(1, 2), "alice", "wonder") == LOGIN_OK);
	CU_ASSERT(rig_login(&two, rig_session(2, 1), "alice", "wonder") ==
	    LOGIN_LIMIT);
	CU_ASSERT(two.body.result.limit == LIMIT_USER);
	CU_ASSERT(two.body.result.token_len == 0);
	CU_ASSERT(rig_open(&two, rig_session(2, 2)) == LIMIT_NONE);
	CU_ASSERT(rig_open(&two, rig_session(2, 3)) == LIMIT_ADDRESS);
	/* The same session twice counts once. */
	CU_ASSERT(rig_open(&two, rig_session(2, 2)) == LIMIT_NONE);
	/* A worker dies: all it held is given back, its user too. */
	rig_end_close(&one);
	while (tries-- > 0 &&
	    rig_login(&two, rig_session(2, 1), "alice", "wonder") ==
		LOGIN_LIMIT)
		; /* the end of a channel comes when it comes */
	CU_ASSERT(two.body.result.verdict == LOGIN_OK);
	CU_ASSERT(rig_open(&two, rig_session(2, 3)) == LIMIT_NONE);
	CU_ASSERT(rig_open(&two, rig_session(2, 4)) == LIMIT_ADDRESS);
	rig_end_close(&two);
	rig_free(&rig);
}

static void
announce(struct rig_end *worker, uint64_t session,
    const struct rig_token *token)
{
	struct msg_session_announce body;

	memset(&body, 0, sizeof(body));
	body.session = session;
	body.generation = 1;
	body.address = rig_address();
	body.token_len = token == NULL ? 0 : token->len;
	rig_send(worker, MSG_SESSION_ANNOUNCE, &body,
	    token == NULL ? NULL : token->bytes, body.token_len, NULL, 0);
}

/* The successor of a login counts as its predecessor did. */
static void
check_restart(void)
{
	static struct rig_token token;
	struct rig_end worker;
	struct rig rig;

	rig_prepare(&rig,
	    "limits: {sessions_per_address: 2, sessions_per_user: 1}\n");
	rig_start(&rig);
	rig_worker(&rig, &worker, 4);
	CU_ASSERT(rig_open(&worker, rig_session(4, 1)) == LIMIT_NONE);
	CU_ASSERT(rig_login(&worker, rig_session(4, 1), "alice", "wonder") ==
	    LOGIN_OK);
	rig_token(&worker, &token);
	CU_ASSERT(kill(rig.pid, SIGKILL) == 0);
	CU_ASSERT(rig_next(&worker) == MSG_NONE && worker.ended);
	rig_end_close(&worker);
	rig_stop(&rig);

	rig_start(&rig);
	rig_worker(&rig, &worker, 4);
	announce(&worker, rig_session(4, 1), &token);
	CU_ASSERT(rig_open(&worker, rig_session(4, 2)) == LIMIT_NONE);
	CU_ASSERT(rig_open(&worker, rig_session(4, 3)) == LIMIT_ADDRESS);
	CU_ASSERT(rig_login(&worker, rig_session(4, 2), "alice", "wonder") ==
	    LOGIN_LIMIT);
	/* The token from before still opens an agent. */
	CU_ASSERT(rig_agent(&worker, rig_session(4, 1), &token) == 0);
	/* A foreign token does not count for its user, nor end the channel. */
	rig_close(&worker, rig_session(4, 1));
	token.bytes[20] ^= 1;
	announce(&worker, rig_session(4, 5), &token);
	CU_ASSERT(rig_login(&worker, rig_session(4, 2), "alice", "wonder") ==
	    LOGIN_OK);
	rig_end_close(&worker);
	rig_free(&rig);
}

/* A password that was right for one host is worth nothing at another. */
static void
check_moved_session(void)
{
	struct msg_session_host host;
	struct rig_end worker;
	struct rig rig;

	rig_prepare(&rig, "hosts: [{name: other.example}]\n");
	rig_start(&rig);
	rig_worker(&rig, &worker, 1);
	CU_ASSERT(rig_open(&worker, rig_session(1, 1)) == LIMIT_NONE);
	/* It has heard of the host before a checker answers. */
	CU_ASSERT_EQUAL(kill(rig.pid, SIGSTOP), 0);
	rig_ask_login(&worker, rig_session(1, 1), "alice", "wonder");
	memset(&host, 0, sizeof(host));
	host.session = rig_session(1, 1);
	host.host = 1;
	rig_send(&worker, MSG_SESSION_HOST, &host, NULL, 0, NULL, 0);
	CU_ASSERT_EQUAL(kill(rig.pid, SIGCONT), 0);
	CU_ASSERT(rig_next(&worker) == MSG_SESSION_VERDICT);
	CU_ASSERT(worker.body.verdict.limit == LIMIT_NONE);
	CU_ASSERT(worker.body.verdict.sessions == 1);
	CU_ASSERT(rig_next(&worker) == MSG_LOGIN_RESULT);
	CU_ASSERT(worker.body.result.verdict == LOGIN_UNAVAILABLE);
	CU_ASSERT(worker.body.result.token_len == 0);
	rig_end_close(&worker);
	rig_free(&rig);
}

/* The last words of a worker whose generation the master has buried. */
static void
check_dropped_settings(void)
{
	const struct msg_generation drop = { 1, 0 };
	const struct msg_ping ping = { 1 };
	struct msg_session_host host;
	struct rig_end worker;
	struct rig rig;

	rig_prepare(&rig, "");
	rig_start(&rig);
	rig_worker(&rig, &worker, 1);
	CU_ASSERT(rig_open(&worker, rig_session(1, 1)) == LIMIT_NONE);
	rig_send_settings(&rig, 2);
	CU_ASSERT(
	    channel_post(rig.master.channel, MSG_SETTINGS_DROP, &drop) == 0);
	CU_ASSERT(channel_post(rig.master.channel, MSG_PING, &ping) == 0);
	CU_ASSERT(rig_next(&rig.master) == MSG_PONG);
	memset(&host, 0, sizeof(host));
	host.session = rig_session(1, 1);
	rig_send(&worker, MSG_SESSION_HOST, &host, NULL, 0, NULL, 0);
	CU_ASSERT(rig_next(&worker) == MSG_SESSION_VERDICT);
	CU_ASSERT(worker.body.verdict.limit == LIMIT_SESSIONS);
	CU_ASSERT(rig_open(&worker, rig_session(1, 2)) == LIMIT_SESSIONS);
	CU_ASSERT(rig_login(&worker, rig_session(1, 1), "alice", "wonder") ==
	    LOGIN_UNAVAILABLE);
	rig_end_close(&worker);
	rig_free(&rig);
}

/* Agents ------------------------------------------------------------------ */

struct filer {
	struct channel *channel;
	struct msg_fs_done done;
	enum msg_type type;
};

static int
keep_done(struct message *message, void *context)
{
	struct filer *filer = context;

	filer->type = message->type;
	if (message->type == MSG_FS_DONE)
		memcpy(&filer->done, message->body, sizeof(filer->done));
	return (0);
}

/* Asks the agent for "/" of the account: its answer's errno, or -1. */
static int
ask_agent(int fd, uint32_t *mode)
{
	struct msg_fs_path body = { 9, 1, 0, 0 };
	struct channel_message message;
	struct pollfd ready;
	struct filer filer;

	memset(&filer, 0, sizeof(filer));
	filer.channel =
	    channel_new(fd, ROLE_WORKER, ROLE_AGENT, keep_done, &filer);
	CU_ASSERT_PTR_NOT_NULL_FATAL(filer.channel);
	channel_running(filer.channel);
	memset(&message, 0, sizeof(message));
	message.type = MSG_FS_STAT;
	message.body = &body;
	message.fd = -1;
	message.pieces[0].data = "/";
	message.pieces[0].len = 1;
	CU_ASSERT(channel_send(filer.channel, &message) == 0);
	ready.fd = channel_fd(filer.channel);
	ready.events = POLLIN;
	if (poll(&ready, 1, RIG_WAIT_MS) == 1)
		CU_ASSERT(channel_receive(filer.channel, 1) == 1);
	channel_free(&filer.channel);
	*mode = filer.done.mode;
	return (filer.type == MSG_FS_DONE ? filer.done.error : -1);
}

static int
take_fd(struct rig_end *worker)
{
	int fd = worker->fd;

	worker->fd = -1;
	return (fd);
}

static void
check_agents(void)
{
	static struct rig_token token, second;
	struct rig_end one, two;
	struct rig rig;
	uint32_t mode;

	rig_prepare(&rig, "agent_idle: 0s\n");
	rig_start(&rig);
	rig_worker(&rig, &one, 1);
	rig_worker(&rig, &two, 2);
	CU_ASSERT(rig_open(&one, rig_session(1, 1)) == LIMIT_NONE);
	CU_ASSERT(rig_open(&one, rig_session(1, 2)) == LIMIT_NONE);
	CU_ASSERT(rig_open(&two, rig_session(2, 1)) == LIMIT_NONE);
	CU_ASSERT(
	    rig_login(&one, rig_session(1, 1), "alice", "wonder") == LOGIN_OK);
	rig_token(&one, &token);
	CU_ASSERT(
	    rig_login(&one, rig_session(1, 2), "alice", "wonder") == LOGIN_OK);
	rig_token(&one, &second);

	CU_ASSERT(rig_agent(&one, rig_session(1, 1), &token) == 0);
	CU_ASSERT(ask_agent(take_fd(&one), &mode) == 0);
	CU_ASSERT(S_ISDIR(mode) && (mode & 07777) == 0700);
	CU_ASSERT(rig_agent(&one, rig_session(1, 2), &second) == 0);
	CU_ASSERT(ask_agent(take_fd(&one), &mode) == 0);

	/* Another session, another worker, no token, no session: EACCES. */
	CU_ASSERT(rig_agent(&one, rig_session(1, 2), &token) == EACCES);
	CU_ASSERT(rig_agent(&two, rig_session(2, 1), &token) == EACCES);
	CU_ASSERT(rig_agent(&two, rig_session(1, 1), &token) == EACCES);
	token.bytes[token.len - 1] ^= 1;
	CU_ASSERT(rig_agent(&one, rig_session(1, 1), &token) == EACCES);
	token.len = 0;
	CU_ASSERT(rig_agent(&one, rig_session(1, 1), &token) == EACCES);
	rig_close(&one, rig_session(1, 2));
	CU_ASSERT(rig_agent(&one, rig_session(1, 2), &second) == EACCES);
	rig_end_close(&one);
	rig_end_close(&two);
	rig_free(&rig);
}

/* A password or a key that login had is in no process it made. ----------- */

static bool
memory_holds(pid_t pid, const char *secret)
{
	char path[64], line[256], *chunk, *at;
	unsigned long start, end;
	bool found = false;
	FILE *maps;
	ssize_t n;
	int mem;

	(void)snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	mem = open(path, O_RDONLY | O_CLOEXEC);
	(void)snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	maps = fopen(path, "re");
	CU_ASSERT_FATAL(mem != -1 && maps != NULL);
	while (fgets(line, sizeof(line), maps) != NULL) {
		start = strtoul(line, &at, 16);
		end = strtoul(at + 1, NULL, 16);
		if (strstr(line, " rw") == NULL || end - start > (64u << 20))
			continue;
		chunk = malloc(end - start);
		n = chunk == NULL
		    ? -1
		    : pread(mem, chunk, end - start, (off_t)start);
		if (n > 0 &&
		    memmem(chunk, (size_t)n, secret, strlen(secret)) != NULL)
			found = true;
		free(chunk);
	}
	(void)fclose(maps);
	close(mem);
	return (found);
}

/* The agent, when it was started last. */
static pid_t
youngest_child(pid_t login)
{
	char path[64], text[256];
	ssize_t n;
	int children;
	char *at;
	pid_t pid;

	(void)snprintf(path, sizeof(path), "/proc/%d/task/%d/children",
	    (int)login, (int)login);
	children = open(path, O_RDONLY | O_CLOEXEC);
	if (children == -1)
		return (-1);
	n = read(children, text, sizeof(text) - 1);
	close(children);
	if (n <= 0)
		return (-1);
	text[n] = '\0';
	/* The last one is the youngest. */
	at = strrchr(text, ' ');
	if (at != NULL && at[1] == '\0') {
		*at = '\0';
		at = strrchr(text, ' ');
	}
	pid = (pid_t)strtol(at == NULL ? text : at + 1, NULL, 10);
	return (pid);
}

static void
check_secrets(void)
{
	static const char password[] = RIG_SECRET;
	static struct rig_token token;
	struct rig_end worker;
	struct rig rig;
	uint32_t mode;
	pid_t agent;
	int fd;

	if (geteuid() != 0) {
		skip_test("other processes' memory is root's to read");
		return;
	}
	rig_prepare(&rig, "");
	rig_add_user(&rig, "bob", RIG_SECRET_HASH, rig.home);
	rig_start(&rig);
	rig_worker(&rig, &worker, 1);
	CU_ASSERT(rig_open(&worker, rig_session(1, 1)) == LIMIT_NONE);
	CU_ASSERT(
	    rig_login(&worker, rig_session(1, 1), "bob", password) == LOGIN_OK);
	rig_token(&worker, &token);
	CU_ASSERT(rig_agent(&worker, rig_session(1, 1), &token) == 0);
	fd = take_fd(&worker);
	agent = youngest_child(rig.pid);
	CU_ASSERT_FATAL(agent > 0);
	CU_ASSERT(ask_agent(fd, &mode) == 0);
	CU_ASSERT(!memory_holds(agent, password));
	CU_ASSERT(!memory_holds(rig.pid, password));
	/* The token key is 32 times the byte 7. */
	CU_ASSERT(!memory_holds(agent, "\7\7\7\7\7\7\7\7\7\7\7\7\7\7\7\7"));
	CU_ASSERT(memory_holds(rig.pid, "\7\7\7\7\7\7\7\7\7\7\7\7\7\7\7\7"));
	rig_end_close(&worker);
	rig_free(&rig);
}

/* Orders of the master ---------------------------------------------------- */

static void
check_orders(void)
{
	struct msg_generation drop = { 1, 0 };
	struct msg_ping ping = { 4711 };
	struct msg_stop stop = { STOP_NOW, 0, 0, 0 };
	struct rig rig;
	int status;

	rig_prepare(&rig, "");
	rig_start(&rig);
	rig_send_settings(&rig, 2);
	rig_send_settings(&rig, 3);
	rig_send(&rig.master, MSG_SETTINGS_DROP, &drop, NULL, 0, NULL, 0);
	rig_send(&rig.master, MSG_PING, &ping, NULL, 0, NULL, 0);
	CU_ASSERT(rig_next(&rig.master) == MSG_PONG);
	CU_ASSERT(memcmp(rig.master.body.bytes, &ping, sizeof(ping)) == 0);
	rig_send(&rig.master, MSG_STOP, &stop, NULL, 0, NULL, 0);
	CU_ASSERT(rig_next(&rig.master) == MSG_NONE && rig.master.ended);
	CU_ASSERT(waitpid(rig.pid, &status, 0) == rig.pid);
	CU_ASSERT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	rig_end_close(&rig.master);
	fd_close(&rig.log);
	scratch_free(&rig.scratch);
}

CU_TestInfo login_tests[] = {
	{ "who may log in", check_logins },
	{ "nobody logs in as ftpsd's own users", bars_service_users },
	{ "anonymous sessions", check_anonymous },
	{ "limits count over workers", check_limits_over_workers },
	{ "a successor knows the sessions", check_restart },
	{ "a session moves while it logs in", check_moved_session },
	{ "settings go before the last words", check_dropped_settings },
	{ "agents for tokens", check_agents },
	{ "agents inherit no secret", check_secrets },
	{ "orders of the master", check_orders },
	CU_TEST_INFO_NULL,
};
