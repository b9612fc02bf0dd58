/* Unit tests of master/ocsp: the process, over its channels. */
#include "master/ocsp/ocsp.h"

#include <CUnit/CUnit.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "master/ocsp/asks.h"
#include "shm/base/fd.h"
#include "shm/base/log.h"
#include "shm/ipc/channel.h"
#include "tests/unit/introduce.h"
#include "tests/unit/ocsp_world.h"
#include "tests/unit/suites.h"

#define PATIENCE_MS 20000

/* One end of a channel to the process, and the last message that came. */
struct end {
	struct channel *channel;
	enum msg_type type; /* MSG_NONE: nothing came, or the channel ended */
	uint64_t request;
	uint32_t data_len, text_len;
	struct msg_cache_put put; /* of MSG_OCSP_PUT */
	char bytes[MSG_LEN_MAX];
	size_t len;
};

struct rig {
	pid_t pid;
	struct end master;
	int log_fd;
};

static int
arrived(struct message *message, void *context)
{
	const struct msg_name_answer *answer = message->body;
	struct end *end = context;

	end->type = message->type;
	memcpy(&end->request, message->body, sizeof(end->request));
	if (message->type == MSG_NAME_ANSWER ||
	    message->type == MSG_OCSP_ANSWER) {
		end->data_len = answer->name_len;
		end->text_len = answer->text_len;
	}
	if (message->type == MSG_OCSP_PUT)
		memcpy(&end->put, message->body, sizeof(end->put));
	memcpy(end->bytes, message->bytes, message->len);
	end->bytes[message->len] = '\0';
	end->len = message->len;
	return (0);
}

static enum msg_type
next(struct end *end)
{
	struct pollfd fd = { channel_fd(end->channel), POLLIN, 0 };

	end->type = MSG_NONE;
	if (poll(&fd, 1, PATIENCE_MS) == 1 &&
	    channel_receive(end->channel, 1) == -1)
		return (MSG_NONE);
	return (end->type);
}

static void
become_ocsp(int master, int logger)
{
	struct rlimit none = { 0, 0 };
	int kept[2];

	(void)setrlimit(RLIMIT_CORE, &none);
	log_set_sink(NULL, NULL);
	kept[0] = fcntl(master, F_DUPFD_CLOEXEC, 10);
	kept[1] = fcntl(logger, F_DUPFD_CLOEXEC, 10);
	if (dup2(kept[0], FD_MASTER) == -1 || dup2(kept[1], FD_LOG) == -1)
		_exit(97);
	ocsp_run();
}

static void
send_settings(struct rig *rig, const char *ocsp)
{
	struct channel_message message;
	struct msg_settings body = { 1, 0 };
	char text[256];

	(void)snprintf(text, sizeof(text),
	    "run_directory: /tmp\nocsp_user: nobody\nocsp: %s\n"
	    "listen: [{address: 127.0.0.1, port: 2121}]\ntls: {engine: off}\n",
	    ocsp);

	memset(&message, 0, sizeof(message));
	message.type = MSG_SETTINGS;
	message.body = &body;
	message.fd = fd_sealed("settings", text, strlen(text));
	CU_ASSERT_FATAL(message.fd != -1);
	CU_ASSERT(channel_send(rig->master.channel, &message) == 0);
	fd_close(&message.fd);
}

static void
rig_begin(struct rig *rig, const char *ocsp)
{
	int master[2] = { -1, -1 }, logger[2] = { -1, -1 };

	memset(rig, 0, sizeof(*rig));
	CU_ASSERT_FATAL(fd_pair(master) == 0 && fd_pair(logger) == 0);
	(void)fflush(NULL);
	rig->pid = fork();
	if (rig->pid == 0)
		become_ocsp(master[1], logger[1]);
	fd_close(&master[1]);
	fd_close(&logger[1]);
	rig->log_fd = logger[0];
	rig->master.channel = channel_new(master[0], ROLE_MASTER, ROLE_OCSP,
	    arrived, &rig->master);
	CU_ASSERT_PTR_NOT_NULL_FATAL(rig->master.channel);
	send_settings(rig, ocsp);
	CU_ASSERT_FATAL(next(&rig->master) == MSG_READY);
	channel_running(rig->master.channel);
}

static void
rig_start(struct rig *rig)
{
	rig_begin(rig, "{timeout: 1s}");
}

/* The process ends when its master is gone. */
static void
rig_close(struct rig *rig)
{
	int status = -1;

	channel_free(&rig->master.channel);
	CU_ASSERT(waitpid(rig->pid, &status, 0) == rig->pid);
	CHECK_CASE(WIFEXITED(status) && WEXITSTATUS(status) == 0,
	    "the process ends well");
	close(rig->log_fd);
}

