#include "shm/base/uri.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

static bool
is_letter(char c)
{
	return ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'));
}

bool
uri_is(const char *text)
{
	if (!is_letter(*text))
		return (false);
	while (is_letter(*text) || (*text >= '0' && *text <= '9') ||
	    *text == '+' || *text == '-' || *text == '.')
		text++;
	return (*text == ':');
}

/* RFC 8089, but for bytes that are written with '%': OpenSSL has none. */
const char *
uri_file(const char *text)
{
	static const char scheme[] = "file:", host[] = "//localhost/";

	if (strncasecmp(text, scheme, strlen(scheme)) != 0)
		return (NULL);
	text += strlen(scheme);
	if (strncasecmp(text, host, strlen(host)) == 0)
		return (text + strlen(host) - 1);
	if (text[0] != '/')
		return (NULL);
	if (text[1] != '/')
		return (text);
	return (text[2] == '/' ? text + 2 : NULL);
}
