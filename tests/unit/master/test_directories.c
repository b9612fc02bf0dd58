/* Unit tests of master/directories.c. */
#include "master/directories.h"

#include <CUnit/CUnit.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/scratch.h"
#include "tests/unit/suites.h"

/* Whoever may write there could put a socket of theirs in ours' place. */
static void
refuses_what_others_may_write(void)
{
	static const struct {
		mode_t mode;
		int ret;
	} cases[] = { { 0755, 0 }, { 0700, 0 }, { 0775, -1 }, { 0757, -1 } };
	struct service_users users;
	struct scratch scratch;
	struct conf conf;
	size_t i;

	memset(&users, 0, sizeof(users));
	memset(&conf, 0, sizeof(conf));
	scratch_new(&scratch);
	conf.run_directory = scratch.path;
	for (i = 0; i < NITEMS(cases); i++) {
		CU_ASSERT(chmod(scratch.path, cases[i].mode) == 0);
		CU_ASSERT_EQUAL(directories_make(&conf, &users), cases[i].ret);
	}
	scratch_free(&scratch);
}

CU_TestInfo directories_tests[] = {
	{ "a run directory that others may write",
	    refuses_what_others_may_write },
	CU_TEST_INFO_NULL,
};
