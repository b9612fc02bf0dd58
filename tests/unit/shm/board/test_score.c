/* Unit tests of shm/board/score.c. */
#include "shm/board/score.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/suites.h"

static void
names_are_complete(void)
{
	unsigned int i, j;
	const char *name;

	for (i = 0; i < SCORE_COUNT; i++) {
		name = score_name((enum score_counter)i);
		CHECK_CASE(name != NULL, "each counter has a name");
		if (name == NULL)
			continue;
		for (j = 0; j < i; j++)
			CHECK_CASE(strcmp(name,
				       score_name((enum score_counter)j)) != 0,
			    name);
	}
	CU_ASSERT_STRING_EQUAL(score_name(SCORE_BYTES_SENT), "bytes_sent");
}

/* What a worker does in a child shows on the master's side. */
static int
child(int fd)
{
	struct score *score;

	score = score_attach(fd);
	if (score == NULL)
		return (1);
	score_add(score, SCORE_SESSIONS, 3);
	score_add(score, SCORE_SESSIONS, -1);
	score_add(score, SCORE_TRANSFERS, -5);
	score_add(score, SCORE_BYTES_SENT, INT64_MAX);
	if (ftruncate(fd, 0) != -1)
		return (2);
	score_free(&score);
	return (score == NULL ? 0 : 3);
}

static void
counts_cross_processes(void)
{
	struct score *score;
	int fd, status = -1;
	pid_t pid;

	score = score_create(&fd);
	CU_ASSERT_PTR_NOT_NULL_FATAL(score);
	CU_ASSERT(score_get(score, SCORE_SESSIONS) == 0);
	(void)fflush(NULL);
	pid = fork();
	if (pid == 0)
		_exit(child(fd));
	CU_ASSERT(waitpid(pid, &status, 0) == pid);
	CU_ASSERT_EQUAL(status, 0);
	CU_ASSERT(score_get(score, SCORE_SESSIONS) == 2);
	CHECK_CASE(score_get(score, SCORE_TRANSFERS) == 0,
	    "a negative count is shown as 0");
	CU_ASSERT(score_get(score, SCORE_BYTES_SENT) == INT64_MAX);
	CU_ASSERT(score_get(score, SCORE_LOGINS) == 0);
	score_free(&score);
	score_free(&score);
	close(fd);
}

static void
attach_refuses(void)
{
	int fd;

	fd = memfd_create("test", MFD_CLOEXEC);
	CU_ASSERT(fd != -1);
	CU_ASSERT_PTR_NULL(score_attach(fd));
	CU_ASSERT(errno == EINVAL);
	close(fd);
	CU_ASSERT_PTR_NULL(score_attach(fd));
	CU_ASSERT(errno == EBADF);
}

CU_TestInfo score_tests[] = {
	{ "every counter has a name of its own", names_are_complete },
	{ "a worker's counts reach the master", counts_cross_processes },
	{ "attaching refuses what is no board", attach_refuses },
	CU_TEST_INFO_NULL,
};
