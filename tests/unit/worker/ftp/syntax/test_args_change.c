/* Unit tests of worker/ftp/syntax/args_change.c and args_mode.c. */
#include "worker/ftp/syntax/args_change.h"

#include <CUnit/CUnit.h>
#include <string.h>

#include "tests/unit/suites.h"

/* --- modes ---------------------------------------------------------------- */

static const struct {
	const char *mode;
	enum args_result result;
	uint32_t keep, set, set_x;
} modes[] = {
	{ "644", ARGS_OK, 03000, 0644, 0 },
	{ "0644", ARGS_OK, 03000, 0644, 0 },
	{ "0", ARGS_OK, 03000, 0, 0 },
	{ "00000000000644", ARGS_OK, 03000, 0644, 0 },
	{ "2775", ARGS_OK, 03000, 02775, 0 },
	{ "1777", ARGS_OK, 03000, 01777, 0 },
	{ "4755", ARGS_UNSUPPORTED, 0, 0, 0 },
	{ "6755", ARGS_UNSUPPORTED, 0, 0, 0 },
	{ "10644", ARGS_UNSUPPORTED, 0, 0, 0 },
	{ "37777777777777777777777", ARGS_UNSUPPORTED, 0, 0, 0 },
	{ "888", ARGS_SYNTAX, 0, 0, 0 },
	{ "64x", ARGS_SYNTAX, 0, 0, 0 },
	{ "+644", ARGS_SYNTAX, 0, 0, 0 },
	{ "u+x", ARGS_OK, 07777, 0100, 0 },
	{ "go-rwx", ARGS_OK, 07700, 0, 0 },
	{ "a=r", ARGS_OK, 07000, 0444, 0 },
	{ "a=", ARGS_OK, 07000, 0, 0 },
	{ "u=rw,go=r", ARGS_OK, 07000, 0644, 0 },
	{ "u+rwx-w", ARGS_OK, 07577, 0500, 0 },
	{ "g+w,g-w", ARGS_OK, 07757, 0, 0 },
	{ "+x", ARGS_OK, 07777, 0110, 0 },
	{ "-w", ARGS_OK, 07577, 0, 0 },
	{ "=rw", ARGS_OK, 07027, 0640, 0 },
	{ "a+X", ARGS_OK, 07777, 0, 0111 },
	{ "u=rwX,o=", ARGS_OK, 07070, 0600, 0100 },
	{ "a+X,o-x", ARGS_OK, 07776, 0, 0110 },
	{ "a-X", ARGS_OK, 07666, 0, 0 },
	{ "g+s", ARGS_OK, 07777, 02000, 0 },
	{ "o+s", ARGS_OK, 07777, 0, 0 },
	{ "g-s,+t", ARGS_OK, 05777, 01000, 0 },
	{ "u+s", ARGS_UNSUPPORTED, 0, 0, 0 },
	{ "+s", ARGS_UNSUPPORTED, 0, 0, 0 },
	{ "u+s,u-s", ARGS_OK, 03777, 0, 0 },
	{ "g=u", ARGS_UNSUPPORTED, 0, 0, 0 },
	{ "u", ARGS_SYNTAX, 0, 0, 0 },
	{ "u+x,", ARGS_SYNTAX, 0, 0, 0 },
	{ ",u+x", ARGS_SYNTAX, 0, 0, 0 },
	{ "u+z", ARGS_SYNTAX, 0, 0, 0 },
	{ "z+x", ARGS_SYNTAX, 0, 0, 0 },
	{ "", ARGS_SYNTAX, 0, 0, 0 },
};

static void
modes_are_read(void)
{
	struct fs_change change;
	enum args_result result;
	size_t i;
	bool good;

	for (i = 0; i < NITEMS(modes); i++) {
		memset(&change, 0, sizeof(change));
		result = args_mode(modes[i].mode, strlen(modes[i].mode), 027,
		    &change);
		good = result == modes[i].result;
		if (result == ARGS_OK)
			good = good && change.what == FS_CHANGE_MODE &&
			    change.keep == modes[i].keep &&
			    change.set == modes[i].set &&
			    change.set_x == modes[i].set_x;
		CHECK_CASE(good, modes[i].mode);
	}
}

/* --- times ---------------------------------------------------------------- */

