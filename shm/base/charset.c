#include "shm/base/charset.h"

#include <iconv.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "shm/base/utf8.h"

#define GROWTH    4  /* bytes that one may become, at most */
#define GROWTH_IN 16 /* and what a converter may have kept back */
#define LAST_CODE 0xffff

struct charset {
	struct charset *next;
	iconv_t to_utf8, from_utf8;
	char name[];
};

static struct charset *opened; /* in this process */

/*
 * A byte that is no character, where as itself it would make one of UTF-8
 * together with its neighbours, is U+DC00 and the byte, which is no character
 * either.
 */
static int
append_escaped(struct buf *out, uint8_t byte)
{
	const uint8_t escape[3] = { 0xed, (uint8_t)(0xb0 | byte >> 6),
		(uint8_t)(0x80 | (byte & 0x3f)) };

	return (buf_append(out, escape, sizeof(escape)));
}

/* The byte in such an escape, or -1. */
static int
escaped(const uint8_t *text, size_t len)
{
	if (len < 3 || text[0] != 0xed || (text[1] & 0xfe) != 0xb2 ||
	    (text[2] & 0xc0) != 0x80)
		return (-1);
	return ((text[1] & 3) << 6 | (text[2] & 0x3f));
}

/*
 * Converts from *in on, and moves it, as far as that goes: 1, all of it; 0, up
 * to what is no character; -1, memory is short.
 */
static int
convert(iconv_t converter, const uint8_t **in, size_t *len, struct buf *out)
{
	size_t room = *len * GROWTH + GROWTH_IN, left = room, got;
	uint8_t *at = buf_reserve(out, room);
	char *from, *to = (char *)at;

	if (at == NULL)
		return (-1);
	/* It takes what it does not change by a pointer that could. */
	memcpy(&from, in, sizeof(from));
	(void)iconv(converter, NULL, NULL, NULL, NULL);
	got = iconv(converter, &from, len, &to, &left);
	if (got != (size_t)-1)
		(void)iconv(converter, NULL, NULL, &to, &left);
	memcpy(in, &from, sizeof(from));
	buf_added(out, room - left);
	return (got != (size_t)-1);
}

bool
charset_is_ascii(const uint8_t *line, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (line[i] >= 0x80)
			return (false);
	return (true);
}

static bool
is_utf8(const uint8_t *line, size_t len)
{
	size_t n;

	for (; len > 0; line += n, len -= n) {
		n = utf8_sequence(line, len);
		if (n == 0)
			return (false);
	}
	return (true);
}

/* 1: all of the line is of the set, and was appended; 0: nothing was; -1. */
static int
encode_whole(const struct charset *charset, const uint8_t *line, size_t len,
    struct buf *out)
{
	struct buf whole;
	int ret;

	buf_init(&whole, 0);
	ret = convert(charset->from_utf8, &line, &len, &whole);
	if (ret == 1)
		ret = buf_append(out, buf_data(&whole), buf_len(&whole)) == 0
		    ? 1
		    : -1;
	buf_free(&whole);
	return (ret);
}

/* One character, or one byte that is none; how many bytes of line, or 0. */
static size_t
encode_next(const struct charset *charset, const uint8_t *line, size_t len,
    struct buf *out)
{
	size_t n = utf8_sequence(line, len);
	int byte = n == 0 ? escaped(line, len) : -1;
	uint8_t raw;
	int ret;

	if (byte != -1) {
		raw = (uint8_t)byte;
		return (buf_append(out, &raw, 1) == 0 ? 3 : 0);
	}
	ret = n > 0 ? encode_whole(charset, line, n, out) : 0;
	n = n == 0 ? 1 : n;
	if (ret == 0)
		ret = buf_append(out, line, n) == 0 ? 1 : -1;
	return (ret == -1 ? 0 : n);
}

/*
 * A name with a character that the set does not have is told as it is, and is
 * known by that when it comes back: see is_foreign().
 */
int
charset_from_utf8(const struct charset *charset, const uint8_t *line,
    size_t len, struct buf *out)
{
	size_t n;
	int ret = 0;

	if (charset_is_ascii(line, len))
		return (buf_append(out, line, len));
	if (is_utf8(line, len)) {
		ret = encode_whole(charset, line, len, out);
		if (ret == 0)
			ret = buf_append(out, line, len);
		return (ret == -1 ? -1 : 0);
	}
	for (; len > 0; line += n, len -= n) {
		n = encode_next(charset, line, len, out);
		if (n == 0)
			return (-1);
	}
	return (0);
}

/*
 * Whether it is text of UTF-8 that the set cannot say, which by chance text of
 * the set hardly ever is.  1, 0, or -1.
 */
static int
is_foreign(const struct charset *charset, const uint8_t *line, size_t len)
{
	struct buf scratch;
	int ret;

	if (!is_utf8(line, len))
		return (0);
	buf_init(&scratch, 0);
	ret = encode_whole(charset, line, len, &scratch);
	buf_free(&scratch);
	return (ret == -1 ? -1 : ret == 0);
}

/* 1 when all of it is text; 0 when bytes of it are not; -1. */
static int
decode(const struct charset *charset, const uint8_t *line, size_t len,
    bool escape, struct buf *out)
{
	int ret, text = 1;

	while ((ret = convert(charset->to_utf8, &line, &len, out)) == 0) {
		text = 0;
		ret = escape ? append_escaped(out, *line)
			     : buf_append(out, line, 1);
		if (ret == -1)
			return (-1);
		line++;
		len--;
	}
	return (ret == -1 ? -1 : text);
}

