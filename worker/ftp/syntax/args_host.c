/* The argument of HOST (RFC 7151). */
#include <string.h>

#include "worker/ftp/syntax/args.h"

#define LABEL_MAX 63

static bool
is_letter(char c)
{
	return ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'));
}

static bool
is_digit(char c)
{
	return (c >= '0' && c <= '9');
}

/* An underscore is in no domain name, but in names that are in use. */
static bool
is_label(const char *text, size_t len)
{
	size_t i;

	if (len == 0 || len > LABEL_MAX || text[0] == '-' ||
	    text[len - 1] == '-')
		return (false);
	for (i = 0; i < len; i++)
		if (!is_letter(text[i]) && !is_digit(text[i]) &&
		    text[i] != '-' && text[i] != '_')
			return (false);
	return (true);
}

/* One dot at the end, for the root of all names, is allowed. */
static enum args_result
domain(const char *text, char name[ARGS_HOST_MAX + 1])
{
	size_t len = strlen(text), label, at, i;

	if (len > 1 && text[len - 1] == '.')
		len--;
	if (len > ARGS_HOST_MAX)
		return (ARGS_SYNTAX);
	for (at = 0; at <= len; at += label + 1) {
		label = strcspn(text + at, ".");
		if (!is_label(text + at, label))
			return (ARGS_SYNTAX);
	}
	for (i = 0; i < len; i++)
		name[i] = (char)(text[i] >= 'A' && text[i] <= 'Z'
			? text[i] + ('a' - 'A')
			: text[i]);
	name[len] = '\0';
	return (ARGS_OK);
}

/* [::1]; the standard has no port here, and no zone. */
static enum args_result
bracketed(const char *text, struct address *address)
{
	char inside[ADDRESS_TEXT_MAX];
	size_t len = strlen(text);

	if (len < 2 || text[len - 1] != ']' || len - 2 >= sizeof(inside))
		return (ARGS_SYNTAX);
	memcpy(inside, text + 1, len - 2);
	inside[len - 2] = '\0';
	if (strchr(inside, ':') == NULL || strchr(inside, '%') != NULL ||
	    address_parse(address, inside) != 0)
		return (ARGS_SYNTAX);
	return (ARGS_OK);
}

enum args_result
args_host(const char *text, struct args_host *host)
{
	memset(host, 0, sizeof(*host));
	if (text[0] == '[')
		return (bracketed(text, &host->address));
	/* What looks like an IPv4 address must be one. */
	if (text[0] != '\0' && text[strspn(text, "0123456789.")] == '\0')
		return (address_parse(&host->address, text) == 0 ? ARGS_OK
								 : ARGS_SYNTAX);
	return (domain(text, host->name));
}
