/* Unit tests of worker/agent: relays, load, limits, the end. */
#include <CUnit/CUnit.h>
#include <dirent.h>
#include <sys/mman.h>

#include "tests/unit/agent_rig.h"
#include "tests/unit/suites.h"
#include "worker/agent/change.h"
#include "worker/agent/session.h"
#include "worker/agent/storage.h"

#define BIG 300000 /* more than a pipe holds */

static const struct rig_options plain = { 0, false };
static const struct rig_options relayed = { 0, true };

static void
fill(char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		text[i] = (char)('a' + i * 7 % 26);
	text[len] = '\0';
}

/* Writes all to a pipe that the agent empties. */
static bool
write_all(int fd, const char *text, size_t len)
{
	struct pollfd ready = { fd, POLLOUT, 0 };
	ssize_t n;

	while (len > 0 && poll(&ready, 1, RIG_PATIENCE) == 1) {
		n = write(fd, text, len);
		if (n == -1)
			return (false);
		text += n;
		len -= (size_t)n;
	}
	return (len == 0);
}

static char *
read_file(const struct rig *rig, const char *name)
{
	return (rig_read_all(openat(rig->home.fd, name, O_RDONLY | O_CLOEXEC)));
}

static void
a_relay_reads_for_the_worker(void)
{
	struct peer peer;
	struct rig rig;
	char *sent, *got;
	struct stat st;

	rig_start(&rig, &relayed);
	sent = malloc(BIG + 1);
	fill(sent, BIG);
	rig_write(&rig, "big", sent);
	peer_attach(&rig, &peer);
	CU_ASSERT_EQUAL(peer_path(&peer, MSG_FS_OPEN, "/big", 0), 0);
	CU_ASSERT(peer.opened.pipe == 1 && peer.opened.size == BIG &&
	    peer.opened.handle == 0);
	CU_ASSERT(fstat(peer.fd, &st) == 0 && S_ISFIFO(st.st_mode));
	(void)fcntl(peer.fd, F_SETFL, 0);
	got = rig_read_all(dup(peer.fd));
	CU_ASSERT(strcmp(got, sent) == 0);
	free(got);
	/* One that nobody reads holds up nothing, and ends with its reader. */
	CU_ASSERT_EQUAL(peer_path(&peer, MSG_FS_OPEN, "/big", 0), 0);
	CU_ASSERT_EQUAL(peer_path(&peer, MSG_FS_CHDIR, "/", 0), 0);
	fd_close(&peer.fd);
	while (rig.load.busy == 0 || rig.told < 3)
		if (!rig_receive(rig.control))
			break;
	while (rig.load.busy != 0)
		if (!rig_receive(rig.control))
			break;
	CU_ASSERT(rig.load.sessions == 1 && rig.load.busy == 0);
	free(sent);
	peer_free(&peer);
	CU_ASSERT_EQUAL(rig_stop(&rig), AGENT_EXIT_OK);
}

static int
open_at(struct peer *peer, const char *path, uint64_t offset)
{
	struct msg_fs_open body = { .request = 7,
		.path_len = (uint32_t)strlen(path),
		.offset = offset };

	peer_send(peer, MSG_FS_OPEN, &body, (const char *const[3]){ path }, -1);
	return (peer_answer(peer));
}

static void
a_relay_begins_where_the_worker_wants(void)
{
	struct peer peer;
	struct rig rig;
	char *sent, *got;

	rig_start(&rig, &relayed);
	sent = malloc(BIG + 1);
	fill(sent, BIG);
	rig_write(&rig, "f", sent);
	peer_attach(&rig, &peer);
	CU_ASSERT_EQUAL(open_at(&peer, "/f", 4), 0);
	CU_ASSERT(peer.opened.pipe == 1 && peer.opened.size == BIG);
	(void)fcntl(peer.fd, F_SETFL, 0);
	got = rig_read_all(dup(peer.fd));
	CU_ASSERT(strcmp(got, sent + 4) == 0);
	free(got);
	/* The little that is left comes at once. */
	CU_ASSERT_EQUAL(open_at(&peer, "/f", BIG - 4), 0);
	CU_ASSERT_STRING_EQUAL(peer.small, sent + BIG - 4);
	free(sent);
	CU_ASSERT_EQUAL(open_at(&peer, "/f", BIG), 0);
	CU_ASSERT_STRING_EQUAL(peer.small, "");
	CU_ASSERT_EQUAL(open_at(&peer, "/f", BIG + 1), ERANGE);
	CU_ASSERT_EQUAL(open_at(&peer, "/f", UINT64_MAX), ERANGE);
	peer_free(&peer);
	CU_ASSERT_EQUAL(rig_stop(&rig), AGENT_EXIT_OK);
}

