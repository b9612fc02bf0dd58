/* Unit tests of worker/ftp/syntax/input.c. */
#include "worker/ftp/syntax/input.h"

#include <string.h>

#include "tests/unit/suites.h"

static int
feed(struct input *input, const char *text, size_t len)
{
	if (len > input_room(input))
		return (-1);
	return (input_feed(input, (const uint8_t *)text, len));
}

#define FEED(input, text) feed((input), (text), sizeof(text) - 1)

static const struct {
	const char *what, *bytes;
	size_t len;
	enum input_result result;
	const char *line;
} cases[] = {
#define CASE(what, bytes, result, line)                      \
	{                                                    \
		what, bytes, sizeof(bytes) - 1, result, line \
	}
	CASE("a command", "NOOP\r\n", INPUT_LINE, "NOOP"),
	CASE("a bare LF ends a line", "NOOP\n", INPUT_LINE, "NOOP"),
	CASE("no end yet", "NOOP", INPUT_NONE, ""),
	CASE("a CR and no LF yet", "NOOP\r", INPUT_NONE, ""),
	CASE("an empty line", "\r\n", INPUT_LINE, ""),
	CASE("spaces are kept", "RETR  a \r\n", INPUT_LINE, "RETR  a "),
	CASE("a CR inside", "RETR a\rb\r\n", INPUT_BAD, ""),
	CASE("two CRs at the end", "NOOP\r\r\n", INPUT_BAD, ""),
	CASE("a NUL inside", "RETR a\0b\r\n", INPUT_BAD, ""),
	CASE("Telnet's interrupt and mark",
	    "\xff\xf4\xff\xf2"
	    "ABOR\r\n",
	    INPUT_LINE, "ABOR"),
	CASE("a negotiation", "\xff\xfb\x01\xff\xfe\x0aNOOP\r\n", INPUT_LINE,
	    "NOOP"),
	CASE("a doubled 255 is one", "RETR \xff\xff\r\n", INPUT_LINE,
	    "RETR \xff"),
	CASE("a 255 before a letter is a byte",
	    "RETR \xff"
	    "a\r\n",
	    INPUT_LINE,
	    "RETR \xff"
	    "a"),
	CASE("a 255 before the end is a byte", "RETR \xff\r\n", INPUT_LINE,
	    "RETR \xff"),
	CASE("UTF-8 is not touched", "RETR \xc3\xa4\r\n", INPUT_LINE,
	    "RETR \xc3\xa4"),
#undef CASE
};

static void
takes_lines(void)
{
	char line[INPUT_LINE_MAX + 1];
	enum input_result result;
	struct input input;
	size_t i;

	for (i = 0; i < NITEMS(cases); i++) {
		input_init(&input);
		line[0] = '\0';
		CHECK_CASE(feed(&input, cases[i].bytes, cases[i].len) == 0,
		    cases[i].what);
		result = input_take(&input, line);
		CHECK_CASE(result == cases[i].result, cases[i].what);
		if (result == INPUT_LINE)
			CHECK_CASE(strcmp(line, cases[i].line) == 0,
			    cases[i].what);
		input_free(&input);
	}
}

/* The same, byte by byte: the state is kept between reads. */
static void
takes_torn_lines(void)
{
	char line[INPUT_LINE_MAX + 1];
	enum input_result result = INPUT_NONE;
	struct input input;
	size_t i, j;

	for (i = 0; i < NITEMS(cases); i++) {
		input_init(&input);
		for (j = 0; j < cases[i].len; j++) {
			CHECK_CASE(result == INPUT_NONE, cases[i].what);
			(void)feed(&input, cases[i].bytes + j, 1);
			result = input_take(&input, line);
		}
		CHECK_CASE(result == cases[i].result, cases[i].what);
		if (result == INPUT_LINE)
			CHECK_CASE(strcmp(line, cases[i].line) == 0,
			    cases[i].what);
		result = INPUT_NONE;
		input_free(&input);
	}
}

static void
takes_lines_in_order(void)
{
	char line[INPUT_LINE_MAX + 1];
	struct input input;

	input_init(&input);
	CU_ASSERT(FEED(&input, "USER a\r\nPASS b\r\nNO") == 0);
	CU_ASSERT(input_take(&input, line) == INPUT_LINE);
	CU_ASSERT_STRING_EQUAL(line, "USER a");
	CU_ASSERT(input_take(&input, line) == INPUT_LINE);
	CU_ASSERT_STRING_EQUAL(line, "PASS b");
	CU_ASSERT(input_take(&input, line) == INPUT_NONE);
	CU_ASSERT(FEED(&input, "OP\r\n") == 0);
	CU_ASSERT(input_take(&input, line) == INPUT_LINE);
	CU_ASSERT_STRING_EQUAL(line, "NOOP");
	input_free(&input);
}

