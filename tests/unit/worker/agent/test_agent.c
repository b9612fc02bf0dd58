/* Unit tests of worker/agent: an agent process and its channels. */
#include <CUnit/CUnit.h>
#include <dirent.h>

#include "tests/unit/agent_rig.h"
#include "tests/unit/suites.h"

static const struct rig_options plain = { 0, false };

/* Whether /proc/PID/status has this line. */
static bool
has_status(pid_t pid, const char *wanted)
{
	char path[64], line[256];
	bool found = false;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "re");
	if (file == NULL)
		return (false);
	while (!found && fgets(line, sizeof(line), file) != NULL)
		found = strncmp(line, wanted, strlen(wanted)) == 0;
	(void)fclose(file);
	return (found);
}

static void
the_agent_is_the_account_and_no_more(void)
{
	struct peer peer;
	struct rig rig;
	char path[64], root[128] = "";

	rig_start(&rig, &plain);
	peer_attach(&rig, &peer);
	CU_ASSERT_EQUAL(peer_path(&peer, MSG_FS_CHDIR, "/", 0), 0);
	CU_ASSERT(has_status(rig.pid, "NoNewPrivs:\t1"));
	CU_ASSERT(has_status(rig.pid, "CapEff:\t0000000000000000"));
	if (geteuid() == 0) {
		CU_ASSERT(
		    has_status(rig.pid, "Uid:\t61234\t61234\t61234\t61234"));
		CU_ASSERT(
		    has_status(rig.pid, "Gid:\t61234\t61234\t61234\t61234"));
		CU_ASSERT(has_status(rig.pid, "Groups:\t \n"));
		(void)snprintf(path, sizeof(path), "/proc/%d/root",
		    (int)rig.pid);
		CU_ASSERT(readlink(path, root, sizeof(root) - 1) > 0);
		CU_ASSERT_STRING_EQUAL(root, rig.home.path);
	} else
		(void)printf("(no change of uid without root: skipped) ");
	peer_free(&peer);
	CU_ASSERT_EQUAL(rig_stop(&rig), AGENT_EXIT_OK);
}

static int
status_of(const struct identity *identity, const char *root)
{
	static const struct conf_host host;
	struct agent_start start = { 0 };
	int fd, status;
	pid_t pid;

	start.subject.host = &host;
	start.identity = *identity;
	start.root = root;
	pid = rig_fork(&start, &fd);
	close(fd);
	status = rig_wait(pid);
	return (status);
}

static void
who_may_not_be_an_agent_ends(void)
{
	static const gid_t zero[] = { 5, 0 };
	struct identity identity = rig_identity(), bad;
	struct scratch scratch;
	char path[96];

	scratch_new(&scratch);
	CU_ASSERT(chmod(scratch.path, 0755) == 0);
	scratch_write(&scratch, "file", "");
	CU_ASSERT(mkdirat(scratch.fd, "shut", 0) == 0);
	CU_ASSERT_EQUAL(status_of(&identity, scratch.path), AGENT_EXIT_OK);
	(void)snprintf(path, sizeof(path), "%s/none", scratch.path);
	CU_ASSERT_EQUAL(status_of(&identity, path), AGENT_EXIT_NO_ROOT);
	(void)snprintf(path, sizeof(path), "%s/file", scratch.path);
	CU_ASSERT_EQUAL(status_of(&identity, path), AGENT_EXIT_NO_ROOT);
	(void)snprintf(path, sizeof(path), "%s/shut", scratch.path);
	CU_ASSERT_EQUAL(status_of(&identity, path), AGENT_EXIT_ROOT_SHUT);
	bad = identity;
	bad.uid = 0;
	CU_ASSERT_EQUAL(status_of(&bad, scratch.path),
	    geteuid() == 0 ? AGENT_EXIT_REFUSED : AGENT_EXIT_IDENTITY);
	if (geteuid() == 0) {
		bad = identity;
		bad.gid = 0;
		CU_ASSERT_EQUAL(status_of(&bad, scratch.path),
		    AGENT_EXIT_REFUSED);
		bad = identity;
		bad.groups = zero;
		bad.ngroups = 2;
		CU_ASSERT_EQUAL(status_of(&bad, scratch.path),
		    AGENT_EXIT_REFUSED);
	}
	scratch_free(&scratch);
}

