/* The long format: lines as ls -l writes them, which is what clients parse. */
#include <string.h>

#include "worker/agent/list_format.h"

/* Mean length: the month in which "six months ago" falls does not matter. */
#define SIX_MONTHS (31556952 / 2)
#define AHEAD      60 /* seconds that another machine's clock may be fast */

#define OWNER_COLUMNS 8
#define SIZE_COLUMNS  12

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
add_mode(struct line *line, mode_t mode)
{
	static const char triads[8][4] = { "---", "--x", "-w-", "-wx", "r--",
		"r-x", "rw-", "rwx" };
	char text[10];

	text[0] = type_letter(mode);
	memcpy(text + 1, triads[mode >> 6 & 7], 3);
	memcpy(text + 4, triads[mode >> 3 & 7], 3);
	memcpy(text + 7, triads[mode & 7], 3);
	if ((mode & S_ISUID) != 0)
		text[3] = (mode & S_IXUSR) != 0 ? 's' : 'S';
	if ((mode & S_ISGID) != 0)
		text[6] = (mode & S_IXGRP) != 0 ? 's' : 'S';
	if ((mode & S_ISVTX) != 0)
		text[9] = (mode & S_IXOTH) != 0 ? 't' : 'T';
	line_add(line, text, sizeof(text));
}

/* A name for the account's own, else the number. */
static void
add_owner(struct line *line, uint32_t id, uint32_t known, const char *name)
{
	size_t from = line->len;

	if (id == known && name[0] != '\0')
		line_text(line, name);
	else
		line_number(line, id, 0, ' ');
	line_pad(line, from, OWNER_COLUMNS);
	line_char(line, ' ');
}

static void
add_size(struct line *line, struct list_style *style UNUSED,
    const struct list_entry *entry)
{
	const struct statx *facts = entry->facts;
	char text[2 * SIZE_COLUMNS];
	struct line device;

	if (!S_ISCHR(facts->stx_mode) && !S_ISBLK(facts->stx_mode)) {
		line_number(line, facts->stx_size, SIZE_COLUMNS, ' ');
		return;
	}
	line_init(&device, text, sizeof(text));
	line_number(&device, facts->stx_rdev_major, 0, ' ');
	line_text(&device, ", ");
	line_number(&device, facts->stx_rdev_minor, 0, ' ');
	if (device.len < SIZE_COLUMNS)
		line_pad(line, line->len, SIZE_COLUMNS - device.len);
	line_add(line, device.text, device.len);
}

/* English month names whatever the locale: programs read them. */
static void
add_date(struct line *line, struct list_style *style,
    const struct list_entry *entry)
{
	static const char months[][5] = { "Jan ", "Feb ", "Mar ", "Apr ",
		"May ", "Jun ", "Jul ", "Aug ", "Sep ", "Oct ", "Nov ",
		"Dec " };
	time_t when = entry->facts->stx_mtime.tv_sec;
	struct date date;

	/* A year that is no int, or that would read as a negative size. */
	if (style->utc ? !date_utc(when, &date)
		       : !date_local(&style->zone, when, &date)) {
		line_text(line, "Jan  1  1970");
		return;
	}
	line_add(line, months[date.month - 1], 4);
	line_number(line, date.day, 2, ' ');
	line_char(line, ' ');
	if (when > style->now - SIX_MONTHS && when <= style->now + AHEAD) {
		line_two(line, date.hour);
		line_char(line, ':');
		line_two(line, date.minute);
	} else
		line_number(line, date.year, 5, ' ');
}

void
list_long(struct line *line, struct list_style *style,
    const struct list_entry *entry)
{
	const struct statx *facts = entry->facts;

	add_mode(line, facts->stx_mode);
	line_char(line, ' ');
	line_number(line, facts->stx_nlink, 3, ' ');
	line_char(line, ' ');
	add_owner(line, facts->stx_uid, style->uid, style->user);
	add_owner(line, facts->stx_gid, style->gid, style->group);
	list_slot(line, style, add_size);
	line_char(line, ' ');
	list_slot(line, style, add_date);
	line_char(line, ' ');
}
