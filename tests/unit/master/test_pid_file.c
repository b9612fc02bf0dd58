/* Unit tests of master/pid_file.c. */
#include "master/pid_file.h"

#include <CUnit/CUnit.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shm/base/fd.h"
#include "tests/unit/scratch.h"
#include "tests/unit/suites.h"

/* A path in the scratch directory; good until the next call. */
static const char *
at(const struct scratch *scratch, const char *name)
{
	static char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", scratch->path, name);
	return (path);
}

static bool
holds(const struct scratch *scratch, const char *name, const char *text)
{
	char found[64] = "";
	int fd = openat(scratch->fd, name, O_RDONLY);
	ssize_t n = read(fd, found, sizeof(found) - 1);

	fd_close(&fd);
	return (n == (ssize_t)strlen(text) && strcmp(found, text) == 0);
}

static void
takes_what_is_left(void)
{
	struct scratch scratch;
	char pid[16];
	int fd;

	scratch_new(&scratch);
	scratch_write(&scratch, "pid", "1234567890\n");
	fd = pid_file_take(at(&scratch, "pid"));
	CU_ASSERT_FATAL(fd != -1);
	(void)snprintf(pid, sizeof(pid), "%d\n", (int)getpid());
	CU_ASSERT(holds(&scratch, "pid", pid));
	/* Somebody has it: whoever comes now hears who. */
	CU_ASSERT(pid_file_take(at(&scratch, "pid")) == -1);
	CU_ASSERT(holds(&scratch, "pid", pid));
	pid_file_release(at(&scratch, "pid"), &fd);
	CU_ASSERT(access(at(&scratch, "pid"), F_OK) == -1);
	scratch_free(&scratch);
}

/* Root would overwrite it, whoever has put it there. */
static void
spares_what_is_not_ours(void)
{
	struct scratch scratch;

	scratch_new(&scratch);
	scratch_write(&scratch, "precious", "precious\n");
	CU_ASSERT(linkat(scratch.fd, "precious", scratch.fd, "hard", 0) == 0);
	CU_ASSERT(symlinkat("precious", scratch.fd, "soft") == 0);
	CU_ASSERT(mkfifoat(scratch.fd, "pipe", 0600) == 0);
	CU_ASSERT(pid_file_take(at(&scratch, "hard")) == -1);
	CU_ASSERT(pid_file_take(at(&scratch, "soft")) == -1);
	CU_ASSERT(pid_file_take(at(&scratch, "pipe")) == -1);
	CU_ASSERT(holds(&scratch, "precious", "precious\n"));
	if (geteuid() == 0) {
		scratch_write(&scratch, "theirs", "precious\n");
		CU_ASSERT(fchownat(scratch.fd, "theirs", 61001, 61001, 0) == 0);
		CU_ASSERT(pid_file_take(at(&scratch, "theirs")) == -1);
		CU_ASSERT(holds(&scratch, "theirs", "precious\n"));
	}
	scratch_free(&scratch);
}

CU_TestInfo pid_file_tests[] = {
	{ "what a dead process left is taken over", takes_what_is_left },
	{ "a file of others is left alone", spares_what_is_not_ours },
	CU_TEST_INFO_NULL,
};
