/*
 * Runs all suites, or those named on the command line.  Each runs in a process
 * of its own: what one does to its process (limits, signals, a crash) is no
 * other's concern.
 */
#include "tests/unit/suites.h"

#include <CUnit/Basic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define SUITE_SECONDS 240

static CU_SuiteInfo suites[] = {
#define SUITE(name) { #name, NULL, NULL, NULL, NULL, name##_tests },
#include "suites.def"
#undef SUITE
	CU_SUITE_INFO_NULL,
};

struct counts {
	unsigned int tests, failed, skipped;
};

static struct counts *shared; /* with the child that runs a suite */

void
skip_test(const char *why)
{
	printf("(skipped: %s) ", why);
	shared->skipped++;
}

bool
skip_in_uml(const char *why)
{
	FILE *facts = fopen("/proc/cpuinfo", "re");
	char line[256];
	bool uml = false;

	if (facts == NULL)
		return (false);
	while (!uml && fgets(line, sizeof(line), facts) != NULL)
		uml = strstr(line, "User Mode Linux") != NULL;
	(void)fclose(facts);
	if (uml)
		skip_test(why);
	return (uml);
}

static int
wanted(const char *name, int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++)
		if (strcmp(argv[i], name) == 0)
			return (1);
	return (argc == 1);
}

/* In the child. */
static int
run_suite(const CU_SuiteInfo *suite)
{
	CU_SuiteInfo chosen[2];

	memset(chosen, 0, sizeof(chosen));
	chosen[0] = *suite;
	(void)alarm(SUITE_SECONDS);
	if (CU_initialize_registry() != CUE_SUCCESS ||
	    CU_register_suites(chosen) != CUE_SUCCESS) {
		(void)fprintf(stderr, "unit: %s\n", CU_get_error_msg());
		return (2);
	}
	CU_basic_set_mode(CU_BRM_VERBOSE);
	(void)CU_basic_run_tests();
	shared->tests = CU_get_number_of_tests_run();
	shared->failed = CU_get_number_of_tests_failed();
	CU_cleanup_registry();
	(void)fflush(stdout);
	return (0);
}

/* A suite that does not get to its end counts as one failed test. */
static struct counts
run_apart(const CU_SuiteInfo *suite)
{
	struct counts crashed = { 1, 1, 0 };
	int status = -1;
	pid_t pid;

	memset(shared, 0, sizeof(*shared));
	(void)fflush(stdout);
	pid = fork();
	if (pid == 0)
		exit(run_suite(suite));
	if (pid != -1 && waitpid(pid, &status, 0) == pid && status == 0 &&
	    shared->tests > 0)
		return (*shared);
	printf("\nFAILED: suite %s ended with status %d\n", suite->pName,
	    status);
	return (crashed);
}

int
main(int argc, char **argv)
{
	struct counts sum = { 0, 0, 0 }, one;
	size_t i;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED) {
		perror("unit");
		return (2);
	}
	for (i = 0; suites[i].pName != NULL; i++) {
		if (!wanted(suites[i].pName, argc, argv))
			continue;
		one = run_apart(&suites[i]);
		sum.tests += one.tests;
		sum.failed += one.failed;
		sum.skipped += one.skipped;
	}
	if (sum.tests == 0) {
		(void)fprintf(stderr, "unit: no such suite\n");
		return (2);
	}
	printf("\nunit: %u passed, %u failed, %u skipped\n",
	    sum.tests - sum.failed - sum.skipped, sum.failed, sum.skipped);
	return (sum.failed == 0 ? 0 : 1);
}
