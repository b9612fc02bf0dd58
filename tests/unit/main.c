/*
 * Runs all suites, or those named on the command line, a few at once: most of
 * their time they wait.  Each runs in a process of its own: what one does to
 * its process (limits, signals, a crash) is no other's concern.
 */
#include "tests/unit/suites.h"

#include <CUnit/Basic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define SUITE_SECONDS  240
#define SUITES_AT_ONCE 4

static CU_SuiteInfo suites[] = {
#define SUITE(name) { #name, NULL, NULL, NULL, NULL, name##_tests },
#include "suites.def"
#undef SUITE
	CU_SUITE_INFO_NULL,
};

struct counts {
	unsigned int tests, failed, skipped;
};

struct running {
	const CU_SuiteInfo *suite;
	struct counts *shared; /* with the child that runs it */
	FILE *output;
	pid_t pid; /* 0: there is none */
};

static struct running slots[SUITES_AT_ONCE];
static size_t active;
static struct counts *shared; /* in the child: its own */

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

static _Noreturn void
give_up(void)
{
	perror("unit");
	exit(2);
}

/* In the child. */
static int
run_suite(const struct running *one)
{
	CU_SuiteInfo chosen[2];

	shared = one->shared;
	if (dup2(fileno(one->output), STDOUT_FILENO) == -1 ||
	    dup2(STDOUT_FILENO, STDERR_FILENO) == -1)
		return (2);
	memset(chosen, 0, sizeof(chosen));
	chosen[0] = *one->suite;
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

static void
begin(struct running *one, const CU_SuiteInfo *suite)
{
	one->suite = suite;
	memset(one->shared, 0, sizeof(*one->shared));
	one->output = tmpfile();
	(void)fflush(stdout);
	if (one->output == NULL || (one->pid = fork()) == -1)
		give_up();
	if (one->pid == 0)
		exit(run_suite(one));
	active++;
}

static void
show(FILE *output)
{
	char text[BUFSIZ];
	size_t size;

	rewind(output);
	while ((size = fread(text, 1, sizeof(text), output)) > 0)
		(void)fwrite(text, 1, size, stdout);
	(void)fclose(output);
}

/* A suite that does not get to its end counts as one failed test. */
static void
end(struct running *one, int status, struct counts *sum)
{
	struct counts found = *one->shared;

	show(one->output);
	if (status != 0 || found.tests == 0) {
		printf("\nFAILED: suite %s ended with status %d\n",
		    one->suite->pName, status);
		found = (struct counts){ 1, 1, 0 };
	}
	sum->tests += found.tests;
	sum->failed += found.failed;
	sum->skipped += found.skipped;
	one->pid = 0;
	active--;
}

/* The slot of that process; 0: one that is free. */
static struct running *
slot_of(pid_t pid)
{
	size_t i;

	for (i = 0; i < SUITES_AT_ONCE; i++)
		if (slots[i].pid == pid)
			return (&slots[i]);
	return (NULL);
}

static struct running *
await_end(struct counts *sum)
{
	struct running *one;
	int status;

	one = slot_of(wait(&status));
	if (one == NULL)
		give_up();
	end(one, status, sum);
	return (one);
}

static void
make_slots(void)
{
	struct counts *memory;
	size_t i;

	memory = mmap(NULL, SUITES_AT_ONCE * sizeof(*memory),
	    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		give_up();
	for (i = 0; i < SUITES_AT_ONCE; i++)
		slots[i].shared = &memory[i];
}

int
main(int argc, char **argv)
{
	struct counts sum = { 0, 0, 0 };
	struct running *one;
	size_t i;

	make_slots();
	for (i = 0; suites[i].pName != NULL; i++) {
		if (!wanted(suites[i].pName, argc, argv))
			continue;
		one = slot_of(0);
		begin(one != NULL ? one : await_end(&sum), &suites[i]);
	}
	while (active > 0)
		(void)await_end(&sum);
	if (sum.tests == 0) {
		(void)fprintf(stderr, "unit: no such suite\n");
		return (2);
	}
	printf("\nunit: %u passed, %u failed, %u skipped\n",
	    sum.tests - sum.failed - sum.skipped, sum.failed, sum.skipped);
	return (sum.failed == 0 ? 0 : 1);
}