/* Feeds count bytes x, as often as there is room; takes what comes. */
static unsigned int
flood(struct input *input, size_t count)
{
	char block[512], line[INPUT_LINE_MAX + 1];
	unsigned int answers = 0;
	size_t n;

	memset(block, 'x', sizeof(block));
	for (; count > 0; count -= n) {
		n = input_room(input);
		CU_ASSERT(n > 0);
		if (n == 0)
			return (answers);
		n = n < sizeof(block) ? n : sizeof(block);
		n = n < count ? n : count;
		(void)feed(input, block, n);
		if (input_take(input, line) != INPUT_NONE)
			answers++;
	}
	return (answers);
}

/* One answer, and nothing of the rest of the line is a command. */
static void
drops_a_line_that_is_too_long(void)
{
	char line[INPUT_LINE_MAX + 1];
	struct input input;

	input_init(&input);
	CU_ASSERT(flood(&input, 1048576) == 1);
	CU_ASSERT(buf_len(&input.buf) == 0);
	CU_ASSERT(FEED(&input, "DELE a\r\nNOOP\r\n") == 0);
	CU_ASSERT(input_take(&input, line) == INPUT_LINE);
	CU_ASSERT_STRING_EQUAL(line, "NOOP");
	input_free(&input);
}

static void
line_of_the_greatest_length(void)
{
	char line[INPUT_LINE_MAX + 1];
	struct input input;

	input_init(&input);
	CU_ASSERT(flood(&input, INPUT_LINE_MAX) == 0);
	CU_ASSERT(FEED(&input, "\r\n") == 0);
	CU_ASSERT(input_take(&input, line) == INPUT_LINE);
	CU_ASSERT(strlen(line) == INPUT_LINE_MAX);
	CU_ASSERT(flood(&input, INPUT_LINE_MAX) == 0);
	CU_ASSERT(FEED(&input, "y\r\nNOOP\r\n") == 0);
	CU_ASSERT(input_take(&input, line) == INPUT_TOO_LONG);
	CU_ASSERT(input_take(&input, line) == INPUT_LINE);
	CU_ASSERT_STRING_EQUAL(line, "NOOP");
	input_free(&input);
}

/* Whoever feeds only what there is room for never overruns the buffer. */
static void
is_bounded(void)
{
	static const char noop[] = "NOOP\r\n";
	struct input input;
	size_t fed = 0;

	input_init(&input);
	while (input_room(&input) >= sizeof(noop) - 1) {
		CU_ASSERT(FEED(&input, "NOOP\r\n") == 0);
		fed += sizeof(noop) - 1;
	}
	CU_ASSERT(fed > INPUT_MAX / 2 && fed <= INPUT_MAX);
	while (input_room(&input) > 0)
		CU_ASSERT(FEED(&input, "x") == 0);
	CU_ASSERT(buf_len(&input.buf) <= INPUT_MAX);
	input_free(&input);
}

static void
peeks(void)
{
	char head[8], line[INPUT_LINE_MAX + 1];
	struct input input;
	size_t offset = 0;

	input_init(&input);
	CU_ASSERT(FEED(&input, "PWD\r\nRETR abcdef\nABOR\r\nNO") == 0);
	CU_ASSERT(input_peek(&input, &offset, head, sizeof(head)));
	CU_ASSERT_STRING_EQUAL(head, "PWD");
	CU_ASSERT(input_peek(&input, &offset, head, sizeof(head)));
	CU_ASSERT_STRING_EQUAL(head, "RETR ab");
	CU_ASSERT(input_peek(&input, &offset, head, sizeof(head)));
	CU_ASSERT_STRING_EQUAL(head, "ABOR");
	CU_ASSERT(!input_peek(&input, &offset, head, sizeof(head)));
	CU_ASSERT(input_take(&input, line) == INPUT_LINE);
	CU_ASSERT_STRING_EQUAL(line, "PWD");
	input_free(&input);
}

/* What came in clear is dropped whole, half a Telnet command with it. */
static void
discards(void)
{
	char line[INPUT_LINE_MAX + 1];
	struct input input;

	input_init(&input);
	CU_ASSERT(FEED(&input, "PASS x\r\nNO\xff") == 0);
	CU_ASSERT(input_discard(&input) == 10);
	CU_ASSERT(input_discard(&input) == 0);
	CU_ASSERT(FEED(&input, "NOOP\r\n") == 0);
	CU_ASSERT(input_take(&input, line) == INPUT_LINE);
	CU_ASSERT_STRING_EQUAL(line, "NOOP");
	input_free(&input);
}

CU_TestInfo input_tests[] = {
	{ "lines", takes_lines },
	{ "lines that come byte by byte", takes_torn_lines },
	{ "lines come in order", takes_lines_in_order },
	{ "too long a line is dropped once", drops_a_line_that_is_too_long },
	{ "the longest line", line_of_the_greatest_length },
	{ "input is bounded", is_bounded },
	{ "input_peek", peeks },
	{ "input_discard", discards },
	CU_TEST_INFO_NULL,
};
