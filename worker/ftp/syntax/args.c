#include "worker/ftp/syntax/args.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "shm/ipc/body.h"

/* Reads decimal digits; false when there are none, or more than max. */
static bool
decimal(const char **text, uint64_t max, uint64_t *value)
{
	const char *p = *text;
	uint64_t digit, sum = 0;

	if (!isdigit((unsigned char)*p))
		return (false);
	for (; isdigit((unsigned char)*p); p++) {
		digit = (uint64_t)(*p - '0');
		if (sum > (max - digit) / 10)
			return (false);
		sum = sum * 10 + digit;
	}
	*text = p;
	*value = sum;
	return (true);
}

enum args_result
args_port(const char *text, struct address *address)
{
	uint64_t part[6];
	size_t i;

	for (i = 0; i < NITEMS(part); i++) {
		if (i > 0 && *text++ != ',')
			return (ARGS_SYNTAX);
		if (!decimal(&text, 255, &part[i]))
			return (ARGS_SYNTAX);
	}
	if (*text != '\0')
		return (ARGS_SYNTAX);
	memset(address, 0, sizeof(*address));
	address->ip[10] = 0xff;
	address->ip[11] = 0xff;
	for (i = 0; i < 4; i++)
		address->ip[12 + i] = (uint8_t)part[i];
	address->port = (uint16_t)(part[4] << 8 | part[5]);
	return (ARGS_OK);
}

enum args_result
args_eprt(const char *text, struct address *address)
{
	char host[ADDRESS_TEXT_MAX];
	uint64_t family, port;
	const char *end;
	char mark = *text;
	size_t len;

	if (mark < 33 || mark > 126 || isdigit((unsigned char)mark))
		return (ARGS_SYNTAX);
	text++;
	if (!decimal(&text, 65535, &family) || *text++ != mark)
		return (ARGS_SYNTAX);
	end = strchr(text, mark);
	if (end == NULL)
		return (ARGS_SYNTAX);
	len = (size_t)(end - text);
	if (family != 1 && family != 2)
		return (ARGS_UNSUPPORTED);
	if (len == 0 || len >= sizeof(host))
		return (ARGS_SYNTAX);
	memcpy(host, text, len);
	host[len] = '\0';
	text = end + 1;
	if (!decimal(&text, 65535, &port) || text[0] != mark || text[1] != '\0')
		return (ARGS_SYNTAX);
	if (address_parse(address, host) != 0 ||
	    (strchr(host, ':') != NULL) != (family == 2))
		return (ARGS_SYNTAX);
	address->port = (uint16_t)port;
	return (ARGS_OK);
}

enum args_result
args_epsv(const char *text, enum args_epsv *value)
{
	uint64_t family;

	if (*text == '\0') {
		*value = ARGS_EPSV_ANY;
		return (ARGS_OK);
	}
	if (strcasecmp(text, "ALL") == 0) {
		*value = ARGS_EPSV_ALL;
		return (ARGS_OK);
	}
	if (!decimal(&text, 65535, &family) || *text != '\0')
		return (ARGS_SYNTAX);
	if (family != 1 && family != 2)
		return (ARGS_UNSUPPORTED);
	*value = family == 1 ? ARGS_EPSV_V4 : ARGS_EPSV_V6;
	return (ARGS_OK);
}

static const struct {
	const char *text;
	enum args_result result;
	bool ascii;
} types[] = {
	{ "A", ARGS_OK, true },
	{ "A N", ARGS_OK, true },
	{ "A T", ARGS_UNSUPPORTED, true },
	{ "A C", ARGS_UNSUPPORTED, true },
	{ "E", ARGS_UNSUPPORTED, false },
	{ "E N", ARGS_UNSUPPORTED, false },
	{ "E T", ARGS_UNSUPPORTED, false },
	{ "E C", ARGS_UNSUPPORTED, false },
	{ "I", ARGS_OK, false },
	{ "L 8", ARGS_OK, false },
	{ "L8", ARGS_OK, false },
};

enum args_result
args_type(const char *text, bool *ascii)
{
	size_t i;

	for (i = 0; i < NITEMS(types); i++) {
		if (strcasecmp(types[i].text, text) == 0) {
			*ascii = types[i].ascii;
			return (types[i].result);
		}
	}
	/* Bytes of other sizes than ours. */
	if (strncasecmp(text, "L ", 2) == 0 && text[2] != '\0' &&
	    text[2 + strspn(text + 2, "0123456789")] == '\0')
		return (ARGS_UNSUPPORTED);
	return (ARGS_SYNTAX);
}

