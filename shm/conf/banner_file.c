/*
 * The value of banner_file: what is in the file is the banner, and all that
 * others see of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shm/base/fd.h"
#include "shm/base/utf8.h"
#include "shm/conf/build.h"
#include "shm/conf/format.h"
#include "shm/conf/value.h"

#define LINES_MAX 40

/* The file, and then its text. */
struct banner {
	const struct value *value;
	const char *path;
	size_t len;
	char text[CONF_TEXT_MAX + 2]; /* a byte too many is seen */
};

static bool PRINTF_LIKE(2, 3)
    refuse(const struct banner *banner, const char *format, ...)
{
	char why[2 * FORMAT_WHY_MAX];
	struct shown shown;
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(why, sizeof(why), format, arguments);
	va_end(arguments);
	value_refuse(banner->value, banner->value->node, "%s %s",
	    report_show(&shown, banner->path), why);
	return (false);
}

static bool
refuse_errno(const struct banner *banner)
{
	return (refuse(banner, "cannot be read: %s", strerror(errno)));
}

static bool
read_open(struct banner *banner, int fd)
{
	ssize_t n = 1;
	struct stat st;

	if (fstat(fd, &st) == -1)
		return (refuse_errno(banner));
	if (!S_ISREG(st.st_mode))
		return (refuse(banner, "is not a regular file"));
	banner->len = 0;
	while (n > 0 && banner->len < sizeof(banner->text) - 1) {
		n = read(fd, banner->text + banner->len,
		    sizeof(banner->text) - 1 - banner->len);
		if (n > 0)
			banner->len += (size_t)n;
	}
	if (n == -1)
		return (refuse_errno(banner));
	if (banner->len > CONF_TEXT_MAX)
		return (
		    refuse(banner, "is longer than %d bytes", CONF_TEXT_MAX));
	return (true);
}

/* Opening must not wait for a FIFO's writer, nor have effects on a device. */
static bool
read_file(struct banner *banner)
{
	int fd;
	bool good;

	fd = open(banner->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd == -1)
		return (refuse_errno(banner));
	good = read_open(banner, fd);
	fd_close(&fd);
	return (good);
}

/* Makes the ends of lines one byte, and takes them off the end of the text. */
static void
settle_lines(struct banner *banner)
{
	size_t from, to = 0;

	for (from = 0; from < banner->len; from++)
		if (banner->text[from] != '\r' ||
		    banner->text[from + 1] != '\n')
			banner->text[to++] = banner->text[from];
	while (to > 0 && banner->text[to - 1] == '\n')
		to--;
	banner->len = to;
	banner->text[to] = '\0';
}

static bool
check_bytes(const struct banner *banner)
{
	const uint8_t *bytes = (const uint8_t *)banner->text;
	size_t at, len, line = 1;

	for (at = 0; at < banner->len; at += len) {
		len = utf8_sequence(bytes + at, banner->len - at);
		if (len == 0)
			return (refuse(banner, "has no valid UTF-8 in line %zu",
			    line));
		if (bytes[at] == '\n')
			line++;
		else if (utf8_is_control(bytes + at, len))
			return (refuse(banner,
			    "has a control character in line %zu", line));
	}
	if (line > LINES_MAX)
		return (refuse(banner, "has more than %d lines", LINES_MAX));
	return (true);
}

static bool
check_variables(const struct banner *banner)
{
	char why[FORMAT_WHY_MAX];
	struct conf_format *format =
	    format_parse(banner->text, FORMAT_BANNER, why);

	if (format == NULL)
		return (refuse(banner, "is no good: %s", why));
	free(format);
	return (true);
}

static bool
read_banner(struct banner *banner)
{
	if (!scalar_check_path(banner->value, banner->value->node,
		banner->path) ||
	    !read_file(banner))
		return (false);
	settle_lines(banner);
	if (banner->len == 0)
		return (refuse(banner, "is empty"));
	return (check_bytes(banner) && check_variables(banner));
}

/* That of `defaults` is read once for all hosts. */
static const char *
text_of(const struct value *value, struct banner *banner)
{
	struct load *load = value->load;

	if (value->node == load->banner)
		return (load->banner_text);
	if (!read_banner(banner))
		return (NULL);
	if (value->node->context != CONTEXT_DEFAULTS)
		return (banner->text);
	load->banner_text = arena_copy(&load->arena, banner->text, banner->len);
	if (load->banner_text == NULL)
		report_no_memory(load);
	else
		load->banner = value->node;
	return (load->banner_text);
}

bool
banner_file_read(const struct value *value)
{
	struct banner banner = { .value = value,
		.path = value_text(value, value->node) };
	void *at = (char *)value->object + value->key->offset;
	char **field = at;
	const char *text;

	if (banner.path == NULL)
		return (false);
	text = text_of(value, &banner);
	return (text != NULL && strings_replace(value->load, field, text));
}

void
check_banner(const struct build *build, const struct given *own)
{
	const struct node *file =
	    own->nodes[keys_index(keys_find("banner_file"))];

	if (file != NULL && own->nodes[keys_index(keys_find("banner"))] != NULL)
		report_add(build->load, file->key_place,
		    "banner_file: there is a banner, too: one of them has to "
		    "go");
}
