/* Unit tests of worker/agent/list_format.c: what clients parse. */
#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "tests/unit/suites.h"
#include "tests/unit/zone.h"
#include "worker/agent/list_format.h"

#define NOW 1700000000 /* 2023-11-14 22:13:20 UTC */
#define DAY 86400

static const struct jail jail = { .uid = 1000, .gid = 100 };

static struct list_style
plain_style(enum fs_list_format format)
{
	struct list_style style;

	memset(&style, 0, sizeof(style));
	style.jail = &jail;
	style.format = format;
	style.facts = FS_FACT_ALL;
	style.uid = 1000;
	style.gid = 100;
	strcpy(style.user, "ann");
	strcpy(style.group, "users");
	style.now = NOW;
	style.parent_writable = style.parent_ours = true;
	return (style);
}

static struct statx
plain_facts(mode_t mode, time_t modified)
{
	struct statx facts;

	memset(&facts, 0, sizeof(facts));
	facts.stx_mask = STATX_BASIC_STATS | STATX_BTIME;
	facts.stx_mode = (uint16_t)mode;
	facts.stx_nlink = 1;
	facts.stx_uid = 1000;
	facts.stx_gid = 100;
	facts.stx_size = 1234;
	facts.stx_mtime.tv_sec = modified;
	facts.stx_btime.tv_sec = NOW - DAY;
	facts.stx_ino = 0xabc;
	facts.stx_dev_major = 8;
	facts.stx_dev_minor = 1;
	return (facts);
}

/* Whether the entry is shown as line, to which CR LF is added. */
static bool
shows(struct list_style *style, const struct list_entry *entry,
    const char *line)
{
	char memory[LIST_LINE_MAX];
	struct line out;
	bool same;
	size_t len = strlen(line);

	memset(&style->head, 0, sizeof(style->head));
	memset(&style->zone, 0, sizeof(style->zone));
	line_init(&out, memory, sizeof(memory));
	list_format(&out, style, entry);
	same = out.len == len + 2 && memcmp(out.text, line, len) == 0 &&
	    memcmp(out.text + len, "\r\n", 2) == 0;
	if (!same)
		(void)printf("\n    got  %.*s    want %s\n", (int)out.len,
		    out.text, line);
	return (same);
}

static const struct {
	const char *what;
	mode_t mode;
	time_t modified;
	const char *line;
} lines[] = {
	{ "a file of today", S_IFREG | 0644, NOW - 60,
	    "-rw-r--r--   1 ann      users            1234 Nov 14 22:12 n" },
	{ "a file of half a year ago", S_IFREG | 0644, NOW - 182 * DAY,
	    "-rw-r--r--   1 ann      users            1234 May 16 22:13 n" },
	{ "a file of a day more", S_IFREG | 0644, NOW - 183 * DAY,
	    "-rw-r--r--   1 ann      users            1234 May 15  2023 n" },
	{ "a file of tomorrow", S_IFREG | 0600, NOW + DAY,
	    "-rw-------   1 ann      users            1234 Nov 15  2023 n" },
	{ "a clock that is a little fast", S_IFREG | 0600, NOW + 40,
	    "-rw-------   1 ann      users            1234 Nov 14 22:14 n" },
	{ "the epoch", S_IFREG | 0777, 0,
	    "-rwxrwxrwx   1 ann      users            1234 Jan  1  1970 n" },
	{ "before the epoch", S_IFREG | 0, -DAY,
	    "----------   1 ann      users            1234 Dec 31  1969 n" },
	{ "set-id and sticky", S_IFDIR | 07777, NOW,
	    "drwsrwsrwt   1 ann      users            1234 Nov 14 22:13 n" },
	{ "the same without execution", S_IFREG | 07666, NOW,
	    "-rwSrwSrwT   1 ann      users            1234 Nov 14 22:13 n" },
	{ "a FIFO", S_IFIFO | 0644, NOW,
	    "prw-r--r--   1 ann      users            1234 Nov 14 22:13 n" },
	{ "a socket", S_IFSOCK | 0755, NOW,
	    "srwxr-xr-x   1 ann      users            1234 Nov 14 22:13 n" },
	{ "a device shows its number", S_IFCHR | 0600, NOW,
	    "crw-------   1 ann      users            1, 3 Nov 14 22:13 n" },
};

