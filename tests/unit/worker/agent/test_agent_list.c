/* Unit tests of worker/agent/list.c: listings through an agent process. */
#include <CUnit/CUnit.h>
#include <time.h>

#include "tests/unit/agent_rig.h"
#include "tests/unit/suites.h"

#define STALLED 50
#define MANY    3000 /* entries: more than a pipe takes */
#define LEFT    ".ftpsd.0123456789abcdef.part"

static const struct rig_options plain = { 0, false };

/* The listing's text, the caller's, when it is answered with error. */
static char *
listing(struct peer *peer, const char *path, enum fs_list_format format,
    uint32_t flags)
{
	int fd = peer_list(peer, path, format, flags);
	char *text = rig_read_all(fd);

	if (peer_answer(peer) == 0)
		return (text);
	free(text);
	return (NULL);
}

static unsigned int
count_lines(const char *text)
{
	unsigned int n = 0;

	for (text = strstr(text, "\r\n"); text != NULL; n++)
		text = strstr(text + 2, "\r\n");
	return (n);
}

static bool
has_line(const char *text, const char *line)
{
	char wanted[256];

	(void)snprintf(wanted, sizeof(wanted), "%s\r\n", line);
	text = strstr(text, wanted);
	return (text != NULL);
}

static void
make_many(const struct rig *rig, const char *directory)
{
	char name[64];
	int i, fd;

	if (mkdirat(rig->home.fd, directory, 0755) == -1)
		abort();
	rig_give(rig, directory);
	for (i = 0; i < MANY; i++) {
		(void)snprintf(name, sizeof(name), "%s/entry-number-%06d",
		    directory, i);
		fd = openat(rig->home.fd, name, O_WRONLY | O_CREAT, 0644);
		if (fd == -1)
			abort();
		close(fd);
	}
}

static void
a_directory_is_listed_in_each_format(void)
{
	struct peer peer;
	struct rig rig;
	char *text;

	rig_start(&rig, &plain);
	rig_write(&rig, "file", "contents");
	rig_write(&rig, ".hidden", "");
	rig_write(&rig, LEFT, "");
	CU_ASSERT(mkdirat(rig.home.fd, "dir", 0755) == 0);
	CU_ASSERT(symlinkat("/etc/none", rig.home.fd, "link") == 0);
	peer_attach(&rig, &peer);
	text = listing(&peer, "/", FS_LIST_NAMES, 0);
	CU_ASSERT_FATAL(text != NULL);
	CU_ASSERT(count_lines(text) == 3 && peer.done.entries == 3);
	CU_ASSERT(has_line(text, "file") && has_line(text, "dir") &&
	    has_line(text, "link"));
	free(text);
	text = listing(&peer, "/", FS_LIST_NAMES, FS_LIST_HIDDEN);
	CU_ASSERT(text != NULL && count_lines(text) == 4 &&
	    has_line(text, ".hidden"));
	free(text);
	text = listing(&peer, "/", FS_LIST_LONG, 0);
	CU_ASSERT(text != NULL && count_lines(text) == 3 &&
	    strstr(text, " link -> /etc/none\r\n") != NULL &&
	    strstr(text, "           8 ") != NULL);
	free(text);
	text = listing(&peer, "/", FS_LIST_LONG, FS_LIST_HIDDEN | FS_LIST_DOTS);
	CU_ASSERT(text != NULL && count_lines(text) == 6 &&
	    strstr(text, " .\r\n") != NULL && strstr(text, " ..\r\n") != NULL);
	free(text);
	text = listing(&peer, "/", FS_LIST_FACTS, FS_LIST_HIDDEN);
	CU_ASSERT(text != NULL && count_lines(text) == 5 &&
	    has_line(text, "type=cdir; .") &&
	    has_line(text, "type=file;size=8; file") &&
	    has_line(text, "type=dir; dir") &&
	    has_line(text, "type=OS.unix=slink:/etc/none; link"));
	free(text);
	text = listing(&peer, "/dir", FS_LIST_FACTS, 0);
	CU_ASSERT(text != NULL && count_lines(text) == 2 &&
	    has_line(text, "type=pdir; .."));
	free(text);
	text = listing(&peer, "/dir", FS_LIST_NAMES, 0);
	CU_ASSERT(text != NULL && text[0] == '\0' && peer.done.entries == 0);
	free(text);
	peer_free(&peer);
	CU_ASSERT_EQUAL(rig_stop(&rig), AGENT_EXIT_OK);
}

