/* The bytes of a file or text, as libyaml asks for them. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "shm/conf/reader.h"

#define QUIET_MAX ((size_t)128 * 1024) /* bytes without any event */

/* Copies up to size bytes at offset; the count, or -1 with errno. */
static ssize_t
source_copy(const struct source *source, void *buffer, size_t size,
    size_t offset)
{
	size_t left;
	ssize_t got;

	if (source->fd == -1) {
		left = offset < source->len ? source->len - offset : 0;
		if (size > left)
			size = left;
		if (size > 0)
			memcpy(buffer, source->text + offset, size);
		return ((ssize_t)size);
	}
	do
		got = pread(source->fd, buffer, size, (off_t)offset);
	while (got == -1 && errno == EINTR);
	return (got);
}

/* A byte order mark at the beginning would shift the columns of line 1. */
static void
skip_mark(struct reader *reader)
{
	static const char mark[] = "\xef\xbb\xbf";
	char start[3];

	if (source_copy(reader->source, start, sizeof(start), 0) ==
		sizeof(start) &&
	    memcmp(start, mark, sizeof(start)) == 0)
		reader->mark = sizeof(start);
	reader->bytes = reader->mark;
}

int
source_feed(void *context, unsigned char *buffer, size_t size,
    size_t *size_read)
{
	struct reader *reader = context;
	ssize_t got;

	if (reader->bytes == 0)
		skip_mark(reader);
	got = source_copy(reader->source, buffer, size, reader->bytes);
	if (got == -1) {
		reader->stop = strerror(errno);
		return (0);
	}
	*size_read = (size_t)got;
	reader->bytes += (size_t)got;
	reader->load->bytes += (size_t)got;
	reader->since += (size_t)got;
	if (reader->bytes > reader->source->limit)
		reader->stop = "the file is too large";
	else if (reader->load->bytes > CONF_BYTES_MAX)
		reader->stop = "all files together are too large";
	else if (reader->since > QUIET_MAX)
		reader->stop = "a value is too long";
	return (reader->stop == NULL ? 1 : 0);
}

/* Moves the place on by one byte. */
static void
step(struct place *place, char c)
{
	if (c == '\n') {
		place->line++;
		place->column = 1;
	} else if (((unsigned char)c & 0xc0) != 0x80 &&
	    place->column < UINT16_MAX) {
		place->column++;
	}
}

struct place
source_place(const struct reader *reader, size_t offset)
{
	struct place place = { 1, 1, reader->source->file };
	size_t at = reader->mark, i;
	char chunk[4096];
	ssize_t got;

	offset += reader->mark;
	while (at < offset) {
		got = source_copy(reader->source, chunk, sizeof(chunk), at);
		if (got <= 0)
			break;
		for (i = 0; i < (size_t)got && at < offset; i++, at++)
			step(&place, chunk[i]);
	}
	return (place);
}
