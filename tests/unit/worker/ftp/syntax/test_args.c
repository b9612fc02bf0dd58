/* Unit tests of worker/ftp/syntax/args.c. */
#include "worker/ftp/syntax/args.h"

#include <stdio.h>
#include <string.h>

#include "shm/ipc/body.h"
#include "tests/unit/suites.h"

struct port_case {
	const char *text;
	const char *address; /* NULL: refused */
	enum args_result result;
	unsigned int port;
};

static const struct port_case ports[] = {
	{ "127,0,0,1,4,1", "127.0.0.1", ARGS_OK, 1025 },
	{ "192,0,2,255,255,255", "192.0.2.255", ARGS_OK, 65535 },
	{ "127,0,0,1,0,21", "127.0.0.1", ARGS_OK, 21 },
	{ "127,0,0,1,4", NULL, ARGS_SYNTAX, 0 },
	{ "127,0,0,1,4,1,1", NULL, ARGS_SYNTAX, 0 },
	{ "127,0,0,1,4,1 ", NULL, ARGS_SYNTAX, 0 },
	{ "256,0,0,1,4,1", NULL, ARGS_SYNTAX, 0 },
	{ "127,0,0,1,4,99999999999999999999", NULL, ARGS_SYNTAX, 0 },
	{ "127,0,0,-1,4,1", NULL, ARGS_SYNTAX, 0 },
	{ "127.0.0.1,4,1", NULL, ARGS_SYNTAX, 0 },
	{ "", NULL, ARGS_SYNTAX, 0 },
	{ ",,,,,", NULL, ARGS_SYNTAX, 0 },
};

static const struct port_case eprts[] = {
	{ "|1|192.0.2.1|2000|", "192.0.2.1", ARGS_OK, 2000 },
	{ "|2|2001:db8::1|2000|", "2001:db8::1", ARGS_OK, 2000 },
	{ "!1!192.0.2.1!65535!", "192.0.2.1", ARGS_OK, 65535 },
	{ "|3|x|2000|", NULL, ARGS_UNSUPPORTED, 0 },
	{ "|1|2001:db8::1|2000|", NULL, ARGS_SYNTAX, 0 },
	{ "|2|192.0.2.1|2000|", NULL, ARGS_SYNTAX, 0 },
	{ "|1|192.0.2.1|65536|", NULL, ARGS_SYNTAX, 0 },
	{ "|1|192.0.2.1|-1|", NULL, ARGS_SYNTAX, 0 },
	{ "|1|192.0.2.1||", NULL, ARGS_SYNTAX, 0 },
	{ "|1|192.0.2.1|2000", NULL, ARGS_SYNTAX, 0 },
	{ "|1|192.0.2.1|2000|x", NULL, ARGS_SYNTAX, 0 },
	{ "|1||2000|", NULL, ARGS_SYNTAX, 0 },
	{ "|1|localhost|2000|", NULL, ARGS_SYNTAX, 0 },
	{ "||192.0.2.1|2000|", NULL, ARGS_SYNTAX, 0 },
	{ "|", NULL, ARGS_SYNTAX, 0 },
	{ "", NULL, ARGS_SYNTAX, 0 },
	{ "11 192.0.2.1 2000 ", NULL, ARGS_SYNTAX, 0 },
};

static int
is(const struct address *address, const char *text, unsigned int port)
{
	char shown[ADDRESS_TEXT_MAX];

	return (strcmp(address_text(address, shown), text) == 0 &&
	    address->port == port);
}

static void
port(void)
{
	struct address address;
	enum args_result result;
	size_t i;

	for (i = 0; i < NITEMS(ports); i++) {
		result = args_port(ports[i].text, &address);
		CHECK_CASE(result == ports[i].result, ports[i].text);
		if (result == ARGS_OK)
			CHECK_CASE(is(&address, ports[i].address,
				       ports[i].port),
			    ports[i].text);
	}
}

static void
eprt(void)
{
	char text[200];
	struct address address;
	enum args_result result;
	size_t i;

	for (i = 0; i < NITEMS(eprts); i++) {
		result = args_eprt(eprts[i].text, &address);
		CHECK_CASE(result == eprts[i].result, eprts[i].text);
		if (result == ARGS_OK)
			CHECK_CASE(is(&address, eprts[i].address,
				       eprts[i].port),
			    eprts[i].text);
	}
	(void)snprintf(text, sizeof(text), "|1|%0190d|1|", 1);
	CU_ASSERT(args_eprt(text, &address) == ARGS_SYNTAX);
}

