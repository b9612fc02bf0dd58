/* Unit tests of shm/base/checksum.c. */
#include "shm/base/checksum.h"

#include <string.h>

#include "tests/unit/suites.h"

static void
known(void)
{
	static const struct {
		const char *name, *sum; /* of "123456789" */
	} cases[] = {
		{ "CRC32", "cbf43926" },
		{ "md5", "25f9e794323b453885f5181f1b624d0b" },
		{ "SHA-1", "f7c3bc1d808e04732adf679965ccc34ca7ae3441" },
		{ "sha-256",
		    "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312"
		    "448eb225" },
		{ "SHA-512",
		    "d9e6762dd1c8eaf6d61b3c6192fc408d4d6d5f1176d0c29169bc24e7"
		    "1c3f274ad27fcd5811b313d681f7e55ec02d73d499c95455b6b5bb50"
		    "3acf574fba8ffe85" },
	};
	char text[CHECKSUM_TEXT_MAX];
	struct checksum *checksum;
	enum checksum_kind kind;
	size_t i;

	for (i = 0; i < NITEMS(cases); i++) {
		CU_ASSERT_FATAL(checksum_find(cases[i].name, &kind));
		CHECK_CASE(checksum_available(kind), cases[i].name);
		checksum = checksum_new(kind);
		CU_ASSERT_PTR_NOT_NULL_FATAL(checksum);
		checksum_add(checksum, "1234", 4);
		checksum_add(checksum, "", 0);
		checksum_add(checksum, "56789", 5);
		CHECK_CASE(checksum_end(checksum, text) == 0 &&
			strcmp(text, cases[i].sum) == 0,
		    cases[i].name);
		checksum_free(&checksum);
		CU_ASSERT_PTR_NULL(checksum);
	}
}

static void
names(void)
{
	enum checksum_kind kind;

	CU_ASSERT_STRING_EQUAL(checksum_name((enum checksum_kind)0), "SHA-256");
	CU_ASSERT(!checksum_find("", &kind));
	CU_ASSERT(!checksum_find("SHA256", &kind));
	CU_ASSERT(!checksum_find("CRC-37", &kind));
}

/* One without a byte, and one that is dropped. */
static void
nothing(void)
{
	struct checksum *checksum = checksum_new(CHECKSUM_CRC32);
	char text[CHECKSUM_TEXT_MAX];

	CU_ASSERT_PTR_NOT_NULL_FATAL(checksum);
	CU_ASSERT(checksum_end(checksum, text) == 0);
	CU_ASSERT_STRING_EQUAL(text, "00000000");
	checksum_free(&checksum);
	checksum_free(&checksum);
	checksum = checksum_new(CHECKSUM_SHA512);
	CU_ASSERT_PTR_NOT_NULL_FATAL(checksum);
	checksum_free(&checksum);
}

static void
several(void)
{
	struct checksum_set *set;
	struct checksum_texts texts;

	CU_ASSERT_PTR_NULL(checksum_set_new(0));
	CU_ASSERT_PTR_NULL(checksum_set_new(1U << CHECKSUM_COUNT));
	set = checksum_set_new(1U << CHECKSUM_CRC32 | 1U << CHECKSUM_MD5);
	CU_ASSERT_PTR_NOT_NULL_FATAL(set);
	checksum_set_add(set, "12345678", 8);
	checksum_set_add(set, "9", 1);
	CU_ASSERT_EQUAL(checksum_set_end(set, &texts), 0);
	CU_ASSERT_STRING_EQUAL(texts.text[CHECKSUM_CRC32], "cbf43926");
	CU_ASSERT_STRING_EQUAL(texts.text[CHECKSUM_MD5],
	    "25f9e794323b453885f5181f1b624d0b");
	CU_ASSERT_STRING_EQUAL(texts.text[CHECKSUM_SHA256], "");
	checksum_set_free(&set);
	checksum_set_free(&set);
}

CU_TestInfo checksum_tests[] = {
	{ "known sums", known },
	{ "names", names },
	{ "nothing", nothing },
	{ "several", several },
	CU_TEST_INFO_NULL,
};
