/* Unit tests of lines of logs: what becomes of a peer's bytes in them. */
#include <CUnit/CUnit.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/suites.h"
#include "worker/ftp/entry.h"

static const struct {
	const char *what, *bytes;
	const char *text, *json;
} values[] = {
	{ "plain text", "hello", "hello", "hello" },
	{ "a quotation mark", "a\"b", "a\\x22b", "a\\\"b" },
	{ "a backslash", "a\\b", "a\\x5cb", "a\\\\b" },
	{ "a line end", "a\nb", "a\\x0ab", "a\\nb" },
	{ "an escape sequence", "\x1b[2J", "\\x1b[2J", "\\u001b[2J" },
	{ "DEL", "\x7f", "\\x7f", "\\u007f" },
	{ "UTF-8", "gr\xc3\xbc", "gr\xc3\xbc", "gr\xc3\xbc" },
	{ "a C1 control", "\xc2\x85", "\\xc2\\x85", "\\\\xc2\\\\x85" },
	{ "no UTF-8", "a\xff", "a\\xff", "a\\\\xff" },
	{ "a cut sequence", "\xe2\x82", "\\xe2\\x82", "\\\\xe2\\\\x82" },
};

static void
clear(struct entry_line *line)
{
	line->len = 0;
	line->full = false;
	line->text[0] = '\0';
}

static void
escapes(void)
{
	struct entry_line line;
	size_t i;

	for (i = 0; i < NITEMS(values); i++) {
		clear(&line);
		entry_put_text(&line, (const uint8_t *)values[i].bytes,
		    strlen(values[i].bytes));
		CHECK_CASE(strcmp(line.text, values[i].text) == 0,
		    values[i].what);
		clear(&line);
		entry_put_json(&line, (const uint8_t *)values[i].bytes,
		    strlen(values[i].bytes));
		CHECK_CASE(strcmp(line.text, values[i].json) == 0,
		    values[i].what);
	}
}

/* All bytes there are, behind each other, are JSON that can be read. */
static void
makes_json(void)
{
	struct entry_line line;
	json_error_t error;
	uint8_t bytes[256];
	json_t *read;
	size_t i;

	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	clear(&line);
	entry_put(&line, "[\"", 2);
	entry_put_json(&line, bytes, sizeof(bytes));
	entry_put(&line, "\"]", 2);
	read = json_loads(line.text, JSON_ALLOW_NUL, &error);
	CU_ASSERT_PTR_NOT_NULL(read);
	json_decref(read);
	clear(&line);
	entry_put_text(&line, bytes, sizeof(bytes));
	CU_ASSERT_EQUAL(strpbrk(line.text, "\n\r\t\x1b\""), NULL);
}

static void
stops_when_full(void)
{
	static uint8_t bytes[2 * LOG_LINE_MAX];
	struct entry_line line;

	memset(bytes, 0xff, sizeof(bytes));
	clear(&line);
	entry_put_text(&line, bytes, sizeof(bytes));
	CU_ASSERT_TRUE(line.full);
	CU_ASSERT(line.len + 4 < LOG_LINE_MAX);
	CU_ASSERT_EQUAL(strlen(line.text), line.len);
	/* Not half an escape. */
	CU_ASSERT_EQUAL(line.len % 4, 0);
	entry_put(&line, "x", 1);
	CU_ASSERT_EQUAL(line.text[line.len - 1], 'f');
}

CU_TestInfo entry_tests[] = {
	{ "bytes of a peer are escaped", escapes },
	{ "any bytes make JSON", makes_json },
	{ "a full line takes no more", stops_when_full },
	CU_TEST_INFO_NULL,
};