static const struct {
	const char *text;
	enum args_result result;
	enum args_epsv value;
} epsvs[] = {
	{ "", ARGS_OK, ARGS_EPSV_ANY },
	{ "1", ARGS_OK, ARGS_EPSV_V4 },
	{ "2", ARGS_OK, ARGS_EPSV_V6 },
	{ "ALL", ARGS_OK, ARGS_EPSV_ALL },
	{ "all", ARGS_OK, ARGS_EPSV_ALL },
	{ "3", ARGS_UNSUPPORTED, ARGS_EPSV_ANY },
	{ "x", ARGS_SYNTAX, ARGS_EPSV_ANY },
	{ "1 ", ARGS_SYNTAX, ARGS_EPSV_ANY },
	{ "ALLX", ARGS_SYNTAX, ARGS_EPSV_ANY },
};

static void
epsv(void)
{
	enum args_epsv value;
	size_t i;

	for (i = 0; i < NITEMS(epsvs); i++) {
		value = ARGS_EPSV_ANY;
		CHECK_CASE(args_epsv(epsvs[i].text, &value) ==
			    epsvs[i].result &&
			value == epsvs[i].value,
		    epsvs[i].text);
	}
}

static const struct {
	const char *text;
	enum args_result result;
	bool ascii;
} types[] = {
	{ "A", ARGS_OK, true },
	{ "a", ARGS_OK, true },
	{ "A N", ARGS_OK, true },
	{ "I", ARGS_OK, false },
	{ "i", ARGS_OK, false },
	{ "L 8", ARGS_OK, false },
	{ "l8", ARGS_OK, false },
	{ "L7", ARGS_SYNTAX, false },
	{ "l 8", ARGS_OK, false },
	{ "A T", ARGS_UNSUPPORTED, false },
	{ "A C", ARGS_UNSUPPORTED, false },
	{ "L 7", ARGS_UNSUPPORTED, false },
	{ "E", ARGS_UNSUPPORTED, false },
	{ "A X", ARGS_SYNTAX, false },
	{ "AN", ARGS_SYNTAX, false },
	{ "A NN", ARGS_SYNTAX, false },
	{ "I N", ARGS_SYNTAX, false },
	{ "L", ARGS_SYNTAX, false },
	{ "L 16", ARGS_UNSUPPORTED, false },
	{ "X", ARGS_SYNTAX, false },
	{ "L x", ARGS_SYNTAX, false },
	{ "", ARGS_SYNTAX, false },
};

static void
type(void)
{
	enum args_result result;
	bool ascii;
	size_t i;

	for (i = 0; i < NITEMS(types); i++) {
		result = args_type(types[i].text, &ascii);
		CHECK_CASE(result == types[i].result, types[i].text);
		if (result == ARGS_OK)
			CHECK_CASE(ascii == types[i].ascii, types[i].text);
	}
}

static void
number(void)
{
	uint64_t value = 0;

	CU_ASSERT(args_number("0", &value) == ARGS_OK && value == 0);
	CU_ASSERT(args_number("4294967296", &value) == ARGS_OK &&
	    value == 4294967296);
	CU_ASSERT(args_number("9223372036854775807", &value) == ARGS_OK &&
	    value == INT64_MAX);
	CU_ASSERT(args_number("9223372036854775808", &value) == ARGS_SYNTAX);
	CU_ASSERT(args_number("18446744073709551616", &value) == ARGS_SYNTAX);
	CU_ASSERT(args_number("-1", &value) == ARGS_SYNTAX);
	CU_ASSERT(args_number("+1", &value) == ARGS_SYNTAX);
	CU_ASSERT(args_number("0x1", &value) == ARGS_SYNTAX);
	CU_ASSERT(args_number(" 1", &value) == ARGS_SYNTAX);
	CU_ASSERT(args_number("", &value) == ARGS_SYNTAX);
	CU_ASSERT(args_allo("12", &value) == ARGS_OK && value == 12);
	CU_ASSERT(args_allo("13 R 80", &value) == ARGS_OK && value == 13);
	CU_ASSERT(args_allo("14 r 0", &value) == ARGS_OK && value == 14);
	CU_ASSERT(args_allo("", &value) == ARGS_SYNTAX);
	CU_ASSERT(args_allo("1 ", &value) == ARGS_SYNTAX);
	CU_ASSERT(args_allo("1 R", &value) == ARGS_SYNTAX);
	CU_ASSERT(args_allo("1 R ", &value) == ARGS_SYNTAX);
	CU_ASSERT(args_allo("1 R -1", &value) == ARGS_SYNTAX);
	CU_ASSERT(args_allo("1  R 1", &value) == ARGS_SYNTAX);
	CU_ASSERT(args_allo("1 R 1 ", &value) == ARGS_SYNTAX);
	CU_ASSERT(args_allo("9223372036854775808", &value) == ARGS_SYNTAX);
}

