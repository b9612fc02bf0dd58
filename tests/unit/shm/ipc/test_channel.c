/* Unit tests of shm/ipc: the table, channels, hostile peers. */
#include <CUnit/CUnit.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shm/base/fd.h"
#include "shm/base/log.h"
#include "shm/ipc/channel.h"
#include "tests/unit/suites.h"

#define STAT_LEN sizeof(struct msg_fs_path)

static const struct {
	const char *what;
	struct msg_arrival arrival;
	bool accepted;
} arrivals[] = {
	{ "a request of a worker",
	    { MSG_FS_STAT, ROLE_WORKER, ROLE_AGENT, MSG_PHASE_RUN, STAT_LEN,
		0 },
	    true },
	{ "the same with a path",
	    { MSG_FS_STAT, ROLE_WORKER, ROLE_AGENT, MSG_PHASE_RUN, STAT_LEN + 9,
		0 },
	    true },
	{ "one byte short",
	    { MSG_FS_STAT, ROLE_WORKER, ROLE_AGENT, MSG_PHASE_RUN, STAT_LEN - 1,
		0 },
	    false },
	{ "with a descriptor too many",
	    { MSG_FS_STAT, ROLE_WORKER, ROLE_AGENT, MSG_PHASE_RUN, STAT_LEN,
		1 },
	    false },
	{ "before the channel runs",
	    { MSG_FS_STAT, ROLE_WORKER, ROLE_AGENT, MSG_PHASE_START, STAT_LEN,
		0 },
	    false },
	{ "a worker that replaces keys",
	    { MSG_KEYS, ROLE_WORKER, ROLE_WORKER, MSG_PHASE_RUN,
		sizeof(struct msg_generation), 1 },
	    false },
	{ "keys without a descriptor",
	    { MSG_KEYS, ROLE_MASTER, ROLE_WORKER, MSG_PHASE_RUN,
		sizeof(struct msg_generation), 0 },
	    false },
	{ "the wrong way round",
	    { MSG_FS_STAT, ROLE_AGENT, ROLE_WORKER, MSG_PHASE_RUN, STAT_LEN,
		0 },
	    false },
	{ "an opened file without its descriptor",
	    { MSG_FS_OPENED, ROLE_AGENT, ROLE_WORKER, MSG_PHASE_RUN,
		sizeof(struct msg_fs_opened), 0 },
	    false },
	{ "a worker that plays the master",
	    { MSG_TOKEN_KEY, ROLE_WORKER, ROLE_LOGIN, MSG_PHASE_START,
		sizeof(struct msg_token_key), 0 },
	    false },
	{ "a second token key",
	    { MSG_TOKEN_KEY, ROLE_MASTER, ROLE_LOGIN, MSG_PHASE_RUN,
		sizeof(struct msg_token_key), 0 },
	    false },
	{ "type zero",
	    { MSG_NONE, ROLE_MASTER, ROLE_LOGIN, MSG_PHASE_RUN, 0, 0 }, false },
	{ "a type past the last",
	    { MSG_COUNT, ROLE_MASTER, ROLE_LOGIN, MSG_PHASE_RUN, 0, 0 },
	    false },
	{ "the largest number",
	    { UINT32_MAX, ROLE_MASTER, ROLE_LOGIN, MSG_PHASE_RUN, 0, 0 },
	    false },
};

static void
msg_check_obeys_the_table(void)
{
	size_t i;

	for (i = 0; i < NITEMS(arrivals); i++)
		CHECK_CASE((msg_check(&arrivals[i].arrival) != NULL) ==
			arrivals[i].accepted,
		    arrivals[i].what);
}

struct seen {
	unsigned int count;
	uint32_t last;
	char bytes[64];
	int fd;
	int answer;
	struct channel *free_me;
};

