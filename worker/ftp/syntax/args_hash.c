/* The arguments of RANG, and of XCRC and those like it. */
#include <string.h>

#include "worker/ftp/syntax/args.h"

#define DIGITS_MAX 20

/* Takes a number off text, which may go on after a space. */
static bool
take_number(const char **text, uint64_t *number)
{
	size_t len = strcspn(*text, " ");
	char digits[DIGITS_MAX + 1];

	if (len > DIGITS_MAX)
		return (false);
	memcpy(digits, *text, len);
	digits[len] = '\0';
	*text += len;
	return (args_number(digits, number) == ARGS_OK);
}

enum args_result
args_range(const char *text, struct args_range *range)
{
	uint64_t first, last;

	if (!take_number(&text, &first) || *text++ != ' ' ||
	    !take_number(&text, &last) || *text != '\0')
		return (ARGS_SYNTAX);
	if (first > last && (first != 1 || last != 0))
		return (ARGS_SYNTAX);
	range->start = first > last ? 0 : first;
	range->end = first > last ? ARGS_RANGE_ALL : last + 1;
	return (ARGS_OK);
}

enum args_result
args_checksum(const char *text, char *out, size_t size,
    struct args_range *range)
{
	range->start = 0;
	range->end = ARGS_RANGE_ALL;
	if (*text != '"') {
		if (strlen(text) >= size)
			return (ARGS_SYNTAX);
		memcpy(out, text, strlen(text) + 1);
		return (ARGS_OK);
	}
	text = args_name(text, out, size);
	if (text == NULL)
		return (ARGS_SYNTAX);
	if (*text == '\0')
		return (ARGS_OK);
	if (*text++ != ' ' || !take_number(&text, &range->start))
		return (ARGS_SYNTAX);
	if (*text == '\0')
		return (ARGS_OK);
	if (*text++ != ' ' || !take_number(&text, &range->end) ||
	    *text != '\0' || range->end <= range->start)
		return (ARGS_SYNTAX);
	return (ARGS_OK);
}
