/* Unit tests of shm/base/charset.c. */
#include "shm/base/charset.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/suites.h"

static const char *const sets[] = { "GBK", "WINDOWS-1252", "ISO-8859-1",
	"SHIFT_JIS", "GB18030", "EUC-JP", "EUC-KR", "KOI8-R", "WINDOWS-1251" };

static const struct {
	const char *set, *theirs, *ours;
} names[] = {
	{ "GBK", "\xd6\xd0\xce\xc4 a", "\xe4\xb8\xad\xe6\x96\x87 a" },
	{ "WINDOWS-1252", "caf\xe9 \x80", "caf\xc3\xa9 \xe2\x82\xac" },
	{ "ISO-8859-1", "\xff\xff", "\xc3\xbf\xc3\xbf" },
	/* The second bytes are "\" and "|". */
	{ "SHIFT_JIS", "\x95\x5c\x83\x7c", "\xe8\xa1\xa8\xe3\x83\x9d" },
	/* Bytes that are no characters: a half, and one that is none. */
	{ "GBK", "a\xd6", "a\xd6" },
	{ "GBK", "\xff/\xff", "\xff/\xff" },
	{ "WINDOWS-1252", "\x81\x8d", "\x81\x8d" },
	/* What the set cannot say is told and taken as it is. */
	{ "WINDOWS-1252", "\xc3\xa9\xe6\x97\xa5", "\xc3\xa9\xe6\x97\xa5" },
	{ "ISO-8859-1", "RETR \xe2\x82\xac", "RETR \xe2\x82\xac" },
};

static bool
becomes(const struct buf *out, const char *text)
{
	return (buf_len(out) == strlen(text) &&
	    memcmp(buf_data(out), text, strlen(text)) == 0);
}

static void
converts_names(void)
{
	const struct charset *charset;
	struct buf out;
	size_t i;

	for (i = 0; i < NITEMS(names); i++) {
		charset = charset_open(names[i].set);
		CU_ASSERT_PTR_NOT_NULL_FATAL(charset);
		buf_init(&out, 0);
		CU_ASSERT_EQUAL(charset_to_utf8(charset,
				    (const uint8_t *)names[i].theirs,
				    strlen(names[i].theirs), &out),
		    0);
		CHECK_CASE(becomes(&out, names[i].ours), names[i].set);
		buf_consume(&out, buf_len(&out));
		CU_ASSERT_EQUAL(charset_from_utf8(charset,
				    (const uint8_t *)names[i].ours,
				    strlen(names[i].ours), &out),
		    0);
		CHECK_CASE(becomes(&out, names[i].theirs), names[i].set);
		buf_free(&out);
	}
}

static bool
comes_back(const struct charset *charset, const uint8_t *line, size_t len)
{
	struct buf ours, theirs;
	bool same;

	buf_init(&ours, 0);
	buf_init(&theirs, 0);
	same = charset_to_utf8(charset, line, len, &ours) == 0 &&
	    charset_from_utf8(charset, buf_data(&ours), buf_len(&ours),
		&theirs) == 0 &&
	    buf_len(&theirs) == len &&
	    memcmp(buf_data(&theirs), line, len) == 0;
	buf_free(&ours);
	buf_free(&theirs);
	return (same);
}

/* How many pairs of bytes are not as before. */
static size_t
lost_pairs(const struct charset *charset)
{
	size_t failed = 0;
	unsigned int n;
	uint8_t line[2];

	for (n = 0; n < 0x10000; n++) {
		line[0] = (uint8_t)(n >> 8);
		line[1] = (uint8_t)n;
		failed += !comes_back(charset, line, 2);
	}
	return (failed);
}

/* How many of many longer strings, of what is hardly ever text. */
static size_t
lost_strings(const struct charset *charset)
{
	size_t failed = 0, len, i;
	unsigned int n;
	uint8_t line[12];

	for (n = 0; n < 100000; n++) {
		len = 1 + (size_t)random() % sizeof(line);
		for (i = 0; i < len; i++)
			line[i] = (uint8_t)(random() |
			    (random() % 4 != 0 ? 0x80 : 0));
		failed += !comes_back(charset, line, len);
	}
	return (failed);
}

static void
brings_all_bytes_back(void)
{
	const struct charset *charset;
	size_t i;

	srandom(1);
	for (i = 0; i < NITEMS(sets); i++) {
		charset = charset_open(sets[i]);
		CU_ASSERT_PTR_NOT_NULL_FATAL(charset);
		CHECK_CASE(lost_pairs(charset) == 0, sets[i]);
		CHECK_CASE(lost_strings(charset) == 0, sets[i]);
	}
}

/* Those in which a command would not be what it looks like. */
static void
refuses_what_is_no_ascii(void)
{
	static const char *const refused[] = { "UTF-16", "UTF-16LE", "UTF-32",
		"UTF-7", "ISO-2022-JP", "ISO-2022-KR", "IBM037", "EBCDIC-US",
		"HZ", "GBK//TRANSLIT", "ISO-8859-1//IGNORE", "NOSUCH", "" };
	size_t i;

	for (i = 0; i < NITEMS(refused); i++)
		CHECK_CASE(!charset_usable(refused[i]), refused[i]);
	CU_ASSERT_PTR_NULL(charset_find("KOI8-U"));
	CU_ASSERT_PTR_NOT_NULL(charset_open("KOI8-U"));
	CU_ASSERT_PTR_NOT_NULL(charset_find("koi8-u"));
}

CU_TestInfo charset_tests[] = {
	{ "names in other sets", converts_names },
	{ "every byte sequence comes back", brings_all_bytes_back },
	{ "sets that ASCII is no part of", refuses_what_is_no_ascii },
	CU_TEST_INFO_NULL,
};
