#include <string.h>

#include "worker/ftp/syntax/args.h"

/* Copies a quoted name; false when the second mark, or the name, is missing. */
static bool
quoted(const char **text, char **out)
{
	const char *from = *text + 1, *begin = *out;

	while (*from != '\0') {
		if (from[0] == '"' && from[1] != '"') {
			*text = from + 1;
			return (*out != begin);
		}
		from += from[0] == '"'; /* the first of two */
		*(*out)++ = *from++;
	}
	return (false);
}

static void
plain(const char **text, char **out)
{
	size_t len = strcspn(*text, " ");

	memcpy(*out, *text, len);
	*out += len;
	*text += len;
}

enum args_result
args_names(const char *text, char *out, size_t size, size_t *count)
{
	*count = 0;
	if (size <= strlen(text))
		return (ARGS_UNSUPPORTED);
	while (*text != '\0') {
		if (*text != '"')
			plain(&text, &out);
		else if (!quoted(&text, &out))
			return (ARGS_SYNTAX);
		*out++ = '\0';
		(*count)++;
		if (*text != ' ' && *text != '\0')
			return (ARGS_SYNTAX);
		text += strspn(text, " ");
	}
	return (ARGS_OK);
}