static int
note(struct message *message, void *context)
{
	struct seen *seen = context;
	const struct msg_fs_path *body = message->body;

	seen->count++;
	seen->last = body->request;
	if (message->len < sizeof(seen->bytes))
		memcpy(seen->bytes, message->bytes, message->len);
	if (message->fd != -1)
		seen->fd = message_take_fd(message);
	if (seen->free_me != NULL)
		channel_free(&seen->free_me);
	return (seen->answer);
}

struct scene {
	struct channel *worker, *agent;
	struct seen seen;
};

static void
quiet(const struct log_record *record UNUSED, void *context UNUSED)
{
}

static void
open_scene(struct scene *scene)
{
	int fds[2];

	memset(scene, 0, sizeof(*scene));
	scene->seen.fd = -1;
	CU_ASSERT_EQUAL_FATAL(fd_pair(fds), 0);
	scene->worker =
	    channel_new(fds[0], ROLE_WORKER, ROLE_AGENT, note, &scene->seen);
	scene->agent =
	    channel_new(fds[1], ROLE_AGENT, ROLE_WORKER, note, &scene->seen);
	CU_ASSERT_PTR_NOT_NULL_FATAL(scene->worker);
	CU_ASSERT_PTR_NOT_NULL_FATAL(scene->agent);
	channel_running(scene->worker);
	channel_running(scene->agent);
	log_set_sink(quiet, NULL);
}

static void
close_scene(struct scene *scene)
{
	log_set_sink(NULL, NULL);
	channel_free(&scene->worker);
	channel_free(&scene->agent);
	fd_close(&scene->seen.fd);
}

static int
ask(struct channel *channel, uint32_t request, const char *path)
{
	struct msg_fs_path body = { .request = request,
		.path_len = (uint32_t)strlen(path) };
	struct channel_message message = { .type = MSG_FS_STAT,
		.body = &body,
		.pieces = { { path, strlen(path) } },
		.fd = -1 };

	return (channel_send(channel, &message));
}

static void
messages_and_descriptors_arrive(void)
{
	struct msg_fs_list list = { .request = 7, .path_len = 4 };
	struct channel_message message = { .type = MSG_FS_LIST,
		.body = &list,
		.pieces = { { "/a", 2 }, { "/b", 2 } },
		.fd = 0 };
	struct scene scene;

	open_scene(&scene);
	CU_ASSERT_EQUAL(ask(scene.worker, 42, "/etc"), 0);
	CU_ASSERT_EQUAL(channel_receive(scene.agent, 10), 1);
	CU_ASSERT_EQUAL(scene.seen.last, 42);
	CU_ASSERT_EQUAL(memcmp(scene.seen.bytes, "/etc", 4), 0);
	CU_ASSERT_EQUAL(channel_send(scene.worker, &message), 0);
	CU_ASSERT_EQUAL(channel_receive(scene.agent, 10), 1);
	CU_ASSERT_EQUAL(memcmp(scene.seen.bytes, "/a/b", 4), 0);
	CU_ASSERT(scene.seen.fd > 2);
	CU_ASSERT((fcntl(scene.seen.fd, F_GETFD) & FD_CLOEXEC) != 0);
	CU_ASSERT_EQUAL(channel_receive(scene.agent, 10), 0);
	close_scene(&scene);
}

static void
a_full_queue_is_bounded_and_flushed_in_order(void)
{
	struct scene scene;
	uint32_t sent = 0;

	open_scene(&scene);
	channel_set_queue(scene.worker, 5);
	while (ask(scene.worker, sent + 1, "/") == 0)
		sent++;
	CU_ASSERT_EQUAL(errno, EAGAIN);
	CU_ASSERT(channel_wants_write(scene.worker));
	while (scene.seen.count < sent) {
		CU_ASSERT_FATAL(channel_receive(scene.agent, 1) >= 0);
		CU_ASSERT_EQUAL(scene.seen.last, scene.seen.count);
		CU_ASSERT_EQUAL(channel_flush(scene.worker), 0);
	}
	CU_ASSERT(!channel_wants_write(scene.worker));
	close_scene(&scene);
}

