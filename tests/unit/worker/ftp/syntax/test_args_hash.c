/* Unit tests of worker/ftp/syntax/args_hash.c. */
#include <string.h>

#include "tests/unit/suites.h"
#include "worker/ftp/syntax/args.h"

static void
test_range(void)
{
	static const struct {
		const char *text;
		enum args_result result;
		uint64_t start, end;
	} cases[] = {
		{ "0 0", ARGS_OK, 0, 1 },
		{ "0 49", ARGS_OK, 0, 50 },
		{ "4294967296 4294967297", ARGS_OK, 4294967296, 4294967298 },
		{ "9223372036854775807 9223372036854775807", ARGS_OK, INT64_MAX,
		    UINT64_C(9223372036854775808) },
		{ "1 0", ARGS_OK, 0, ARGS_RANGE_ALL },
		{ "2 0", ARGS_SYNTAX, 0, 0 },
		{ "10 9", ARGS_SYNTAX, 0, 0 },
		{ "-1 5", ARGS_SYNTAX, 0, 0 },
		{ "1 -5", ARGS_SYNTAX, 0, 0 },
		{ "+1 5", ARGS_SYNTAX, 0, 0 },
		{ "1", ARGS_SYNTAX, 0, 0 },
		{ "1 ", ARGS_SYNTAX, 0, 0 },
		{ " 1 2", ARGS_SYNTAX, 0, 0 },
		{ "1  2", ARGS_SYNTAX, 0, 0 },
		{ "1 2 ", ARGS_SYNTAX, 0, 0 },
		{ "1 2 3", ARGS_SYNTAX, 0, 0 },
		{ "1-2", ARGS_SYNTAX, 0, 0 },
		{ "0x1 2", ARGS_SYNTAX, 0, 0 },
		{ "1 9223372036854775808", ARGS_SYNTAX, 0, 0 },
		{ "1 99999999999999999999999999", ARGS_SYNTAX, 0, 0 },
		{ "", ARGS_SYNTAX, 0, 0 },
	};
	struct args_range range;
	size_t i;

	for (i = 0; i < NITEMS(cases); i++) {
		CHECK_CASE(args_range(cases[i].text, &range) == cases[i].result,
		    cases[i].text);
		if (cases[i].result == ARGS_OK)
			CHECK_CASE(range.start == cases[i].start &&
				range.end == cases[i].end,
			    cases[i].text);
	}
}

static void
test_checksum(void)
{
	static const struct {
		const char *text;
		const char *name; /* NULL: refused */
		uint64_t start, end;
	} cases[] = {
		{ "file", "file", 0, ARGS_RANGE_ALL },
		{ "two words 3 4", "two words 3 4", 0, ARGS_RANGE_ALL },
		{ " file ", " file ", 0, ARGS_RANGE_ALL },
		{ "a\"b\"", "a\"b\"", 0, ARGS_RANGE_ALL },
		{ "\"file\"", "file", 0, ARGS_RANGE_ALL },
		{ "\"two words\" 3", "two words", 3, ARGS_RANGE_ALL },
		{ "\"two words\" 3 4", "two words", 3, 4 },
		{ "\"a\"\"b\" 0 4294967297", "a\"b", 0, 4294967297 },
		{ "\"\"\"\"", "\"", 0, ARGS_RANGE_ALL },
		{ "\"file\" 4 4", NULL, 0, 0 },
		{ "\"file\" 5 4", NULL, 0, 0 },
		{ "\"file\" -1 4", NULL, 0, 0 },
		{ "\"file\" 1 4 ", NULL, 0, 0 },
		{ "\"file\" 1 4 5", NULL, 0, 0 },
		{ "\"file\" ", NULL, 0, 0 },
		{ "\"file\"4", NULL, 0, 0 },
		{ "\"file\" x", NULL, 0, 0 },
		{ "\"file", NULL, 0, 0 },
		{ "\"file\"\"", NULL, 0, 0 },
		{ "\"\"", NULL, 0, 0 },
		{ "\"", NULL, 0, 0 },
		{ "\"0123456789abcdef\"", NULL, 0, 0 },
		{ "0123456789abcdef", NULL, 0, 0 },
		{ "0123456789abcde", "0123456789abcde", 0, ARGS_RANGE_ALL },
		{ "\"0123456789abcd\"", "0123456789abcd", 0, ARGS_RANGE_ALL },
	};
	struct args_range range;
	char name[16];
	size_t i;

	for (i = 0; i < NITEMS(cases); i++) {
		CHECK_CASE(args_checksum(cases[i].text, name, sizeof(name),
			       &range) ==
			(cases[i].name == NULL ? ARGS_SYNTAX : ARGS_OK),
		    cases[i].text);
		if (cases[i].name != NULL)
			CHECK_CASE(strcmp(name, cases[i].name) == 0 &&
				range.start == cases[i].start &&
				range.end == cases[i].end,
			    cases[i].text);
	}
}

CU_TestInfo args_hash_tests[] = {
	{ "RANG", test_range },
	{ "XCRC and the like", test_checksum },
	CU_TEST_INFO_NULL,
};
