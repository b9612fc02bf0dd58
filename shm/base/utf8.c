#include "shm/base/utf8.h"

#include <stdbool.h>

static bool
is_tail(uint8_t byte)
{
	return ((byte & 0xc0) == 0x80);
}

/* The bounds of the second byte rule out overlong forms and surrogates. */
static bool
second_fits(uint8_t first, uint8_t second)
{
	switch (first) {
	case 0xe0:
		return (second >= 0xa0 && second <= 0xbf);
	case 0xed:
		return (second >= 0x80 && second <= 0x9f);
	case 0xf0:
		return (second >= 0x90 && second <= 0xbf);
	case 0xf4:
		return (second >= 0x80 && second <= 0x8f);
	default:
		return (is_tail(second));
	}
}

size_t
utf8_sequence(const uint8_t *text, size_t len)
{
	size_t need, i;

	if (text[0] < 0x80)
		return (1);
	if (text[0] >= 0xc2 && text[0] <= 0xdf)
		need = 2;
	else if (text[0] >= 0xe0 && text[0] <= 0xef)
		need = 3;
	else if (text[0] >= 0xf0 && text[0] <= 0xf4)
		need = 4;
	else
		return (0);
	if (len < need || !second_fits(text[0], text[1]))
		return (0);
	for (i = 2; i < need; i++)
		if (!is_tail(text[i]))
			return (0);
	return (need);
}

bool
utf8_is_control(const uint8_t *sequence, size_t len)
{
	if (len == 1)
		return (sequence[0] < ' ' || sequence[0] == 0x7f);
	return (len == 2 && sequence[0] == 0xc2 && sequence[1] < 0xa0);
}