static void
one_thing_is_one_line(void)
{
	struct peer peer;
	struct rig rig;
	char *text;

	rig_start(&rig, &plain);
	rig_write(&rig, "file", "contents");
	CU_ASSERT(mkdirat(rig.home.fd, "dir", 0755) == 0 &&
	    symlinkat("dir", rig.home.fd, "link") == 0 &&
	    symlinkat("..", rig.home.fd, "up") == 0);
	peer_attach(&rig, &peer);
	text = listing(&peer, "/file", FS_LIST_FACTS, FS_LIST_SELF);
	CU_ASSERT(text != NULL && has_line(text, "type=file;size=8; /file"));
	free(text);
	text = listing(&peer, "/link", FS_LIST_FACTS, FS_LIST_SELF);
	CU_ASSERT(text != NULL && has_line(text, "type=dir; /link"));
	free(text);
	text = listing(&peer, "/", FS_LIST_FACTS, FS_LIST_SELF);
	CU_ASSERT(text != NULL && has_line(text, "type=cdir; /"));
	free(text);
	text = listing(&peer, "/link", FS_LIST_LONG, FS_LIST_SELF);
	CU_ASSERT(text != NULL && count_lines(text) == 1 &&
	    strstr(text, " link -> dir\r\n") != NULL);
	free(text);
	text = listing(&peer, "/file", FS_LIST_NAMES, 0);
	CU_ASSERT(text != NULL && has_line(text, "file"));
	free(text);
	CU_ASSERT(listing(&peer, "/file", FS_LIST_FACTS, 0) == NULL &&
	    peer.done.error == ENOTDIR);
	CU_ASSERT(listing(&peer, "/none", FS_LIST_LONG, 0) == NULL &&
	    peer.done.error == ENOENT);
	/* Above the root is the root. */
	text = listing(&peer, "/up", FS_LIST_NAMES, 0);
	CU_ASSERT(text != NULL && has_line(text, "file"));
	free(text);
	peer_free(&peer);
	CU_ASSERT_EQUAL(rig_stop(&rig), AGENT_EXIT_OK);
}

static void
every_name_is_a_line(void)
{
	struct peer peer;
	struct rig rig;
	char name[3] = "n?", *text;
	int byte, made = 0;

	rig_start(&rig, &plain);
	for (byte = 1; byte < 256; byte++) {
		if (byte == '/')
			continue;
		name[1] = (char)byte;
		scratch_write(&rig.home, name, "");
		made++;
	}
	peer_attach(&rig, &peer);
	text = listing(&peer, "/", FS_LIST_LONG, 0);
	CU_ASSERT_FATAL(text != NULL);
	CU_ASSERT(peer.done.entries == (uint32_t)made &&
	    count_lines(text) == (unsigned int)made);
	free(text);
	/* Two of them no command can name. */
	text = listing(&peer, "/", FS_LIST_NAMES, 0);
	CU_ASSERT_FATAL(text != NULL);
	CU_ASSERT(peer.done.entries == (uint32_t)made - 2 &&
	    count_lines(text) == (unsigned int)made - 2);
	for (byte = 1; byte < 256; byte++) {
		name[1] = (char)byte;
		CU_ASSERT(
		    has_line(text, name) == (strchr("\r\n/", byte) == NULL));
	}
	free(text);
	peer_free(&peer);
	CU_ASSERT_EQUAL(rig_stop(&rig), AGENT_EXIT_OK);
}

static void
long_directories_stream(void)
{
	struct peer peer;
	struct rig rig;
	char first[8], *text;
	int fd;

	rig_start(&rig, &plain);
	make_many(&rig, "many");
	peer_attach(&rig, &peer);
	text = listing(&peer, "/many", FS_LIST_LONG, 0);
	CU_ASSERT(text != NULL && count_lines(text) == MANY &&
	    peer.done.entries == MANY);
	free(text);
	/* Whoever closes the pipe ends it. */
	fd = peer_list(&peer, "/many", FS_LIST_LONG, 0);
	CU_ASSERT(read(fd, first, sizeof(first)) == sizeof(first));
	close(fd);
	CU_ASSERT_EQUAL(peer_answer(&peer), EPIPE);
	/* The session goes in the middle of one. */
	fd = peer_list(&peer, "/many", FS_LIST_LONG, 0);
	CU_ASSERT(read(fd, first, sizeof(first)) == sizeof(first));
	peer_free(&peer);
	text = rig_read_all(fd);
	CU_ASSERT(count_lines(text) < MANY);
	free(text);
	CU_ASSERT_EQUAL(rig_stop(&rig), AGENT_EXIT_OK);
}

/*
 * Milliseconds that the agent takes to answer a CWD: its own, since how much
 * of the machine others leave to it is not what is tested.
 */
static double
delay_of_chdir(const struct rig *rig, struct peer *peer)
{
	struct timespec before, after;
	clockid_t own;

	if (clock_getcpuclockid(rig->pid, &own) != 0 ||
	    clock_gettime(own, &before) == -1 ||
	    peer_path(peer, MSG_FS_CHDIR, "/many", 0) != 0 ||
	    clock_gettime(own, &after) == -1)
		return (RIG_PATIENCE);
	return ((double)(after.tv_sec - before.tv_sec) * 1e3 +
	    (double)(after.tv_nsec - before.tv_nsec) / 1e6);
}

