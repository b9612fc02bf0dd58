#include "worker/agent/line.h"

#define DIGITS_MAX 24 /* of 64 bits in octal, and some */

const char line_pairs[] = "00010203040506070809"
			  "10111213141516171819"
			  "20212223242526272829"
			  "30313233343536373839"
			  "40414243444546474849"
			  "50515253545556575859"
			  "60616263646566676869"
			  "70717273747576777879"
			  "80818283848586878889"
			  "90919293949596979899";

void
line_number(struct line *line, uint64_t number, size_t width, char fill)
{
	char text[DIGITS_MAX];
	size_t at = sizeof(text);

	while (number >= 100) {
		at -= 2;
		memcpy(text + at, line_pairs + 2 * (number % 100), 2);
		number /= 100;
	}
	if (number >= 10) {
		at -= 2;
		memcpy(text + at, line_pairs + 2 * number, 2);
	} else {
		text[--at] = (char)('0' + number);
	}
	while (sizeof(text) - at < width && at > 0)
		text[--at] = fill;
	line_add(line, text + at, sizeof(text) - at);
}

/* In a base of 1 << bits. */
static void
digits(struct line *line, uint64_t number, unsigned int bits, size_t width)
{
	char text[DIGITS_MAX];
	size_t at = sizeof(text);

	do {
		text[--at] = "0123456789abcdef"[number & ((1u << bits) - 1)];
		number >>= bits;
	} while (at > 0 && (number != 0 || sizeof(text) - at < width));
	line_add(line, text + at, sizeof(text) - at);
}

void
line_octal(struct line *line, unsigned int number, size_t width)
{
	digits(line, number, 3, width);
}

void
line_hex(struct line *line, uint64_t number)
{
	digits(line, number, 4, 0);
}

void
line_pad(struct line *line, size_t from, size_t width)
{
	size_t missing =
	    line->len - from < width ? width + from - line->len : 0;

	if (missing > line->size - line->len)
		missing = line->size - line->len;
	memset(line->text + line->len, ' ', missing);
	line->len += missing;
}
