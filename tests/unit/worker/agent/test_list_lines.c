/*
 * Unit tests of worker/agent/list_format.c: listings of many different files,
 * byte by byte as the C library would write them.
 */
#include <CUnit/CUnit.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "tests/unit/suites.h"
#include "worker/agent/list_format.h"

#define FILES 40000
#define NOW   1700000000

static const struct jail jail = { .uid = 1000, .gid = 100 };

/* A generator of its own: the same files everywhere. */
static uint64_t
draw(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) +
	    UINT64_C(1442695040888963407);
	return (*state >> 33);
}

static uint64_t
draw_of(uint64_t *state, uint64_t count)
{
	return (draw(state) % count);
}

static void
draw_name(uint64_t *state, char name[256])
{
	static const char *const parts[] = { "a", "report", " ", "\xc3\xa9",
		"\xc2\x85", "\r\n", "\x7f", "-2023", ".txt", "\t", "\xc2",
		"\xff", ";", "type=file; " };
	size_t count = draw_of(state, 6) + 1, len = 0;

	while (count-- > 0)
		len += (size_t)snprintf(name + len, 256 - len, "%s",
		    parts[draw_of(state, NITEMS(parts))]);
}

/* Often as the file before it, as in directories. */
static void
draw_facts(uint64_t *state, struct statx *facts)
{
	static const mode_t types[] = { S_IFREG, S_IFREG, S_IFREG, S_IFDIR,
		S_IFLNK, S_IFIFO, S_IFSOCK, S_IFCHR, S_IFBLK };
	static const uint32_t owners[] = { 1000, 0, 100, 4294967295u };

	if (draw_of(state, 3) == 0) {
		facts->stx_mode =
		    (uint16_t)(types[draw_of(state, NITEMS(types))] |
			draw_of(state, 010000));
		facts->stx_nlink = (uint32_t)(1u << draw_of(state, 32));
		facts->stx_uid = owners[draw_of(state, NITEMS(owners))];
		facts->stx_gid = owners[draw_of(state, NITEMS(owners))];
		facts->stx_dev_major = (uint32_t)draw_of(state, 300);
		facts->stx_dev_minor = (uint32_t)draw_of(state, 3);
		facts->stx_mask = STATX_BASIC_STATS |
		    (draw_of(state, 2) == 0 ? STATX_BTIME : 0);
	}
	facts->stx_size =
	    (draw(state) << 33 ^ draw(state)) >> draw_of(state, 64);
	facts->stx_mtime.tv_sec = NOW + (int64_t)draw_of(state, 40000000) -
	    (int64_t)(draw(state) << draw_of(state, 5)) / 16;
	facts->stx_btime.tv_sec = (int64_t)draw(state);
	facts->stx_ino = draw(state) << draw_of(state, 33);
	facts->stx_rdev_major = (uint32_t)draw_of(state, 5000);
	facts->stx_rdev_minor = (uint32_t)draw_of(state, 100000);
}

/* The reference --------------------------------------------------------- */

static void
clean(const char *name, char out[256])
{
	size_t i, len = strlen(name);

	for (i = 0; i <= len; i++)
		out[i] =
		    (char)(name[i] == '\r' || name[i] == '\n' ? '?' : name[i]);
}

static void
mode_text(mode_t mode, char out[11])
{
	static const char types[] = "?pc?d?b?-?l?s???";
	size_t i;

	memcpy(out, "?rwxrwxrwx", 11);
	out[0] = types[mode >> 12];
	for (i = 0; i < 9; i++)
		if ((mode & (0400u >> i)) == 0)
			out[i + 1] = '-';
	for (i = 0; i < 3; i++)
		if ((mode & (04000u >> i)) != 0)
			memcpy(out + 3 * i + 3,
			    (out[3 * i + 3] == 'x' ? "sst" : "SST") + i, 1);
}

static void
owner_text(uint32_t id, uint32_t own, const char *name, char out[32])
{
	if (id == own)
		(void)snprintf(out, 32, "%-8s", name);
	else
		(void)snprintf(out, 32, "%-8" PRIu32, id);
}

