#include "shm/base/psk.h"

#include <string.h>

bool
psk_next(const char **text, size_t *len, struct psk_line *line)
{
	const char *end, *blank;
	size_t n;

	if (*len == 0)
		return (false);
	end = memchr(*text, '\n', *len);
	n = end == NULL ? *len : (size_t)(end - *text);
	blank = memchr(*text, ' ', n);
	if (blank == NULL)
		return (false);
	line->identity = *text;
	line->identity_len = (size_t)(blank - *text);
	line->hex = blank + 1;
	line->hex_len = n - line->identity_len - 1;
	if (line->identity_len == 0 ||
	    line->identity_len > PSK_IDENTITY_LEN_MAX)
		return (false);
	if (end != NULL)
		n++;
	*text += n;
	*len -= n;
	return (true);
}

bool
psk_find(const char *text, size_t len, const char *identity,
    struct psk_line *line)
{
	size_t wanted = strlen(identity);

	while (psk_next(&text, &len, line))
		if (line->identity_len == wanted &&
		    memcmp(line->identity, identity, wanted) == 0)
			return (true);
	return (false);
}

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return (c - '0');
	if (c >= 'a' && c <= 'f')
		return (c - 'a' + 10);
	if (c >= 'A' && c <= 'F')
		return (c - 'A' + 10);
	return (-1);
}

size_t
psk_key(const struct psk_line *line, uint8_t key[static PSK_KEY_MAX])
{
	size_t i, len = line->hex_len / 2;
	int high, low;

	if (line->hex_len % 2 != 0 || len < PSK_KEY_MIN || len > PSK_KEY_MAX)
		return (0);
	for (i = 0; i < len; i++) {
		high = digit(line->hex[2 * i]);
		low = digit(line->hex[2 * i + 1]);
		if (high == -1 || low == -1)
			return (0);
		key[i] = (uint8_t)(high << 4 | low);
	}
	return (len);
}
