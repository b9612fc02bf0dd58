/* suites - the CUnit suites; test_NAME.c, in a folder, defines NAME_tests. */
#ifndef TESTS_UNIT_SUITES_H
#define TESTS_UNIT_SUITES_H

#include <CUnit/CUnit.h>
#include <stdbool.h>

#include "shm/base/attr.h"

#define SUITE(name) extern CU_TestInfo name##_tests[];
#include "suites.def"
#undef SUITE

/* As CU_ASSERT, but says which row of a table failed. */
#define CHECK_CASE(value, what)                               \
	CU_assertImplementation((value) ? CU_TRUE : CU_FALSE, \
	    (unsigned int)__LINE__, (what), __FILE__, "", CU_FALSE)

/* Says that the rest of this test cannot be seen here, and why; then return. */
void skip_test(const char *why);
/* Skips it, and returns true, on a kernel that is user-mode-linux. */
bool skip_in_uml(const char *why);

#endif
