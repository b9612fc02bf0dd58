#include "shm/base/buf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shm/base/ensure.h"

#define BUF_FIRST 256

void
buf_init(struct buf *buf, size_t limit)
{
	memset(buf, 0, sizeof(*buf));
	buf->limit = limit;
}

void
buf_free(struct buf *buf)
{
	free(buf->memory);
	buf_init(buf, buf->limit);
}

size_t
buf_len(const struct buf *buf)
{
	return (buf->end - buf->start);
}

uint8_t *
buf_data(const struct buf *buf)
{
	return (buf->memory == NULL ? NULL : buf->memory + buf->start);
}

/* Moves the contents to the front when that alone makes the room. */
static int
compact(struct buf *buf, size_t need)
{
	if (buf->memory == NULL || buf->size < need)
		return (0);
	memmove(buf->memory, buf->memory + buf->start, buf_len(buf));
	buf->end -= buf->start;
	buf->start = 0;
	return (1);
}

uint8_t *
buf_reserve(struct buf *buf, size_t len)
{
	size_t need, size;
	uint8_t *memory;

	if (len > SIZE_MAX / 2 - buf_len(buf) ||
	    (buf->limit != 0 && buf_len(buf) + len > buf->limit)) {
		errno = ENOBUFS;
		return (NULL);
	}
	need = buf_len(buf) + len;
	if (buf->memory != NULL && buf->size - buf->end >= len)
		return (buf->memory + buf->end);
	if (compact(buf, need))
		return (buf->memory + buf->end);
	for (size = BUF_FIRST; size < need;)
		size *= 2;
	memory = malloc(size);
	if (memory == NULL)
		return (NULL);
	if (buf->memory != NULL)
		memcpy(memory, buf->memory + buf->start, buf_len(buf));
	free(buf->memory);
	buf->end -= buf->start;
	buf->start = 0;
	buf->memory = memory;
	buf->size = size;
	return (memory + buf->end);
}

void
buf_added(struct buf *buf, size_t len)
{
	ensure(buf->size - buf->end >= len);
	buf->end += len;
}

int
buf_append(struct buf *buf, const void *data, size_t len)
{
	uint8_t *room;

	if (len == 0)
		return (0);
	room = buf_reserve(buf, len);
	if (room == NULL)
		return (-1);
	memcpy(room, data, len);
	buf_added(buf, len);
	return (0);
}

int
buf_printf(struct buf *buf, const char *format, ...)
{
	va_list arguments;
	uint8_t *room;
	int len;

	va_start(arguments, format);
	len = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (len < 0) {
		errno = EINVAL;
		return (-1);
	}
	/* vsnprintf() ends the text with a NUL, which is not kept. */
	room = buf_reserve(buf, (size_t)len + 1);
	if (room == NULL)
		return (-1);
	va_start(arguments, format);
	len = vsnprintf((char *)room, (size_t)len + 1, format, arguments);
	va_end(arguments);
	buf_added(buf, (size_t)len);
	return (0);
}

void
buf_consume(struct buf *buf, size_t len)
{
	ensure(len <= buf_len(buf));
	buf->start += len;
	if (buf->start == buf->end)
		buf_free(buf);
}