static void
a_relay_writes_for_the_worker(void)
{
	struct peer peer;
	struct rig rig;
	char *sent, *got;

	rig_start(&rig, &relayed);
	sent = malloc(BIG + 1);
	fill(sent, BIG);
	peer_attach(&rig, &peer);
	CU_ASSERT_EQUAL(peer_create(&peer, "/big", FS_CREATE_REPLACE, 0), 0);
	CU_ASSERT(peer.opened.pipe == 1 && peer.opened.in_place == 0);
	CU_ASSERT(write_all(peer.fd, sent, BIG));
	/* The worker need not have closed its end: the size says when. */
	CU_ASSERT_EQUAL(peer_commit(&peer, peer.opened.handle, BIG), 0);
	got = read_file(&rig, "big");
	CU_ASSERT(strcmp(got, sent) == 0);
	free(got);
	CU_ASSERT_EQUAL(peer_create(&peer, "/big", FS_CREATE_RESUME, 5), 0);
	CU_ASSERT(write_all(peer.fd, "RESUMED", 7));
	CU_ASSERT_EQUAL(peer_commit(&peer, peer.opened.handle, 7), 0);
	CU_ASSERT_EQUAL(peer_create(&peer, "/big", FS_CREATE_APPEND, 0), 0);
	CU_ASSERT(write_all(peer.fd, "END", 3));
	CU_ASSERT_EQUAL(peer_commit(&peer, peer.opened.handle, 3), 0);
	got = read_file(&rig, "big");
	CU_ASSERT(strlen(got) == BIG + 3 && memcmp(got, sent, 5) == 0 &&
	    memcmp(got + 5, "RESUMED", 7) == 0 &&
	    strcmp(got + BIG, "END") == 0);
	free(got);
	/* Closed with less than was promised. */
	CU_ASSERT_EQUAL(peer_create(&peer, "/cut", FS_CREATE_REPLACE, 0), 0);
	CU_ASSERT(write_all(peer.fd, "cut", 3));
	fd_close(&peer.fd);
	CU_ASSERT_EQUAL(peer_commit(&peer, peer.opened.handle, 4), EIO);
	CU_ASSERT(!scratch_exists(&rig.home, "cut"));
	/* A commit waits for bytes; a discard comes upon it. */
	CU_ASSERT_EQUAL(peer_create(&peer, "/cut", FS_CREATE_REPLACE, 0), 0);
	peer_send(&peer, MSG_FS_COMMIT,
	    &(struct msg_fs_commit){ 12, peer.opened.handle, 0, 0, 4 },
	    (const char *const[3]){ NULL }, -1);
	peer_send(&peer, MSG_FS_DISCARD,
	    &(struct msg_fs_handle){ 13, peer.opened.handle },
	    (const char *const[3]){ NULL }, -1);
	CU_ASSERT_EQUAL(peer_answer(&peer), ECANCELED);
	CU_ASSERT_EQUAL(peer.done.request, 12);
	CU_ASSERT(write(peer.fd, "x", 1) == -1 && errno == EPIPE);
	CU_ASSERT(!scratch_exists(&rig.home, "cut"));
	free(sent);
	peer_free(&peer);
	CU_ASSERT_EQUAL(rig_stop(&rig), AGENT_EXIT_OK);
}

static void
login_is_told_the_load(void)
{
	struct peer first, second;
	struct rig rig;

	rig_start(&rig, &plain);
	peer_attach(&rig, &first);
	CU_ASSERT(rig_receive(rig.control) && rig.load.sessions == 1 &&
	    rig.load.busy == 0);
	peer_attach(&rig, &second);
	CU_ASSERT(rig_receive(rig.control) && rig.load.sessions == 2);
	CU_ASSERT_EQUAL(peer_create(&first, "/f", FS_CREATE_REPLACE, 0), 0);
	CU_ASSERT(rig_receive(rig.control) && rig.load.busy == 1);
	CU_ASSERT_EQUAL(peer_create(&second, "/g", FS_CREATE_REPLACE, 0), 0);
	CU_ASSERT(rig_receive(rig.control) && rig.load.busy == 2);
	CU_ASSERT_EQUAL(peer_commit(&first, first.opened.handle, 0), 0);
	CU_ASSERT(rig_receive(rig.control) && rig.load.busy == 1);
	peer_free(&second);
	/* What changes at one moment is told in one message. */
	CU_ASSERT(rig_receive(rig.control) && rig.load.busy == 0 &&
	    rig.load.sessions == 1);
	peer_free(&first);
	CU_ASSERT(rig_receive(rig.control) && rig.load.sessions == 0);
	/* Login has counted this one, though it is gone before it is told. */
	rig.load.sessions = 1;
	peer_attach(&rig, &first);
	peer_free(&first);
	CU_ASSERT(rig_receive(rig.control) && rig.load.sessions == 0);
	CU_ASSERT_EQUAL(rig_stop(&rig), AGENT_EXIT_OK);
}