static void
expect_long(const struct statx *facts, const char *name, char *out, size_t size)
{
	char mode[11], user[32], group[32], length[32], date[32], shown[256];
	time_t when = facts->stx_mtime.tv_sec;
	bool recent = when > NOW - 31556952 / 2 && when <= NOW + 60;
	struct tm tm;

	mode_text(facts->stx_mode, mode);
	owner_text(facts->stx_uid, 1000, "ann", user);
	owner_text(facts->stx_gid, 100, "users", group);
	(void)snprintf(length, sizeof(length), "%12" PRIu64,
	    (uint64_t)facts->stx_size);
	if (S_ISCHR(facts->stx_mode) || S_ISBLK(facts->stx_mode)) {
		char device[32];

		(void)snprintf(device, sizeof(device), "%u, %u",
		    facts->stx_rdev_major, facts->stx_rdev_minor);
		(void)snprintf(length, sizeof(length), "%12s", device);
	}
	(void)strftime(date, sizeof(date), recent ? "%b %e %H:%M" : "%b %e  %Y",
	    localtime_r(&when, &tm));
	clean(name, shown);
	(void)snprintf(out, size, "%s %3u %s %s %s %s %s\r\n", mode,
	    facts->stx_nlink, user, group, length, date, shown);
}

static void
expect_facts(const struct statx *facts, const char *name, char *out,
    size_t size)
{
	char length[32] = "", birth[32] = "", date[32];
	time_t when = facts->stx_mtime.tv_sec, born = facts->stx_btime.tv_sec;
	struct tm tm;

	if (S_ISREG(facts->stx_mode))
		(void)snprintf(length, sizeof(length), "size=%" PRIu64 ";",
		    (uint64_t)facts->stx_size);
	if ((facts->stx_mask & STATX_BTIME) != 0)
		(void)strftime(birth, sizeof(birth), "create=%Y%m%d%H%M%S;",
		    gmtime_r(&born, &tm));
	(void)strftime(date, sizeof(date), "modify=%Y%m%d%H%M%S;",
	    gmtime_r(&when, &tm));
	out[0] = '\0';
	if (strpbrk(name, "\r\n") != NULL)
		return;
	(void)snprintf(out, size,
	    "%s%s%sunique=%" PRIx64 "g%" PRIx64 ";UNIX.group=%u;%s"
	    "UNIX.mode=0%03o;UNIX.owner=%u;%s %s\r\n",
	    length, date, birth,
	    (uint64_t)makedev(facts->stx_dev_major, facts->stx_dev_minor),
	    (uint64_t)facts->stx_ino, facts->stx_gid,
	    facts->stx_gid == 100 ? "UNIX.groupname=users;" : "",
	    facts->stx_mode & 07777u, facts->stx_uid,
	    facts->stx_uid == 1000 ? "UNIX.ownername=ann;" : "", name);
}

/* Tests ----------------------------------------------------------------- */

typedef void (*expectation)(const struct statx *facts, const char *name,
    char *out, size_t size);

static void
compare(enum fs_list_format format, expectation expect)
{
	static struct list_style style;
	char name[256], expected[1024], memory[LIST_LINE_MAX];
	struct list_entry entry = { name, NULL, NULL, LIST_ENTRY, 0 };
	struct statx facts;
	uint64_t state = 1;
	struct line out;
	int i;

	memset(&style, 0, sizeof(style));
	memset(&facts, 0, sizeof(facts));
	style.jail = &jail;
	style.format = format;
	style.facts =
	    FS_FACT_ALL & ~((uint32_t)FS_FACT_TYPE | (uint32_t)FS_FACT_PERM);
	style.uid = 1000;
	style.gid = 100;
	strcpy(style.user, "ann");
	strcpy(style.group, "users");
	style.now = NOW;
	facts.stx_mode = S_IFREG;
	entry.facts = &facts;
	for (i = 0; i < FILES; i++) {
		draw_name(&state, name);
		draw_facts(&state, &facts);
		line_init(&out, memory, sizeof(memory));
		list_format(&out, &style, &entry);
		expect(&facts, name, expected, sizeof(expected));
		if (out.len == strlen(expected) &&
		    memcmp(out.text, expected, out.len) == 0)
			continue;
		CHECK_CASE(false, expected);
		(void)printf("got %.*s", (int)out.len, out.text);
		return;
	}
}

static void
long_lines_are_those_of_printf(void)
{
	compare(FS_LIST_LONG, expect_long);
}

static void
facts_are_those_of_printf(void)
{
	compare(FS_LIST_FACTS, expect_facts);
}

CU_TestInfo list_lines_tests[] = {
	{ "long lines are those of printf", long_lines_are_those_of_printf },
	{ "facts are those of printf", facts_are_those_of_printf },
	CU_TEST_INFO_NULL,
};