static void
modify_time(void)
{
	struct fs_change change = { 0 };
	const char *name;

	CU_ASSERT(args_mfmt("19700101000001 a b", &change, &name) == ARGS_OK);
	CU_ASSERT(change.modified.seconds == 1 && strcmp(name, "a b") == 0);
	CU_ASSERT(change.what == FS_CHANGE_MODIFIED);
	CU_ASSERT(args_mfmt("19700101000001.5  a", &change, &name) == ARGS_OK);
	CU_ASSERT(change.modified.nanoseconds == 500000000);
	CU_ASSERT_STRING_EQUAL(name, " a");
	CU_ASSERT(args_mfmt("197001010000 a", &change, &name) == ARGS_SYNTAX);
	CU_ASSERT(args_mfmt("19700230000001 a", &change, &name) == ARGS_SYNTAX);
	CU_ASSERT(
	    args_mfmt("19700101000001+60 a", &change, &name) == ARGS_SYNTAX);
	CU_ASSERT(args_mfmt("19700101000001", &change, &name) == ARGS_SYNTAX);
	CU_ASSERT(args_mfmt("19700101000001 ", &change, &name) == ARGS_SYNTAX);
	CU_ASSERT(args_mfmt("", &change, &name) == ARGS_SYNTAX);
}

static const struct {
	const char *text;
	enum args_result result;
	int64_t seconds;
	const char *name;
} mdtms[] = {
	{ "19700101000001 a b", ARGS_OK, 1, "a b" },
	{ "19700101010001+60 a", ARGS_OK, 1, "a" },
	{ "19691231230001-60 a", ARGS_OK, 1, "a" },
	{ "19700101000001.25+0 a", ARGS_OK, 1, "a" },
	{ "19700230000001 a", ARGS_UNSUPPORTED, 0, NULL },
	{ "19700101000001.x a", ARGS_UNSUPPORTED, 0, NULL },
	{ "a", ARGS_SYNTAX, 0, NULL },
	{ "19700101000001", ARGS_SYNTAX, 0, NULL },
	{ "19700101000001 ", ARGS_SYNTAX, 0, NULL },
	{ "19700101000001x a", ARGS_SYNTAX, 0, NULL },
	{ "197001010000012 a", ARGS_SYNTAX, 0, NULL },
	{ "1970010100001 a", ARGS_SYNTAX, 0, NULL },
	{ " 19700101000001 a", ARGS_SYNTAX, 0, NULL },
};

static void
mdtm_may_set(void)
{
	struct fs_change change;
	enum args_result result;
	const char *name;
	size_t i;
	bool good;

	for (i = 0; i < NITEMS(mdtms); i++) {
		memset(&change, 0, sizeof(change));
		result = args_mdtm(mdtms[i].text, &change, &name);
		good = result == mdtms[i].result;
		if (result == ARGS_OK)
			good = good &&
			    change.modified.seconds == mdtms[i].seconds &&
			    strcmp(name, mdtms[i].name) == 0;
		CHECK_CASE(good, mdtms[i].text);
	}
}

static void
utime_forms(void)
{
	struct fs_change change = { 0 };
	char name[16];

	CU_ASSERT(args_utime("19700101000001 a b", &change, name,
		      sizeof(name)) == ARGS_OK);
	CU_ASSERT(change.modified.seconds == 1 && change.accessed.seconds == 1);
	CU_ASSERT(change.what == (FS_CHANGE_MODIFIED | FS_CHANGE_ACCESSED));
	CU_ASSERT_STRING_EQUAL(name, "a b");
	CU_ASSERT(args_utime("197001010002 a", &change, name, sizeof(name)) ==
	    ARGS_OK);
	CU_ASSERT(change.modified.seconds == 120);
	CU_ASSERT(args_utime("a b 19700101000001 19700101000002 "
			     "19700101000003 UTC",
		      &change, name, sizeof(name)) == ARGS_OK);
	CU_ASSERT(change.accessed.seconds == 1 && change.modified.seconds == 2);
	CU_ASSERT_STRING_EQUAL(name, "a b");
	CU_ASSERT(args_utime("a 197001010001 197001010002 197001010003 utc",
		      &change, name, sizeof(name)) == ARGS_OK);
	CU_ASSERT(
	    change.accessed.seconds == 60 && change.modified.seconds == 120);
	CU_ASSERT(args_utime("a 19700101000001 19700101000002 UTC", &change,
		      name, sizeof(name)) == ARGS_SYNTAX);
	CU_ASSERT(args_utime("19700101000001 0123456789abcdef", &change, name,
		      sizeof(name)) == ARGS_SYNTAX);
	CU_ASSERT(
	    args_utime(" UTC", &change, name, sizeof(name)) == ARGS_SYNTAX);
	CU_ASSERT(args_utime("", &change, name, sizeof(name)) == ARGS_SYNTAX);
}

/* --- groups and facts ----------------------------------------------------- */