/* Sends raw bytes (and fds descriptors) as a peer that obeys nothing. */
static void
send_raw(struct channel *channel, const void *bytes, size_t len, size_t fds)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(8 * sizeof(int))];
	} control;
	struct iovec part = { .iov_len = len };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	struct cmsghdr *header;
	int zeroes[8] = { 0 };

	memcpy(&part.iov_base, &bytes, sizeof(bytes));
	if (fds > 0) {
		memset(&control, 0, sizeof(control));
		message.msg_control = control.bytes;
		message.msg_controllen = CMSG_SPACE(fds * sizeof(int));
		header = &control.align;
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(fds * sizeof(int));
		memcpy(CMSG_DATA(header), zeroes, fds * sizeof(int));
	}
	CU_ASSERT_EQUAL(sendmsg(channel_fd(channel), &message, 0),
	    (ssize_t)len);
}

static int
lowest_free_fd(void)
{
	int fd = dup(0), number = fd;

	fd_close(&fd);
	return (number);
}

static void
a_peer_that_breaks_the_rules_is_cut_off(void)
{
	static const struct {
		const char *what;
		uint32_t type, len;
		size_t bytes, fds;
	} cases[] = {
		{ "a header alone", MSG_FS_STAT, 8, 8, 0 },
		{ "half a header", MSG_FS_STAT, 8, 4, 0 },
		{ "a length that lies", MSG_FS_STAT, 100, 24, 0 },
		{ "a type that is not its", MSG_FS_DONE, 40, 40, 0 },
		{ "an unknown type", 999, 24, 24, 0 },
		{ "a descriptor where none may be", MSG_FS_STAT, 24, 24, 1 },
		{ "eight descriptors", MSG_FS_LIST, 48, 48, 8 },
	};
	struct scene scene;
	uint8_t raw[256];
	int before;
	size_t i;

	for (i = 0; i < NITEMS(cases); i++) {
		open_scene(&scene);
		memset(raw, 0, sizeof(raw));
		memcpy(raw, &cases[i].type, 4);
		memcpy(raw + 4, &cases[i].len, 4);
		send_raw(scene.worker, raw, cases[i].bytes, cases[i].fds);
		before = lowest_free_fd();
		CHECK_CASE(channel_receive(scene.agent, 10) == -1 &&
			errno == EPROTO && scene.seen.count == 0,
		    cases[i].what);
		CHECK_CASE(lowest_free_fd() == before, cases[i].what);
		close_scene(&scene);
	}
}

static void
handlers_may_refuse_and_free(void)
{
	struct scene scene;

	open_scene(&scene);
	scene.seen.answer = -1;
	CU_ASSERT_EQUAL(ask(scene.worker, 1, "/"), 0);
	CU_ASSERT_EQUAL(channel_receive(scene.agent, 10), -1);
	CU_ASSERT_EQUAL(errno, EPROTO);
	scene.seen.answer = 0;
	scene.seen.free_me = scene.agent;
	CU_ASSERT_EQUAL(ask(scene.worker, 2, "/"), 0);
	CU_ASSERT_EQUAL(channel_receive(scene.agent, 10), -1);
	CU_ASSERT_EQUAL(errno, ECANCELED);
	scene.agent = NULL;
	CU_ASSERT_EQUAL(channel_receive(scene.worker, 10), -1);
	CU_ASSERT_EQUAL(ask(scene.worker, 3, "/"), -1);
	CU_ASSERT_EQUAL(errno, EPIPE);
	close_scene(&scene);
}

