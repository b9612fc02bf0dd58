#include "worker/agent/list_format.h"

#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* Mean length: the month in which "six months ago" falls does not matter. */
#define SIX_MONTHS (31556952 / 2)
#define AHEAD      60 /* seconds that another machine's clock may be fast */
#define HEAD_MAX   1024
#define DATE_MAX   64 /* more than the compiler fears */

void
list_owner(char out[LIST_OWNER_MAX], const uint8_t *name, size_t len)
{
	size_t i;

	if (len > LIST_OWNER_MAX - 1)
		len = LIST_OWNER_MAX - 1;
	for (i = 0; i < len; i++)
		out[i] = name[i] <= ' ' || name[i] == 0x7f || name[i] == ';' ||
			name[i] == '='
		    ? '_'
		    : (char)name[i];
	out[len] = '\0';
}

/* C1 control characters are two bytes in UTF-8: U+0080 to U+009F. */
static int
append_name(struct buf *out, const char *name, size_t len)
{
	uint8_t *to = buf_reserve(out, len);
	size_t i;

	if (len == 0)
		return (0);
	if (to == NULL)
		return (-1);
	for (i = 0; i < len; i++) {
		to[i] = (uint8_t)name[i];
		if (to[i] < ' ' || to[i] == 0x7f)
			to[i] = '?';
		if (i > 0 && to[i - 1] == 0xc2 && to[i] >= 0x80 && to[i] < 0xa0)
			to[i - 1] = to[i] = '?';
	}
	buf_added(out, len);
	return (0);
}

static int
append_names(struct buf *out, const struct list_style *style,
    const struct list_entry *entry)
{
	if (append_name(out, style->prefix, style->prefix_len) == -1 ||
	    append_name(out, entry->name, strlen(entry->name)) == -1)
		return (-1);
	if (style->format == FS_LIST_LONG && entry->target != NULL &&
	    (buf_append(out, " -> ", 4) == -1 ||
		append_name(out, entry->target, strlen(entry->target)) == -1))
		return (-1);
	return (buf_append(out, "\r\n", 2));
}

static char
type_letter(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return ('d');
	case S_IFLNK:
		return ('l');
	case S_IFIFO:
		return ('p');
	case S_IFSOCK:
		return ('s');
	case S_IFCHR:
		return ('c');
	case S_IFBLK:
		return ('b');
	default:
		return ('-');
	}
}

static void
mode_text(mode_t mode, char text[11])
{
	static const char letters[] = "rwxrwxrwx";
	int i;

	text[0] = type_letter(mode);
	for (i = 0; i < 9; i++)
		text[i + 1] = (mode & (0400u >> i)) != 0 ? letters[i] : '-';
	if ((mode & S_ISUID) != 0)
		text[3] = (mode & S_IXUSR) != 0 ? 's' : 'S';
	if ((mode & S_ISGID) != 0)
		text[6] = (mode & S_IXGRP) != 0 ? 's' : 'S';
	if ((mode & S_ISVTX) != 0)
		text[9] = (mode & S_IXOTH) != 0 ? 't' : 'T';
	text[10] = '\0';
}

/* English month names whatever the locale: programs read them. */
static void
date_text(time_t when, time_t now, char text[DATE_MAX])
{
	static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May",
		"Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	struct tm tm;

	memset(&tm, 0, sizeof(tm));
	if (localtime_r(&when, &tm) == NULL) {
		snprintf(text, DATE_MAX, "Jan  1  1970");
		return;
	}
	if (when > now - SIX_MONTHS && when <= now + AHEAD)
		snprintf(text, DATE_MAX, "%s %2d %02d:%02d", months[tm.tm_mon],
		    tm.tm_mday, tm.tm_hour, tm.tm_min);
	else
		snprintf(text, DATE_MAX, "%s %2d %5ld", months[tm.tm_mon],
		    tm.tm_mday, 1900L + tm.tm_year);
}

static const char *
owner_text(uint32_t id, uint32_t known, const char *name,
    char text[LIST_OWNER_MAX])
{
	if (id == known && name[0] != '\0')
		return (name);
	snprintf(text, LIST_OWNER_MAX, "%u", id);
	return (text);
}