static const struct {
	const char *what;
	const char *path;
	enum msg_type type;
	int add; /* to the length that the body tells */
} malformed[] = {
	{ "no slash", "a", MSG_FS_STAT, 0 },
	{ "no path", "", MSG_FS_STAT, 0 },
	{ "the parent", "/../etc/passwd", MSG_FS_ERASE, 0 },
	{ "a dot", "/./a", MSG_FS_CHDIR, 0 },
	{ "a slash at the end", "/a/", MSG_FS_MKDIR, 0 },
	{ "two slashes", "//a", MSG_FS_RMDIR, 0 },
	{ "longer than it is", "/a", MSG_FS_UNLINK, 1 },
	{ "shorter than it is", "/a", MSG_FS_UNLINK, -1 },
	{ "a length near 2^32", "/a", MSG_FS_STAT, -3 },
};

static void
a_malformed_request_cuts_its_session_only(void)
{
	struct msg_fs_path body = { 7, 0, 0, 0 };
	struct msg_fs_create create = { .request = 7, .how = 4, .path_len = 2 };
	struct peer good, bad;
	struct rig rig;
	size_t i;

	rig_start(&rig, &plain);
	peer_attach(&rig, &good);
	for (i = 0; i < NITEMS(malformed); i++) {
		peer_attach(&rig, &bad);
		body.path_len = (uint32_t)((int)strlen(malformed[i].path) +
		    malformed[i].add);
		peer_send(&bad, malformed[i].type, &body,
		    (const char *const[3]){ malformed[i].path }, -1);
		CHECK_CASE(rig_ended(bad.channel) && bad.answers == 0,
		    malformed[i].what);
		peer_free(&bad);
	}
	peer_attach(&rig, &bad);
	peer_send(&bad, MSG_FS_CREATE, &create, (const char *const[3]){ "/a" },
	    -1);
	CHECK_CASE(rig_ended(bad.channel), "a way to create beyond the last");
	peer_free(&bad);
	CU_ASSERT_EQUAL(peer_path(&good, MSG_FS_CHDIR, "/", 0), 0);
	peer_free(&good);
	CU_ASSERT_EQUAL(rig_stop(&rig), AGENT_EXIT_OK);
}

/* Of a kind of transfer that there is not. */
static const struct {
	enum msg_type type;
	const void *body;
} strange[] = {
	{ MSG_FS_STAT,
	    &(const struct msg_fs_path){ .path_len = 2,
		.mode = FS_STAT_UPLOAD,
		.data = FS_DATA_PRIVATE + 1 } },
	{ MSG_FS_OPEN,
	    &(const struct msg_fs_open){ .path_len = 2, .data = UINT32_MAX } },
	{ MSG_FS_CREATE,
	    &(const struct msg_fs_create){ .path_len = 2,
		.data = FS_DATA_PRIVATE + 1 } },
	{ MSG_FS_LIST_SHORT,
	    &(const struct msg_fs_list){ .path_len = 2,
		.data = FS_DATA_PRIVATE + 1 } },
};

static void
a_strange_transfer_cuts_its_session(void)
{
	struct peer peer;
	struct rig rig;
	size_t i;

	rig_start(&rig, &plain);
	for (i = 0; i < NITEMS(strange); i++) {
		peer_attach(&rig, &peer);
		peer_send(&peer, strange[i].type, strange[i].body,
		    (const char *const[3]){ "/a" }, -1);
		CU_ASSERT(rig_ended(peer.channel) && peer.answers == 0);
		peer_free(&peer);
	}
	CU_ASSERT_EQUAL(rig_stop(&rig), AGENT_EXIT_OK);
}