/* The peer is not to blame, and its next message counts. */
static void
out_of_descriptors_is_no_breach(void)
{
	struct msg_fs_list list = { .request = 7 };
	struct channel_message message = { .type = MSG_FS_LIST,
		.body = &list,
		.fd = 0 };
	struct rlimit before, none;
	struct scene scene;

	open_scene(&scene);
	CU_ASSERT_EQUAL(channel_send(scene.worker, &message), 0);
	CU_ASSERT_EQUAL(ask(scene.worker, 8, "/"), 0);
	CU_ASSERT_EQUAL(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = (rlim_t)lowest_free_fd();
	CU_ASSERT_EQUAL(setrlimit(RLIMIT_NOFILE, &none), 0);
	CU_ASSERT_EQUAL(channel_receive(scene.agent, 1), 1);
	CU_ASSERT_EQUAL(setrlimit(RLIMIT_NOFILE, &before), 0);
	CU_ASSERT_EQUAL(scene.seen.last, 7);
	CU_ASSERT_EQUAL(scene.seen.fd, -1);
	CU_ASSERT_EQUAL(channel_receive(scene.agent, 10), 1);
	CU_ASSERT_EQUAL(scene.seen.last, 8);
	close_scene(&scene);
}

/* Answers each request: the worker may have gone meanwhile. */
static int
answer_all(struct message *message, void *context)
{
	const struct msg_fs_path *body = message->body;
	struct msg_fs_done done = { .request = body->request };

	return (channel_post(*(struct channel **)context, MSG_FS_DONE, &done));
}

static unsigned int records;

static void
count_record(const struct log_record *record UNUSED, void *context UNUSED)
{
	records++;
}

static void
who_has_gone_broke_no_rule(void)
{
	struct channel *worker, *agent;
	int fds[2];

	CU_ASSERT_EQUAL_FATAL(fd_pair(fds), 0);
	worker = channel_new(fds[0], ROLE_WORKER, ROLE_AGENT, note, NULL);
	agent =
	    channel_new(fds[1], ROLE_AGENT, ROLE_WORKER, answer_all, &agent);
	CU_ASSERT_PTR_NOT_NULL_FATAL(worker);
	CU_ASSERT_PTR_NOT_NULL_FATAL(agent);
	channel_running(worker);
	channel_running(agent);
	CU_ASSERT_EQUAL(ask(worker, 1, "/"), 0);
	channel_free(&worker);
	records = 0;
	log_set_sink(count_record, NULL);
	CU_ASSERT_EQUAL(channel_receive(agent, 10), -1);
	CU_ASSERT_EQUAL(errno, 0);
	CU_ASSERT_EQUAL(records, 0);
	log_set_sink(NULL, NULL);
	channel_free(&agent);
}

static void
lengths_must_add_up(void)
{
	struct message message = { .bytes = (const uint8_t *)"abcdef",
		.len = 6 };
	struct message_part parts[2];
	size_t good[2] = { 2, 4 }, shorter[2] = { 2, 3 };
	size_t huge[2] = { SIZE_MAX, 7 };

	CU_ASSERT_EQUAL(message_split(&message, good, parts, 2), 0);
	CU_ASSERT_EQUAL(memcmp(parts[1].data, "cdef", 4), 0);
	CU_ASSERT_EQUAL(message_split(&message, shorter, parts, 2), -1);
	CU_ASSERT_EQUAL(message_split(&message, huge, parts, 2), -1);
}

CU_TestInfo channel_tests[] = {
	{ "msg_check obeys the table", msg_check_obeys_the_table },
	{ "messages and descriptors arrive", messages_and_descriptors_arrive },
	{ "a full queue is bounded and flushed in order",
	    a_full_queue_is_bounded_and_flushed_in_order },
	{ "a peer that breaks the rules is cut off",
	    a_peer_that_breaks_the_rules_is_cut_off },
	{ "handlers may refuse and free", handlers_may_refuse_and_free },
	{ "out of descriptors is no breach", out_of_descriptors_is_no_breach },
	{ "who has gone broke no rule", who_has_gone_broke_no_rule },
	{ "lengths must add up", lengths_must_add_up },
	CU_TEST_INFO_NULL,
};
