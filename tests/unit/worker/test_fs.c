/* Unit tests of worker/fs.c and worker/fs_requests.c. */
#include "worker/fs.h"

#include <CUnit/CUnit.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "shm/base/fd.h"
#include "tests/unit/fs_desk.h"
#include "tests/unit/suites.h"
#include "tests/unit/worker_rig.h"

static void
asks_for_an_agent_first(void)
{
	struct desk desk;

	start(&desk);
	CU_ASSERT_EQUAL(fs_stat(desk.fs, "/a/b"), 1);
	CU_ASSERT_TRUE(fs_busy(desk.fs));
	(void)talk(&desk);
	CU_ASSERT_EQUAL(desk.answers, 0);
	give_agent(&desk);
	CU_ASSERT_TRUE(desk.type == MSG_FS_STAT && desk.request == 1);
	CU_ASSERT_TRUE(desk.len == 4 && memcmp(desk.bytes, "/a/b", 4) == 0);
	say_done(&desk, 1, 0);
	CU_ASSERT_EQUAL(desk.answers, 1);
	CU_ASSERT_TRUE(desk.answer.error == 0 && desk.answer.size == 123);
	CU_ASSERT_TRUE(desk.answer.fd == -1 && desk.answer.modified == 456);
	CU_ASSERT_TRUE(desk.answer.mode == 0644 && desk.answer.entries == 7);
	CU_ASSERT_FALSE(fs_busy(desk.fs));

	CU_ASSERT_NOT_EQUAL(fs_rename(desk.fs, "/from", "/to"), 0);
	(void)talk(&desk);
	CU_ASSERT_EQUAL(desk.client.agent_request, 0);
	CU_ASSERT_TRUE(desk.len == 8 && memcmp(desk.bytes, "/from/to", 8) == 0);
	say_done(&desk, desk.request, -5);
	CU_ASSERT_EQUAL(desk.answer.error, EIO);
	stop(&desk);
}

static void
gets_no_agent(void)
{
	struct desk desk;

	start(&desk);
	CU_ASSERT_NOT_EQUAL(fs_chdir(desk.fs, "/"), 0);
	broker_forget_agent(&desk.client);
	fs_agent(desk.fs, -1, EAGAIN);
	CU_ASSERT_EQUAL(desk.answers, 0); /* from the loop only */
	CU_ASSERT_TRUE(rig_until(&desk.rig, &desk.answers));
	CU_ASSERT_EQUAL(desk.answer.error, EAGAIN);
	CU_ASSERT_NOT_EQUAL(fs_chdir(desk.fs, "/"), 0);
	give_agent(&desk);
	say_done(&desk, desk.request, 0);
	CU_ASSERT_EQUAL(desk.answer.error, 0);
	stop(&desk);
}

static void
uploads_and_commits(void)
{
	struct desk desk;

	start_with_agent(&desk);
	begin_upload(&desk, 5);
	CU_ASSERT_TRUE(desk.answers == 1 && desk.answer.handle == 5);
	CU_ASSERT_STRING_EQUAL(desk.name, "up");
	CU_ASSERT_EQUAL(desk.answer.size, 9);
	CU_ASSERT_NOT_EQUAL(fcntl(desk.answer.fd, F_GETFD), -1);
	fd_close(&desk.answer.fd);
	CU_ASSERT_TRUE(fs_busy(desk.fs));
	CU_ASSERT_EQUAL(fs_commit(desk.fs, 4, FS_DURABLE_FULL, 1), 0);
	CU_ASSERT_NOT_EQUAL(fs_commit(desk.fs, 5, FS_DURABLE_FULL, 1), 0);
	(void)talk(&desk);
	CU_ASSERT_TRUE(desk.type == MSG_FS_COMMIT && desk.handle == 5);
	say_done(&desk, desk.request, ENOSPC);
	CU_ASSERT_EQUAL(desk.answer.error, ENOSPC);
	CU_ASSERT_FALSE(fs_busy(desk.fs));
	fs_discard(desk.fs, 5); /* it went with the commit */
	(void)talk(&desk);
	CU_ASSERT_EQUAL(desk.discards, 0);

	begin_upload(&desk, 6);
	fd_close(&desk.answer.fd);
	fs_discard(desk.fs, 6);
	(void)talk(&desk);
	CU_ASSERT_TRUE(desk.discards == 1 && desk.handle == 6);
	CU_ASSERT_FALSE(fs_busy(desk.fs));
	stop(&desk);
}