static const struct {
	enum msg_type type;
	const char *path;
	uint32_t mode;
	int error;
} steps[] = {
	{ MSG_FS_STAT, "/", 0, 0 },
	{ MSG_FS_STAT, "/none", 0, ENOENT },
	{ MSG_FS_STAT, "/to-file", 0, 0 },
	{ MSG_FS_STAT, "/out", 0, ENOENT },
	{ MSG_FS_STAT, "/up/secret", 0, ENOENT },
	{ MSG_FS_STAT, "/none", FS_STAT_UPLOAD, 0 },
	{ MSG_FS_STAT, "/file", FS_STAT_UPLOAD, 0 },
	{ MSG_FS_STAT, "/none/below", FS_STAT_UPLOAD, ENOENT },
	{ MSG_FS_STAT, "/file/below", FS_STAT_UPLOAD, ENOTDIR },
	{ MSG_FS_OPEN, "/file", 0, 0 },
	{ MSG_FS_OPEN, "/to-file", 0, 0 },
	{ MSG_FS_OPEN, "/out", 0, ENOENT },
	{ MSG_FS_OPEN, "/dir", 0, EISDIR },
	{ MSG_FS_OPEN, "/fifo", 0, EOPNOTSUPP },
	{ MSG_FS_CHDIR, "/dir", 0, 0 },
	{ MSG_FS_CHDIR, "/up", 0, 0 },
	{ MSG_FS_CHDIR, "/file", 0, ENOTDIR },
	{ MSG_FS_CHDIR, "/none", 0, ENOENT },
	{ MSG_FS_MKDIR, "/", 0755, EEXIST },
	{ MSG_FS_MKDIR, "/dir", 0755, EEXIST },
	{ MSG_FS_MKDIR, "/to-file", 0755, EEXIST },
	{ MSG_FS_MKDIR, "/new", 0757, 0 },
	{ MSG_FS_MKDIR, "/new/below", 0700, 0 },
	{ MSG_FS_MKDIR, "/none/below", 0700, ENOENT },
	{ MSG_FS_RMDIR, "/new", 0, ENOTEMPTY },
	{ MSG_FS_RMDIR, "/new/below", 0, 0 },
	{ MSG_FS_RMDIR, "/up", 0, ENOTDIR },
	{ MSG_FS_RMDIR, "/", 0, EBUSY },
	{ MSG_FS_RMDIR, "/file", 0, ENOTDIR },
	{ MSG_FS_UNLINK, "/dir", 0, EISDIR },
	{ MSG_FS_UNLINK, "/", 0, EISDIR },
	{ MSG_FS_UNLINK, "/none", 0, ENOENT },
	{ MSG_FS_UNLINK, "/to-file", 0, 0 },
	{ MSG_FS_UNLINK, "/out", 0, 0 },
	{ MSG_FS_UNLINK, "/fifo", 0, 0 },
};

/* A home with a bit of everything; a secret beside it. */
/* More than travels in a message. */
static const char *
large(void)
{
	static char text[FS_SMALL_MAX + 2];

	memset(text, 'x', FS_SMALL_MAX + 1);
	return (text);
}

static void
furnish(const struct rig *rig)
{
	scratch_write(&rig->scratch, "secret", "secret");
	rig_write(rig, "file", "contents");
	rig_write(rig, "large", large());
	CU_ASSERT(mkdirat(rig->home.fd, "dir", 0755) == 0 &&
	    mkfifoat(rig->home.fd, "fifo", 0666) == 0 &&
	    symlinkat("file", rig->home.fd, "to-file") == 0 &&
	    symlinkat("/etc/passwd", rig->home.fd, "out") == 0 &&
	    symlinkat("..", rig->home.fd, "up") == 0);
	rig_give(rig, "dir");
	rig_give(rig, "fifo");
}