/* Whether the text comes back as the line.  1, 0, or -1. */
static int
comes_back(const struct charset *charset, const uint8_t *line, size_t len,
    const struct buf *text)
{
	struct buf back;
	int ret;

	buf_init(&back, 0);
	ret = charset_from_utf8(charset, buf_data(text), buf_len(text), &back);
	if (ret == 0)
		ret = buf_len(&back) == len &&
		    memcmp(buf_data(&back), line, len) == 0;
	buf_free(&back);
	return (ret);
}

static int
decode_line(const struct charset *charset, const uint8_t *line, size_t len,
    struct buf *text)
{
	int ret = decode(charset, line, len, false, text);

	if (ret == 0)
		ret = comes_back(charset, line, len, text);
	if (ret == 0) {
		buf_consume(text, buf_len(text));
		ret = decode(charset, line, len, true, text);
	}
	return (ret);
}

int
charset_to_utf8(const struct charset *charset, const uint8_t *line, size_t len,
    struct buf *out)
{
	struct buf text;
	int ret;

	if (charset_is_ascii(line, len))
		return (buf_append(out, line, len));
	ret = is_foreign(charset, line, len);
	if (ret != 0)
		return (ret == -1 ? -1 : buf_append(out, line, len));
	buf_init(&text, 0);
	ret = decode_line(charset, line, len, &text);
	if (ret != -1)
		ret = buf_append(out, buf_data(&text), buf_len(&text));
	buf_free(&text);
	return (ret == -1 ? -1 : 0);
}

/* --- opening ---------------------------------------------------------------
 */

static size_t
put_utf8(uint32_t code, uint8_t out[3])
{
	if (code < 0x800) {
		out[0] = (uint8_t)(0xc0 | code >> 6);
		out[1] = (uint8_t)(0x80 | (code & 0x3f));
		return (2);
	}
	out[0] = (uint8_t)(0xe0 | code >> 12);
	out[1] = (uint8_t)(0x80 | (code >> 6 & 0x3f));
	out[2] = (uint8_t)(0x80 | (code & 0x3f));
	return (3);
}

/* Whether what a character outside of ASCII becomes is like none of ASCII. */
static bool
is_apart(const uint8_t *bytes, size_t len)
{
	size_t i;

	/* Some sets of Japan have a yen sign and an overline there. */
	if (len == 1 && (bytes[0] == '\\' || bytes[0] == '~'))
		return (true);
	if (len == 0 || bytes[0] < 0x80)
		return (false);
	for (i = 1; i < len; i++)
		if (bytes[i] < '0')
			return (false);
	return (true);
}

static bool
keeps_apart(const struct charset *charset)
{
	uint8_t utf8[3];
	struct buf out;
	uint32_t code;
	bool apart = true;

	buf_init(&out, 0);
	for (code = 0x80; apart && code <= LAST_CODE; code++) {
		buf_consume(&out, buf_len(&out));
		if (encode_whole(charset, utf8, put_utf8(code, utf8), &out) ==
		    1)
			apart = is_apart(buf_data(&out), buf_len(&out));
	}
	buf_free(&out);
	return (apart);
}

static bool
keeps_ascii(const struct charset *charset)
{
	uint8_t byte;
	struct buf out;
	bool same = true;

	buf_init(&out, 0);
	for (byte = 1; same && byte < 0x7f; byte++) {
		if (byte == '\\' || byte == '~')
			continue;
		buf_consume(&out, buf_len(&out));
		same = decode(charset, &byte, 1, false, &out) == 1 &&
		    buf_len(&out) == 1 && *buf_data(&out) == byte;
	}
	buf_free(&out);
	return (same);
}

/* NULL: there is none. */
static iconv_t
converter(const char *to, const char *from)
{
	iconv_t opened_one = iconv_open(to, from);

	return ((intptr_t)opened_one == -1 ? NULL : opened_one);
}

static void
end(struct charset *charset)
{
	if (charset->to_utf8 != NULL)
		(void)iconv_close(charset->to_utf8);
	if (charset->from_utf8 != NULL)
		(void)iconv_close(charset->from_utf8);
	free(charset);
}

const struct charset *
charset_find(const char *name)
{
	const struct charset *charset;

	for (charset = opened; charset != NULL; charset = charset->next)
		if (strcasecmp(charset->name, name) == 0)
			return (charset);
	return (NULL);
}

const struct charset *
charset_open(const char *name)
{
	const struct charset *found = charset_find(name);
	size_t size = strlen(name) + 1;
	struct charset *charset;

	/*
	 * "//TRANSLIT" would have one name stand for several, and no name is
	 * that of the locale.
	 */
	if (found != NULL || *name == '\0' || strchr(name, '/') != NULL)
		return (found);
	charset = calloc(1, sizeof(*charset) + size);
	if (charset == NULL)
		return (NULL);
	memcpy(charset->name, name, size);
	charset->to_utf8 = converter("UTF-8", name);
	charset->from_utf8 = converter(name, "UTF-8");
	if (charset->to_utf8 == NULL || charset->from_utf8 == NULL ||
	    !keeps_ascii(charset) || !keeps_apart(charset)) {
		end(charset);
		return (NULL);
	}
	charset->next = opened;
	opened = charset;
	return (charset);
}

bool
charset_usable(const char *name)
{
	return (charset_open(name) != NULL);
}