/* What a client has aborted is cleared away when its answer comes. */
static void
forgets_what_is_on_its_way(void)
{
	const struct fs_create create = { .path = "/up" };
	struct msg_fs_opened body = { .handle = 8 };
	struct desk desk;
	uint32_t number;

	start_with_agent(&desk);
	number = fs_create(desk.fs, &create);
	fs_forget(desk.fs);
	CU_ASSERT_FALSE(fs_busy(desk.fs));
	CU_ASSERT_NOT_EQUAL(fs_stat(desk.fs, "/"), 0);
	(void)talk(&desk);
	body.request = number;
	say_opened(&desk, &body, "up", memfd_create("up", MFD_CLOEXEC));
	CU_ASSERT_EQUAL(desk.answers, 0);
	CU_ASSERT_TRUE(desk.discards == 1 && desk.handle == 8);
	say_done(&desk, desk.request, 0);
	CU_ASSERT_EQUAL(desk.answers, 1);

	/* Before there is an agent, it is simply not sent. */
	channel_free(&desk.agent);
	(void)talk(&desk);
	CU_ASSERT_NOT_EQUAL(fs_stat(desk.fs, "/"), 0);
	fs_forget(desk.fs);
	desk.requests = 0;
	give_agent(&desk);
	CU_ASSERT_EQUAL(desk.requests, 0);
	stop(&desk);
}

static void
bounds_what_is_forgotten(void)
{
	struct desk desk;
	int n;

	start_with_agent(&desk);
	for (n = 0; n < 100 && fs_stat(desk.fs, "/") != 0; n++)
		fs_forget(desk.fs);
	CU_ASSERT_TRUE(n > 0 && n < 100);
	CU_ASSERT_EQUAL(errno, EAGAIN);
	(void)talk(&desk);
	say_done(&desk, desk.request, 0);
	CU_ASSERT_NOT_EQUAL(fs_stat(desk.fs, "/"), 0);
	stop(&desk);
}

static void
outlives_its_agent(void)
{
	struct desk desk;

	start_with_agent(&desk);
	CU_ASSERT_NOT_EQUAL(fs_stat(desk.fs, "/"), 0);
	channel_free(&desk.agent);
	CU_ASSERT_TRUE(rig_until(&desk.rig, &desk.answers));
	CU_ASSERT_EQUAL(desk.answer.error, EIO);

	/* The next request gets a fresh one. */
	desk.answers = 0;
	CU_ASSERT_NOT_EQUAL(fs_stat(desk.fs, "/"), 0);
	give_agent(&desk);
	say_done(&desk, desk.request, 0);
	CU_ASSERT_TRUE(desk.answers == 1 && desk.answer.error == 0);

	/* Also when the death was not noticed yet; but uploads are lost. */
	begin_upload(&desk, 3);
	fd_close(&desk.answer.fd);
	channel_free(&desk.agent);
	CU_ASSERT_EQUAL(fs_commit(desk.fs, 3, FS_DURABLE_NONE, 0), 0);
	CU_ASSERT_EQUAL(errno, EIO);
	CU_ASSERT_FALSE(fs_busy(desk.fs));
	CU_ASSERT_NOT_EQUAL(fs_stat(desk.fs, "/"), 0);
	give_agent(&desk);
	say_done(&desk, desk.request, 0);
	CU_ASSERT_EQUAL(desk.answer.error, 0);
	CU_ASSERT_EQUAL(fs_commit(desk.fs, 3, FS_DURABLE_NONE, 0), 0);
	CU_ASSERT_EQUAL(errno, EIO);
	stop(&desk);
}

