/* Unit tests of worker/ftp/syntax/ascii.c. */
#include "worker/ftp/syntax/ascii.h"

#include <string.h>

#include "tests/unit/suites.h"

static const struct {
	const char *what, *file, *wire;
} sends[] = {
	{ "nothing", "", "" },
	{ "no line end", "abc", "abc" },
	{ "one line", "abc\n", "abc\r\n" },
	{ "empty lines", "\n\n", "\r\n\r\n" },
	{ "a line that has its CR already", "a\r\nb\n", "a\r\nb\r\n" },
	{ "a CR in a line", "a\rb", "a\rb" },
	{ "a CR at the end", "a\r", "a\r" },
};

static const struct {
	const char *what, *wire, *file;
} receives[] = {
	{ "nothing", "", "" },
	{ "one line", "abc\r\n", "abc\n" },
	{ "a bare LF", "a\nb", "a\nb" },
	{ "a CR in a line", "a\rb\r\n", "a\rb\n" },
	{ "two CRs and a LF", "a\r\r\n", "a\r\n" },
	{ "a CR at the end", "a\r", "a\r" },
	{ "CRs only", "\r\r\r", "\r\r\r" },
};

/* Feeds text in pieces of step bytes; the result is in out. */
static size_t
to_wire(const char *text, size_t step, uint8_t *out)
{
	struct ascii ascii = { false };
	size_t len = strlen(text), used = 0, at, n;

	for (at = 0; at < len; at += n) {
		n = len - at < step ? len - at : step;
		used += ascii_to_wire(&ascii, (const uint8_t *)text + at, n,
		    out + used);
	}
	return (used);
}

static size_t
to_file(const char *text, size_t step, uint8_t *out)
{
	struct ascii ascii = { false };
	size_t len = strlen(text), used = 0, at, n;

	for (at = 0; at < len; at += n) {
		n = len - at < step ? len - at : step;
		used += ascii_to_file(&ascii, (const uint8_t *)text + at, n,
		    out + used);
	}
	return (used + ascii_end(&ascii, out + used));
}

/* The result does not depend on where blocks end. */
static void
sends_lines(void)
{
	uint8_t out[64];
	size_t i, step, len;

	for (i = 0; i < NITEMS(sends); i++) {
		for (step = 1; step < 8; step++) {
			len = to_wire(sends[i].file, step, out);
			CHECK_CASE(len == strlen(sends[i].wire) &&
				memcmp(out, sends[i].wire, len) == 0,
			    sends[i].what);
		}
	}
}

static void
receives_lines(void)
{
	uint8_t out[64];
	size_t i, step, len;

	for (i = 0; i < NITEMS(receives); i++) {
		for (step = 1; step < 8; step++) {
			len = to_file(receives[i].wire, step, out);
			CHECK_CASE(len == strlen(receives[i].file) &&
				memcmp(out, receives[i].file, len) == 0,
			    receives[i].what);
		}
	}
}

/* What a block may grow to, as the header promises. */
static void
grows_as_promised(void)
{
	struct ascii ascii = { false };
	uint8_t in[16], out[2 * sizeof(in)];

	memset(in, '\n', sizeof(in));
	CU_ASSERT(ascii_to_wire(&ascii, in, sizeof(in), out) == 2 * sizeof(in));
	memset(in, 'x', sizeof(in));
	ascii.cr = true;
	CU_ASSERT(ascii_to_file(&ascii, in, sizeof(in), out) == sizeof(in) + 1);
}

CU_TestInfo ascii_tests[] = {
	{ "LF becomes CR LF on the wire", sends_lines },
	{ "CR LF becomes LF in files", receives_lines },
	{ "blocks grow as promised", grows_as_promised },
	CU_TEST_INFO_NULL,
};