static void
worker_open(struct rig *rig, struct end *worker)
{
	const struct msg_peer peer = { .role = ROLE_WORKER };

	memset(worker, 0, sizeof(*worker));
	worker->channel =
	    introduce(rig->master.channel, &peer, ROLE_OCSP, arrived, worker);
}

static void
ask_name(struct end *worker, uint64_t request, const char *text)
{
	struct msg_name_ask ask;

	memset(&ask, 0, sizeof(ask));
	ask.request = request;
	CU_ASSERT(address_parse(&ask.address, text) == 0);
	CU_ASSERT(channel_post(worker->channel, MSG_NAME_ASK, &ask) == 0);
}

/* It does what else it was made for. */
static void
check_works(struct rig *rig)
{
	const struct sockaddr_in loopback = { .sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	char name[NI_MAXHOST];
	struct end worker;

	/* "localhost", unless the administrator calls it something else. */
	CU_ASSERT_FATAL(
	    getnameinfo((const struct sockaddr *)&loopback, sizeof(loopback),
		name, sizeof(name), NULL, 0, NI_NAMEREQD) == 0);
	worker_open(rig, &worker);
	ask_name(&worker, 77, "127.0.0.1");
	CU_ASSERT_EQUAL(next(&worker), MSG_NAME_ANSWER);
	CU_ASSERT_EQUAL(worker.request, 77);
	CU_ASSERT_EQUAL(worker.data_len + worker.text_len, worker.len);
	CHECK_CASE(worker.data_len == strlen(name) &&
		memcmp(worker.bytes, name, worker.data_len) == 0,
	    "127.0.0.1 has its name");
	channel_free(&worker.channel);
}

static void
answers(void)
{
	struct msg_ping ping = { 42 };
	struct rig rig;

	rig_start(&rig);
	check_works(&rig);
	CU_ASSERT(channel_post(rig.master.channel, MSG_PING, &ping) == 0);
	CU_ASSERT_EQUAL(next(&rig.master), MSG_PONG);
	CU_ASSERT_EQUAL(rig.master.request, 42);
	rig_close(&rig);
}

static const struct {
	const char *what;
	uint32_t flags, cert_len, issuer_len, urls_len;
	const char *bytes;
	size_t len;
} lies[] = {
	{ "no certificate", 0, 0, 1, 9, "Ihttp://x\0", 10 },
	{ "no issuer", 0, 1, 0, 9, "Chttp://x\0", 10 },
	{ "no URL", 0, 1, 1, 0, "CI", 2 },
	{ "a URL without an end", 0, 1, 1, 8, "CIhttp://x", 10 },
	{ "less than it says", 0, 1, 1, 100, "CIhttp://x\0", 11 },
	{ "more than it says", 0, 1, 1, 9, "CIhttp://x\0y", 12 },
	{ "lengths that wrap", 0, UINT32_MAX, 2, 9, "Chttp://x\0", 10 },
	{ "a flag that is not for workers", OCSP_ASK_NO_VERIFY, 1, 1, 9,
	    "CIhttp://x\0", 11 },
	{ "an unknown flag", 8, 1, 1, 9, "CIhttp://x\0", 11 },
};

static void
ask_status(struct end *worker, size_t i)
{
	const struct msg_ocsp_ask body = { 5, lies[i].flags, lies[i].cert_len,
		lies[i].issuer_len, lies[i].urls_len };
	struct channel_message message;

	memset(&message, 0, sizeof(message));
	message.type = MSG_OCSP_ASK;
	message.body = &body;
	message.pieces[0].data = lies[i].bytes;
	message.pieces[0].len = lies[i].len;
	message.fd = -1;
	CU_ASSERT(channel_send(worker->channel, &message) == 0);
}

static void
lies_end_the_channel(void)
{
	struct end bad;
	struct rig rig;
	size_t i;

	rig_start(&rig);
	for (i = 0; i < NITEMS(lies); i++) {
		worker_open(&rig, &bad);
		ask_status(&bad, i);
		CHECK_CASE(next(&bad) == MSG_NONE, lies[i].what);
		channel_free(&bad.channel);
	}
	check_works(&rig);
	rig_close(&rig);
}

/* A certificate that is none is found out by the child. */
static void
rubbish_is_answered(void)
{
	static const char urls[] = "http://127.0.0.1:1/";
	const struct msg_ocsp_ask body = { 9, 0, 4, 4, sizeof(urls) };
	struct channel_message message;
	struct end worker;
	struct rig rig;

	rig_start(&rig);
	worker_open(&rig, &worker);
	memset(&message, 0, sizeof(message));
	message.type = MSG_OCSP_ASK;
	message.body = &body;
	message.pieces[0].data = "\xff\xff\xff\xff";
	message.pieces[0].len = 4;
	message.pieces[1].data = "\x30\x84\xff\xff";
	message.pieces[1].len = 4;
	message.pieces[2].data = urls;
	message.pieces[2].len = sizeof(urls);
	message.fd = -1;
	CU_ASSERT(channel_send(worker.channel, &message) == 0);
	CU_ASSERT_EQUAL(next(&worker), MSG_OCSP_ANSWER);
	CU_ASSERT_EQUAL(worker.request, 9);
	CU_ASSERT_EQUAL(worker.data_len, 0);
	CU_ASSERT(worker.text_len > 0 && worker.text_len == worker.len);
	channel_free(&worker.channel);
	rig_close(&rig);
}

/* One that asks without end gets so many answers, and the others theirs. */
static void
floods_are_bounded(void)
{
	struct end worker;
	struct rig rig;
	uint64_t i, refused = 0;
	char text[32];

	rig_start(&rig);
	worker_open(&rig, &worker);
	channel_set_queue(worker.channel, (size_t)2 * ASKS_WAIT_MAX);
	for (i = 0; i < ASKS_WAIT_MAX + 50; i++) {
		(void)snprintf(text, sizeof(text), "127.9.%u.%u",
		    (unsigned int)(i / 250), (unsigned int)(i % 250) + 1);
		ask_name(&worker, i + 1, text);
	}
	for (i = 0; i < ASKS_WAIT_MAX + 50; i++) {
		while (channel_wants_write(worker.channel) &&
		    channel_flush(worker.channel) == 0)
			(void)usleep(1000);
		if (next(&worker) != MSG_NAME_ANSWER)
			break;
		refused += strstr(worker.bytes, "at once") != NULL;
	}
	CHECK_CASE(i == ASKS_WAIT_MAX + 50, "each has an answer");
	CHECK_CASE(refused < ASKS_WAIT_MAX, "most are at least in the line");
	check_works(&rig);
	channel_free(&worker.channel);
	rig_close(&rig);
}

static void
keeper_open(struct rig *rig, struct end *keeper)
{
	const struct msg_peer peer = { .role = ROLE_KEEPER };

	memset(keeper, 0, sizeof(*keeper));
	keeper->channel =
	    introduce(rig->master.channel, &peer, ROLE_OCSP, arrived, keeper);
}

/* --- what is kept --------------------------------------------------------- */

static uint16_t
listen_somewhere(int *fd)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(address);

	*fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CU_ASSERT_FATAL(bind(*fd, (struct sockaddr *)&address, len) == 0 &&
	    listen(*fd, 1) == 0 &&
	    getsockname(*fd, (struct sockaddr *)&address, &len) == 0);
	return (ntohs(address.sin_port));
}

