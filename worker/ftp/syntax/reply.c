#include "worker/ftp/syntax/reply.h"

#include <stdio.h>
#include <string.h>

#include "shm/base/charset.h"
#include "shm/base/ensure.h"

/* The longest path, each a quotation mark that is doubled, and words. */
#define TEXT_MAX   8448
#define TEXT_USUAL 128 /* and most are shorter */
#define CODE_LEN   3
#define LINE_END   2 /* bytes */

void
reply_init(struct reply *reply)
{
	buf_init(&reply->buf, REPLY_MAX);
	reply->owed = 0;
	reply->code = 0;
	reply->failed = false;
	reply->charset = NULL;
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

/* Nothing in it ends the line, or the text. */
static void
clean(uint8_t *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (text[i] == '\r' || text[i] == '\n' || text[i] == '\0')
			text[i] = '?';
}

/*
 * Formats the text behind head bytes of room for it; its length, or -1.  Twice
 * when it is long, which few are.
 */
static int write_text(struct buf *buf, size_t head, const char *format,
    va_list args) __attribute__((format(printf, 3, 0)));

static int
write_text(struct buf *buf, size_t head, const char *format, va_list args)
{
	uint8_t *room = buf_reserve(buf, head + TEXT_USUAL + LINE_END);
	va_list again;
	int len;

	if (room == NULL)
		return (-1);
	va_copy(again, args);
	len = vsnprintf((char *)room + head, TEXT_USUAL, format, args);
	if (len >= TEXT_MAX)
		len = TEXT_MAX - 1;
	if (len >= TEXT_USUAL) {
		room = buf_reserve(buf, head + (size_t)len + 1 + LINE_END);
		if (room != NULL)
			(void)vsnprintf((char *)room + head, (size_t)len + 1,
			    format, again);
		else
			len = -1;
	}
	va_end(again);
	return (len);
}

/*
 * Puts the text behind head bytes of room, which has been formatted there, into
 * the client's character set; its new length, or -1.
 */
static int
recode(struct reply *reply, size_t head, int len)
{
	uint8_t *text = buf_reserve(&reply->buf, head + (size_t)len);
	struct buf own;

	ensure(text != NULL); /* it is there already */
	if (charset_is_ascii(text + head, (size_t)len))
		return (len);
	buf_init(&own, 0);
	if (charset_from_utf8(reply->charset, text + head, (size_t)len, &own) ==
	    0)
		text =
		    buf_reserve(&reply->buf, head + buf_len(&own) + LINE_END);
	else
		text = NULL;
	if (text != NULL)
		memcpy(text + head, buf_data(&own), buf_len(&own));
	len = text == NULL ? -1 : (int)buf_len(&own);
	buf_free(&own);
	return (len);
}

/*
 * Appends a code and what divides it from the text (code 0: only that), the
 * text, and a line end.  A client that does not read its replies fills the
 * buffer: then the session ends, since a reply left out would make it take one
 * command's answer for another's.
 */
static void put(struct reply *reply, int code, char divider, const char *format,
    va_list args) __attribute__((format(printf, 4, 0)));

static void
put(struct reply *reply, int code, char divider, const char *format,
    va_list args)
{
	size_t head = code == 0 ? 1 : CODE_LEN + 1;
	uint8_t *room;
	int len;

	len = write_text(&reply->buf, head, format, args);
	if (len > 0 && reply->charset != NULL)
		len = recode(reply, head, len);
	if (len < 0) {
		reply->failed = true;
		return;
	}
	room = buf_reserve(&reply->buf, head + (size_t)len + LINE_END);
	ensure(room != NULL); /* it is there already */
	if (code != 0) {
		room[0] = (uint8_t)('0' + code / 100);
		room[1] = (uint8_t)('0' + code / 10 % 10);
		room[2] = (uint8_t)('0' + code % 10);
	}
	room[head - 1] = (uint8_t)divider;
	clean(room + head, (size_t)len);
	room[head + (size_t)len] = '\r';
	room[head + (size_t)len + 1] = '\n';
	buf_added(&reply->buf, head + (size_t)len + LINE_END);
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
reply_vsend(struct reply *reply, int code, const char *format, va_list args)
{
	ensure(code >= 100 && code < 600 && reply->code == 0);
	put(reply, code, ' ', format, args);
	settle(reply, code);
}

void
reply_send(struct reply *reply, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	reply_vsend(reply, code, format, args);
	va_end(args);
}

void
reply_begin(struct reply *reply, int code, const char *format, ...)
{
	va_list args;

	ensure(code >= 100 && code < 600 && reply->code == 0);
	reply->code = code;
	va_start(args, format);
	put(reply, code, '-', format, args);
	va_end(args);
}

void
reply_line(struct reply *reply, const char *format, ...)
{
	va_list args;

	ensure(reply->code != 0);
	va_start(args, format);
	put(reply, 0, ' ', format, args);
	va_end(args);
}

void
reply_end(struct reply *reply, const char *format, ...)
{
	va_list args;

	ensure(reply->code != 0);
	va_start(args, format);
	put(reply, reply->code, ' ', format, args);
	va_end(args);
	settle(reply, reply->code);
	reply->code = 0;
}
