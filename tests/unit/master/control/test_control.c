/* Unit tests of the control socket: who is let in, and what lines do. */
#include <CUnit/CUnit.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "master/control/control.h"
#include "shm/base/log.h"
#include "tests/unit/suites.h"

struct stage {
	char top[32], path[48];
	struct loop *loop;
	struct loop_timer *guard;
	struct loop_watch *watch;
	struct control *control;
	uint32_t allowed;
	int requests;
	uint64_t wait; /* the answer is to wait under this number */
	int pages;     /* still to be sent */
	int client;    /* our end */
	char answer[64 * 1024];
	size_t len;
	bool closed;
};

/* What is logged on purpose would only confuse. */
static void
discard(const struct log_record *record UNUSED, void *context UNUSED)
{
}

static uint32_t
allowed(const struct control_peer *peer, void *context)
{
	const struct stage *stage = context;

	CU_ASSERT_EQUAL(peer->uid, geteuid());
	return (stage->allowed);
}

static void
next_page(struct control_client *client, void *context)
{
	struct stage *stage = context;

	if (--stage->pages > 0)
		control_client_send(client, json_pack("{s:[i]}", "list", 1),
		    next_page);
	else
		control_client_end(client, json_pack("{s:[i]}", "list", 2));
}

static void
request(struct control_client *client, void *context)
{
	struct stage *stage = context;

	stage->requests++;
	if (stage->wait != 0)
		control_client_wait(client, stage->wait);
	else if (stage->pages > 0)
		next_page(client, stage);
	else
		control_client_end(client,
		    json_pack("{s:s, s:b, s:I}", "command",
			control_text(control_client_command(client)), "verbose",
			control_client_verbose(client) ? 1 : 0, "arguments",
			(json_int_t)control_client_count(client)));
}

static void
stop(void *context)
{
	struct stage *stage = context;

	loop_stop(stage->loop);
}

/* Collects what the server sends; a line that ends an answer ends the turn. */
static void
readable(unsigned int events UNUSED, void *context)
{
	struct stage *stage = context;
	ssize_t n;

	n = recv(stage->client, stage->answer + stage->len,
	    sizeof(stage->answer) - 1 - stage->len, MSG_DONTWAIT);
	if (n == -1 && errno == EAGAIN)
		return;
	if (n <= 0)
		stage->closed = true;
	else
		stage->len += (size_t)n;
	stage->answer[stage->len] = '\0';
	if (stage->closed || strstr(stage->answer, "\"end\":true") != NULL)
		loop_stop(stage->loop);
}

static struct control *
listen_at(struct stage *stage)
{
	const struct control_access access = { 0600, NULL, NULL };
	struct control_setup setup;

	setup.loop = stage->loop;
	setup.path = stage->path;
	setup.allowed = allowed;
	setup.request = request;
	setup.context = stage;
	return (control_new(&setup, &access));
}

static void
connect_client(struct stage *stage)
{
	struct sockaddr_un address;

	memset(&address, 0, sizeof(address));
	address.sun_family = AF_UNIX;
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s",
	    stage->path);
	stage->client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CU_ASSERT_EQUAL_FATAL(connect(stage->client,
				  (struct sockaddr *)&address, sizeof(address)),
	    0);
	stage->len = 0;
	stage->closed = false;
	stage->answer[0] = '\0';
	stage->watch =
	    loop_watch(stage->loop, stage->client, LOOP_READ, readable, stage);
	CU_ASSERT_PTR_NOT_NULL_FATAL(stage->watch);
}

static void
leave(struct stage *stage)
{
	loop_unwatch(&stage->watch);
	close(stage->client);
}

