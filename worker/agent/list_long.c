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
	char text[] = "-rwxrwxrwx";
	size_t i;

	text[0] = type_letter(mode);
	for (i = 0; i < 9; i++)
		if ((mode & (0400u >> i)) == 0)
			text[i + 1] = '-';
	if ((mode & S_ISUID) != 0)
		text[3] = (mode & S_IXUSR) != 0 ? 's' : 'S';
	if ((mode & S_ISGID) != 0)
		text[6] = (mode & S_IXGRP) != 0 ? 's' : 'S';
	if ((mode & S_ISVTX) != 0)
		text[9] = (mode & S_IXOTH) != 0 ? 't' : 'T';
	line_text(line, text);
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
add_size(struct line *line, const struct statx *facts)
{
	struct line device;

	if (!S_ISCHR(facts->stx_mode) && !S_ISBLK(facts->stx_mode)) {
		line_number(line, facts->stx_size, SIZE_COLUMNS, ' ');
		return;
	}
	line_init(&device);
	line_number(&device, facts->stx_rdev_major, 0, ' ');
	line_text(&device, ", ");
	line_number(&device, facts->stx_rdev_minor, 0, ' ');
	line_char(&device, '\0');
	line_pad(line, line->len,
	    device.len - 1 < SIZE_COLUMNS ? SIZE_COLUMNS - (device.len - 1)
					  : 0);
	line_text(line, device.text);
}

/* English month names whatever the locale: programs read them. */
static void
add_date(struct line *line, time_t when, time_t now)
{
	static const char months[][5] = { "Jan ", "Feb ", "Mar ", "Apr ",
		"May ", "Jun ", "Jul ", "Aug ", "Sep ", "Oct ", "Nov ",
		"Dec " };
	struct tm tm;

	memset(&tm, 0, sizeof(tm));
	/* A year that is no int, or that would read as a negative size. */
	if (localtime_r(&when, &tm) == NULL || tm.tm_year < -1900) {
		line_text(line, "Jan  1  1970");
		return;
	}
	line_text(line, months[tm.tm_mon]);
	line_number(line, (uint64_t)tm.tm_mday, 2, ' ');
	line_char(line, ' ');
	if (when > now - SIX_MONTHS && when <= now + AHEAD) {
		line_number(line, (uint64_t)tm.tm_hour, 2, '0');
		line_char(line, ':');
		line_number(line, (uint64_t)tm.tm_min, 2, '0');
	} else
		line_number(line, (uint64_t)(1900L + tm.tm_year), 5, ' ');
}

void
list_long(struct line *line, const struct list_style *style,
    const struct list_entry *entry)
{
	const struct statx *facts = entry->facts;

	add_mode(line, facts->stx_mode);
	line_char(line, ' ');
	line_number(line, facts->stx_nlink, 3, ' ');
	line_char(line, ' ');
	add_owner(line, facts->stx_uid, style->uid, style->user);
	add_owner(line, facts->stx_gid, style->gid, style->group);
	add_size(line, facts);
	line_char(line, ' ');
	add_date(line, facts->stx_mtime.tv_sec, style->now);
	line_char(line, ' ');
}