static void
stalled_listings_hold_up_nobody(void)
{
	struct peer stalled[STALLED], peer;
	int fds[STALLED], i;
	struct rig rig;
	char first[1], *text;

	if (skip_in_uml("it is slow"))
		return;
	rig_start(&rig, &plain);
	make_many(&rig, "many");
	for (i = 0; i < STALLED; i++) {
		peer_attach(&rig, &stalled[i]);
		fds[i] = peer_list(&stalled[i], "/many", FS_LIST_LONG, 0);
	}
	peer_attach(&rig, &peer);
	CU_ASSERT(delay_of_chdir(&rig, &peer) < 100);
	for (i = 0; i < STALLED; i++)
		CU_ASSERT(read(fds[i], first, 1) == 1);
	CU_ASSERT(delay_of_chdir(&rig, &peer) < 100);
	/* One that goes on is complete. */
	text = rig_read_all(fds[7]);
	CU_ASSERT_EQUAL(count_lines(text), MANY);
	free(text);
	fds[7] = -1;
	CU_ASSERT_EQUAL(peer_answer(&stalled[7]), 0);
	for (i = 0; i < STALLED; i++) {
		fd_close(&fds[i]);
		peer_free(&stalled[i]);
	}
	peer_free(&peer);
	CU_ASSERT_EQUAL(rig_stop(&rig), AGENT_EXIT_OK);
}

/* What a worker may send along instead of a pipe's end. */
static void
only_a_pipe_is_written_to(void)
{
	struct msg_fs_list body = { 0 };
	struct peer peer;
	struct rig rig;
	int fds[3], ends[2], i;

	rig_start(&rig, &plain);
	body.request = 1;
	body.path_len = 1;
	CU_ASSERT(pipe2(ends, O_CLOEXEC) == 0);
	fds[0] = ends[0];
	fds[1] = open("/dev/null", O_WRONLY | O_CLOEXEC);
	scratch_write(&rig.scratch, "file", "");
	fds[2] = openat(rig.scratch.fd, "file", O_WRONLY | O_CLOEXEC);
	for (i = 0; i < 3; i++) {
		peer_attach(&rig, &peer);
		peer_send(&peer, MSG_FS_LIST, &body,
		    (const char *const[3]){ "/" }, fds[i]);
		CU_ASSERT(rig_ended(peer.channel) && peer.answers == 0);
		peer_free(&peer);
		close(fds[i]);
	}
	close(ends[1]);
	peer_attach(&rig, &peer);
	body.prefix_len = 0x7fffffff;
	fds[0] = -1;
	CU_ASSERT(pipe2(ends, O_CLOEXEC) == 0);
	peer_send(&peer, MSG_FS_LIST, &body, (const char *const[3]){ "/" },
	    ends[1]);
	CU_ASSERT(rig_ended(peer.channel) && peer.answers == 0);
	peer_free(&peer);
	close(ends[0]);
	close(ends[1]);
	CU_ASSERT_EQUAL(rig_stop(&rig), AGENT_EXIT_OK);
}

/* Nobody is there to read what a long search does not find. */
static void
searches_end_with_their_reader(void)
{
	struct msg_fs_list body = { 0 };
	struct peer peer;
	struct rig rig;
	char name[64];
	int ends[2], i;

	rig_start(&rig, &plain);
	make_many(&rig, "many");
	for (i = 0; i < 500; i++) {
		(void)snprintf(name, sizeof(name), "%d", i);
		if (symlinkat("many", rig.home.fd, name) == -1)
			abort();
	}
	peer_attach(&rig, &peer);
	body.request = 10;
	body.format = FS_LIST_LONG;
	body.path_len = 7;
	body.pattern = 1;
	body.entries_max = body.directories_max = UINT32_MAX;
	CU_ASSERT(pipe2(ends, O_CLOEXEC) == 0);
	peer_send(&peer, MSG_FS_LIST, &body,
	    (const char *const[3]){ "/*/none" }, ends[1]);
	close(ends[0]);
	close(ends[1]);
	CU_ASSERT_EQUAL(peer_answer(&peer), EPIPE);
	peer_free(&peer);
	CU_ASSERT_EQUAL(rig_stop(&rig), AGENT_EXIT_OK);
}

CU_TestInfo agent_list_tests[] = {
	{ "searches end with their reader", searches_end_with_their_reader },
	{ "a directory is listed in each format",
	    a_directory_is_listed_in_each_format },
	{ "one thing is one line", one_thing_is_one_line },
	{ "every name is a line", every_name_is_a_line },
	{ "long directories stream", long_directories_stream },
	{ "stalled listings hold up nobody", stalled_listings_hold_up_nobody },
	{ "only a pipe is written to", only_a_pipe_is_written_to },
	CU_TEST_INFO_NULL,
};
