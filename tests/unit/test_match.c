#include "worker/agent/match.h"

#include <string.h>

#include "tests/unit/suites.h"

static const struct {
	const char *pattern, *name;
	bool fits;
} cases[] = {
	{ "*", "a", true },
	{ "*", "", true },
	{ "", "", true },
	{ "", "a", false },
	{ "a", "a", true },
	{ "a", "A", false },
	{ "a", "ab", false },
	{ "ab", "a", false },
	{ "*.txt", "a.txt", true },
	{ "*.txt", ".txt", true },
	{ "*.txt", "a.txt.gz", false },
	{ "*.txt", "a.txt.txt", true },
	{ "a*b*c", "abc", true },
	{ "a*b*c", "a-b-b-c", true },
	{ "a*b*c", "a-c-b", false },
	{ "a**", "a", true },
	{ "?", "a", true },
	{ "?", "", false },
	{ "?", "ab", false },
	{ "a?c", "abc", true },
	{ "a?z", "a\xc3\xa4z", true },
	{ "a?z", "a\xffz", true },
	{ "a?z", "a\x80z", true },
	{ "?*", "\xc3\xa4", true },
	{ "??", "\xc3\xa4", false },
	{ "*\xa4", "\xc3\xa4", true },
	{ "[a]", "a", false },
	{ "[a]", "[a]", true },
	{ "\\*", "\\x", true },
	{ "\\*", "*", false },
	{ "*", "*", true },
	{ "a*", "*", false },
};

static void
fits(void)
{
	size_t i;

	for (i = 0; i < NITEMS(cases); i++)
		CHECK_CASE(match_name(cases[i].pattern, cases[i].name) ==
			cases[i].fits,
		    cases[i].pattern);
}

/* Patterns that make simple matchers try all ways there are. */
static void
bombs(void)
{
	char pattern[256], name[256];
	size_t i;

	for (i = 0; i + 1 < sizeof(pattern); i++)
		pattern[i] = i % 2 == 0 ? '*' : 'a';
	pattern[i] = '\0';
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	CU_ASSERT(match_name(pattern, name));
	name[sizeof(name) - 2] = 'b';
	pattern[sizeof(pattern) - 2] = 'a';
	CU_ASSERT(!match_name(pattern, name));
}

CU_TestInfo match_tests[] = {
	{ "names that fit and names that do not", fits },
	{ "bombs", bombs },
	CU_TEST_INFO_NULL,
};