static void
long_lines_are_those_of_ls(void)
{
	struct list_style style = plain_style(FS_LIST_LONG);
	struct list_entry entry = { "n", NULL, NULL, LIST_ENTRY, 0 };
	struct statx facts;
	size_t i;

	for (i = 0; i < NITEMS(lines); i++) {
		facts = plain_facts(lines[i].mode, lines[i].modified);
		facts.stx_rdev_major = 1;
		facts.stx_rdev_minor = 3;
		entry.facts = &facts;
		CHECK_CASE(shows(&style, &entry, lines[i].line), lines[i].what);
	}
}

static void
owners_are_names_only_for_the_account(void)
{
	struct list_style style = plain_style(FS_LIST_LONG);
	struct statx facts = plain_facts(S_IFLNK | 0777, NOW);
	struct list_entry entry = { "l", &facts, "a\nb", LIST_ENTRY, 0 };

	facts.stx_uid = 0;
	facts.stx_gid = 4294967294u;
	facts.stx_size = UINT64_MAX;
	CHECK_CASE(shows(&style, &entry,
		       "lrwxrwxrwx   1 0        4294967294 "
		       "18446744073709551615 Nov 14 22:13 l -> a?b"),
	    "a link of strangers");
	list_owner(style.user, (const uint8_t *)"big boss;x=\n\x7f", 13);
	CHECK_CASE(strcmp(style.user, "big_boss_x___") == 0,
	    "no separator in an owner's name");
	memset(style.user, 'u', sizeof(style.user));
	list_owner(style.user, (const uint8_t *)style.user, LIST_OWNER_MAX);
	CHECK_CASE(strlen(style.user) == LIST_OWNER_MAX - 1, "it is cut");
}

static void
facts_are_those_of_rfc_3659(void)
{
	struct list_style style = plain_style(FS_LIST_FACTS);
	struct statx facts = plain_facts(S_IFREG | 0644, NOW);
	struct list_entry entry = { "a b; c", &facts, NULL, LIST_ENTRY, 0 };

	CHECK_CASE(shows(&style, &entry,
		       "type=file;size=1234;modify=20231114221320;"
		       "create=20231113221320;perm=adfrw;unique=801gabc;"
		       "UNIX.group=100;UNIX.groupname=users;UNIX.mode=0644;"
		       "UNIX.owner=1000;UNIX.ownername=ann; a b; c"),
	    "all of a file");
	facts = plain_facts(S_IFDIR | S_ISVTX | 0755, -1);
	facts.stx_mask = STATX_BASIC_STATS;
	facts.stx_uid = 7;
	facts.stx_gid = 7;
	CHECK_CASE(shows(&style, &entry,
		       "type=dir;modify=19691231235959;perm=dfel;"
		       "unique=801gabc;UNIX.group=7;UNIX.mode=01755;"
		       "UNIX.owner=7; a b; c"),
	    "a directory has no size, here no birth, no known owner");
	facts.stx_mask = 0;
	CHECK_CASE(shows(&style, &entry, "type=dir; a b; c"), "the type only");
	facts.stx_mode = 0;
	CHECK_CASE(shows(&style, &entry, " a b; c"), "nothing known");
	facts = plain_facts(S_IFDIR | 0755, NOW);
	style.facts = 0;
	CHECK_CASE(shows(&style, &entry, " a b; c"), "no facts wanted");
	style.facts = FS_FACT_TYPE;
	entry.kind = LIST_THIS;
	CHECK_CASE(shows(&style, &entry, "type=cdir; a b; c"), "itself");
	entry.kind = LIST_PARENT;
	CHECK_CASE(shows(&style, &entry, "type=pdir; a b; c"), "its parent");
	entry.kind = LIST_ENTRY;
	facts.stx_mode = S_IFLNK | 0777;
	CHECK_CASE(shows(&style, &entry, "type=OS.unix=slink:; a b; c"),
	    "a link");
	entry.target = "../x/\xc3\xa4";
	CHECK_CASE(shows(&style, &entry,
		       "type=OS.unix=slink:../x/\xc3\xa4; a b; c"),
	    "where it leads");
	entry.target = "other";
	CHECK_CASE(shows(&style, &entry, "type=OS.unix=slink:other; a b; c"),
	    "where the next one leads, which is like it");
	entry.target = "x;type=dir; y";
	CHECK_CASE(shows(&style, &entry, "type=OS.unix=slink:; a b; c"),
	    "no other facts");
	entry.target = "x y";
	CHECK_CASE(shows(&style, &entry, "type=OS.unix=slink:; a b; c"),
	    "no other name");
	entry.target = "x\r\ny";
	CHECK_CASE(shows(&style, &entry, "type=OS.unix=slink:; a b; c"),
	    "no other line");
}

