/* Names, of which some stand in quotation marks. */
#include <string.h>

#include "worker/ftp/syntax/args.h"

/* The second mark is missing: NULL; else what comes after it. */
static const char *
take_quoted(const char *text, char *out, size_t size)
{
	size_t len = 0;

	for (text++; len < size; out[len++] = *text++) {
		if (*text == '\0')
			return (NULL);
		if (*text != '"')
			continue;
		text++; /* of two the first */
		if (*text == '"')
			continue;
		out[len] = '\0';
		return (len == 0 ? NULL : text);
	}
	return (NULL);
}

static const char *
take_plain(const char *text, char *out, size_t size)
{
	size_t len = strcspn(text, " ");

	if (len == 0 || len >= size)
		return (NULL);
	memcpy(out, text, len);
	out[len] = '\0';
	return (text + len);
}

const char *
args_name(const char *text, char *out, size_t size)
{
	return (*text == '"' ? take_quoted(text, out, size)
			     : take_plain(text, out, size));
}

enum args_result
args_names(const char *text, char *out, size_t size, size_t *count)
{
	const char *const end = out + size;

	for (*count = 0; *text != '\0'; ++*count) {
		text = args_name(text, out, (size_t)(end - out));
		if (text == NULL || (*text != ' ' && *text != '\0'))
			return (ARGS_SYNTAX);
		out += strlen(out) + 1;
		text += strspn(text, " ");
	}
	return (ARGS_OK);
}

enum args_result
args_pair(const char *text, char *first, char *second, size_t size)
{
	text = args_name(text, first, size);
	if (text == NULL || *text != ' ')
		return (ARGS_SYNTAX);
	text = args_name(text + 1, second, size);
	return (text == NULL || *text != '\0' ? ARGS_SYNTAX : ARGS_OK);
}