static void
requests_do_what_they_say(void)
{
	struct peer peer;
	struct rig rig;
	struct stat st;
	size_t i;
	int error;

	rig_start(&rig, &plain);
	furnish(&rig);
	peer_attach(&rig, &peer);
	for (i = 0; i < NITEMS(steps); i++) {
		error = peer_path(&peer, steps[i].type, steps[i].path,
		    steps[i].mode);
		CHECK_CASE(error == steps[i].error, steps[i].path);
		CHECK_CASE(peer.type != MSG_FS_DONE || peer.done.request == 7,
		    "the answer says to what");
	}
	CU_ASSERT(scratch_holds(&rig.home, "file", "contents"));
	CU_ASSERT(fstatat(rig.home.fd, "new", &st, 0) == 0 &&
	    (st.st_mode & 07777) == 0757);
	CU_ASSERT(!scratch_exists(&rig.home, "fifo"));
	CU_ASSERT_EQUAL(peer_path(&peer, MSG_FS_STAT, "/file", 0), 0);
	CU_ASSERT(fstatat(rig.home.fd, "file", &st, 0) == 0 &&
	    peer.done.size == 8 && peer.done.mode == st.st_mode &&
	    peer.done.modified == st.st_mtim.tv_sec);
	peer_free(&peer);
	CU_ASSERT_EQUAL(rig_stop(&rig), AGENT_EXIT_OK);
}

static int
ask_rename(struct peer *peer, const char *from, const char *to)
{
	struct msg_fs_rename body = { 7, (uint32_t)strlen(from),
		(uint32_t)strlen(to), 0 };

	peer_send(peer, MSG_FS_RENAME, &body,
	    (const char *const[3]){ from, to }, -1);
	return (peer_answer(peer));
}

static int
ask_chmod(struct peer *peer, const char *path, uint32_t mode)
{
	struct fs_change change = { .what = FS_CHANGE_MODE, .set = mode };

	return (peer_change(peer, path, &change, ""));
}

static int
ask_time(struct peer *peer, const char *path, int64_t modified)
{
	struct fs_change change = {
		.what = FS_CHANGE_MODIFIED | FS_CHANGE_ACCESSED,
		.modified = { modified, 0, 0 },
		.accessed = { 5, 0, 0 },
	};

	return (peer_change(peer, path, &change, ""));
}

static void
names_modes_and_times_change(void)
{
	struct peer peer;
	struct rig rig;
	struct stat st, secret;

	rig_start(&rig, &plain);
	furnish(&rig);
	CU_ASSERT(symlinkat("../secret", rig.home.fd, "to-secret") == 0);
	peer_attach(&rig, &peer);
	CU_ASSERT_EQUAL(ask_rename(&peer, "/file", "/dir/moved"), 0);
	CU_ASSERT(scratch_holds(&rig.home, "dir/moved", "contents"));
	CU_ASSERT_EQUAL(ask_rename(&peer, "/none", "/x"), ENOENT);
	CU_ASSERT_EQUAL(ask_rename(&peer, "/dir", "/dir/x"), EINVAL);
	CU_ASSERT_EQUAL(ask_rename(&peer, "/", "/x"), EBUSY);
	/* A link is renamed itself, and leads nowhere as a target. */
	CU_ASSERT_EQUAL(ask_rename(&peer, "/dir/moved", "/to-secret"), 0);
	CU_ASSERT(scratch_holds(&rig.home, "to-secret", "contents") &&
	    scratch_holds(&rig.scratch, "secret", "secret"));
	CU_ASSERT_EQUAL(ask_rename(&peer, "/to-secret", "/file"), 0);
	CU_ASSERT_EQUAL(ask_rename(&peer, "/file",
			    "/.ftpsd.0123456789abcdef.part"),
	    EPERM);
	CU_ASSERT(fstatat(rig.scratch.fd, "secret", &secret, 0) == 0);
	CU_ASSERT(symlinkat("../secret", rig.home.fd, "to-secret") == 0);
	CU_ASSERT_EQUAL(ask_chmod(&peer, "/to-secret", 0666), ENOENT);
	CU_ASSERT_EQUAL(ask_time(&peer, "/to-secret", 1), ENOENT);
	CU_ASSERT_EQUAL(ask_chmod(&peer, "/file", 0), 0);
	CU_ASSERT(fstatat(rig.home.fd, "file", &st, 0) == 0 &&
	    (st.st_mode & 07777) == 0);
	CU_ASSERT_EQUAL(ask_chmod(&peer, "/to-file", 0751), 0);
	CU_ASSERT(fstatat(rig.home.fd, "file", &st, 0) == 0 &&
	    (st.st_mode & 07777) == 0751);
	CU_ASSERT_EQUAL(ask_chmod(&peer, "/fifo", 0600), EOPNOTSUPP);
	CU_ASSERT_EQUAL(ask_time(&peer, "/to-file", 1234567890), 0);
	CU_ASSERT(fstatat(rig.home.fd, "file", &st, 0) == 0 &&
	    st.st_mtim.tv_sec == 1234567890 && st.st_atim.tv_sec == 5);
	CU_ASSERT(fstatat(rig.scratch.fd, "secret", &st, 0) == 0 &&
	    st.st_mode == secret.st_mode &&
	    st.st_ctim.tv_nsec == secret.st_ctim.tv_nsec);
	peer_free(&peer);
	CU_ASSERT_EQUAL(rig_stop(&rig), AGENT_EXIT_OK);
}

