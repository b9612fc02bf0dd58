/* Unit tests of worker/agent/change.c and symlink.c, through an agent. */
#include <CUnit/CUnit.h>
#include <grp.h>

#include "tests/unit/agent_rig.h"
#include "tests/unit/suites.h"

static const struct rig_options plain = { 0, false };

static struct stat
look(const struct rig *rig, const char *name)
{
	struct stat st;

	memset(&st, 0, sizeof(st));
	CU_ASSERT(fstatat(rig->home.fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0);
	return (st);
}

static void
furnish(const struct rig *rig)
{
	rig_write(rig, "file", "contents");
	CU_ASSERT(fchmodat(rig->home.fd, "file", 0640, 0) == 0);
	CU_ASSERT(mkdirat(rig->home.fd, "dir", 0750) == 0);
	CU_ASSERT(mkdirat(rig->home.fd, "dir/sub", 0750) == 0);
	rig_give(rig, "dir");
	rig_give(rig, "dir/sub");
	CU_ASSERT(symlinkat("dir/sub", rig->home.fd, "to-sub") == 0);
}

/* Modes: what of the old one is kept, set, and set where it fits. */
static const struct {
	const char *path;
	mode_t before;
	uint32_t keep, set, set_x;
	int error;
	mode_t after;
} modes[] = {
	{ "file", 0640, 03000, 0604, 0, 0, 0604 },
	{ "file", 0640, 07777, 0001, 0, 0, 0641 },
	{ "file", 0640, 07600, 0, 0, 0, 0600 },
	{ "file", 0640, 07777, 0, 0111, 0, 0640 },
	{ "file", 0700, 07777, 0, 0111, 0, 0711 },
	{ "file", 0700, 03000, 0644, 0110, 0, 0754 },
	{ "file", 0640, 03000, 02640, 0, EINVAL, 0640 },
	{ "file", 0640, 03000, 01640, 0, EINVAL, 0640 },
	{ "file", 0640, 03000, 04640, 0, EINVAL, 0640 },
	{ "file", 02640, 03000, 0600, 0, 0, 02600 },
	{ "file", 02640, 03000, 02600, 0, 0, 02600 },
	{ "file", 04700, 03000, 0700, 0, 0, 0700 },
	{ "file", 04700, 07777, 0050, 0, 0, 04750 },
	{ "dir", 0750, 03000, 02770, 0, 0, 02770 },
	{ "dir", 0750, 03000, 01777, 0, 0, 01777 },
	{ "dir", 02750, 03000, 0700, 0, 0, 02700 },
	{ "dir", 02750, 05777, 0, 0, 0, 0750 },
	{ "dir", 0600, 07777, 0, 0111, 0, 0711 },
	{ "dir", 0750, 03000, 04755, 0, EINVAL, 0750 },
};

static const char *
row(size_t i)
{
	static char text[32];

	(void)snprintf(text, sizeof(text), "row %zu", i);
	return (text);
}

static void
modes_change_as_told(void)
{
	struct peer peer;
	struct rig rig;
	char path[16];
	size_t i;
	int error;

	rig_start(&rig, &plain);
	furnish(&rig);
	peer_attach(&rig, &peer);
	for (i = 0; i < NITEMS(modes); i++) {
		struct fs_change change = {
			.what = FS_CHANGE_MODE,
			.keep = modes[i].keep,
			.set = modes[i].set,
			.set_x = modes[i].set_x,
		};

		CU_ASSERT(fchmodat(rig.home.fd, modes[i].path, modes[i].before,
			      0) == 0);
		(void)snprintf(path, sizeof(path), "/%s", modes[i].path);
		error = peer_change(&peer, path, &change, "");
		CHECK_CASE(error == modes[i].error &&
			(look(&rig, modes[i].path).st_mode & 07777) ==
			    modes[i].after,
		    row(i));
		CHECK_CASE(error != 0 ||
			(peer.done.mode & 07777) == modes[i].after,
		    row(i));
	}
	peer_free(&peer);
	CU_ASSERT_EQUAL(rig_stop(&rig), AGENT_EXIT_OK);
}

static void
times_are_exact_and_apart(void)
{
	struct fs_change change = {
		.what = FS_CHANGE_MODIFIED,
		.modified = { 1234567890, 123456789, 0 },
		.accessed = { 5, 0, 0 },
	};
	struct stat before, after;
	struct peer peer;
	struct rig rig;

	rig_start(&rig, &plain);
	furnish(&rig);
	peer_attach(&rig, &peer);
	before = look(&rig, "file");
	CU_ASSERT_EQUAL(peer_change(&peer, "/file", &change, ""), 0);
	after = look(&rig, "file");
	CU_ASSERT(after.st_mtim.tv_sec == 1234567890 &&
	    after.st_mtim.tv_nsec == 123456789);
	CU_ASSERT(after.st_atim.tv_sec == before.st_atim.tv_sec &&
	    after.st_atim.tv_nsec == before.st_atim.tv_nsec);
	CU_ASSERT(peer.done.modified == 1234567890 &&
	    peer.done.modified_ns == 123456789 &&
	    peer.done.entries == FS_CHANGE_MODIFIED && peer.done.size == 8);
	change.what = FS_CHANGE_ACCESSED;
	CU_ASSERT_EQUAL(peer_change(&peer, "/file", &change, ""), 0);
	after = look(&rig, "file");
	CU_ASSERT(
	    after.st_mtim.tv_sec == 1234567890 && after.st_atim.tv_sec == 5);
	/* A hostile worker's nanoseconds. */
	change.modified.nanoseconds = 1000000000;
	CU_ASSERT_EQUAL(peer_change(&peer, "/file", &change, ""), -1);
	peer_free(&peer);
	CU_ASSERT_EQUAL(rig_stop(&rig), AGENT_EXIT_OK);
}

/* A group of the system that the tester is not in, or an empty name. */
static const struct group *
strange_group(void)
{
	const struct identity identity = rig_identity();
	const struct group *entry;

	setgrent();
	do {
		entry = getgrent();
	} while (entry != NULL &&
	    (entry->gr_gid == identity.gid || entry->gr_gid == getegid()));
	return (entry);
}

static void
all_or_nothing(void)
{
	struct fs_change change = {
		.what = FS_CHANGE_MODE | FS_CHANGE_GROUP | FS_CHANGE_MODIFIED,
		.set = 0600,
		.gid = rig_identity().gid,
		.modified = { 77, 0, 0 },
	};
	const struct group *strange = strange_group();
	struct peer peer;
	struct stat st;
	struct rig rig;

	rig_start(&rig, &plain);
	furnish(&rig);
	peer_attach(&rig, &peer);
	change.gid++;
	CU_ASSERT_EQUAL(peer_change(&peer, "/file", &change, ""), EPERM);
	CU_ASSERT_EQUAL(peer_change(&peer, "/file", &change, "no such group"),
	    ENODATA);
	if (strange != NULL)
		CU_ASSERT_EQUAL(peer_change(&peer, "/file", &change,
				    strange->gr_name),
		    ENODATA);
	change.gid--;
	change.set = 04600;
	CU_ASSERT_EQUAL(peer_change(&peer, "/file", &change, ""), EINVAL);
	CU_ASSERT_EQUAL(peer_change(&peer, "/none", &change, ""), ENOENT);
	st = look(&rig, "file");
	CU_ASSERT((st.st_mode & 07777) == 0640 && st.st_mtim.tv_sec != 77);
	change.set = 0600;
	CU_ASSERT_EQUAL(peer_change(&peer, "/file", &change, ""), 0);
	st = look(&rig, "file");
	CU_ASSERT((st.st_mode & 07777) == 0600 && st.st_mtim.tv_sec == 77 &&
	    st.st_gid == change.gid && peer.done.gid == change.gid);
	if (geteuid() == 0) {
		CU_ASSERT(fchownat(rig.home.fd, "file", 0, 0, 0) == 0);
		CU_ASSERT_EQUAL(peer_change(&peer, "/file", &change, ""),
		    EPERM);
	}
	peer_free(&peer);
	CU_ASSERT_EQUAL(rig_stop(&rig), AGENT_EXIT_OK);
}

/* What the link of that path holds after target was asked for; or an errno. */
static const struct {
	const char *path, *target;
	int error;
	const char *held;
} links[] = {
	{ "/a", "file", 0, "file" },
	{ "/b", "/file", 0, "file" },
	{ "/c", "/", 0, "." },
	{ "/d", "none/at all", 0, "none/at all" },
	{ "/dir/e", "../file", 0, "../file" },
	{ "/dir/f", "/file", 0, "../file" },
	{ "/dir/sub/g", "//dir//x/", 0, "../../dir//x/" },
	{ "/to-sub/h", "/file", 0, "../../file" },
	{ "/to-sub/i", "/", 0, "../../" },
	{ "/to-sub/j", "../../file", 0, "../../file" },
	{ "/k", "a/../../x", EXDEV, NULL },
	{ "/k", "..", EXDEV, NULL },
	{ "/k", "/..", EXDEV, NULL },
	{ "/dir/k", "../../x", EXDEV, NULL },
	{ "/dir/k", "./a/.././../..", EXDEV, NULL },
	{ "/dir/k", "/a/../../dir", EXDEV, NULL },
	{ "/file", "x", EEXIST, NULL },
	{ "/", "x", EEXIST, NULL },
	{ "/none/k", "x", ENOENT, NULL },
	{ "/file/k", "x", ENOTDIR, NULL },
	{ "/.ftpsd.0123456789abcdef.part", "x", EPERM, NULL },
};

static int
ask_link(struct peer *peer, const char *path, const char *target)
{
	struct msg_fs_symlink body = { 7, (uint32_t)strlen(path),
		(uint32_t)strlen(target), 0 };

	peer_send(peer, MSG_FS_SYMLINK, &body,
	    (const char *const[3]){ path, target }, -1);
	return (peer_answer(peer));
}

static void
links_stay_inside_for_all(void)
{
	char held[64], longest[PATH_MAX + 1];
	struct peer peer;
	struct rig rig;
	ssize_t len;
	size_t i;

	rig_start(&rig, &plain);
	furnish(&rig);
	peer_attach(&rig, &peer);
	for (i = 0; i < NITEMS(links); i++) {
		CHECK_CASE(ask_link(&peer, links[i].path, links[i].target) ==
			links[i].error,
		    links[i].path);
		if (links[i].error != 0)
			continue;
		len = readlinkat(rig.home.fd, links[i].path + 1, held,
		    sizeof(held) - 1);
		held[len < 0 ? 0 : len] = '\0';
		CHECK_CASE(strcmp(held, links[i].held) == 0, links[i].path);
	}
	memset(longest, 'x', sizeof(longest));
	longest[FS_PATH_MAX] = '\0';
	CU_ASSERT_EQUAL(ask_link(&peer, "/z", longest), 0);
	longest[0] = '/';
	CU_ASSERT_EQUAL(ask_link(&peer, "/dir/z", longest), ENAMETOOLONG);
	longest[FS_PATH_MAX - 2] = '\0';
	CU_ASSERT_EQUAL(ask_link(&peer, "/dir/z", longest), 0);
	peer_free(&peer);
	CU_ASSERT_EQUAL(rig_stop(&rig), AGENT_EXIT_OK);
}

CU_TestInfo change_tests[] = {
	{ "modes change as told", modes_change_as_told },
	{ "times are exact, and each alone", times_are_exact_and_apart },
	{ "all or nothing", all_or_nothing },
	{ "links stay inside for all", links_stay_inside_for_all },
	CU_TEST_INFO_NULL,
};