static void
facts(void)
{
	char text[ARGS_FACTS_MAX];
	uint32_t bits = 0;

	CU_ASSERT(args_facts("Type;SIZE;unix.mode;", &bits) == ARGS_OK);
	CU_ASSERT(bits == (FS_FACT_TYPE | FS_FACT_SIZE | FS_FACT_UNIX_MODE));
	args_facts_text(bits, 0, text);
	CU_ASSERT_STRING_EQUAL(text, "type;size;UNIX.mode;");
	args_facts_text(bits, FS_FACT_SIZE, text);
	CU_ASSERT_STRING_EQUAL(text, "type;size*;UNIX.mode;");
	CU_ASSERT(args_facts("", &bits) == ARGS_OK && bits == 0);
	CU_ASSERT(args_facts("nonsense;size;", &bits) == ARGS_OK &&
	    bits == FS_FACT_SIZE);
	CU_ASSERT(args_facts("type;size", &bits) == ARGS_OK &&
	    bits == (FS_FACT_TYPE | FS_FACT_SIZE));
	CU_ASSERT(args_facts("size;;type;", &bits) == ARGS_SYNTAX);
	CU_ASSERT(args_facts("si ze;", &bits) == ARGS_SYNTAX);
	CU_ASSERT(args_facts(";", &bits) == ARGS_SYNTAX);
	args_facts_text(FS_FACT_ALL, FS_FACT_ALL, text);
	CU_ASSERT(strlen(text) < sizeof(text));
	CU_ASSERT(strstr(text, "UNIX.groupname*;") != NULL);
}

static const struct {
	const char *text, *rest;
	struct args_list options;
} lists[] = {
	{ "", "", { .dots = false } },
	{ "-la", "", { .dots = true, .hidden = true, .lines = true } },
	{ "-A", "", { .hidden = true } },
	{ "-l -d a b", "a b", { .lines = true, .self = true } },
	{ "-l  -d   a", "a", { .lines = true, .self = true } },
	{ "a -la", "a -la", { .dots = false } },
	{ "./-a", "./-a", { .dots = false } },
	{ "-1FL", "", { .names = true, .classify = true, .follow = true } },
	{ "-R x", "x", { .recursive = true } },
	{ "-t", "", { .order = FS_ORDER_TIME } },
	{ "-tS", "", { .order = FS_ORDER_SIZE } },
	{ "-tU", "", { .order = FS_ORDER_NONE } },
	{ "-r", "", { .order = FS_ORDER_NAME, .reverse = true } },
	{ "-rt", "", { .order = FS_ORDER_TIME, .reverse = true } },
	{ "-CxhXZ9 a", "a", { .dots = false } },
	/* What is no word of options is a name, and "--" ends them. */
	{ "-", "-", { .dots = false } },
	{ "-a.txt", "-a.txt", { .dots = false } },
	{ "-a -b_c", "-b_c", { .dots = true, .hidden = true } },
	{ "--", "", { .dots = false } },
	{ "-- -l", "-l", { .dots = false } },
	{ "-a -- -l", "-l", { .dots = true, .hidden = true } },
	{ "--  x", " x", { .dots = false } },
	{ "-- -- x", "-- x", { .dots = false } },
	{ "--all", "--all", { .dots = false } },
	{ "-a\xc3\xa4", "-a\xc3\xa4", { .dots = false } },
};

static bool
same_options(const struct args_list *a, const struct args_list *b)
{
	return (a->dots == b->dots && a->hidden == b->hidden &&
	    a->self == b->self && a->recursive == b->recursive &&
	    a->follow == b->follow && a->classify == b->classify &&
	    a->reverse == b->reverse && a->lines == b->lines &&
	    a->names == b->names && a->order == b->order);
}

