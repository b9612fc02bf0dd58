/* Facts for MLSD and MLST (RFC 3659 7.5). */
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "worker/agent/list_format.h"

static void
add_type(struct line *line, const struct list_style *style UNUSED,
    const struct list_entry *entry)
{
	static const struct {
		mode_t type;
		const char *name;
	} others[] = {
		{ S_IFLNK, "OS.unix=symlink" },
		{ S_IFIFO, "OS.unix=pipe" },
		{ S_IFSOCK, "OS.unix=socket" },
		{ S_IFCHR, "OS.unix=character" },
		{ S_IFBLK, "OS.unix=block" },
	};
	size_t i;

	if (entry->kind == LIST_THIS)
		line_text(line, "cdir");
	else if (entry->kind == LIST_PARENT)
		line_text(line, "pdir");
	else if (S_ISREG(entry->facts->stx_mode))
		line_text(line, "file");
	else if (S_ISDIR(entry->facts->stx_mode))
		line_text(line, "dir");
	else
		for (i = 0; i < NITEMS(others); i++)
			if ((entry->facts->stx_mode & S_IFMT) == others[i].type)
				line_text(line, others[i].name);
}

static void
add_size(struct line *line, const struct list_style *style UNUSED,
    const struct list_entry *entry)
{
	line_number(line, entry->facts->stx_size, 0, ' ');
}

/* Always UTC, and four digits of a year. */
static void
add_stamp(struct line *line, const struct statx_timestamp *stamp)
{
	time_t when = stamp->tv_sec;
	struct tm tm;

	memset(&tm, 0, sizeof(tm));
	if (gmtime_r(&when, &tm) == NULL || tm.tm_year < -1900 ||
	    tm.tm_year > 9999 - 1900) {
		line_text(line, "19700101000000");
		return;
	}
	line_number(line, (uint64_t)(1900L + tm.tm_year), 4, '0');
	line_number(line, (uint64_t)tm.tm_mon + 1, 2, '0');
	line_number(line, (uint64_t)tm.tm_mday, 2, '0');
	line_number(line, (uint64_t)tm.tm_hour, 2, '0');
	line_number(line, (uint64_t)tm.tm_min, 2, '0');
	line_number(line, (uint64_t)tm.tm_sec, 2, '0');
}

static void
add_modify(struct line *line, const struct list_style *style UNUSED,
    const struct list_entry *entry)
{
	add_stamp(line, &entry->facts->stx_mtime);
}

static void
add_create(struct line *line, const struct list_style *style UNUSED,
    const struct list_entry *entry)
{
	add_stamp(line, &entry->facts->stx_btime);
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

static void
add_file_perm(struct line *line, int may, bool removable)
{
	if ((may & W_OK) != 0)
		line_char(line, 'a');
	if (removable)
		line_text(line, "df");
	if ((may & R_OK) != 0)
		line_char(line, 'r');
	if ((may & W_OK) != 0)
		line_char(line, 'w');
}

static void
add_directory_perm(struct line *line, int may, bool removable)
{
	bool writable = (may & W_OK) != 0 && (may & X_OK) != 0;

	if (writable)
		line_char(line, 'c');
	if (removable)
		line_text(line, "df");
	if ((may & X_OK) != 0)
		line_char(line, 'e');
	if ((may & R_OK) != 0)
		line_char(line, 'l');
	if (writable)
		line_text(line, "mp");
}

static void
add_perm(struct line *line, const struct list_style *style,
    const struct list_entry *entry)
{
	const struct statx *facts = entry->facts;
	int may;

	may = jail_access(style->jail, facts->stx_mode, facts->stx_uid,
	    facts->stx_gid);
	if (style->read_only)
		may &= ~W_OK;
	if (S_ISDIR(facts->stx_mode))
		add_directory_perm(line, may, is_removable(style, entry));
	else
		add_file_perm(line, may, is_removable(style, entry));
}

static void
add_unique(struct line *line, const struct list_style *style UNUSED,
    const struct list_entry *entry)
{
	line_hex(line,
	    makedev(entry->facts->stx_dev_major, entry->facts->stx_dev_minor));
	line_char(line, 'g');
	line_hex(line, entry->facts->stx_ino);
}

static void
add_mode(struct line *line, const struct list_style *style UNUSED,
    const struct list_entry *entry)
{
	line_char(line, '0');
	line_octal(line, entry->facts->stx_mode & 07777u, 3);
}

static void
add_owner(struct line *line, const struct list_style *style UNUSED,
    const struct list_entry *entry)
{
	line_number(line, entry->facts->stx_uid, 0, ' ');
}

static void
add_group(struct line *line, const struct list_style *style UNUSED,
    const struct list_entry *entry)
{
	line_number(line, entry->facts->stx_gid, 0, ' ');
}

static void
add_owner_name(struct line *line, const struct list_style *style,
    const struct list_entry *entry UNUSED)
{
	line_text(line, style->user);
}

static void
add_group_name(struct line *line, const struct list_style *style,
    const struct list_entry *entry UNUSED)
{
	line_text(line, style->group);
}

/* The facts that the entry has. */
static uint32_t
known_facts(const struct list_style *style, const struct list_entry *entry)
{
	const struct statx *facts = entry->facts;
	uint32_t known = FS_FACT_ALL;

	if (!S_ISREG(facts->stx_mode))
		known &= ~(uint32_t)FS_FACT_SIZE;
	if ((facts->stx_mask & STATX_BTIME) == 0)
		known &= ~(uint32_t)FS_FACT_CREATE;
	if (facts->stx_uid != style->uid || style->user[0] == '\0')
		known &= ~(uint32_t)FS_FACT_UNIX_OWNERNAME;
	if (facts->stx_gid != style->gid || style->group[0] == '\0')
		known &= ~(uint32_t)FS_FACT_UNIX_GROUPNAME;
	return (known);
}

void
list_facts(struct line *line, const struct list_style *style,
    const struct list_entry *entry)
{
	static const struct {
		enum fs_fact fact;
		const char *name;
		void (*add)(struct line *, const struct list_style *,
		    const struct list_entry *);
	} rows[] = {
		{ FS_FACT_TYPE, "type=", add_type },
		{ FS_FACT_SIZE, "size=", add_size },
		{ FS_FACT_MODIFY, "modify=", add_modify },
		{ FS_FACT_CREATE, "create=", add_create },
		{ FS_FACT_PERM, "perm=", add_perm },
		{ FS_FACT_UNIQUE, "unique=", add_unique },
		{ FS_FACT_UNIX_GROUP, "UNIX.group=", add_group },
		{ FS_FACT_UNIX_GROUPNAME, "UNIX.groupname=", add_group_name },
		{ FS_FACT_UNIX_MODE, "UNIX.mode=", add_mode },
		{ FS_FACT_UNIX_OWNER, "UNIX.owner=", add_owner },
		{ FS_FACT_UNIX_OWNERNAME, "UNIX.ownername=", add_owner_name },
	};
	uint32_t wanted = style->facts & known_facts(style, entry);
	size_t i;

	for (i = 0; i < NITEMS(rows); i++) {
		if ((wanted & (uint32_t)rows[i].fact) == 0)
			continue;
		line_text(line, rows[i].name);
		rows[i].add(line, style, entry);
		line_char(line, ';');
	}
	line_char(line, ' ');
}