static void
ask_about(struct end *worker, const struct ocsp_subject *subject,
    const char *url)
{
	unsigned char *cert = NULL, *issuer = NULL;
	struct msg_ocsp_ask body = { 6, OCSP_ASK_NO_NONCE, 0, 0,
		(uint32_t)strlen(url) + 1 };
	struct channel_message message;

	body.cert_len = (uint32_t)i2d_X509(subject->cert, &cert);
	body.issuer_len = (uint32_t)i2d_X509(subject->issuer, &issuer);
	memset(&message, 0, sizeof(message));
	message.type = MSG_OCSP_ASK;
	message.body = &body;
	message.pieces[0].data = cert;
	message.pieces[0].len = body.cert_len;
	message.pieces[1].data = issuer;
	message.pieces[1].len = body.issuer_len;
	message.pieces[2].data = url;
	message.pieces[2].len = body.urls_len;
	message.fd = -1;
	CU_ASSERT(channel_send(worker->channel, &message) == 0);
	OPENSSL_free(cert);
	OPENSSL_free(issuer);
}

/* Takes the question, and answers only when the clock shows another second. */
static void
answer_late(int fd, const struct world *world)
{
	struct saying saying = { .status = V_OCSP_CERTSTATUS_GOOD,
		.this_update = -60,
		.next_update = DAY,
		.about = &world->client,
		.issuer = &world->authority,
		.signer = &world->authority };
	int peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	time_t begun = time(NULL);
	unsigned char *der;
	char head[256];
	size_t len;

	CU_ASSERT_FATAL(peer != -1 && read(peer, head, sizeof(head)) > 0);
	while (time(NULL) < begun + 2)
		(void)usleep(10000);
	len = say(&saying, &der);
	(void)snprintf(head, sizeof(head),
	    "HTTP/1.0 200 OK\r\nContent-Type: application/ocsp-response\r\n"
	    "Content-Length: %zu\r\n\r\n",
	    len);
	CU_ASSERT(write(peer, head, strlen(head)) == (ssize_t)strlen(head) &&
	    write(peer, der, len) == (ssize_t)len);
	OPENSSL_free(der);
	close(peer);
}

