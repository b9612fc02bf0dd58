/* Unit tests of worker/ftp/syntax/printable.c. */
#include "worker/ftp/syntax/printable.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/suites.h"

#define MOST PRINTABLE_BYTES_MAX

static const struct {
	const char *what, *bytes, *lines;
} texts[] = {
	{ "nothing", "", "" },
	{ "a line", "hello\n", "hello\n" },
	{ "a line without an end", "hello", "hello\n" },
	{ "lines", "a\nb\n", "a\nb\n" },
	{ "lines of another system", "a\r\nb\r\n", "a\nb\n" },
	{ "empty lines", "\n\na\n\nb\n\n\n", "\n\na\n\nb\n" },
	{ "empty lines alone", "\n\n\n", "" },
	{ "a tab", "a\tb", "a b\n" },
	{ "control characters", "\x1b[2J\x07\x7f", "?[2J??\n" },
	{ "a CR within", "a\rb\n", "a?b\n" },
	{ "C1 as UTF-8",
	    "a\xc2\x9b"
	    "2Jb",
	    "a?2Jb\n" },
	{ "UTF-8", "gr\xc3\xbc\xc3\x9f \xe2\x82\xac\n",
	    "gr\xc3\xbc\xc3\x9f \xe2\x82\xac\n" },
	{ "no UTF-8", "gr\xfc \xe2\x82\n", "gr\xfc \xe2\x82\n" },
	{ "replies", "250 no\n230-no\n", "250 no\n230-no\n" },
};

static void
makes_lines(void)
{
	char out[PRINTABLE_TEXT_MAX];
	size_t i;

	for (i = 0; i < NITEMS(texts); i++) {
		printable_lines((const uint8_t *)texts[i].bytes,
		    strlen(texts[i].bytes), out);
		CHECK_CASE(strcmp(out, texts[i].lines) == 0, texts[i].what);
	}
	printable_lines((const uint8_t *)"a\0b", 3, out);
	CU_ASSERT_STRING_EQUAL(out, "a?b\n");
}

static void
bounds_lines(void)
{
	char out[PRINTABLE_TEXT_MAX];
	char many[2 * (PRINTABLE_LINES_MAX + 1) + 1];
	size_t i;

	for (i = 0; i < sizeof(many) - 1; i += 2)
		memcpy(many + i, "x\n", 2);
	many[sizeof(many) - 1] = '\0';
	printable_lines((const uint8_t *)many, (size_t)2 * PRINTABLE_LINES_MAX,
	    out);
	CU_ASSERT(strlen(out) == (size_t)2 * PRINTABLE_LINES_MAX);
	CU_ASSERT_PTR_NULL(strstr(out, "..."));
	printable_lines((const uint8_t *)many, sizeof(many) - 1, out);
	CU_ASSERT(strlen(out) == (size_t)2 * PRINTABLE_LINES_MAX + 4);
	CU_ASSERT_STRING_EQUAL(out + strlen(out) - 6, "x\n...\n");
}

/* Bytes of which the last that fit are a part of euro, or all of it. */
static void
bounds_bytes(void)
{
	static const char euro[3] = { '\xe2', '\x82', '\xac' };
	char bytes[MOST + 3], out[PRINTABLE_TEXT_MAX];
	size_t inside, kept;

	for (inside = 0; inside <= 3; inside++) {
		memset(bytes, 'x', sizeof(bytes));
		memcpy(bytes + MOST - inside, euro, sizeof(euro));
		kept = inside == 3 ? MOST : MOST - inside;
		printable_lines((const uint8_t *)bytes, sizeof(bytes), out);
		CU_ASSERT_EQUAL(strlen(out), kept + strlen("\n...\n"));
		CU_ASSERT_STRING_EQUAL(out + kept, "\n...\n");
	}
	memset(bytes, 'x', sizeof(bytes));
	printable_lines((const uint8_t *)bytes, MOST, out);
	CU_ASSERT_EQUAL(strlen(out), MOST + 1);
	printable_lines((const uint8_t *)bytes, MOST + 1, out);
	CU_ASSERT_EQUAL(strlen(out), MOST + 5);
	memset(bytes, 0xff, sizeof(bytes));
	printable_lines((const uint8_t *)bytes, sizeof(bytes), out);
	CU_ASSERT_EQUAL(strlen(out), MOST + 5);
}

static void
keeps_to_its_room(void)
{
	char text[8] = "1234567";
	struct printable out = { .text = text, .max = 4 };

	printable_put(&out, (const uint8_t *)"a\n", 2);
	CU_ASSERT(out.len == 2 && memcmp(text, "a?34567", 7) == 0);
	printable_put(&out, (const uint8_t *)"\xe2\x82\xac", 3);
	CU_ASSERT(out.len == 2 && memcmp(text, "a?34567", 7) == 0);
	printable_put(&out, (const uint8_t *)"\xc3\xbcz", 3);
	CU_ASSERT(out.len == 4 &&
	    memcmp(text,
		"a?\xc3\xbc"
		"567",
		7) == 0);
}

CU_TestInfo printable_tests[] = {
	{ "makes lines", makes_lines },
	{ "bounds lines", bounds_lines },
	{ "bounds bytes", bounds_bytes },
	{ "keeps to its room", keeps_to_its_room },
	CU_TEST_INFO_NULL,
};
