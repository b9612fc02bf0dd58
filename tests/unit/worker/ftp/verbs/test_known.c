/* Unit tests of worker/ftp/verbs/known.c. */
#include "worker/ftp/verbs/known.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/suites.h"

static struct stat
file(unsigned int inode)
{
	struct stat st;

	memset(&st, 0, sizeof(st));
	st.st_dev = 1;
	st.st_ino = inode;
	st.st_size = 10;
	st.st_mtim.tv_sec = 100;
	st.st_mtim.tv_nsec = 5;
	st.st_ctim.tv_sec = 101;
	st.st_ctim.tv_nsec = 6;
	return (st);
}

static struct checksum_texts
sums(const char *sha256)
{
	struct checksum_texts texts;

	memset(&texts, 0, sizeof(texts));
	(void)snprintf(texts.text[CHECKSUM_SHA256], CHECKSUM_TEXT_MAX, "%s",
	    sha256);
	return (texts);
}

static bool
is(const struct known *known, const struct stat *st, const char *wanted)
{
	const char *found = known_find(known, st, CHECKSUM_SHA256);

	return (wanted == NULL ? found == NULL
			       : found != NULL && strcmp(found, wanted) == 0);
}

static void
finds_what_is_the_same(void)
{
	struct checksum_texts texts = sums("one");
	struct known *known = NULL;
	struct stat st = file(1), other;

	CU_ASSERT(is(known, &st, NULL));
	known_add(&known, &st, &texts);
	CU_ASSERT(is(known, &st, "one"));
	CU_ASSERT_PTR_NULL(known_find(known, &st, CHECKSUM_MD5));
	other = st;
	other.st_ino++;
	CU_ASSERT(is(known, &other, NULL));
	other = st;
	other.st_dev++;
	CU_ASSERT(is(known, &other, NULL));
	other = st;
	other.st_size++;
	CU_ASSERT(is(known, &other, NULL));
	other = st;
	other.st_mtim.tv_nsec++;
	CU_ASSERT(is(known, &other, NULL));
	other = st;
	other.st_ctim.tv_sec++;
	CU_ASSERT(is(known, &other, NULL));
	other = file(0);
	memset(&other, 0, sizeof(other));
	CU_ASSERT(is(known, &other, NULL));
	known_free(&known);
	CU_ASSERT_PTR_NULL(known);
	known_free(&known);
}

static void
forgets_the_oldest(void)
{
	struct checksum_texts texts = sums("one"), again = sums("again");
	struct known *known = NULL;
	struct stat st;
	unsigned int i;

	for (i = 1; i <= KNOWN_MAX; i++) {
		st = file(i);
		known_add(&known, &st, &texts);
	}
	/* The same inode is there once, and now the last one. */
	st = file(2);
	st.st_ctim.tv_sec++;
	known_add(&known, &st, &again);
	CU_ASSERT(is(known, &st, "again"));
	st = file(2);
	CU_ASSERT(is(known, &st, NULL));
	st = file(1);
	CU_ASSERT(is(known, &st, "one"));
	for (i = 1; i < KNOWN_MAX; i++) {
		st = file(KNOWN_MAX + i);
		known_add(&known, &st, &texts);
		CU_ASSERT(is(known, &st, "one"));
		st = file(i == 1 ? 1 : i + 1);
		CU_ASSERT(is(known, &st, NULL));
	}
	st = file(2);
	st.st_ctim.tv_sec++;
	CU_ASSERT(is(known, &st, "again"));
	known_free(&known);
}

CU_TestInfo known_tests[] = {
	{ "finds what is the same", finds_what_is_the_same },
	{ "forgets the oldest", forgets_the_oldest },
	CU_TEST_INFO_NULL,
};