enum args_result
args_number(const char *text, uint64_t *value)
{
	if (!decimal(&text, INT64_MAX, value) || *text != '\0')
		return (ARGS_SYNTAX);
	return (ARGS_OK);
}

enum args_result
args_allo(const char *text, uint64_t *size)
{
	uint64_t records;

	if (!decimal(&text, INT64_MAX, size))
		return (ARGS_SYNTAX);
	if (*text == '\0')
		return (ARGS_OK);
	if (strncasecmp(text, " R ", 3) != 0)
		return (ARGS_SYNTAX);
	return (args_number(text + 3, &records));
}

static const struct {
	uint32_t bit;
	const char *name;
} facts_known[] = {
	{ FS_FACT_TYPE, "type" },
	{ FS_FACT_SIZE, "size" },
	{ FS_FACT_MODIFY, "modify" },
	{ FS_FACT_PERM, "perm" },
	{ FS_FACT_UNIQUE, "unique" },
	{ FS_FACT_CREATE, "create" },
	{ FS_FACT_UNIX_MODE, "UNIX.mode" },
	{ FS_FACT_UNIX_OWNER, "UNIX.owner" },
	{ FS_FACT_UNIX_GROUP, "UNIX.group" },
	{ FS_FACT_UNIX_OWNERNAME, "UNIX.ownername" },
	{ FS_FACT_UNIX_GROUPNAME, "UNIX.groupname" },
};

static uint32_t
fact_bit(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < NITEMS(facts_known); i++)
		if (strlen(facts_known[i].name) == len &&
		    strncasecmp(facts_known[i].name, name, len) == 0)
			return (facts_known[i].bit);
	return (0);
}

enum args_result
args_facts(const char *text, uint32_t *facts)
{
	uint32_t chosen = 0;
	size_t len;

	while (*text != '\0') {
		len = strcspn(text, "; ");
		if (len == 0 || text[len] == ' ')
			return (ARGS_SYNTAX);
		chosen |= fact_bit(text, len);
		text += len + (text[len] == ';' ? 1 : 0);
	}
	*facts = chosen;
	return (ARGS_OK);
}

void
args_facts_text(uint32_t facts, uint32_t marked, char *out)
{
	size_t i;

	for (i = 0; i < NITEMS(facts_known); i++) {
		if ((facts & facts_known[i].bit) == 0)
			continue;
		out = stpcpy(out, facts_known[i].name);
		if ((marked & facts_known[i].bit) != 0)
			out = stpcpy(out, "*");
		out = stpcpy(out, ";");
	}
	*out = '\0';
}

/* The last one that sets an order counts, as ls does it. */
static void
take_option(char letter, struct args_list *options)
{
	switch (letter) {
	case 'a':
		options->dots = options->hidden = true;
		break;
	case 'A':
		options->hidden = true;
		break;
	case 'd':
		options->self = true;
		break;
	case 'R':
		options->recursive = true;
		break;
	case 'L':
		options->follow = true;
		break;
	case 'F':
		options->classify = true;
		break;
	case 'r':
		options->reverse = true;
		break;
	case 'l':
		options->lines = true;
		break;
	case '1':
		options->names = true;
		break;
	case 't':
		options->order = FS_ORDER_TIME;
		break;
	case 'S':
		options->order = FS_ORDER_SIZE;
		break;
	case 'f':
	case 'U':
		options->order = FS_ORDER_NONE;
		break;
	default:
		break;
	}
}

/* The length of a word of options, without the "-"; 0: it is none. */
static size_t
options_length(const char *text)
{
	size_t len;

	if (*text != '-')
		return (0);
	len = strspn(text + 1,
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
	return (text[1 + len] == '\0' || text[1 + len] == ' ' ? len : 0);
}

const char *
args_list(const char *text, struct args_list *options)
{
	size_t len, i;

	memset(options, 0, sizeof(*options));
	while ((len = options_length(text)) > 0) {
		for (i = 1; i <= len; i++)
			take_option(text[i], options);
		text += 1 + len;
		text += strspn(text, " ");
	}
	if (options->reverse && options->order == FS_ORDER_NONE)
		options->order = FS_ORDER_NAME;
	if (strncmp(text, "--", 2) == 0 && (text[2] == ' ' || text[2] == '\0'))
		text += text[2] == ' ' ? 3 : 2;
	return (text);
}