static void
who_may_only_read_changes_nothing(void)
{
	static const struct rig_options reader = { true, false };
	struct peer peer;
	struct rig rig;

	rig_start(&rig, &reader);
	furnish(&rig);
	peer_attach(&rig, &peer);
	CU_ASSERT_EQUAL(peer_path(&peer, MSG_FS_MKDIR, "/x", 0755), EROFS);
	CU_ASSERT_EQUAL(peer_path(&peer, MSG_FS_RMDIR, "/dir", 0), EROFS);
	CU_ASSERT_EQUAL(peer_path(&peer, MSG_FS_UNLINK, "/file", 0), EROFS);
	CU_ASSERT_EQUAL(ask_rename(&peer, "/file", "/x"), EROFS);
	CU_ASSERT_EQUAL(ask_chmod(&peer, "/file", 0600), EROFS);
	CU_ASSERT_EQUAL(ask_time(&peer, "/file", 1), EROFS);
	CU_ASSERT_EQUAL(peer_create(&peer, "/x", FS_CREATE_REPLACE, 0), EROFS);
	CU_ASSERT_EQUAL(peer_create(&peer, "/file", FS_CREATE_APPEND, 0),
	    EROFS);
	CU_ASSERT_EQUAL(peer_path(&peer, MSG_FS_STAT, "/file", 0), 0);
	CU_ASSERT_EQUAL(peer_path(&peer, MSG_FS_OPEN, "/file", 0), 0);
	CU_ASSERT(peer.type == MSG_FS_CONTENTS &&
	    strcmp(peer.small, "contents") == 0);
	CU_ASSERT_EQUAL(peer_path(&peer, MSG_FS_OPEN, "/large", 0), 0);
	CU_ASSERT(peer.type == MSG_FS_OPENED);
	CU_ASSERT(write(peer.fd, "x", 1) == -1 && errno == EBADF);
	peer_store(&peer, "/x", "x", (struct msg_fs_store){ .mode = 0644 });
	CU_ASSERT_EQUAL(peer_answer(&peer), EROFS);
	peer_free(&peer);
	CU_ASSERT_EQUAL(rig_stop(&rig), AGENT_EXIT_OK);
}

/* How many names the home has, hidden ones too. */
static int
count_names(const struct rig *rig)
{
	DIR *dir = opendir(rig->home.path);
	int n = -2;

	while (dir != NULL && readdir(dir) != NULL)
		n++;
	if (dir != NULL)
		closedir(dir);
	return (n);
}

