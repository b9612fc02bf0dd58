/* Unit tests of worker/fs.c: questions that take an agent long, and facts. */
#include <CUnit/CUnit.h>

#include "tests/unit/fs_desk.h"
#include "tests/unit/suites.h"

static const char parts[] = "/a\0/b";

static uint32_t
ask_copy(struct desk *desk)
{
	const struct fs_copy copy = { "/t", parts, sizeof(parts), FS_COPY_JOIN,
		0644, FS_DURABLE_NONE };
	uint32_t request = fs_copy(desk->fs, &copy);

	(void)talk(desk);
	return (request);
}

/* Whether the worker has closed the channel. */
static bool
is_cut(struct desk *desk, enum msg_type type, const void *body)
{
	CU_ASSERT_EQUAL(channel_post(desk->agent, type, body), 0);
	return (talk(desk) == -1);
}

static void
a_copy_is_asked_for(void)
{
	struct fs_copy copy = { "/t", parts, FS_COPY_LEN_MAX + 1, 0, 0644,
		FS_DURABLE_NONE };
	struct desk desk;

	start_with_agent(&desk);
	CU_ASSERT_NOT_EQUAL(ask_copy(&desk), 0);
	CU_ASSERT_TRUE(desk.type == MSG_FS_COPY &&
	    desk.len == 2 + sizeof(parts) &&
	    memcmp(desk.bytes, "/t/a\0/b", desk.len) == 0);
	say_done(&desk, desk.request, 0);
	CU_ASSERT_TRUE(desk.answer.error == 0 && desk.answer.entries == 7);
	CU_ASSERT_EQUAL(fs_copy(desk.fs, &copy), 0);
	CU_ASSERT_EQUAL(errno, ENAMETOOLONG);
	stop(&desk);
}

static void
what_is_forgotten_is_ended(void)
{
	struct desk desk;
	uint32_t request;

	start_with_agent(&desk);
	request = ask_copy(&desk);
	fs_forget(desk.fs);
	(void)talk(&desk);
	CU_ASSERT_TRUE(desk.type == MSG_FS_CANCEL && desk.request == request);
	CU_ASSERT_FALSE(fs_busy(desk.fs));
	say_done(&desk, request, ECANCELED);
	CU_ASSERT_EQUAL(desk.answers, 0);
	/* Nothing else is. */
	CU_ASSERT_NOT_EQUAL(fs_stat(desk.fs, "/"), 0);
	(void)talk(&desk);
	fs_forget(desk.fs);
	(void)talk(&desk);
	CU_ASSERT_EQUAL(desk.type, MSG_FS_STAT);
	/* Nor what was not sent, or has no agent any more. */
	CU_ASSERT_NOT_EQUAL(fs_erase(desk.fs, "/d"), 0);
	(void)talk(&desk);
	channel_free(&desk.agent);
	(void)talk(&desk);
	fs_forget(desk.fs);
	CU_ASSERT_NOT_EQUAL(fs_erase(desk.fs, "/d"), 0);
	fs_forget(desk.fs);
	stop(&desk);
}

static void
signs_of_life_are_heard(void)
{
	struct msg_fs_alive alive = { 0, 0 };
	struct desk desk;
	uint64_t asked;

	start_with_agent(&desk);
	alive.request = ask_copy(&desk);
	asked = fs_heard(desk.fs);
	alive.request++;
	while (worker_now(&desk.rig.worker) == asked)
		rig_turn(&desk.rig);
	CU_ASSERT_FALSE(is_cut(&desk, MSG_FS_ALIVE, &alive));
	CU_ASSERT_EQUAL(fs_heard(desk.fs), asked);
	alive.request--;
	CU_ASSERT_FALSE(is_cut(&desk, MSG_FS_ALIVE, &alive));
	CU_ASSERT(fs_heard(desk.fs) > asked);
	CU_ASSERT_EQUAL(desk.answers, 0);
	stop(&desk);
}

static void
facts_are_the_answer_to_their_question_only(void)
{
	struct msg_fs_erased erased = { .files = 1 };
	struct msg_fs_room room = { .bytes = 1 };
	struct msg_fs_done done = { 0 };
	struct desk desk;

	start_with_agent(&desk);
	room.request = fs_space(desk.fs, "/", 9);
	CU_ASSERT_FALSE(is_cut(&desk, MSG_FS_ROOM, &room));
	CU_ASSERT_TRUE(desk.answers == 1 && desk.answer.contents != NULL);
	CU_ASSERT_EQUAL(desk.answer.size, sizeof(room));
	CU_ASSERT_FALSE(is_cut(&desk, MSG_FS_ROOM, &room)); /* forgotten */
	erased.request = fs_erase(desk.fs, "/d");
	CU_ASSERT_FALSE(is_cut(&desk, MSG_FS_ERASED, &erased));
	CU_ASSERT_EQUAL(desk.answer.size, sizeof(erased));
	room.request = fs_erase(desk.fs, "/d");
	CU_ASSERT_TRUE(is_cut(&desk, MSG_FS_ROOM, &room));
	stop(&desk);

	start_with_agent(&desk);
	erased.request = fs_stat(desk.fs, "/d");
	CU_ASSERT_TRUE(is_cut(&desk, MSG_FS_ERASED, &erased));
	stop(&desk);

	start_with_agent(&desk);
	done.request = fs_space(desk.fs, "/", 0);
	CU_ASSERT_TRUE(is_cut(&desk, MSG_FS_DONE, &done));
	stop(&desk);

	start_with_agent(&desk);
	done.request = fs_erase(desk.fs, "/");
	CU_ASSERT_TRUE(is_cut(&desk, MSG_FS_DONE, &done));
	stop(&desk);
}

CU_TestInfo fs_long_tests[] = {
	{ "a copy is asked for", a_copy_is_asked_for },
	{ "what is forgotten is ended", what_is_forgotten_is_ended },
	{ "signs of life are heard", signs_of_life_are_heard },
	{ "facts are the answer to their question only",
	    facts_are_the_answer_to_their_question_only },
	CU_TEST_INFO_NULL,
};
