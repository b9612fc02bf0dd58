/* Unit tests of worker/fs.c: listings and files that come with the answer. */
#include "tests/unit/fs_desk.h"

#include "shm/base/attr.h"
#include "tests/unit/suites.h"

static const struct fs_list plain = {
	.path = "/",
	.prefix = "pre/",
	.format = FS_LIST_NAMES,
	.uid = 1,
	.gid = 2,
	.user = "joe",
	.group = "crew",
	.pipe = -1,
};

/* Asks for a short listing. */
static void
ask(struct desk *desk)
{
	desk->answers = 0;
	CU_ASSERT_NOT_EQUAL(fs_list(desk->fs, &plain), 0);
	(void)talk(desk);
	CU_ASSERT_EQUAL(desk->type, MSG_FS_LIST_SHORT);
	CU_ASSERT_TRUE(desk->fd == -1 && desk->len == 12 &&
	    memcmp(desk->bytes, "/pre/joecrew", 12) == 0);
}

static void
say_text(struct desk *desk, uint32_t request, uint32_t size, const char *text)
{
	const struct msg_fs_contents body = { .request = request,
		.size = size };
	const struct channel_message message = {
		.type = MSG_FS_CONTENTS,
		.body = &body,
		.pieces = { { text, strlen(text) } },
		.fd = -1,
	};

	CU_ASSERT_EQUAL(channel_send(desk->agent, &message), 0);
	(void)talk(desk);
}

static void
a_short_listing_comes_at_once(void)
{
	struct desk desk;

	start_with_agent(&desk);
	ask(&desk);
	say_text(&desk, desk.request, 3, "a\r\n");
	CU_ASSERT_TRUE(desk.answers == 1 && desk.answer.error == 0 &&
	    desk.answer.size == 3 && desk.answer.contents != NULL);
	CU_ASSERT_FALSE(fs_busy(desk.fs));
	ask(&desk);
	say_text(&desk, desk.request, 0, "");
	CU_ASSERT_TRUE(desk.answers == 1 && desk.answer.error == 0 &&
	    desk.answer.size == 0 && desk.answer.contents != NULL);
	ask(&desk);
	say_done(&desk, desk.request, EMSGSIZE);
	CU_ASSERT_TRUE(desk.answers == 1 && desk.answer.error == EMSGSIZE &&
	    desk.answer.contents == NULL);
	stop(&desk);
}

/* One that was forgotten is no answer to the next question. */
static void
a_late_listing_is_dropped(void)
{
	struct desk desk;
	uint32_t late;

	start_with_agent(&desk);
	ask(&desk);
	late = desk.request;
	fs_forget(desk.fs);
	ask(&desk);
	say_text(&desk, late, 4, "late");
	CU_ASSERT_EQUAL(desk.answers, 0);
	say_text(&desk, desk.request, 4, "soon");
	CU_ASSERT_TRUE(desk.answers == 1 && desk.answer.size == 4);
	stop(&desk);
}

static void
the_beginning_of_a_file_comes_at_once(void)
{
	struct desk desk;

	start_with_agent(&desk);
	CU_ASSERT_NOT_EQUAL(fs_peek(desk.fs, "/f", 5), 0);
	(void)talk(&desk);
	say_text(&desk, desk.request, 4, "text");
	CU_ASSERT_TRUE(desk.answers == 1 && desk.answer.error == 0 &&
	    desk.answer.size == 4 && desk.answer.contents != NULL);
	CU_ASSERT_NOT_EQUAL(fs_peek(desk.fs, "/f", 5), 0);
	(void)talk(&desk);
	say_done(&desk, desk.request, ENOENT);
	CU_ASSERT_TRUE(desk.answers == 2 && desk.answer.error == ENOENT &&
	    desk.answer.contents == NULL);
	stop(&desk);
}

enum lie {
	LIE_SIZE,    /* more than there is */
	LIE_SUCCESS, /* done, with nothing */
	LIE_ELSE,    /* contents of what has none */
	LIE_MUCH,    /* of a file, more than was asked for */
	LIE_NOTHING  /* a file was read, with nothing */
};

static void
tell_of_file(struct desk *desk, enum lie lie)
{
	static char much[FS_PEEK_MAX + 2];

	CU_ASSERT_NOT_EQUAL(fs_peek(desk->fs, "/f", 5), 0);
	(void)talk(desk);
	CU_ASSERT_EQUAL(desk->type, MSG_FS_PEEK);
	memset(much, 'x', sizeof(much) - 1);
	if (lie == LIE_MUCH)
		say_text(desk, desk->request, sizeof(much) - 1, much);
	else
		say_done(desk, desk->request, 0);
}

static void
tell_lie(struct desk *desk, enum lie lie)
{
	if (lie == LIE_MUCH || lie == LIE_NOTHING) {
		tell_of_file(desk, lie);
		return;
	}
	if (lie == LIE_ELSE) {
		CU_ASSERT_NOT_EQUAL(fs_stat(desk->fs, "/"), 0);
		(void)talk(desk);
	} else {
		ask(desk);
	}
	if (lie == LIE_SUCCESS)
		say_done(desk, desk->request, 0);
	else
		say_text(desk, desk->request, lie == LIE_SIZE ? 5 : 4, "text");
}

static void
a_lying_agent_is_cut_off(void)
{
	struct desk desk;
	int lie;

	for (lie = LIE_SIZE; lie <= LIE_NOTHING; lie++) {
		start_with_agent(&desk);
		tell_lie(&desk, (enum lie)lie);
		CU_ASSERT_TRUE(rig_until(&desk.rig, &desk.answers));
		CU_ASSERT_EQUAL(desk.answer.error, EIO);
		stop(&desk);
	}
}

CU_TestInfo fs_list_tests[] = {
	{ "a short listing comes at once", a_short_listing_comes_at_once },
	{ "a late listing is dropped", a_late_listing_is_dropped },
	{ "the beginning of a file comes at once",
	    the_beginning_of_a_file_comes_at_once },
	{ "a lying agent is cut off", a_lying_agent_is_cut_off },
	CU_TEST_INFO_NULL,
};
