/* Unit tests of worker/agent/peek.c, and of what a worker takes for its answer.
 */
#include <CUnit/CUnit.h>

#include "tests/unit/agent_rig.h"
#include "tests/unit/suites.h"

static const struct rig_options plain = { 0, false };

static const struct {
	const char *what, *path;
	uint32_t most;
	int error;
	const char *bytes;
} cases[] = {
	{ "all of it", "/file", FS_PEEK_MAX, 0, "contents" },
	{ "as much as is asked for", "/file", 3, 0, "con" },
	{ "an empty one", "/empty", 3, 0, "" },
	{ "through a link", "/in", 20, 0, "contents" },
	{ "nothing", "/none", 3, ENOENT, "" },
	{ "a directory", "/dir", 3, EISDIR, "" },
	{ "a FIFO", "/fifo", 3, EOPNOTSUPP, "" },
	{ "a link to what is not in the root", "/out", 3, ENOENT, "" },
};

static void
reads_the_beginning(void)
{
	struct peer peer;
	struct rig rig;
	size_t i;

	rig_start(&rig, &plain);
	rig_write(&rig, "file", "contents");
	rig_write(&rig, "empty", "");
	scratch_write(&rig.scratch, "secret", "secret");
	CU_ASSERT(mkdirat(rig.home.fd, "dir", 0755) == 0);
	CU_ASSERT(mkfifoat(rig.home.fd, "fifo", 0666) == 0);
	CU_ASSERT(symlinkat("dir/../file", rig.home.fd, "in") == 0);
	CU_ASSERT(symlinkat("../secret", rig.home.fd, "out") == 0);
	peer_attach(&rig, &peer);
	for (i = 0; i < NITEMS(cases); i++) {
		peer.small[0] = '\0';
		CHECK_CASE(peer_path(&peer, MSG_FS_PEEK, cases[i].path,
			       cases[i].most) == cases[i].error,
		    cases[i].what);
		CHECK_CASE(strcmp(peer.small, cases[i].bytes) == 0,
		    cases[i].what);
	}
	peer_free(&peer);
	CU_ASSERT_EQUAL(rig_stop(&rig), AGENT_EXIT_OK);
}

static const struct {
	const char *path;
	struct msg_fs_path body;
} odd[] = {
	{ "/file", { 7, 5, 0, 0 } },
	{ "/file", { 7, 5, FS_PEEK_MAX + 1, 0 } },
	{ "/file", { 7, 6, 3, 0 } },
	{ "/../f", { 7, 5, 3, 0 } },
};

static void
odd_requests_end_the_session(void)
{
	struct channel_message message = { .type = MSG_FS_PEEK, .fd = -1 };
	struct peer peer;
	struct rig rig;
	size_t i;

	rig_start(&rig, &plain);
	for (i = 0; i < NITEMS(odd); i++) {
		peer_attach(&rig, &peer);
		message.body = &odd[i].body;
		message.pieces[0].data = odd[i].path;
		message.pieces[0].len = strlen(odd[i].path);
		CU_ASSERT_EQUAL(channel_send(peer.channel, &message), 0);
		CU_ASSERT(rig_ended(peer.channel));
		peer_free(&peer);
	}
	CU_ASSERT_EQUAL(rig_stop(&rig), AGENT_EXIT_OK);
}

CU_TestInfo peek_tests[] = {
	{ "reads the beginning", reads_the_beginning },
	{ "odd requests end the session", odd_requests_end_the_session },
	CU_TEST_INFO_NULL,
};
