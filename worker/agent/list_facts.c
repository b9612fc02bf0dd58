/* Facts for MLSD and MLST (RFC 3659 7.5). */
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "worker/agent/list_format.h"

/*
 * Where a link leads, as in an example of RFC 3659 7.7.4; nothing where it
 * would end the fact, or all of them.
 */
static void
add_target(struct line *line, struct list_style *style UNUSED,
    const struct list_entry *entry)
{
	if (entry->target != NULL && strpbrk(entry->target, "; \r\n") == NULL)
		line_text(line, entry->target);
}

static void
add_type(struct line *line, struct list_style *style,
    const struct list_entry *entry)
{
	static const struct {
		mode_t type;
		const char *name;
	} others[] = {
		{ S_IFLNK, "OS.unix=slink:" },
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
	if (S_ISLNK(entry->facts->stx_mode))
		list_slot(line, style, add_target);
}

static void
add_size(struct line *line, struct list_style *style UNUSED,
    const struct list_entry *entry)
{
	line_number(line, entry->facts->stx_size, 0, ' ');
}

/* Always UTC, and four digits of a year. */
static void
add_stamp(struct line *line, const struct statx_timestamp *stamp)
{
	struct date date;

	if (!date_utc(stamp->tv_sec, &date) || date.year > 9999) {
		line_text(line, "19700101000000");
		return;
	}
	line_two(line, (unsigned int)date.year / 100);
	line_two(line, (unsigned int)date.year);
	line_two(line, date.month);
	line_two(line, date.day);
	line_two(line, date.hour);
	line_two(line, date.minute);
	line_two(line, date.second);
}

static void
add_modify(struct line *line, struct list_style *style UNUSED,
    const struct list_entry *entry)
{
	add_stamp(line, &entry->facts->stx_mtime);
}

static void
add_create(struct line *line, struct list_style *style UNUSED,
    const struct list_entry *entry)
{
	add_stamp(line, &entry->facts->stx_btime);
}

/* Whether the account may give the entry another name, or none. */
static bool
is_removable(const struct list_style *style, const struct list_entry *entry)
{
	if ((entry->lacks & ACCESS_REMOVE) != 0 || entry->kind != LIST_ENTRY ||
	    !style->parent_writable || list_attributes(entry->facts) != 0)
		return (false);
	return (!style->parent_sticky || style->parent_ours ||
	    entry->facts->stx_uid == style->jail->uid);
}

static void
add_file_perm(struct line *line, int may, const struct list_entry *entry,
    bool removable)
{
	bool grows = (may & W_OK) != 0 && (entry->lacks & ACCESS_WRITE) == 0;

	if (grows)
		line_char(line, 'a');
	if (removable)
		line_text(line, "df");
	if ((may & R_OK) != 0 && (entry->lacks & ACCESS_READ) == 0)
		line_char(line, 'r');
	if (grows && list_attributes(entry->facts) == 0)
		line_char(line, 'w');
}

static void
add_directory_perm(struct line *line, int may, const struct list_entry *entry,
    bool removable)
{
	unsigned int lacks = entry->lacks;
	bool writable = (may & W_OK) != 0 && (may & X_OK) != 0;
	bool fills = writable && (lacks & ACCESS_FILL) == 0;

	if (fills)
		line_char(line, 'c');
	if (removable)
		line_text(line, "df");
	if ((may & X_OK) != 0 && (lacks & ACCESS_ENTER) == 0)
		line_char(line, 'e');
	if ((may & R_OK) != 0 && (lacks & ACCESS_ENTER) == 0)
		line_char(line, 'l');
	if (fills)
		line_char(line, 'm');
	if (writable && (lacks & ACCESS_CLEAR) == 0 &&
	    list_attributes(entry->facts) == 0)
		line_char(line, 'p');
}

/*
 * Of a link it is what can be done to its name; the rest goes for what it leads
 * to.
 */
static void
add_perm(struct line *line, struct list_style *style,
    const struct list_entry *entry)
{
	const struct statx *facts = entry->facts;
	bool removable = is_removable(style, entry);
	int may;

	may = style->asked ? style->may
			   : jail_access(style->jail, facts->stx_mode,
				 facts->stx_uid, facts->stx_gid);
	if (style->frozen || (list_attributes(facts) & LIST_IMMUTABLE) != 0)
		may &= ~W_OK;
	if (S_ISLNK(facts->stx_mode))
		may = 0;
	if (S_ISDIR(facts->stx_mode))
		add_directory_perm(line, may, entry, removable);
	else
		add_file_perm(line, may, entry, removable);
}

static void
add_inode(struct line *line, struct list_style *style UNUSED,
    const struct list_entry *entry)
{
	line_hex(line, entry->facts->stx_ino);
}

static void
add_unique(struct line *line, struct list_style *style,
    const struct list_entry *entry)
{
	line_hex(line,
	    makedev(entry->facts->stx_dev_major, entry->facts->stx_dev_minor));
	line_char(line, 'g');
	list_slot(line, style, add_inode);
}

static void
add_mode(struct line *line, struct list_style *style UNUSED,
    const struct list_entry *entry)
{
	line_char(line, '0');
	line_octal(line, entry->facts->stx_mode & 07777u, 3);
}

static void
add_owner(struct line *line, struct list_style *style UNUSED,
    const struct list_entry *entry)
{
	line_number(line, entry->facts->stx_uid, 0, ' ');
}

static void
add_group(struct line *line, struct list_style *style UNUSED,
    const struct list_entry *entry)
{
	line_number(line, entry->facts->stx_gid, 0, ' ');
}

static void
add_owner_name(struct line *line, struct list_style *style,
    const struct list_entry *entry UNUSED)
{
	line_text(line, style->user);
}

static void
add_group_name(struct line *line, struct list_style *style,
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

	if ((facts->stx_mask & STATX_BASIC_STATS) == 0)
		return ((facts->stx_mode & S_IFMT) == 0 ? 0 : FS_FACT_TYPE);
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
list_facts(struct line *line, struct list_style *style,
    const struct list_entry *entry)
{
	static const struct {
		const char *name;
		list_adder add;
		enum fs_fact fact;
		bool slot; /* differs from line to line */
	} rows[] = {
		{ "type=", add_type, FS_FACT_TYPE, false },
		{ "size=", add_size, FS_FACT_SIZE, true },
		{ "modify=", add_modify, FS_FACT_MODIFY, true },
		{ "create=", add_create, FS_FACT_CREATE, true },
		{ "perm=", add_perm, FS_FACT_PERM, false },
		{ "unique=", add_unique, FS_FACT_UNIQUE, false },
		{ "UNIX.group=", add_group, FS_FACT_UNIX_GROUP, false },
		{ "UNIX.groupname=", add_group_name, FS_FACT_UNIX_GROUPNAME,
		    false },
		{ "UNIX.mode=", add_mode, FS_FACT_UNIX_MODE, false },
		{ "UNIX.owner=", add_owner, FS_FACT_UNIX_OWNER, false },
		{ "UNIX.ownername=", add_owner_name, FS_FACT_UNIX_OWNERNAME,
		    false },
	};
	uint32_t wanted = style->facts & known_facts(style, entry);
	size_t i;

	for (i = 0; i < NITEMS(rows); i++) {
		if ((wanted & (uint32_t)rows[i].fact) == 0)
			continue;
		line_text(line, rows[i].name);
		if (rows[i].slot)
			list_slot(line, style, rows[i].add);
		else
			rows[i].add(line, style, entry);
		line_char(line, ';');
	}
	line_char(line, ' ');
}