static void
sessions_outlast_login(void)
{
	struct peer first, second;
	struct rig rig;

	rig_start(&rig, &plain);
	peer_attach(&rig, &first);
	peer_attach(&rig, &second);
	channel_free(&rig.control);
	/* Both were attached before the channel closed. */
	CU_ASSERT_EQUAL(peer_path(&first, MSG_FS_MKDIR, "/a", 0755), 0);
	CU_ASSERT_EQUAL(peer_path(&second, MSG_FS_MKDIR, "/b", 0755), 0);
	(void)kill(rig.pid, SIGTERM);
	(void)kill(rig.pid, SIGINT);
	peer_free(&first);
	CU_ASSERT_EQUAL(peer_create(&second, "/c", FS_CREATE_REPLACE, 0), 0);
	CU_ASSERT_EQUAL(peer_commit(&second, second.opened.handle, 0), 0);
	CU_ASSERT(waitpid(rig.pid, NULL, WNOHANG) == 0);
	peer_free(&second);
	CU_ASSERT_EQUAL(rig_stop(&rig), AGENT_EXIT_OK);
}

static void
a_session_has_bounded_work(void)
{
	struct peer peer;
	struct rig rig;
	char path[32];
	int i;

	rig_start(&rig, &plain);
	peer_attach(&rig, &peer);
	for (i = 0; i < SESSION_TASKS_MAX; i++) {
		(void)snprintf(path, sizeof(path), "/file-%d", i);
		CHECK_CASE(peer_create(&peer, path, FS_CREATE_REPLACE, 0) == 0,
		    path);
	}
	CU_ASSERT_EQUAL(peer_create(&peer, "/more", FS_CREATE_REPLACE, 0),
	    EMFILE);
	CU_ASSERT_EQUAL(peer_commit(&peer, peer.opened.handle, 0), 0);
	CU_ASSERT_EQUAL(peer_create(&peer, "/more", FS_CREATE_REPLACE, 0), 0);
	peer_free(&peer);
	CU_ASSERT_EQUAL(rig_stop(&rig), AGENT_EXIT_OK);
}

/* How many descriptors a process has; -1: that is not ours to see. */
static int
count_fds(pid_t pid)
{
	char path[64];
	DIR *dir;
	int n = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	if (dir == NULL)
		return (-1);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return (n);
}

static void
use_everything(struct peer *peer)
{
	static const char *const bad[] = { "/none", "/d", "/f/x", "/loop" };
	size_t i;

	(void)peer_path(peer, MSG_FS_MKDIR, "/d", 0700);
	(void)peer_create(peer, "/f", FS_CREATE_REPLACE, 0);
	(void)peer_commit(peer, peer->opened.handle, 0);
	(void)peer_path(peer, MSG_FS_OPEN, "/f", 0);
	(void)peer_path(peer, MSG_FS_STAT, "/f", 0);
	free(rig_read_all(peer_list(peer, "/", FS_LIST_LONG, 0)));
	(void)peer_answer(peer);
	for (i = 0; i < NITEMS(bad); i++) {
		(void)peer_path(peer, MSG_FS_OPEN, bad[i], 0);
		(void)peer_create(peer, bad[i], FS_CREATE_RESUME, 9);
		(void)peer_create(peer, bad[i], FS_CREATE_APPEND, 0);
		(void)peer_path(peer, MSG_FS_RMDIR, bad[i], 0);
		free(rig_read_all(
		    peer_list(peer, bad[i], FS_LIST_FACTS, FS_LIST_SELF)));
		(void)peer_answer(peer);
	}
}

static bool
await_sessions(struct rig *rig, uint32_t sessions)
{
	while (rig->load.sessions != sessions)
		if (!rig_receive(rig->control))
			return (false);
	return (true);
}