static const struct {
	const char *what;
	mode_t mode;
	uid_t uid;
	gid_t gid;
	bool parent_writable, sticky;
	unsigned int lacks;
	const char *perm;
} perms[] = {
	{ "own file", S_IFREG | 0600, 1000, 1, true, false, 0, "adfrw" },
	{ "own file, shut", S_IFREG | 0077, 1000, 1, true, false, 0, "df" },
	{ "own file in another's directory", S_IFREG | 0600, 1000, 1, false,
	    false, 0, "arw" },
	{ "file of a stranger", S_IFREG | 0604, 1, 1, true, false, 0, "dfr" },
	{ "the same where the sticky bit is", S_IFREG | 0604, 1, 1, true, true,
	    0, "r" },
	{ "file of the group", S_IFREG | 0660, 1, 100, false, false, 0, "arw" },
	{ "own directory", S_IFDIR | 0700, 1000, 1, true, false, 0, "cdfelmp" },
	{ "own directory, not to be searched", S_IFDIR | 0600, 1000, 1, true,
	    false, 0, "dfl" },
	{ "own directory of who may only read", S_IFDIR | 0700, 1000, 1, true,
	    false, ACCESS_CHANGE, "el" },
	{ "own file of who may only read", S_IFREG | 0600, 1000, 1, true, false,
	    ACCESS_CHANGE, "r" },
	{ "nothing at all", S_IFREG | 0, 1, 1, false, false, 0, "" },
	{ "a file that may only be read", S_IFREG | 0600, 1000, 1, true, false,
	    ACCESS_WRITE | ACCESS_REMOVE, "r" },
	{ "a file among uploads", S_IFREG | 0600, 1000, 1, true, false,
	    ACCESS_ALL & ~ACCESS_ADD, "" },
	{ "a directory for uploads", S_IFDIR | 0700, 1000, 1, true, false,
	    ACCESS_ALL & ~(ACCESS_ENTER | ACCESS_FILL), "celm" },
};

static const struct {
	const char *what;
	mode_t mode;
	uint32_t attributes;
	bool frozen;
	const char *perm;
} fixed[] = {
	{ "a file", S_IFREG | 0600, 0, false, "adfrw" },
	{ "that only grows", S_IFREG | 0600, STATX_ATTR_APPEND, false, "ar" },
	{ "that cannot change", S_IFREG | 0600, STATX_ATTR_IMMUTABLE, false,
	    "r" },
	{ "on a medium that cannot", S_IFREG | 0600, 0, true, "r" },
	{ "a directory", S_IFDIR | 0700, 0, false, "cdfelmp" },
	{ "that only grows", S_IFDIR | 0700, STATX_ATTR_APPEND, false, "celm" },
	{ "that cannot change", S_IFDIR | 0700, STATX_ATTR_IMMUTABLE, false,
	    "el" },
	{ "on a medium that cannot", S_IFDIR | 0700, 0, true, "el" },
	{ "a link", S_IFLNK | 0777, 0, false, "df" },
	{ "on a medium that cannot", S_IFLNK | 0777, 0, true, "" },
};