static int
format_long(struct buf *out, const struct list_style *style,
    const struct list_entry *entry)
{
	const struct statx *facts = entry->facts;
	char head[HEAD_MAX], mode[11], date[DATE_MAX], size[32];
	char user[LIST_OWNER_MAX], group[LIST_OWNER_MAX];
	int len;

	mode_text(facts->stx_mode, mode);
	date_text(facts->stx_mtime.tv_sec, style->now, date);
	if (S_ISCHR(facts->stx_mode) || S_ISBLK(facts->stx_mode))
		snprintf(size, sizeof(size), "%u, %u", facts->stx_rdev_major,
		    facts->stx_rdev_minor);
	else
		snprintf(size, sizeof(size), "%llu",
		    (unsigned long long)facts->stx_size);
	len = snprintf(head, sizeof(head), "%s %3u %-8s %-8s %12s %s ", mode,
	    facts->stx_nlink,
	    owner_text(facts->stx_uid, style->uid, style->user, user),
	    owner_text(facts->stx_gid, style->gid, style->group, group), size,
	    date);
	if (buf_append(out, head, (size_t)len) == -1)
		return (-1);
	return (append_names(out, style, entry));
}

/* Whether the account may give the entry another name, or none. */
static bool
is_removable(const struct list_style *style, const struct list_entry *entry)
{
	if (style->read_only || entry->kind != LIST_ENTRY ||
	    !style->parent_writable)
		return (false);
	return (!style->parent_sticky || style->parent_ours ||
	    entry->facts->stx_uid == style->jail->uid);
}

/* RFC 3659 7.5.5. */
static void
perm_text(const struct list_style *style, const struct list_entry *entry,
    char text[16])
{
	const struct statx *facts = entry->facts;
	bool directory = S_ISDIR(facts->stx_mode), writable;
	char *at = text;
	int may;

	may = jail_access(style->jail, facts->stx_mode, facts->stx_uid,
	    facts->stx_gid);
	writable = !style->read_only && (may & W_OK) != 0;
	if (directory)
		writable = writable && (may & X_OK) != 0;
	if (writable)
		*at++ = directory ? 'c' : 'a';
	if (is_removable(style, entry)) {
		*at++ = 'd';
		*at++ = 'f';
	}
	if (directory && (may & X_OK) != 0)
		*at++ = 'e';
	if ((may & R_OK) != 0)
		*at++ = directory ? 'l' : 'r';
	if (writable && directory) {
		*at++ = 'm';
		*at++ = 'p';
	}
	if (writable && !directory)
		*at++ = 'w';
	*at = '\0';
}

static const char *
type_text(const struct list_entry *entry)
{
	if (entry->kind == LIST_THIS)
		return ("cdir");
	if (entry->kind == LIST_PARENT)
		return ("pdir");
	switch (entry->facts->stx_mode & S_IFMT) {
	case S_IFREG:
		return ("file");
	case S_IFDIR:
		return ("dir");
	case S_IFLNK:
		return ("OS.unix=symlink");
	case S_IFIFO:
		return ("OS.unix=pipe");
	case S_IFSOCK:
		return ("OS.unix=socket");
	case S_IFCHR:
		return ("OS.unix=character");
	default:
		return ("OS.unix=block");
	}
}

static void
stamp_text(const struct statx_timestamp *stamp, char text[LIST_OWNER_MAX])
{
	time_t when = stamp->tv_sec;
	struct tm tm;

	memset(&tm, 0, sizeof(tm));
	if (gmtime_r(&when, &tm) == NULL || tm.tm_year < -1900 ||
	    tm.tm_year > 9999 - 1900) {
		snprintf(text, LIST_OWNER_MAX, "19700101000000");
		return;
	}
	snprintf(text, LIST_OWNER_MAX, "%04d%02d%02d%02d%02d%02d",
	    1900 + tm.tm_year, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
	    tm.tm_sec);
}

/*
 * The value of one fact; false when the entry has none.  The text is short:
 * the longest is an owner's name.
 */
