/* Runs all suites, or those named on the command line. */
#include "tests/unit/suites.h"

#include <CUnit/Basic.h>
#include <stdio.h>
#include <string.h>

static CU_SuiteInfo suites[] = {
#define SUITE(name) { #name, NULL, NULL, NULL, NULL, name##_tests },
#include "suites.def"
#undef SUITE
	CU_SUITE_INFO_NULL,
};

static int
wanted(const char *name, int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++)
		if (strcmp(argv[i], name) == 0)
			return (1);
	return (argc == 1);
}

int
main(int argc, char **argv)
{
	CU_SuiteInfo chosen[NITEMS(suites)];
	unsigned int tests, failed;
	size_t i, n = 0;

	memset(chosen, 0, sizeof(chosen));
	for (i = 0; suites[i].pName != NULL; i++)
		if (wanted(suites[i].pName, argc, argv))
			chosen[n++] = suites[i];
	if (n == 0) {
		fprintf(stderr, "unit: no such suite\n");
		return (2);
	}
	if (CU_initialize_registry() != CUE_SUCCESS ||
	    CU_register_suites(chosen) != CUE_SUCCESS) {
		fprintf(stderr, "unit: %s\n", CU_get_error_msg());
		return (2);
	}
	CU_basic_set_mode(CU_BRM_VERBOSE);
	CU_basic_run_tests();
	tests = CU_get_number_of_tests_run();
	failed = CU_get_number_of_tests_failed();
	CU_cleanup_registry();
	printf("\nunit: %u passed, %u failed\n", tests - failed, failed);
	return (failed == 0 ? 0 : 1);
}