static void
perm_says_what_can_change(void)
{
	struct list_style style = plain_style(FS_LIST_FACTS);
	struct list_entry entry = { "n", NULL, NULL, LIST_ENTRY, 0 };
	struct statx facts;
	char line[64];
	size_t i;

	style.facts = FS_FACT_PERM;
	for (i = 0; i < NITEMS(fixed); i++) {
		facts = plain_facts(fixed[i].mode, NOW);
		facts.stx_uid = 1000;
		facts.stx_attributes = fixed[i].attributes;
		entry.facts = &facts;
		/* As set_parent() does it. */
		style.parent_writable = !fixed[i].frozen;
		style.frozen = fixed[i].frozen;
		style.head.made = style.head.made && !fixed[i].frozen;
		(void)snprintf(line, sizeof(line), "perm=%s; n", fixed[i].perm);
		CHECK_CASE(shows(&style, &entry, line), fixed[i].what);
	}
}

static void
perm_says_what_will_work(void)
{
	struct list_style style = plain_style(FS_LIST_FACTS);
	struct list_entry entry = { "n", NULL, NULL, LIST_ENTRY, 0 };
	struct statx facts;
	char line[64];
	size_t i;

	style.facts = FS_FACT_PERM;
	for (i = 0; i < NITEMS(perms); i++) {
		facts = plain_facts(perms[i].mode, NOW);
		facts.stx_uid = perms[i].uid;
		facts.stx_gid = perms[i].gid;
		entry.facts = &facts;
		style.parent_writable = perms[i].parent_writable;
		style.parent_sticky = perms[i].sticky;
		style.parent_ours = !perms[i].sticky;
		entry.lacks = perms[i].lacks;
		(void)snprintf(line, sizeof(line), "perm=%s; n", perms[i].perm);
		CHECK_CASE(shows(&style, &entry, line), perms[i].what);
	}
}

/* A line end at the end, and none before. */
static bool
is_one_line(const struct line *out)
{
	size_t i, len = out->len;

	if (len < 2 || memcmp(out->text + len - 2, "\r\n", 2) != 0)
		return (false);
	for (i = 0; i < len - 2; i++)
		if (out->text[i] == '\r' || out->text[i] == '\n')
			return (false);
	return (true);
}

/* Long lines show what others leave out. */
static void
no_byte_of_a_name_forges_a_line(void)
{
	static const char *const prefixes[] = { "d", "d\r", "d\n" };
	struct list_style style = plain_style(FS_LIST_NAMES);
	struct statx facts = plain_facts(S_IFLNK | 0777, NOW);
	char name[24], target[4] = "t?u", memory[LIST_LINE_MAX];
	struct list_entry entry = { name, &facts, target, LIST_ENTRY, 0 };
	struct line out;
	int format, byte;
	size_t i, at;
	bool added, whole;

	style.prefix_len = 2;
	for (i = 0; i < NITEMS(prefixes) * 3 * 255 * 20; i++) {
		format = (int)(i % 3);
		byte = (int)(i / 3 % 255) + 1;
		at = i / 765 % 20;
		style.format = (enum fs_list_format)format;
		style.prefix = prefixes[i / 15300];
		style.prefix_len = strlen(style.prefix);
		memset(name, 'n', sizeof(name) - 1);
		name[sizeof(name) - 1] = '\0';
		name[at] = target[1] = (char)byte;
		style.head.made = false;
		line_init(&out, memory, sizeof(memory));
		added = list_format(&out, &style, &entry);
		whole = byte != '\r' && byte != '\n' && style.prefix_len == 1;
		CHECK_CASE(added == (whole || format == FS_LIST_LONG), name);
		CHECK_CASE(added ? is_one_line(&out) : out.len == 0, name);
	}
}

