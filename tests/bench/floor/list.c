/* LIST and MLSD: names in large blocks, one statx() each, one line each. */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "tests/bench/floor/floor.h"

#define NAMES_SIZE   ((size_t)64 * 1024)
#define LINE_MAX_LEN (NAME_MAX + 256)
#define TEXT_SIZE    SSL3_RT_MAX_PLAIN_LENGTH
#define DAY          86400

struct text {
	size_t len;
	char data[TEXT_SIZE];
};

static void
add(struct text *text, const char *data, size_t len)
{
	memcpy(text->data + text->len, data, len);
	text->len += len;
}

static void
add_number(struct text *text, uint64_t number, size_t width, char fill)
{
	char digits[32];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	while (sizeof(digits) - at < width)
		digits[--at] = fill;
	add(text, digits + at, sizeof(digits) - at);
}

/* Files of a directory are often of the same day. */
static const struct tm *
day_of(int64_t when)
{
	static int64_t known = -1;
	static struct tm tm;
	int64_t day = when / DAY;
	time_t start = (time_t)(day * DAY);

	if (day != known && gmtime_r(&start, &tm) != NULL)
		known = day;
	return (&tm);
}

static void
add_facts(struct text *text, const struct statx *facts)
{
	int64_t when = facts->stx_mtime.tv_sec;
	const struct tm *day = day_of(when);
	uint64_t second = (uint64_t)(when % DAY);

	if (S_ISDIR(facts->stx_mode))
		add(text, "type=dir;", 9);
	else
		add(text, "type=file;", 10);
	add(text, "size=", 5);
	add_number(text, facts->stx_size, 0, ' ');
	add(text, ";modify=", 8);
	add_number(text, (uint64_t)day->tm_year + 1900, 4, '0');
	add_number(text, (uint64_t)day->tm_mon + 1, 2, '0');
	add_number(text, (uint64_t)day->tm_mday, 2, '0');
	add_number(text, second / 3600, 2, '0');
	add_number(text, second / 60 % 60, 2, '0');
	add_number(text, second % 60, 2, '0');
	add(text, ";perm=adfrw;unique=", 19);
	add_number(text, facts->stx_ino, 0, ' ');
	add(text, ";UNIX.mode=0", 12);
	add_number(text, facts->stx_mode >> 6 & 7u, 0, ' ');
	add_number(text, facts->stx_mode >> 3 & 7u, 0, ' ');
	add_number(text, facts->stx_mode & 7u, 0, ' ');
	add(text, "; ", 2);
}

static void
add_mode(struct text *text, uint16_t mode)
{
	char letters[] = "-rwxrwxrwx ";
	size_t i;

	if (S_ISDIR(mode))
		letters[0] = 'd';
	for (i = 0; i < 9; i++)
		if ((mode & (0400u >> i)) == 0)
			letters[i + 1] = '-';
	add(text, letters, sizeof(letters) - 1);
}

static void
add_long(struct text *text, const struct statx *facts)
{
	static const char months[][5] = { "Jan ", "Feb ", "Mar ", "Apr ",
		"May ", "Jun ", "Jul ", "Aug ", "Sep ", "Oct ", "Nov ",
		"Dec " };
	int64_t when = facts->stx_mtime.tv_sec;
	const struct tm *day = day_of(when);
	uint64_t second = (uint64_t)(when % DAY);

	add_mode(text, facts->stx_mode);
	add_number(text, facts->stx_nlink, 3, ' ');
	add(text, " ", 1);
	add_number(text, facts->stx_uid, 8, ' ');
	add(text, " ", 1);
	add_number(text, facts->stx_gid, 8, ' ');
	add(text, " ", 1);
	add_number(text, facts->stx_size, 12, ' ');
	add(text, " ", 1);
	add(text, months[day->tm_mon % 12], 4);
	add_number(text, (uint64_t)day->tm_mday, 2, ' ');
	add(text, " ", 1);
	add_number(text, second / 3600, 2, '0');
	add(text, ":", 1);
	add_number(text, second / 60 % 60, 2, '0');
	add(text, " ", 1);
}

static bool
send_text(struct server *server, struct text *text)
{
	size_t len = text->len, done;

	text->len = 0;
	return (len == 0 ||
	    (SSL_write_ex(server->data_ssl, text->data, len, &done) == 1 &&
		!server->data.failed));
}

static bool
add_entry(struct server *server, struct text *text, int directory,
    const char *name, bool facts)
{
	unsigned int mask = STATX_TYPE | STATX_MODE | STATX_SIZE | STATX_MTIME |
	    STATX_INO | STATX_NLINK | STATX_UID | STATX_GID;
	struct statx found;

	if (name[0] == '.' ||
	    statx(directory, name,
		AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC,
		mask, &found) == -1)
		return (true);
	if (text->len + LINE_MAX_LEN > TEXT_SIZE && !send_text(server, text))
		return (false);
	if (facts)
		add_facts(text, &found);
	else
		add_long(text, &found);
	add(text, name, strlen(name));
	add(text, "\r\n", 2);
	return (true);
}

bool
list_send(struct server *server, int directory, bool facts)
{
	const struct dirent64 *entry;
	struct text text;
	ssize_t len, at;

	text.len = 0;
	while ((len = getdents64(directory, server->block, NAMES_SIZE)) > 0) {
		for (at = 0; at < len; at += entry->d_reclen) {
			entry = (const void *)(server->block + at);
			if (!add_entry(server, &text, directory, entry->d_name,
				facts))
				return (false);
		}
	}
	return (len == 0 && send_text(server, &text));
}