static void
groups(void)
{
	char name[ARGS_GROUP_MAX + 1], lots[ARGS_GROUP_MAX + 2];
	struct fs_change change = { 0 };

	CU_ASSERT(args_group("100 x", 3, &change, name) == ARGS_OK);
	CU_ASSERT(change.gid == 100 && name[0] == '\0');
	CU_ASSERT(args_group("4294967294", 10, &change, name) == ARGS_OK);
	CU_ASSERT(args_group("4294967295", 10, &change, name) == ARGS_SYNTAX);
	CU_ASSERT(args_group("99999999999999999999", 20, &change, name) ==
	    ARGS_SYNTAX);
	CU_ASSERT(args_group("www-data", 8, &change, name) == ARGS_OK);
	CU_ASSERT_STRING_EQUAL(name, "www-data");
	CU_ASSERT(args_group("7zip", 4, &change, name) == ARGS_OK);
	CU_ASSERT_STRING_EQUAL(name, "7zip");
	CU_ASSERT(args_group("", 0, &change, name) == ARGS_SYNTAX);
	memset(lots, 'a', sizeof(lots));
	CU_ASSERT(args_group(lots, sizeof(lots) - 2, &change, name) == ARGS_OK);
	CU_ASSERT(
	    args_group(lots, sizeof(lots) - 1, &change, name) == ARGS_SYNTAX);
}

static const struct {
	const char *text;
	enum args_result result;
	uint32_t what;
	const char *rest; /* the name, or the fact that is wrong */
} mffs[] = {
	{ "Modify=19700101000001; a", ARGS_OK, FS_CHANGE_MODIFIED, "a" },
	{ "modify=19700101000001 a", ARGS_OK, FS_CHANGE_MODIFIED, "a" },
	{ "UNIX.MODE=0644;unix.group=5;MODIFY=19700101000001.5;  a b", ARGS_OK,
	    FS_CHANGE_MODE | FS_CHANGE_GROUP | FS_CHANGE_MODIFIED, " a b" },
	{ "UNIX.groupname=staff; a;b", ARGS_OK, FS_CHANGE_GROUP, "a;b" },
	{ "UNIX.owner=5; a", ARGS_UNSUPPORTED, 0, "UNIX.owner" },
	{ "Modify=19700101000001;Create=19700101000001; a", ARGS_UNSUPPORTED, 0,
	    "Create" },
	{ "nonsense a", ARGS_UNSUPPORTED, 0, "nonsense" },
	{ "Modify a", ARGS_SYNTAX, 0, "Modify" },
	{ "Modify=; a", ARGS_SYNTAX, 0, "Modify" },
	{ "Modify=19700230000001; a", ARGS_SYNTAX, 0, "Modify" },
	{ "Modify=19700101000001;Modify=19700101000001; a", ARGS_SYNTAX, 0,
	    "Modify" },
	{ "UNIX.group=1;UNIX.groupname=a; a", ARGS_SYNTAX, 0,
	    "UNIX.groupname" },
	{ "UNIX.mode=u+x; a", ARGS_SYNTAX, 0, "UNIX.mode" },
	{ "UNIX.mode=4755; a", ARGS_SYNTAX, 0, "UNIX.mode" },
	{ "UNIX.mode=; a", ARGS_SYNTAX, 0, "UNIX.mode" },
	{ "=5; a", ARGS_SYNTAX, 0, "" },
	{ "; a", ARGS_SYNTAX, 0, "" },
	{ ";; a", ARGS_SYNTAX, 0, "" },
	{ "UNIX.mode=644;", ARGS_SYNTAX, 0, "" },
	{ "UNIX.mode=644; ", ARGS_SYNTAX, 0, "" },
	{ " a", ARGS_SYNTAX, 0, "" },
	{ "", ARGS_SYNTAX, 0, "" },
};

static bool
is_right(const struct args_mff *mff, enum args_result result, size_t row)
{
	const char *rest = mffs[row].rest;

	if (result != mffs[row].result)
		return (false);
	if (result == ARGS_OK)
		return (mff->change.what == mffs[row].what &&
		    strcmp(mff->name, rest) == 0);
	if (mff->fact == NULL)
		return (rest[0] == '\0');
	return (mff->fact_len == strlen(rest) &&
	    strncmp(mff->fact, rest, mff->fact_len) == 0);
}

static void
facts_are_read(void)
{
	enum args_result result;
	struct args_mff mff;
	size_t i;

	for (i = 0; i < NITEMS(mffs); i++) {
		memset(&mff, 0, sizeof(mff));
		result = args_mff(mffs[i].text, &mff);
		CHECK_CASE(is_right(&mff, result, i), mffs[i].text);
	}
}

CU_TestInfo args_change_tests[] = {
	{ "modes in digits and in letters", modes_are_read },
	{ "MFMT", modify_time },
	{ "MDTM with a time", mdtm_may_set },
	{ "SITE UTIME", utime_forms },
	{ "groups", groups },
	{ "MFF", facts_are_read },
	CU_TEST_INFO_NULL,
};
