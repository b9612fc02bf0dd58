#include "worker/agent/match.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

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
	{ "*\xa4", "\xc3\xa4", false },
	{ "*\xc3*", "\xc3\xa4", false },
	{ "*\xa4", "\xff\xa4", true },
	{ "?\xa4?", "\xc3\xa4\xa4\xc3", true },
	{ "*?x", "\xe2\x82\xacx", true },
	{ "*\xc3\xa4*", "\xc3\xa4", true },
	{ "[a]", "a", true },
	{ "[a]", "[a]", false },
	{ "[abc]x", "bx", true },
	{ "[abc]x", "dx", false },
	{ "[a-c]", "b", true },
	{ "[a-c]", "c", true },
	{ "[a-c]", "d", false },
	{ "[c-a]", "b", false },
	{ "[!a-c]", "d", true },
	{ "[^a-c]", "b", false },
	{ "[!a]", "", false },
	{ "[]a]", "]", true },
	{ "[]a]", "b", false },
	{ "[!]a]", "]", false },
	{ "[!]a]", "b", true },
	{ "[a-]", "-", true },
	{ "[-a]", "-", true },
	{ "[a-]", "b", false },
	{ "[\\]a]", "]", true },
	{ "[\\a]", "\\", false },
	{ "[a-\\]]", "b", false },
	{ "[+-\\]]", "A", true },
	{ "[", "[", true },
	{ "[a", "[a", true },
	{ "[a", "a", false },
	{ "[]", "[]", true },
	{ "[!", "[!", true },
	{ "[*", "[x", true },
	{ "*[*", "x[", true },
	{ "[[]", "[", true },
	{ "[a-z]*[0-9]", "file7", true },
	{ "[a-z]*[0-9]", "file", false },
	{ "[\xc3\xa4\xc3\xb6]", "\xc3\xb6", true },
	{ "[\xc3\xa4-\xc3\xbc]", "\xc3\xb6", true },
	{ "[\xc3\xa4-\xc3\xbc]", "o", false },
	{ "[!\xc3\xa4]", "\xc3\xb6", true },
	{ "[!a]", "\xff", true },
	{ "[a-\xf0\x9f\x98\x80]", "\xe2\x82\xac", true },
	{ "\\*", "\\x", false },
	{ "\\*", "*", true },
	{ "\\?", "?", true },
	{ "\\?", "a", false },
	{ "\\[a]", "[a]", true },
	{ "\\\\", "\\", true },
	{ "\\a", "a", true },
	{ "a\\", "a\\", true },
	{ "\\", "\\", true },
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

/* Fills up a text of size bytes with copies of a piece, and then an end. */
static void
repeat(char *out, size_t size, const char *piece, const char *end)
{
	size_t len = 0, piece_len = strlen(piece), end_len = strlen(end);

	while (len + piece_len + end_len < size)
		len += (size_t)snprintf(out + len, size - len, "%s", piece);
	(void)snprintf(out + len, size - len, "%s", end);
}

/* Patterns that make simple matchers try all ways there are. */
static const struct {
	const char *piece, *end, *name;
	bool fits;
} bombs_made[] = {
	{ "*a", "", "a", true },
	{ "*a", "*b", "a", false },
	{ "*?", "b", "a", false },
	{ "*[a]", "b", "a", false },
	{ "*[!b]", "b", "a", false },
	{ "*\\a", "b", "a", false },
	{ "*[", "b", "[", false },
	{ "[", "b", "[", false },
	{ "*[a-", "b", "a", false },
	{ "[a*", "b", "a", false },
	{ "*\xc3\xa4", "b", "\xc3\xa4", false },
};

static void
bombs(void)
{
	char pattern[4096], name[256];
	struct timespec before, after;
	size_t i;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
	for (i = 0; i < NITEMS(bombs_made); i++) {
		repeat(pattern, 256, bombs_made[i].piece, bombs_made[i].end);
		repeat(name, sizeof(name), bombs_made[i].name, "");
		CHECK_CASE(match_name(pattern, name) == bombs_made[i].fits,
		    bombs_made[i].piece);
		repeat(pattern, sizeof(pattern), bombs_made[i].piece,
		    bombs_made[i].end);
		CHECK_CASE(!match_name(pattern, name) || bombs_made[i].fits,
		    bombs_made[i].piece);
	}
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
	CU_ASSERT(after.tv_sec - before.tv_sec < 2);
}

CU_TestInfo match_tests[] = {
	{ "names that fit and names that do not", fits },
	{ "bombs", bombs },
	CU_TEST_INFO_NULL,
};