static bool
fact_value(const struct list_style *style, const struct list_entry *entry,
    enum fs_fact fact, char value[LIST_OWNER_MAX])
{
	const struct statx *facts = entry->facts;

	switch (fact) {
	case FS_FACT_TYPE:
		snprintf(value, LIST_OWNER_MAX, "%s", type_text(entry));
		return (true);
	case FS_FACT_SIZE:
		snprintf(value, LIST_OWNER_MAX, "%llu",
		    (unsigned long long)facts->stx_size);
		return (S_ISREG(facts->stx_mode));
	case FS_FACT_MODIFY:
		stamp_text(&facts->stx_mtime, value);
		return (true);
	case FS_FACT_PERM:
		perm_text(style, entry, value);
		return (true);
	case FS_FACT_UNIQUE:
		snprintf(value, LIST_OWNER_MAX, "%llxg%llx",
		    (unsigned long long)makedev(facts->stx_dev_major,
			facts->stx_dev_minor),
		    (unsigned long long)facts->stx_ino);
		return (true);
	case FS_FACT_CREATE:
		stamp_text(&facts->stx_btime, value);
		return ((facts->stx_mask & STATX_BTIME) != 0);
	case FS_FACT_UNIX_MODE:
		snprintf(value, LIST_OWNER_MAX, "0%03o",
		    facts->stx_mode & 07777u);
		return (true);
	case FS_FACT_UNIX_OWNER:
		snprintf(value, LIST_OWNER_MAX, "%u", facts->stx_uid);
		return (true);
	case FS_FACT_UNIX_GROUP:
		snprintf(value, LIST_OWNER_MAX, "%u", facts->stx_gid);
		return (true);
	case FS_FACT_UNIX_OWNERNAME:
		snprintf(value, LIST_OWNER_MAX, "%s", style->user);
		return (facts->stx_uid == style->uid && value[0] != '\0');
	case FS_FACT_UNIX_GROUPNAME:
		snprintf(value, LIST_OWNER_MAX, "%s", style->group);
		return (facts->stx_gid == style->gid && value[0] != '\0');
	case FS_FACT_ALL:
		break;
	}
	return (false);
}

static int
format_facts(struct buf *out, const struct list_style *style,
    const struct list_entry *entry)
{
	static const struct {
		enum fs_fact fact;
		const char *name;
	} names[] = {
		{ FS_FACT_TYPE, "type" },
		{ FS_FACT_SIZE, "size" },
		{ FS_FACT_MODIFY, "modify" },
		{ FS_FACT_CREATE, "create" },
		{ FS_FACT_PERM, "perm" },
		{ FS_FACT_UNIQUE, "unique" },
		{ FS_FACT_UNIX_GROUP, "UNIX.group" },
		{ FS_FACT_UNIX_GROUPNAME, "UNIX.groupname" },
		{ FS_FACT_UNIX_MODE, "UNIX.mode" },
		{ FS_FACT_UNIX_OWNER, "UNIX.owner" },
		{ FS_FACT_UNIX_OWNERNAME, "UNIX.ownername" },
	};
	char head[HEAD_MAX], value[LIST_OWNER_MAX];
	size_t i, len = 0;

	for (i = 0; i < NITEMS(names); i++) {
		if ((style->facts & (uint32_t)names[i].fact) == 0 ||
		    !fact_value(style, entry, names[i].fact, value))
			continue;
		len += (size_t)snprintf(head + len, sizeof(head) - len,
		    "%s=%s;", names[i].name, value);
	}
	head[len++] = ' ';
	if (buf_append(out, head, len) == -1)
		return (-1);
	return (append_names(out, style, entry));
}

int
list_format(struct buf *out, const struct list_style *style,
    const struct list_entry *entry)
{
	switch (style->format) {
	case FS_LIST_LONG:
		return (format_long(out, style, entry));
	case FS_LIST_FACTS:
		return (format_facts(out, style, entry));
	case FS_LIST_NAMES:
		break;
	}
	return (append_names(out, style, entry));
}