/* What a small upload leaves behind, and what it may not say. */
static void
a_small_file_is_stored_at_once(void)
{
	const struct msg_fs_store good = { .mode = 0640 };
	const struct msg_fs_store bad[] = {
		{ .how = FS_CREATE_UNIQUE },
		{ .how = FS_CREATE_RESUME + 1 },
		{ .durability = FS_DURABLE_FULL + 1 },
		{ .data = FS_DATA_PRIVATE + 1 },
		{ .size = 2 },
		{ .size = FS_SMALL_MAX + 1 },
	};
	struct msg_fs_store body = good;
	struct peer peer;
	struct rig rig;
	struct stat st;
	size_t i;

	rig_start(&rig, &plain);
	peer_attach(&rig, &peer);
	peer_store(&peer, "/f", "new", good);
	CU_ASSERT_EQUAL(peer_answer(&peer), 0);
	CU_ASSERT(peer.done.request == 9 && peer.done.entries == 0);
	CU_ASSERT(scratch_holds(&rig.home, "f", "new"));
	CU_ASSERT(fstatat(rig.home.fd, "f", &st, 0) == 0 &&
	    (st.st_mode & 07777) == 0640);
	peer_store(&peer, "/f", "newer", good);
	CU_ASSERT_EQUAL(peer_answer(&peer), 0);
	body.how = FS_CREATE_APPEND;
	peer_store(&peer, "/f", "!", body);
	CU_ASSERT_EQUAL(peer_answer(&peer), 0);
	CU_ASSERT_EQUAL(peer.done.entries, 1);
	CU_ASSERT(scratch_holds(&rig.home, "f", "newer!"));
	body.how = FS_CREATE_RESUME;
	body.offset = 3;
	body.durability = FS_DURABLE_FULL;
	peer_store(&peer, "/f", "LY", body);
	CU_ASSERT_EQUAL(peer_answer(&peer), 0);
	CU_ASSERT(scratch_holds(&rig.home, "f", "newLY!"));
	body.offset = 7;
	peer_store(&peer, "/f", "x", body);
	CU_ASSERT_EQUAL(peer_answer(&peer), ERANGE);
	peer_store(&peer, "/none/f", "x", good);
	CU_ASSERT_EQUAL(peer_answer(&peer), ENOENT);
	CU_ASSERT_EQUAL(count_names(&rig), 1);
	for (i = 0; i < NITEMS(bad); i++) {
		peer_free(&peer);
		peer_attach(&rig, &peer);
		peer_store(&peer, "/f", "x", bad[i]);
		CU_ASSERT(rig_ended(peer.channel));
	}
	CU_ASSERT(scratch_holds(&rig.home, "f", "newLY!"));
	peer_free(&peer);
	CU_ASSERT_EQUAL(rig_stop(&rig), AGENT_EXIT_OK);
}