static void
open_stage(struct stage *stage)
{
	memset(stage, 0, sizeof(*stage));
	log_set_sink(discard, NULL);
	(void)snprintf(stage->top, sizeof(stage->top), "%s",
	    "/tmp/ftpsd-unit-XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(stage->top));
	(void)snprintf(stage->path, sizeof(stage->path), "%s/socket",
	    stage->top);
	stage->allowed = ~0u;
	stage->loop = loop_new();
	CU_ASSERT_PTR_NOT_NULL_FATAL(stage->loop);
	stage->guard = loop_timer(stage->loop, stop, stage);
	CU_ASSERT_PTR_NOT_NULL_FATAL(stage->guard);
	stage->control = listen_at(stage);
	CU_ASSERT_PTR_NOT_NULL_FATAL(stage->control);
}

static void
close_stage(struct stage *stage)
{
	control_free(&stage->control);
	CU_ASSERT_PTR_NULL(stage->control);
	CU_ASSERT_EQUAL(access(stage->path, F_OK), -1);
	loop_timer_free(&stage->guard);
	loop_free(&stage->loop);
	CU_ASSERT_EQUAL(rmdir(stage->top), 0);
	log_set_sink(NULL, NULL);
}

/* Runs until an answer has ended, the server has closed, or ms are over. */
static void
run(struct stage *stage, uint64_t ms)
{
	loop_timer_set(stage->guard, ms);
	CU_ASSERT_EQUAL(loop_run(stage->loop), 0);
}

static void
ask(struct stage *stage, const char *text)
{
	stage->len = 0;
	stage->answer[0] = '\0';
	CU_ASSERT_EQUAL(send(stage->client, text, strlen(text), MSG_NOSIGNAL),
	    (ssize_t)strlen(text));
	run(stage, 3000);
}

static void
answers_lines(void)
{
	static const struct {
		const char *what, *line, *answer;
		int requests;
	} cases[] = {
		{ "a command", "{\"command\": \"status\"}\n",
		    "\"status\":\"ok\"", 1 },
		{ "an option",
		    "{\"command\": \"sesscache info\", \"verbose\": true}\n",
		    "\"verbose\":true", 1 },
		{ "an option of another type",
		    "{\"command\": \"status\", \"verbose\": 1}\n",
		    "\"verbose\":false", 1 },
		{ "a command that may not be given",
		    "{\"command\": \"stop\"}\n", "\"status\":\"refused\"", 0 },
		{ "no command", "{\"command\": \"dance\"}\n",
		    "\"status\":\"unknown\"", 0 },
		{ "part of a command", "{\"command\": \"sesscache\"}\n",
		    "\"status\":\"unknown\"", 0 },
		{ "a command that is no text", "{\"command\": 7}\n",
		    "\"status\":\"unknown\"", 0 },
		{ "no object", "[1, 2]\n", "\"status\":\"unknown\"", 0 },
		{ "no JSON", "status\n", "\"status\":\"unknown\"", 0 },
		{ "the same member twice",
		    "{\"command\": \"status\", \"command\": \"stop\"}\n",
		    "\"status\":\"unknown\"", 0 },
		{ "arguments",
		    "{\"command\": \"trace\", \"arguments\": [\"a\", \"b\"]}\n",
		    "\"arguments\":2", 1 },
		{ "arguments that are no list",
		    "{\"command\": \"trace\", \"arguments\": \"a\"}\n",
		    "\"status\":\"unknown\"", 0 },
		{ "an argument that is no text",
		    "{\"command\": \"trace\", \"arguments\": [\"a\", 5]}\n",
		    "\"status\":\"unknown\"", 0 },
		{ "too many arguments",
		    "{\"command\": \"trace\", \"arguments\": "
		    "[\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\"]}\n",
		    "\"status\":\"unknown\"", 0 },
		{ "no arguments any more", "{\"command\": \"trace\"}\n",
		    "\"arguments\":0", 1 },
		{ "an empty line", "\n", "\"status\":\"unknown\"", 0 },
	};
	struct stage stage;
	size_t i;

	open_stage(&stage);
	stage.allowed &= ~CONTROL_BIT(CONTROL_STOP);
	connect_client(&stage);
	for (i = 0; i < NITEMS(cases); i++) {
		stage.requests = 0;
		ask(&stage, cases[i].line);
		CHECK_CASE(strstr(stage.answer, cases[i].answer) != NULL,
		    cases[i].what);
		CHECK_CASE(stage.requests == cases[i].requests, cases[i].what);
		CHECK_CASE(!stage.closed, cases[i].what);
	}
	leave(&stage);
	close_stage(&stage);
}

static void
closes_who_may_nothing(void)
{
	struct stage stage;

	open_stage(&stage);
	stage.allowed = 0;
	connect_client(&stage);
	run(&stage, 3000);
	CU_ASSERT_TRUE(stage.closed);
	CU_ASSERT_EQUAL(stage.len, 0);
	leave(&stage);
	close_stage(&stage);
}

static void
closes_endless_lines(void)
{
	static char line[2 * CONTROL_LINE_MAX];
	struct stage stage;
	ssize_t n;

	open_stage(&stage);
	connect_client(&stage);
	memset(line, 'x', sizeof(line));
	do {
		n = send(stage.client, line, sizeof(line),
		    MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n == -1 && errno != EAGAIN)
			break;
		run(&stage, 20);
	} while (!stage.closed);
	CU_ASSERT_EQUAL(stage.requests, 0);
	leave(&stage);
	close_stage(&stage);
}

static void
holds_only_so_many(void)
{
	int others[CONTROL_CLIENTS_MAX];
	struct stage stage;
	size_t i;

	open_stage(&stage);
	for (i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		connect_client(&stage);
		run(&stage, 10);
		loop_unwatch(&stage.watch);
		others[i] = stage.client;
	}
	connect_client(&stage);
	run(&stage, 3000);
	CU_ASSERT_PTR_NOT_NULL(strstr(stage.answer, "too many"));
	leave(&stage);
	for (i = 0; i < CONTROL_CLIENTS_MAX; i++)
		close(others[i]);
	run(&stage, 10);
	connect_client(&stage);
	ask(&stage, "{\"command\": \"status\"}\n");
	CU_ASSERT_PTR_NOT_NULL(strstr(stage.answer, "\"status\":\"ok\""));
	leave(&stage);
	close_stage(&stage);
}

static void
answers_later(void)
{
	struct control_client *client;
	struct stage stage;

	open_stage(&stage);
	stage.wait = 42;
	connect_client(&stage);
	CU_ASSERT_PTR_NULL(control_waiting(stage.control, 42));
	/* The second request is not looked at before the first is answered. */
	ask(&stage, "{\"command\": \"reload\"}\n{\"command\": \"status\"}\n");
	CU_ASSERT_EQUAL(stage.requests, 1);
	CU_ASSERT_EQUAL(stage.len, 0);
	client = control_waiting(stage.control, 42);
	CU_ASSERT_PTR_NOT_NULL_FATAL(client);
	CU_ASSERT_PTR_EQUAL(control_waiting_command(stage.control,
				CONTROL_RELOAD),
	    client);
	stage.wait = 0;
	control_client_fail(client, "because", NULL);
	run(&stage, 3000);
	CU_ASSERT_PTR_NOT_NULL(strstr(stage.answer, "because"));
	CU_ASSERT_EQUAL(stage.requests, 2);
	leave(&stage);
	close_stage(&stage);
}

static void
forgets_who_leaves(void)
{
	struct stage stage;

	open_stage(&stage);
	stage.wait = 7;
	connect_client(&stage);
	CU_ASSERT(send(stage.client, "{\"command\": \"reload\"}\n", 22,
		      MSG_NOSIGNAL) == 22);
	run(&stage, 50);
	CU_ASSERT_PTR_NOT_NULL(control_waiting(stage.control, 7));
	leave(&stage);
	run(&stage, 50);
	CU_ASSERT_PTR_NULL(control_waiting(stage.control, 7));
	close_stage(&stage);
}

static void
sends_pages(void)
{
	const char *at;
	struct stage stage;
	int lines = 0;

	open_stage(&stage);
	stage.pages = 20;
	connect_client(&stage);
	ask(&stage, "{\"command\": \"sesscache info\"}\n");
	for (at = stage.answer; (at = strchr(at, '\n')) != NULL; at++)
		lines++;
	CU_ASSERT_EQUAL(lines, 20);
	leave(&stage);
	close_stage(&stage);
}

static void
replaces_a_stale_socket(void)
{
	struct sockaddr_un address;
	struct control *second;
	struct stage stage;
	int fd;

	open_stage(&stage);
	/* Somebody answers there. */
	second = listen_at(&stage);
	CU_ASSERT_PTR_NULL(second);
	control_free(&stage.control);
	/* Nobody does. */
	memset(&address, 0, sizeof(address));
	address.sun_family = AF_UNIX;
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s",
	    stage.path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CU_ASSERT_EQUAL(bind(fd, (struct sockaddr *)&address, sizeof(address)),
	    0);
	close(fd);
	stage.control = listen_at(&stage);
	CU_ASSERT_PTR_NOT_NULL(stage.control);
	close_stage(&stage);
}

static void
rules_say_who_may_what(void)
{
	static char status[] = "status", all[] = "all", group[] = "sesscache",
		    star[] = "*", root[] = "root", wrong[] = "dance";
	char *status_list[] = { status }, *all_list[] = { all },
	     *group_list[] = { group }, *star_list[] = { star },
	     *root_list[] = { root }, *wrong_list[] = { wrong };
	struct conf_acl acl[] = {
		{ { status_list, 1 }, false, { star_list, 1 }, { NULL, 0 } },
		{ { group_list, 1 }, false, { NULL, 0 }, { root_list, 1 } },
	};
	struct conf_acl mistakes[] = {
		{ { wrong_list, 1 }, false, { wrong_list, 1 },
		    { wrong_list, 1 } },
		{ { all_list, 1 }, false, { root_list, 1 }, { NULL, 0 } },
	};
	const gid_t groups[] = { 5, 0 };
	const struct service_users users = { { 201, 201 }, { 202, 202 },
		{ 203, 203 }, { 0, 0 } };
	struct control_peer peer = { 54321, 54321, NULL, 0 };
	struct control_rules *rules;
	struct conf_errors errors;
	struct conf conf;

	memset(&conf, 0, sizeof(conf));
	memset(&errors, 0, sizeof(errors));
	conf.control_acl = acl;
	conf.ncontrol_acl = 2;
	rules = control_rules_new(&conf, &users, "conf", &errors);
	CU_ASSERT_PTR_NOT_NULL_FATAL(rules);
	CU_ASSERT_EQUAL(errors.count, 0);
	CU_ASSERT_EQUAL(control_rules_allowed(rules, &peer),
	    CONTROL_BIT(CONTROL_STATUS));
	peer.groups = groups;
	peer.ngroups = 2;
	CU_ASSERT_EQUAL(control_rules_allowed(rules, &peer),
	    CONTROL_BIT(CONTROL_STATUS) | CONTROL_BIT(CONTROL_SESSCACHE_CLEAR) |
		CONTROL_BIT(CONTROL_SESSCACHE_INFO) |
		CONTROL_BIT(CONTROL_SESSCACHE_REMOVE));
	peer.uid = 202;
	CU_ASSERT_EQUAL(control_rules_allowed(rules, &peer), 0);
	peer.uid = 0;
	CU_ASSERT_EQUAL(control_rules_allowed(rules, &peer),
	    CONTROL_BIT(CONTROL_COUNT) - 1);
	peer.uid = geteuid();
	CU_ASSERT_EQUAL(control_rules_allowed(rules, &peer),
	    CONTROL_BIT(CONTROL_COUNT) - 1);
	control_rules_free(&rules);
	conf.control_acl = mistakes;
	rules = control_rules_new(&conf, &users, "conf", &errors);
	CU_ASSERT_EQUAL(errors.count, 3);
	control_rules_free(&rules);
	conf_errors_free(&errors);
}

#define SESSCACHE(what) CONTROL_BIT(CONTROL_SESSCACHE_##what)
/* All that "clear" is a word of. */
#define CLEARS (SESSCACHE(CLEAR) | CONTROL_BIT(CONTROL_OCSPCACHE_CLEAR))

/* What the page says of deny: all others may. */
static void
rules_deny(void)
{
	static char clear[] = "clear", info[] = "sesscache info", star[] = "*",
		    root[] = "root", daemon[] = "daemon", all[] = "all";
	char *clear_list[] = { clear }, *info_list[] = { info },
	     *star_list[] = { star }, *root_list[] = { root },
	     *daemon_list[] = { daemon }, *all_list[] = { all };
	struct conf_acl acl[] = {
		{ { clear_list, 1 }, true, { daemon_list, 1 }, { NULL, 0 } },
		{ { info_list, 1 }, false, { star_list, 1 }, { NULL, 0 } },
		{ { info_list, 1 }, true, { NULL, 0 }, { root_list, 1 } },
		{ { all_list, 1 }, false, { daemon_list, 1 }, { NULL, 0 } },
	};
	const gid_t groups[] = { 5, 0 };
	const struct service_users users = { { 201, 201 }, { 202, 202 },
		{ 203, 203 }, { 0, 0 } };
	struct control_peer peer = { 54321, 54321, NULL, 0 };
	struct control_rules *rules;
	struct conf_errors errors;
	struct conf conf;

	memset(&conf, 0, sizeof(conf));
	memset(&errors, 0, sizeof(errors));
	conf.control_acl = acl;
	conf.ncontrol_acl = NITEMS(acl);
	rules = control_rules_new(&conf, &users, "conf", &errors);
	CU_ASSERT_PTR_NOT_NULL_FATAL(rules);
	CU_ASSERT_EQUAL(control_rules_allowed(rules, &peer),
	    CLEARS | SESSCACHE(INFO));
	peer.groups = groups;
	peer.ngroups = NITEMS(groups);
	CU_ASSERT_EQUAL(control_rules_allowed(rules, &peer), CLEARS);
	peer.ngroups = 0;
	peer.uid = 1; /* daemon, on every Debian */
	CU_ASSERT_EQUAL(control_rules_allowed(rules, &peer),
	    (CONTROL_BIT(CONTROL_COUNT) - 1) & ~CLEARS);
	control_rules_free(&rules);
	conf_errors_free(&errors);
}

CU_TestInfo control_tests[] = {
	{ "lines and their answers", answers_lines },
	{ "who may do nothing is closed unread", closes_who_may_nothing },
	{ "a line has an end", closes_endless_lines },
	{ "so many connections and no more", holds_only_so_many },
	{ "an answer that comes later", answers_later },
	{ "who leaves is forgotten", forgets_who_leaves },
	{ "an answer in pages", sends_pages },
	{ "a stale socket is replaced", replaces_a_stale_socket },
	{ "rules say who may do what", rules_say_who_may_what },
	{ "a rule that denies allows all others", rules_deny },
	CU_TEST_INFO_NULL,
};