/* The answer comes, but there is no room for its descriptor. */
static void
bears_a_lack_of_descriptors(void)
{
	struct msg_fs_opened body = { .handle = 5 };
	const struct fs_create create = { .path = "/f" };
	struct rlimit before, none;
	struct channel_message message = {
		.type = MSG_FS_OPENED,
		.body = &body,
		.fd = 0,
	};
	struct desk desk;
	int next;

	start_with_agent(&desk);
	desk.answers = 0;
	CU_ASSERT_NOT_EQUAL(fs_create(desk.fs, &create), 0);
	(void)talk(&desk);
	body.request = desk.request;
	CU_ASSERT_EQUAL(channel_send(desk.agent, &message), 0);
	next = dup(0);
	CU_ASSERT_EQUAL(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = (rlim_t)next;
	fd_close(&next);
	CU_ASSERT_EQUAL(setrlimit(RLIMIT_NOFILE, &none), 0);
	rig_turn(&desk.rig);
	rig_turn(&desk.rig);
	CU_ASSERT_EQUAL(setrlimit(RLIMIT_NOFILE, &before), 0);
	CU_ASSERT_TRUE(desk.answers == 1 && desk.answer.error == EMFILE &&
	    desk.answer.fd == -1);
	CU_ASSERT_NOT_EQUAL(talk(&desk), -1);
	CU_ASSERT_TRUE(desk.discards == 1 && desk.handle == 5);
	CU_ASSERT_FALSE(fs_busy(desk.fs));
	stop(&desk);
}

static void
lets_an_idle_agent_go(void)
{
	struct msg_fs_opened body = { .pipe = 1 };
	struct desk desk;
	int pipes[2], gone = 0, i;

	start_with_agent(&desk);
	desk.rig.conf.agent_idle = 0;

	/* Not while it serves a pipe, ... */
	CU_ASSERT_NOT_EQUAL(fs_open(desk.fs, "/slow", 0, FS_DATA_CLEAR), 0);
	(void)talk(&desk);
	CU_ASSERT_EQUAL_FATAL(pipe2(pipes, O_CLOEXEC), 0);
	body.request = desk.request;
	say_opened(&desk, &body, "", pipes[0]);
	CU_ASSERT_TRUE(desk.answers == 1 && desk.answer.pipe);
	for (i = 0; i < 20; i++)
		CU_ASSERT_NOT_EQUAL(talk(&desk), -1);
	CU_ASSERT_TRUE(fs_busy(desk.fs));
	fs_forget(desk.fs);

	/* ... but then. */
	for (i = 0; i < 1000 && gone == 0; i++) {
		(void)uv_run(&desk.rig.worker.loop, UV_RUN_ONCE);
		gone = channel_receive(desk.agent, 1) == -1;
	}
	CU_ASSERT_TRUE(gone);
	CU_ASSERT_EQUAL(desk.client.agent_request, 0);
	fd_close(&desk.answer.fd);
	fd_close(&pipes[1]);
	stop(&desk);
}

static void
sends_the_pipe_of_a_listing(void)
{
	struct fs_list list = { .path = "/",
		.prefix = "pre/",
		.format = FS_LIST_NAMES,
		.uid = 1,
		.gid = 2,
		.user = "joe",
		.group = "crew",
		.pipe = -1 };
	char prefix[FS_PATH_MAX + 2];
	struct desk desk;
	int pipes[2];
	char byte;

	start(&desk);
	CU_ASSERT_EQUAL_FATAL(pipe2(pipes, O_CLOEXEC), 0);
	list.pipe = pipes[1];
	CU_ASSERT_NOT_EQUAL(fs_list(desk.fs, &list), 0);
	fd_close(&pipes[1]);
	give_agent(&desk);
	CU_ASSERT_EQUAL(desk.type, MSG_FS_LIST);
	CU_ASSERT_TRUE(
	    desk.len == 12 && memcmp(desk.bytes, "/pre/joecrew", 12) == 0);
	CU_ASSERT_EQUAL(write(desk.fd, "x", 1), 1);
	CU_ASSERT_EQUAL(read(pipes[0], &byte, 1), 1);
	fd_close(&desk.fd);
	CU_ASSERT_EQUAL(read(pipes[0], &byte, 1), 0);
	say_done(&desk, desk.request, 0);
	CU_ASSERT_EQUAL(desk.answer.entries, 7);

	memset(prefix, 'p', sizeof(prefix));
	prefix[sizeof(prefix) - 1] = '\0';
	list.prefix = prefix;
	list.pipe = pipes[0];
	CU_ASSERT_EQUAL(fs_list(desk.fs, &list), 0);
	CU_ASSERT_EQUAL(errno, ENAMETOOLONG);
	fd_close(&pipes[0]);
	stop(&desk);
}

static void
refuses_odd_paths(void)
{
	char path[FS_PATH_MAX + 2];
	struct desk desk;

	start(&desk);
	memset(path, '/', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	CU_ASSERT_EQUAL(fs_stat(desk.fs, path), 0);
	CU_ASSERT_EQUAL(errno, ENAMETOOLONG);
	CU_ASSERT_EQUAL(fs_rename(desk.fs, "/a", path), 0);
	CU_ASSERT_EQUAL(fs_stat(desk.fs, "relative"), 0);
	CU_ASSERT_EQUAL(errno, EINVAL);
	CU_ASSERT_EQUAL(desk.client.agent_request, 0);
	path[FS_PATH_MAX] = '\0';
	CU_ASSERT_NOT_EQUAL(fs_stat(desk.fs, path), 0);
	stop(&desk);
}

static int
make_file(void)
{
	return (memfd_create("file", MFD_CLOEXEC));
}

static int
make_pipe(void)
{
	int pipes[2];

	CU_ASSERT_EQUAL_FATAL(pipe2(pipes, O_CLOEXEC), 0);
	fd_close(&pipes[1]);
	return (pipes[0]);
}

static int
make_socket(void)
{
	return (socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

static int
make_device(void)
{
	return (open("/dev/zero", O_RDONLY | O_CLOEXEC));
}

/* An agent that its account has taken over: it is cut off, answered EIO. */
static void
distrusts_what_is_opened(void)
{
	static const struct {
		const char *what;
		int (*make)(void);
		uint32_t pipe, handle;
		const char *name;
		bool create, accepted;
	} cases[] = {
		{ "a file", make_file, 0, 0, "", false, true },
		{ "a pipe", make_pipe, 1, 0, "", false, true },
		{ "a pipe said to be a file", make_pipe, 0, 0, "", false,
		    false },
		{ "a file said to be a pipe", make_file, 1, 0, "", false,
		    false },
		{ "a socket", make_socket, 0, 0, "", false, false },
		{ "a socket said to be a pipe", make_socket, 1, 0, "", false,
		    false },
		{ "a device", make_device, 0, 0, "", false, false },
		{ "a handle for reading", make_file, 0, 1, "", false, false },
		{ "an upload", make_file, 0, 1, "name", true, true },
		{ "an upload without a handle", make_file, 0, 0, "name", true,
		    false },
		{ "a line end in a name", make_file, 0, 1, "a\r\n226 ok", true,
		    false },
	};
	const struct fs_create create = { .path = "/up",
		.how = FS_CREATE_UNIQUE };
	struct msg_fs_opened body;
	struct desk desk;
	size_t i;

	for (i = 0; i < NITEMS(cases); i++) {
		start_with_agent(&desk);
		if (cases[i].create)
			CU_ASSERT_NOT_EQUAL(fs_create(desk.fs, &create), 0)
		else
			CU_ASSERT_NOT_EQUAL(fs_open(desk.fs, "/f", 0,
						FS_DATA_CLEAR),
			    0)
		(void)talk(&desk);
		body = (struct msg_fs_opened){ .request = desk.request,
			.handle = cases[i].handle,
			.pipe = cases[i].pipe };
		say_opened(&desk, &body, cases[i].name, cases[i].make());
		CHECK_CASE(rig_until(&desk.rig, &desk.answers), cases[i].what);
		CHECK_CASE(desk.answer.error == (cases[i].accepted ? 0 : EIO),
		    cases[i].what);
		CHECK_CASE((desk.answer.fd != -1) == cases[i].accepted,
		    cases[i].what);
		fd_close(&desk.answer.fd);
		stop(&desk);
	}
}

static void
distrusts_a_success_without_a_file(void)
{
	struct desk desk;

	start_with_agent(&desk);
	CU_ASSERT_NOT_EQUAL(fs_open(desk.fs, "/f", 0, FS_DATA_CLEAR), 0);
	(void)talk(&desk);
	say_done(&desk, desk.request + 1, ENOENT); /* never asked */
	CU_ASSERT_EQUAL(desk.answers, 0);
	say_done(&desk, desk.request, 0);
	CU_ASSERT_TRUE(rig_until(&desk.rig, &desk.answers));
	CU_ASSERT_EQUAL(desk.answer.error, EIO);
	stop(&desk);
}

static void
is_freed_at_any_time(void)
{
	struct desk desk;

	start(&desk);
	CU_ASSERT_NOT_EQUAL(fs_stat(desk.fs, "/"), 0);
	fs_free(&desk.fs);
	fs_free(&desk.fs);
	CU_ASSERT_EQUAL(desk.client.agent_request, 0);
	stop(&desk);

	start_with_agent(&desk);
	CU_ASSERT_NOT_EQUAL(fs_stat(desk.fs, "/"), 0);
	(void)talk(&desk);
	desk.frees = true;
	say_done(&desk, desk.request, 0);
	CU_ASSERT_EQUAL(desk.answers, 1);
	CU_ASSERT_PTR_NULL(desk.fs);
	CU_ASSERT_EQUAL(channel_receive(desk.agent, 1), -1);
	stop(&desk);

	/* In the answer that tells of the agent's death. */
	start_with_agent(&desk);
	desk.frees = true;
	CU_ASSERT_NOT_EQUAL(fs_stat(desk.fs, "/"), 0);
	channel_free(&desk.agent);
	CU_ASSERT_TRUE(rig_until(&desk.rig, &desk.answers));
	stop(&desk);
}

CU_TestInfo fs_tests[] = {
	{ "the first request asks for an agent", asks_for_an_agent_first },
	{ "there may be no agent", gets_no_agent },
	{ "an upload is committed or discarded", uploads_and_commits },
	{ "a forgotten request is cleared away", forgets_what_is_on_its_way },
	{ "few requests can be forgotten", bounds_what_is_forgotten },
	{ "an agent that dies is replaced", outlives_its_agent },
	{ "a lack of descriptors is borne", bears_a_lack_of_descriptors },
	{ "an idle agent is let go", lets_an_idle_agent_go },
	{ "a listing's pipe travels", sends_the_pipe_of_a_listing },
	{ "odd paths are refused", refuses_odd_paths },
	{ "what an agent opens is looked at", distrusts_what_is_opened },
	{ "success needs a file", distrusts_a_success_without_a_file },
	{ "fs is freed at any time", is_freed_at_any_time },
	CU_TEST_INFO_NULL,
};