static void
an_upload_is_whole_or_not_there(void)
{
	struct peer peer;
	struct rig rig;

	rig_start(&rig, &plain);
	rig_write(&rig, "f", "old");
	peer_attach(&rig, &peer);
	CU_ASSERT_EQUAL(peer_create(&peer, "/f", FS_CREATE_REPLACE, 0), 0);
	CU_ASSERT(peer.opened.handle != 0 && peer.opened.in_place == 0 &&
	    peer.opened.pipe == 0 && peer.opened.size == 3);
	CU_ASSERT_STRING_EQUAL(peer.name, "f");
	CU_ASSERT((fcntl(peer.fd, F_GETFL) & O_ACCMODE) == O_WRONLY);
	CU_ASSERT(write(peer.fd, "fresh", 5) == 5);
	CU_ASSERT(scratch_holds(&rig.home, "f", "old"));
	CU_ASSERT_EQUAL(peer_commit(&peer, peer.opened.handle, 5), 0);
	CU_ASSERT(scratch_holds(&rig.home, "f", "fresh"));
	CU_ASSERT_EQUAL(peer_commit(&peer, peer.opened.handle, 5), EBADF);
	/* The end of the session's channel withdraws what is not committed. */
	CU_ASSERT_EQUAL(peer_create(&peer, "/g", FS_CREATE_REPLACE, 0), 0);
	CU_ASSERT_EQUAL(count_names(&rig), 2);
	peer_free(&peer);
	peer_attach(&rig, &peer);
	CU_ASSERT_EQUAL(peer_path(&peer, MSG_FS_STAT, "/g", 0), ENOENT);
	CU_ASSERT_EQUAL(count_names(&rig), 1);
	/* So does a discard, to which there is no answer. */
	CU_ASSERT_EQUAL(peer_create(&peer, "/g", FS_CREATE_REPLACE, 0), 0);
	peer_send(&peer, MSG_FS_DISCARD,
	    &(struct msg_fs_handle){ 11, peer.opened.handle },
	    (const char *const[3]){ NULL }, -1);
	CU_ASSERT_EQUAL(peer_path(&peer, MSG_FS_STAT, "/g", 0), ENOENT);
	CU_ASSERT_EQUAL(count_names(&rig), 1);
	CU_ASSERT_EQUAL(peer_create(&peer, "/g", FS_CREATE_REPLACE, 0), 0);
	CU_ASSERT(write(peer.fd, "half", 4) == 4);
	(void)kill(rig.pid, SIGKILL);
	CU_ASSERT(rig_ended(peer.channel));
	CU_ASSERT(!scratch_exists(&rig.home, "g"));
	peer_free(&peer);
	CU_ASSERT_EQUAL(rig_stop(&rig), -1);
}

static void
the_directory_decides_how_it_is_written(void)
{
	struct peer peer;
	struct rig rig;

	if (geteuid() != 0)
		(void)printf("(own directory, made read-only) ");
	rig_start(&rig, &plain);
	furnish(&rig);
	rig_write(&rig, "dir/f", "old");
	CU_ASSERT(fchmodat(rig.home.fd, "dir", 0555, 0) == 0);
	peer_attach(&rig, &peer);
	CU_ASSERT_EQUAL(peer_create(&peer, "/dir/f", FS_CREATE_REPLACE, 0), 0);
	CU_ASSERT(peer.opened.in_place == 1);
	CU_ASSERT(scratch_holds(&rig.home, "dir/f", ""));
	CU_ASSERT(write(peer.fd, "new", 3) == 3);
	CU_ASSERT_EQUAL(peer_commit(&peer, peer.opened.handle, 3), 0);
	CU_ASSERT(scratch_holds(&rig.home, "dir/f", "new"));
	CU_ASSERT_EQUAL(peer_create(&peer, "/dir/g", FS_CREATE_REPLACE, 0),
	    EACCES);
	/* That the name could be replaced is no right to change the file. */
	CU_ASSERT(fchmodat(rig.home.fd, "file", 0444, 0) == 0);
	CU_ASSERT_EQUAL(peer_create(&peer, "/file", FS_CREATE_REPLACE, 0),
	    EACCES);
	CU_ASSERT(fchmodat(rig.home.fd, "dir", 0755, 0) == 0);
	peer_free(&peer);
	CU_ASSERT_EQUAL(rig_stop(&rig), AGENT_EXIT_OK);
}

CU_TestInfo agent_tests[] = {
	{ "a small file is stored at once", a_small_file_is_stored_at_once },
	{ "the agent is the account and no more",
	    the_agent_is_the_account_and_no_more },
	{ "who may not be an agent ends", who_may_not_be_an_agent_ends },
	{ "a malformed request cuts its session only",
	    a_malformed_request_cuts_its_session_only },
	{ "a strange transfer cuts its session",
	    a_strange_transfer_cuts_its_session },
	{ "requests do what they say", requests_do_what_they_say },
	{ "names, modes and times change", names_modes_and_times_change },
	{ "who may only read changes nothing",
	    who_may_only_read_changes_nothing },
	{ "an upload is whole or not there", an_upload_is_whole_or_not_there },
	{ "the directory decides how it is written",
	    the_directory_decides_how_it_is_written },
	CU_TEST_INFO_NULL,
};