static void
names_are_bytes(void)
{
	struct list_style style = plain_style(FS_LIST_NAMES);
	struct list_entry entry = { NULL, NULL, NULL, LIST_ENTRY, 0 };
	static const char *const names[] = {
		"plain",
		" leading and trailing ",
		"-la",
		"\xc3\xa9t\xc3\xa9",
		"latin \xe9",
		"\x1b[31m",
		"c1 \xc2\x9b end",
		"cut \xc2",
		"tab\t\x7f\x01",
	};
	size_t i;

	for (i = 0; i < NITEMS(names); i++) {
		entry.name = names[i];
		CHECK_CASE(shows(&style, &entry, names[i]), names[i]);
	}
	style.prefix = "sub/";
	style.prefix_len = 4;
	entry.name = "n";
	CHECK_CASE(shows(&style, &entry, "sub/n"), "the prefix comes first");
}

static const struct {
	mode_t mode;
	const char *names;
} marks[] = {
	{ S_IFREG | 0644, "n" },
	{ S_IFREG | 0654, "n*" },
	{ S_IFDIR | 0755, "n/" },
	{ S_IFLNK | 0777, "n@" },
	{ S_IFIFO | 0777, "n|" },
	{ S_IFSOCK | 0777, "n=" },
	{ S_IFCHR | 0777, "n" },
};

static void
marks_tell_types(void)
{
	struct list_style style = plain_style(FS_LIST_NAMES);
	struct list_entry entry = { "n", NULL, NULL, LIST_ENTRY, 0 };
	struct statx facts;
	size_t i;

	style.classify = true;
	for (i = 0; i < NITEMS(marks); i++) {
		facts = plain_facts(marks[i].mode, NOW);
		entry.facts = &facts;
		CHECK_CASE(shows(&style, &entry, marks[i].names),
		    marks[i].names);
	}
	style.format = FS_LIST_LONG;
	facts = plain_facts(S_IFLNK | 0777, NOW);
	entry.target = "t";
	CHECK_CASE(shows(&style, &entry,
		       "lrwxrwxrwx   1 ann      users            1234 "
		       "Nov 14 22:13 n -> t"),
	    "a link");
}

/* The long format shows the zone that was loaded, facts never do. */
static void
the_time_zone_is_for_people(void)
{
	struct list_style style = plain_style(FS_LIST_LONG);
	struct statx facts = plain_facts(S_IFREG | 0644, NOW);
	struct list_entry entry = { "n", &facts, NULL, LIST_ENTRY, 0 };

	zone_set("XYZ-3");
	style.utc = true;
	CHECK_CASE(shows(&style, &entry,
		       "-rw-r--r--   1 ann      users            1234 "
		       "Nov 14 22:13 n"),
	    "UTC");
	style.utc = false;
	CHECK_CASE(shows(&style, &entry,
		       "-rw-r--r--   1 ann      users            1234 "
		       "Nov 15 01:13 n"),
	    "local time");
	style.format = FS_LIST_FACTS;
	style.facts = FS_FACT_MODIFY;
	CHECK_CASE(shows(&style, &entry, "modify=20231114221320; n"), "UTC");
	zone_set("UTC");
}

static void
with_utc(void (*check)(void))
{
	char *kept = zone_keep();

	zone_set("UTC");
	check();
	zone_back(kept);
}

static void
test_long(void)
{
	with_utc(long_lines_are_those_of_ls);
}

static void
test_owners(void)
{
	with_utc(owners_are_names_only_for_the_account);
}

static void
test_zone(void)
{
	with_utc(the_time_zone_is_for_people);
}

CU_TestInfo list_format_tests[] = {
	{ "long lines are those of ls", test_long },
	{ "owners are names only for the account", test_owners },
	{ "facts are those of RFC 3659", facts_are_those_of_rfc_3659 },
	{ "perm says what will work", perm_says_what_will_work },
	{ "perm says what can change", perm_says_what_can_change },
	{ "no byte of a name forges a line", no_byte_of_a_name_forges_a_line },
	{ "names are bytes", names_are_bytes },
	{ "marks tell types", marks_tell_types },
	{ "the time zone is for people", test_zone },
	CU_TEST_INFO_NULL,
};
