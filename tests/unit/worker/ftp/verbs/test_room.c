/* Unit tests of worker/ftp/verbs/room.c and worker/agent/space.c: what is left.
 */
#include "worker/ftp/verbs/room.h"

#include <CUnit/CUnit.h>
#include <string.h>
#include <sys/quota.h>

#include "tests/unit/scratch_jail.h"
#include "tests/unit/suites.h"
#include "worker/agent/space.h"
#include "worker/ftp/syntax/refusal.h"

#define NOW 1000

static const struct {
	const char *what;
	struct fs_quota_part part;
	uint64_t left;
	const char *text;
} parts[] = {
	{ "no limit", { 50, 0, 0, 0 }, UINT64_MAX,
	    "bytes: 50 used, no soft limit, no hard limit" },
	{ "a hard one", { 50, 0, 80, 0 }, 30,
	    "bytes: 50 used, no soft limit, hard limit 80" },
	{ "reached", { 80, 0, 80, 0 }, 0,
	    "bytes: 80 used, no soft limit, hard limit 80" },
	{ "exceeded, as by root", { 90, 0, 80, 0 }, 0,
	    "bytes: 90 used, no soft limit, hard limit 80" },
	{ "below the soft one", { 50, 60, 80, 0 }, 30,
	    "bytes: 50 used, soft limit 60, hard limit 80" },
	{ "above it, in time", { 70, 60, 80, NOW + 5 }, 10,
	    "bytes: 70 used, soft limit 60, hard limit 80, 5 s are left" },
	{ "above it, too late", { 70, 60, 80, NOW }, 0,
	    "bytes: 70 used, soft limit 60, hard limit 80, "
	    "over it for too long" },
	{ "only a soft one, too late", { 70, 60, 0, 1 }, 0,
	    "bytes: 70 used, soft limit 60, no hard limit, "
	    "over it for too long" },
	{ "numbers as large as there are",
	    { UINT64_MAX, UINT64_MAX, UINT64_MAX, INT64_MAX }, 0,
	    "bytes: 18446744073709551615 used, "
	    "soft limit 18446744073709551615, "
	    "hard limit 18446744073709551615, 9223372036854774807 s are left" },
};

static void
a_part_leaves_what_the_kernel_would_let_pass(void)
{
	struct msg_fs_room facts;
	char text[ROOM_TEXT_MAX];
	struct room room;
	size_t i;

	for (i = 0; i < NITEMS(parts); i++) {
		memset(&facts, 0, sizeof(facts));
		facts.now = NOW;
		facts.bytes = facts.files = UINT64_MAX;
		facts.quotas = 1u << FS_QUOTA_GROUP;
		facts.quota[FS_QUOTA_GROUP].bytes = parts[i].part;
		facts.quota[FS_QUOTA_GROUP].files = parts[i].part;
		room = room_of(&facts);
		CHECK_CASE(room.bytes == parts[i].left &&
			room.files == parts[i].left,
		    parts[i].what);
		CHECK_CASE(room.bytes_by_quota == (parts[i].left != UINT64_MAX),
		    parts[i].what);
		room_text(&parts[i].part, "bytes", NOW, text);
		CHECK_CASE(strcmp(text, parts[i].text) == 0, text);
	}
}

static void
the_narrowest_bound_counts(void)
{
	struct msg_fs_room facts = { .bytes = 100, .files = 10, .now = NOW };
	struct room room;

	facts.quota[FS_QUOTA_USER].bytes.hard = 1; /* there is none */
	room = room_of(&facts);
	CU_ASSERT(room.bytes == 100 && !room.bytes_by_quota);
	CU_ASSERT(room.files == 10 && !room_has_quota(&facts));
	facts.quotas = ~0u;
	facts.quota[FS_QUOTA_USER].bytes.hard = 60;
	facts.quota[FS_QUOTA_GROUP].bytes.hard = 50;
	facts.quota[FS_QUOTA_GROUP].files.hard = 10;
	room = room_of(&facts);
	CU_ASSERT(room.bytes == 50 && room.bytes_by_quota);
	CU_ASSERT(room.files == 10 && !room.files_by_quota);
	CU_ASSERT(room_has_quota(&facts));
}

static void
limits_come_in_blocks(void)
{
	struct dqblk kernel = { .dqb_bhardlimit = 4,
		.dqb_bsoftlimit = 2,
		.dqb_curspace = 3000,
		.dqb_ihardlimit = 7,
		.dqb_isoftlimit = 6,
		.dqb_curinodes = 5,
		.dqb_btime = 99,
		.dqb_itime = 98,
		.dqb_valid = QIF_ALL };
	struct fs_quota quota;

	space_convert(&kernel, &quota);
	CU_ASSERT(quota.bytes.hard == 4096 && quota.bytes.soft == 2048);
	CU_ASSERT(quota.bytes.used == 3000 && quota.bytes.until == 99);
	CU_ASSERT(quota.files.hard == 7 && quota.files.soft == 6);
	CU_ASSERT(quota.files.used == 5 && quota.files.until == 0);
	kernel.dqb_valid = QIF_INODES;
	space_convert(&kernel, &quota);
	CU_ASSERT(quota.bytes.hard == 0 && quota.bytes.used == 0);
	CU_ASSERT(quota.files.hard == 0 && quota.files.used == 5);
}

static void
a_path_has_room(void)
{
	struct scratch scratch;
	struct msg_fs_room room;
	struct jail jail;

	scratch_new(&scratch);
	jail = scratch_jail(&scratch);
	CU_ASSERT(space_look(&jail, "/", &room) == 0);
	CU_ASSERT(room.bytes > 0 && room.files > 0 && room.now > 0);
	CU_ASSERT(space_look(&jail, "/none", &room) == -1 && errno == ENOENT);
	scratch_free(&scratch);
}

/* The replies that a full, broken or odd file system must give. */
static const struct {
	int error, code, store;
} replies[] = {
	{ EDQUOT, 552, 552 },
	{ ENOSPC, 452, 452 },
	{ EFBIG, 552, 552 },
	{ EROFS, 550, 553 },
	{ ENAMETOOLONG, 553, 553 },
	{ ELOOP, 550, 553 },
	{ ETXTBSY, 450, 450 },
	{ EMLINK, 550, 553 },
	{ EXDEV, 550, 553 },
	{ EISDIR, 550, 553 },
	{ ENOTDIR, 550, 553 },
	{ ENOTEMPTY, 550, 553 },
	{ EIO, 451, 451 },
	{ ESTALE, 451, 451 },
	{ ENOTCONN, 451, 451 },
	{ 9999, 451, 451 },
};

static void
each_errno_has_its_reply(void)
{
	char what[32];
	size_t i;

	for (i = 0; i < NITEMS(replies); i++) {
		(void)snprintf(what, sizeof(what), "errno %d",
		    replies[i].error);
		CHECK_CASE(refusal_of(replies[i].error, REFUSAL_FILE).code ==
			replies[i].code,
		    what);
		CHECK_CASE(refusal_of(replies[i].error, REFUSAL_STORE).code ==
			replies[i].store,
		    what);
	}
}

CU_TestInfo room_tests[] = {
	{ "a part leaves what the kernel would let pass",
	    a_part_leaves_what_the_kernel_would_let_pass },
	{ "the narrowest bound counts", the_narrowest_bound_counts },
	{ "limits come in blocks of 1024 bytes", limits_come_in_blocks },
	{ "a path has room", a_path_has_room },
	{ "each errno has its reply", each_errno_has_its_reply },
	CU_TEST_INFO_NULL,
};