static void
no_descriptor_stays_behind(void)
{
	struct peer idle, peer;
	struct rig rig;
	int i, before;

	rig_start(&rig, &plain);
	CU_ASSERT(symlinkat("loop", rig.home.fd, "loop") == 0);
	peer_attach(&rig, &idle);
	CU_ASSERT_EQUAL(peer_path(&idle, MSG_FS_CHDIR, "/", 0), 0);
	before = count_fds(rig.pid);
	if (before == -1)
		(void)printf("(needs root to see: skipped) ");
	for (i = 0; i < 3; i++) {
		peer_attach(&rig, &peer);
		use_everything(&peer);
		CU_ASSERT(await_sessions(&rig, 2));
		peer_free(&peer);
		CU_ASSERT(await_sessions(&rig, 1));
	}
	CU_ASSERT_EQUAL(count_fds(rig.pid), before);
	peer_free(&idle);
	CU_ASSERT_EQUAL(rig_stop(&rig), AGENT_EXIT_OK);
}

/* What a crashed agent left does not keep a directory from going. */
static void
leftovers_do_not_block_a_directory(void)
{
	static const char left[] = "dir/.ftpsd.0123456789abcdef.part";
	struct timespec times[2] = { { 1, 0 }, { 1, 0 } };
	struct peer peer;
	struct rig rig;

	rig_start(&rig, &plain);
	CU_ASSERT(mkdirat(rig.home.fd, "dir", 0755) == 0);
	rig_give(&rig, "dir");
	peer_attach(&rig, &peer);
	CU_ASSERT_EQUAL(peer_create(&peer, "/dir/f", FS_CREATE_REPLACE, 0), 0);
	CU_ASSERT_EQUAL(peer_path(&peer, MSG_FS_RMDIR, "/dir", 0), ENOTEMPTY);
	CU_ASSERT_EQUAL(peer_commit(&peer, peer.opened.handle, 0), 0);
	CU_ASSERT_EQUAL(peer_path(&peer, MSG_FS_UNLINK, "/dir/f", 0), 0);
	rig_write(&rig, left, "rest");
	CU_ASSERT(utimensat(rig.home.fd, left, times, 0) == 0);
	CU_ASSERT_EQUAL(peer_path(&peer, MSG_FS_RMDIR, "/dir", 0), 0);
	CU_ASSERT(!scratch_exists(&rig.home, "dir"));
	peer_free(&peer);
	CU_ASSERT_EQUAL(rig_stop(&rig), AGENT_EXIT_OK);
}

static void
chmod_works_on_older_kernels(void)
{
	struct scratch scratch;
	struct jail jail = { 0 };
	struct stat st;
	int fd;

	scratch_new(&scratch);
	scratch_write(&scratch, "f", "");
	fd = openat(scratch.fd, "f", O_PATH | O_CLOEXEC);
	CU_ASSERT(change_mode_old(&jail, fd, "/none", 0600) == 0);
	CU_ASSERT(fstat(fd, &st) == 0 && (st.st_mode & 07777) == 0600);
	close(fd);
	scratch_free(&scratch);
}

static void
storage_is_known_by_name(void)
{
	static const char *const names[] = { "proc", "tmpfs", "nonsense" };
	struct storage storage;
	int memory = memfd_create("test", MFD_CLOEXEC);
	int process = open("/proc/self/status", O_PATH | O_CLOEXEC);

	storage_init(&storage, names, NITEMS(names));
	CU_ASSERT_EQUAL(storage.count, 1);
	CU_ASSERT(storage_is_local(&storage, memory));
	CU_ASSERT(!storage_is_local(&storage, process));
	CU_ASSERT(!storage_is_local(&storage, -1));
	storage_init(&storage, NULL, 0);
	CU_ASSERT(!storage_is_local(&storage, memory));
	close(memory);
	close(process);
}

CU_TestInfo agent_life_tests[] = {
	{ "a relay reads for the worker", a_relay_reads_for_the_worker },
	{ "a relay begins where the worker wants",
	    a_relay_begins_where_the_worker_wants },
	{ "a relay writes for the worker", a_relay_writes_for_the_worker },
	{ "login is told the load", login_is_told_the_load },
	{ "sessions outlast login", sessions_outlast_login },
	{ "a session has bounded work", a_session_has_bounded_work },
	{ "no descriptor stays behind", no_descriptor_stays_behind },
	{ "leftovers do not block a directory",
	    leftovers_do_not_block_a_directory },
	{ "chmod works on older kernels", chmod_works_on_older_kernels },
	{ "storage is known by name", storage_is_known_by_name },
	CU_TEST_INFO_NULL,
};
