/* Unit tests of worker/agent/copy.c: what is left of one that is ended. */
#include <CUnit/CUnit.h>
#include <string.h>

#include "tests/unit/scratch_jail.h"
#include "tests/unit/suites.h"
#include "worker/agent/copy.h"

#define OLD  "what was there"
#define MORE "what another adds"

/* Both parts are appended to the target, but for the end of it. */
static struct copy *
append_parts(struct jail *jail)
{
	static const struct copy_request request = { .target = "/t",
		.sources = "/a\0/b",
		.count = 2,
		.join = true,
		.mode = 0644 };
	struct copy *copy = copy_new(jail, &request);

	while (copy != NULL && copy_moved(copy) < 6)
		CU_ASSERT_FATAL(copy_step(copy) == 1);
	return (copy);
}

static void
append(const struct scratch *scratch, const char *text)
{
	int fd = openat(scratch->fd, "t", O_WRONLY | O_APPEND | O_CLOEXEC);

	CU_ASSERT(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static void
what_was_appended_is_cut_off(void)
{
	struct scratch scratch;
	struct copy *copy;
	struct jail jail;

	scratch_new(&scratch);
	jail = scratch_jail(&scratch);
	scratch_write(&scratch, "t", OLD);
	scratch_write(&scratch, "a", "aaa");
	scratch_write(&scratch, "b", "bbb");
	copy = append_parts(&jail);
	CU_ASSERT_FATAL(copy != NULL);
	copy_free(&copy);
	CU_ASSERT(scratch_holds(&scratch, "t", OLD));
	/* But not what somebody else has added, who thinks that it is there. */
	copy = append_parts(&jail);
	CU_ASSERT_FATAL(copy != NULL);
	append(&scratch, MORE);
	copy_free(&copy);
	CU_ASSERT(scratch_holds(&scratch, "t", OLD "aaabbb" MORE));
	CU_ASSERT(scratch_holds(&scratch, "a", "aaa") &&
	    scratch_holds(&scratch, "b", "bbb"));
	scratch_free(&scratch);
}

CU_TestInfo copy_tests[] = {
	{ "what was appended is cut off", what_was_appended_is_cut_off },
	CU_TEST_INFO_NULL,
};