/* A responder may have made up its mind as soon as it was asked. */
static void
keeps_from_the_question_on(void)
{
	struct end worker, keeper;
	struct world world;
	struct rig rig;
	char url[64];
	time_t before, after;
	int fd;

	world_make(&world);
	rig_begin(&rig, "{timeout: 20s, max_age: 100s}");
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/",
	    listen_somewhere(&fd));
	keeper_open(&rig, &keeper);
	worker_open(&rig, &worker);
	before = time(NULL);
	ask_about(&worker, &world.subject, url);
	answer_late(fd, &world);
	after = time(NULL);
	CU_ASSERT_EQUAL(next(&worker), MSG_OCSP_ANSWER);
	CHECK_CASE(worker.data_len > 0, worker.bytes);
	CU_ASSERT_EQUAL(next(&keeper), MSG_OCSP_PUT);
	CHECK_CASE(keeper.put.started >= (uint64_t)before &&
		keeper.put.started + 2 <= (uint64_t)after,
	    "it counts from the question");
	CU_ASSERT_EQUAL(keeper.put.expires, keeper.put.started + 100);
	channel_free(&worker.channel);
	channel_free(&keeper.channel);
	close(fd);
	rig_close(&rig);
	world_end(&world);
}

/* --- our own certificates ------------------------------------------------- */

static void
send_staples(struct rig *rig, const char *text)
{
	struct channel_message message;
	struct msg_generation body = { 1, 0 };

	memset(&message, 0, sizeof(message));
	message.type = MSG_STAPLES;
	message.body = &body;
	message.fd = fd_sealed("staples", text, strlen(text));
	CU_ASSERT_FATAL(message.fd != -1);
	CU_ASSERT(channel_send(rig->master.channel, &message) == 0);
	fd_close(&message.fd);
}

/* Rubbish is no list, and a list of nothing has no page. */
static void
lists_nothing(void)
{
	const struct msg_staple_list list = { .request = 5,
		.first = UINT32_MAX };
	struct rig rig;

	rig_start(&rig);
	send_staples(&rig, "rubbish");
	send_staples(&rig, "rubbish that is longer than any head of a list");
	CU_ASSERT(
	    channel_post(rig.master.channel, MSG_STAPLE_LIST, &list) == 0);
	CU_ASSERT_EQUAL(next(&rig.master), MSG_STAPLE_PAGE);
	CU_ASSERT_EQUAL(rig.master.request, 5);
	CU_ASSERT_EQUAL(rig.master.len, 0);
	check_works(&rig);
	rig_close(&rig);
}

/* A keeper that lies is left, and the master told. */
static void
unknown_wishes_end_the_channel(void)
{
	struct msg_staples_wanted wanted = { STAPLES_AGAIN, 0 };
	struct end keeper;
	struct rig rig;

	rig_start(&rig);
	keeper_open(&rig, &keeper);
	for (; wanted.wish <= STAPLES_NONE + 1; wanted.wish++)
		CU_ASSERT(channel_post(keeper.channel, MSG_STAPLES_WANTED,
			      &wanted) == 0);
	CU_ASSERT_EQUAL(next(&keeper), MSG_NONE);
	CU_ASSERT_EQUAL(next(&rig.master), MSG_SERVICE_LOST);
	channel_free(&keeper.channel);
	check_works(&rig);
	rig_close(&rig);
}

CU_TestInfo ocsp_tests[] = {
	{ "lists nothing", lists_nothing },
	{ "unknown wishes end the channel", unknown_wishes_end_the_channel },
	{ "answers", answers },
	{ "lies end the channel", lies_end_the_channel },
	{ "rubbish is answered", rubbish_is_answered },
	{ "floods are bounded", floods_are_bounded },
	{ "keeps from the question on", keeps_from_the_question_on },
	CU_TEST_INFO_NULL,
};
