/* Unit tests of worker/agent/chore.c: requests that are worked at for longer.
 */
#include <CUnit/CUnit.h>
#include <dirent.h>

#include "tests/unit/agent_rig.h"
#include "tests/unit/suites.h"

static const struct rig_options plain = { 0, false };

#define BIG 67108864 /* bytes: not done in one turn */

static void
send_copy(struct peer *peer, const struct msg_fs_copy *body, const char *target,
    const char *sources, size_t sources_len)
{
	const struct channel_message message = {
		.type = MSG_FS_COPY,
		.body = body,
		.pieces = { { target, strlen(target) },
		    { sources, sources_len } },
		.fd = -1,
	};

	CU_ASSERT_EQUAL(channel_send(peer->channel, &message), 0);
}

/* How many names there are in the home. */
static int
count_names(const struct rig *rig)
{
	DIR *dir = opendir(rig->home.path);
	int n = 0;

	while (dir != NULL && readdir(dir) != NULL)
		n++;
	if (dir != NULL)
		closedir(dir);
	return (n - 2);
}

static const struct {
	const char *what;
	const char *target;
	const char *sources;
	size_t len;
	int add; /* to the length that the body tells */
	uint32_t flags, durability;
} malformed[] = {
	{ "no source", "/t", "", 0, 0, 0, 0 },
	{ "not terminated", "/t", "/a", 2, 0, 0, 0 },
	{ "the second is not terminated", "/t", "/a\0/b", 5, 0, 1, 0 },
	{ "two, not to be joined", "/t", "/a\0/b\0", 6, 0, 0, 0 },
	{ "an empty one", "/t", "/a\0\0", 4, 0, 1, 0 },
	{ "one that leads up", "/t", "/../a\0", 6, 0, 1, 0 },
	{ "a relative one", "/t", "a\0", 2, 0, 0, 0 },
	{ "a relative target", "t", "/a\0", 3, 0, 0, 0 },
	{ "no target", "", "/a\0", 3, 0, 0, 0 },
	{ "shorter than told", "/t", "/a\0", 3, 1, 0, 0 },
	{ "longer than told", "/t", "/a\0", 3, -1, 0, 0 },
	{ "an unknown durability", "/t", "/a\0", 3, 0, 0, 3 },
};

static void
a_malformed_request_cuts_its_session(void)
{
	char many[(FS_COPY_SOURCES_MAX + 1) * 3];
	struct msg_fs_copy body;
	struct peer peer;
	struct rig rig;
	size_t i;

	rig_start(&rig, &plain);
	for (i = 0; i < NITEMS(malformed); i++) {
		memset(&body, 0, sizeof(body));
		body.request = 7;
		body.flags = malformed[i].flags;
		body.durability = malformed[i].durability;
		body.path_len = (uint32_t)strlen(malformed[i].target);
		body.sources_len =
		    (uint32_t)((int)malformed[i].len + malformed[i].add);
		peer_attach(&rig, &peer);
		send_copy(&peer, &body, malformed[i].target,
		    malformed[i].sources, malformed[i].len);
		CHECK_CASE(rig_ended(peer.channel) && peer.answers == 0,
		    malformed[i].what);
		peer_free(&peer);
	}
	for (i = 0; i < sizeof(many); i++)
		many[i] = "/a"[i % 3];
	body = (struct msg_fs_copy){ 7, FS_COPY_JOIN, 0, 0, 2, sizeof(many) };
	peer_attach(&rig, &peer);
	send_copy(&peer, &body, "/t", many, sizeof(many));
	CU_ASSERT(rig_ended(peer.channel) && peer.answers == 0);
	peer_free(&peer);
	CU_ASSERT_EQUAL(rig_stop(&rig), AGENT_EXIT_OK);
}

static void
make_big(const struct rig *rig)
{
	static char block[1048576];
	int fd, i;

	rig_write(rig, "big", "");
	fd = openat(rig->home.fd, "big", O_WRONLY | O_CLOEXEC);
	memset(block, 'x', sizeof(block));
	for (i = 0; i < BIG / (int)sizeof(block); i++)
		CU_ASSERT_EQUAL(write(fd, block, sizeof(block)),
		    (ssize_t)sizeof(block));
	close(fd);
}

/* Others are answered while it goes on; it is ended, or ends, once. */
static void
a_copy_is_ended_by_whom_it_is_for(void)
{
	const struct msg_fs_copy body = { 7, 0, 0644, 0, 2, 5 };
	struct msg_fs_handle cancel = { 7, 0 };
	struct peer peer, other;
	struct rig rig;

	rig_start(&rig, &plain);
	make_big(&rig);
	peer_attach(&rig, &peer);
	peer_attach(&rig, &other);
	send_copy(&peer, &body, "/t", "/big", 5);
	CU_ASSERT_EQUAL(peer_path(&other, MSG_FS_CHDIR, "/", 0), 0);
	CU_ASSERT_EQUAL(channel_post(other.channel, MSG_FS_CANCEL, &cancel), 0);
	CU_ASSERT_EQUAL(peer_path(&other, MSG_FS_CHDIR, "/", 0), 0);
	CU_ASSERT(rig_receive(peer.channel) && peer.done.error == 0);
	CU_ASSERT(peer.done.request == 7 && peer.done.size == BIG);
	CU_ASSERT_EQUAL(count_names(&rig), 2);

	send_copy(&peer, &body, "/u", "/big", 5);
	CU_ASSERT_EQUAL(channel_post(peer.channel, MSG_FS_CANCEL, &cancel), 0);
	CU_ASSERT(rig_receive(peer.channel));
	CU_ASSERT_EQUAL(peer.done.error, ECANCELED);
	CU_ASSERT_EQUAL(count_names(&rig), 2);
	/* It is over. */
	CU_ASSERT_EQUAL(channel_post(peer.channel, MSG_FS_CANCEL, &cancel), 0);
	CU_ASSERT_EQUAL(peer_path(&peer, MSG_FS_CHDIR, "/", 0), 0);
	CU_ASSERT_EQUAL(peer.answers, 3);

	send_copy(&peer, &body, "/v", "/big", 5);
	peer_free(&peer);
	CU_ASSERT_EQUAL(peer_path(&other, MSG_FS_CHDIR, "/", 0), 0);
	CU_ASSERT_EQUAL(count_names(&rig), 2);
	peer_free(&other);
	CU_ASSERT_EQUAL(rig_stop(&rig), AGENT_EXIT_OK);
}

static void
who_may_only_read_makes_no_chore(void)
{
	const struct rig_options options = { true, false };
	const struct msg_fs_copy body = { 7, 0, 0644, 0, 2, 3 };
	struct peer peer;
	struct rig rig;

	rig_start(&rig, &options);
	rig_write(&rig, "a", "a");
	peer_attach(&rig, &peer);
	send_copy(&peer, &body, "/t", "/a", 3);
	CU_ASSERT(rig_receive(peer.channel) && peer.done.error == EROFS);
	CU_ASSERT_EQUAL(peer_path(&peer, MSG_FS_ERASE, "/a", 0), EROFS);
	CU_ASSERT_EQUAL(count_names(&rig), 1);
	peer_free(&peer);
	CU_ASSERT_EQUAL(rig_stop(&rig), AGENT_EXIT_OK);
}

CU_TestInfo chore_tests[] = {
	{ "a malformed request cuts its session",
	    a_malformed_request_cuts_its_session },
	{ "a copy is ended by whom it is for",
	    a_copy_is_ended_by_whom_it_is_for },
	{ "who may only read makes no chore",
	    who_may_only_read_makes_no_chore },
	CU_TEST_INFO_NULL,
};