static void
list_options(void)
{
	struct args_list options;
	const char *rest;
	size_t i;

	for (i = 0; i < NITEMS(lists); i++) {
		rest = args_list(lists[i].text, &options);
		CHECK_CASE(strcmp(rest, lists[i].rest) == 0, lists[i].text);
		CHECK_CASE(same_options(&options, &lists[i].options),
		    lists[i].text);
	}
}

static const struct {
	const char *text;
	size_t count;
	const char *names; /* each followed by a "|"; NULL: refused */
} name_lists[] = {
	{ "a", 1, "a|" },
	{ "a b", 2, "a|b|" },
	{ "a   b ", 2, "a|b|" },
	{ "\"a b\" c", 2, "a b|c|" },
	{ "\"a \"\"b\"\"\" \"c\"", 2, "a \"b\"|c|" },
	{ "\"\"\"\"", 1, "\"|" },
	{ "a\"b", 1, "a\"b|" },
	{ "\" \"", 1, " |" },
	{ "", 0, "" },
	{ "\"\"", 0, NULL },
	{ "\"", 0, NULL },
	{ "\"a", 0, NULL },
	{ "\"a\"\"", 0, NULL },
	{ "\"a\"b", 0, NULL },
	{ "\"a\"\"b\" \"", 0, NULL },
};

static void
lists_of_names(void)
{
	char out[64], *at;
	size_t i, count, k;

	for (i = 0; i < NITEMS(name_lists); i++) {
		if (name_lists[i].names == NULL) {
			CHECK_CASE(args_names(name_lists[i].text, out,
				       sizeof(out), &count) == ARGS_SYNTAX,
			    name_lists[i].text);
			continue;
		}
		memset(out, 0, sizeof(out));
		CHECK_CASE(args_names(name_lists[i].text, out, sizeof(out),
			       &count) == ARGS_OK &&
			count == name_lists[i].count,
		    name_lists[i].text);
		for (at = out, k = 0; k < count; k++) {
			at += strlen(at);
			*at++ = '|';
		}
		CHECK_CASE(strcmp(out, name_lists[i].names) == 0, out);
	}
	CU_ASSERT(args_names("abc", out, 3, &count) == ARGS_SYNTAX);
	CU_ASSERT(args_names("abc", out, 4, &count) == ARGS_OK);
}

static const struct {
	const char *text, *first, *second;
} pairs[] = {
	{ "a b", "a", "b" },
	{ "/a/b c", "/a/b", "c" },
	{ "\"a b\" c", "a b", "c" },
	{ "a \"b c\"", "a", "b c" },
	{ "\"a \"\"b\"\"\" \"\"\"\"", "a \"b\"", "\"" },
	{ "a\"b c", "a\"b", "c" },
	{ "a b c", NULL, NULL }, /* no pair */
	{ "a", NULL, NULL },
	{ "a ", NULL, NULL },
	{ " a", NULL, NULL },
	{ "\"a b", NULL, NULL },
	{ "\"a\"b c", NULL, NULL },
	{ "\"\" c", NULL, NULL },
	{ "a \"b\"c", NULL, NULL },
	{ "a \"b\"\"", NULL, NULL }, /* a mark in the name, and none after it */
	{ "\"", NULL, NULL },
	{ "0123456789abcdef b", NULL, NULL },
	{ "", NULL, NULL },
};

static void
two_names(void)
{
	char first[16], second[16];
	enum args_result result;
	size_t i;

	for (i = 0; i < NITEMS(pairs); i++) {
		result = args_pair(pairs[i].text, first, second, sizeof(first));
		CHECK_CASE((result == ARGS_OK) == (pairs[i].first != NULL),
		    pairs[i].text);
		if (result == ARGS_OK && pairs[i].first != NULL)
			CHECK_CASE(strcmp(first, pairs[i].first) == 0 &&
				strcmp(second, pairs[i].second) == 0,
			    pairs[i].text);
	}
}

CU_TestInfo args_tests[] = {
	{ "PORT", port },
	{ "EPRT", eprt },
	{ "EPSV", epsv },
	{ "TYPE", type },
	{ "numbers", number },
	{ "OPTS MLST", facts },
	{ "options of LIST", list_options },
	{ "lists of names", lists_of_names },
	{ "two names", two_names },
	CU_TEST_INFO_NULL,
};
