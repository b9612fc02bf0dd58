#include "worker/ftp/reply.h"

#include <stdarg.h>
#include <stdio.h>

#include "shm/base/ensure.h"

/* A path of 4096 bytes, each a quotation mark that is doubled, and words. */
#define TEXT_MAX 8448

void
reply_init(struct reply *reply)
{
	buf_init(&reply->buf, REPLY_MAX);
	reply->owed = 0;
	reply->code = 0;
	reply->failed = false;
}

void
reply_free(struct reply *reply)
{
	buf_free(&reply->buf);
}

void
reply_expect(struct reply *reply)
{
	reply->owed++;
}

/*
 * Appends prefix, the text, and a line end.  A client that does not read its
 * replies fills the buffer: then the session ends, since a reply left out
 * would make it take one command's answer for another's.
 */
static void put(struct reply *reply, const char *prefix, const char *format,
    va_list args) __attribute__((format(printf, 3, 0)));

static void
put(struct reply *reply, const char *prefix, const char *format, va_list args)
{
	char text[TEXT_MAX];
	int len, i;

	len = vsnprintf(text, sizeof(text), format, args);
	if (len < 0)
		len = 0;
	if (len >= (int)sizeof(text))
		len = (int)sizeof(text) - 1;
	for (i = 0; i < len; i++)
		if (text[i] == '\r' || text[i] == '\n')
			text[i] = '?';
	text[len] = '\0';
	if (buf_printf(&reply->buf, "%s%s\r\n", prefix, text) != 0)
		reply->failed = true;
}

static void
settle(struct reply *reply, int code)
{
	if (code < 200)
		return;
	ensure(reply->owed > 0);
	reply->owed--;
}

void
reply_send(struct reply *reply, int code, const char *format, ...)
{
	char prefix[16];
	va_list args;

	ensure(code >= 100 && code < 600 && reply->code == 0);
	(void)snprintf(prefix, sizeof(prefix), "%d ", code);
	va_start(args, format);
	put(reply, prefix, format, args);
	va_end(args);
	settle(reply, code);
}

void
reply_begin(struct reply *reply, int code, const char *format, ...)
{
	char prefix[16];
	va_list args;

	ensure(code >= 100 && code < 600 && reply->code == 0);
	reply->code = code;
	(void)snprintf(prefix, sizeof(prefix), "%d-", code);
	va_start(args, format);
	put(reply, prefix, format, args);
	va_end(args);
}

void
reply_line(struct reply *reply, const char *format, ...)
{
	va_list args;

	ensure(reply->code != 0);
	va_start(args, format);
	put(reply, " ", format, args);
	va_end(args);
}

void
reply_end(struct reply *reply, const char *format, ...)
{
	char prefix[16];
	va_list args;

	ensure(reply->code != 0);
	(void)snprintf(prefix, sizeof(prefix), "%d ", reply->code);
	va_start(args, format);
	put(reply, prefix, format, args);
	va_end(args);
	settle(reply, reply->code);
	reply->code = 0;
}

size_t
reply_room(const struct reply *reply)
{
	size_t used = buf_len(&reply->buf);

	return (used >= REPLY_MAX ? 0 : REPLY_MAX - used);
}
