/* Modes, as chmod(1) takes them. */
#include <ctype.h>
#include <string.h>

#include "worker/ftp/syntax/args_change.h"

#define SET_USER_ID 04000u

/* What of a mode belongs to whom. */
static const struct {
	char letter;
	uint32_t bits;
} owners[] = {
	{ 'u', 04700 },
	{ 'g', 02070 },
	{ 'o', 01007 },
	{ 'a', 07777 },
}, permissions[] = {
	{ 'r', 0444 },
	{ 'w', 0222 },
	{ 'x', 0111 },
	{ 's', 06000 },
	{ 't', 01000 },
};

static uint32_t
owner_bits(char letter)
{
	size_t i;

	for (i = 0; i < NITEMS(owners); i++)
		if (owners[i].letter == letter)
			return (owners[i].bits);
	return (0);
}

static uint32_t
permission_bits(char letter)
{
	size_t i;

	for (i = 0; i < NITEMS(permissions); i++)
		if (permissions[i].letter == letter)
			return (permissions[i].bits);
	return (0);
}

/* "+rX": a sign and its permissions, for the bits of affected. */
struct action {
	char sign;
	uint32_t affected;
	uint32_t bits;
	uint32_t bits_x; /* of X */
};

static void
apply(const struct action *action, struct fs_change *change)
{
	uint32_t bits = action->bits, bits_x = action->bits_x, gone;

	if (action->sign == '-') {
		gone = bits | bits_x;
		bits = bits_x = 0;
	} else
		gone = action->sign == '=' ? action->affected & 0777 : 0;
	change->keep &= ~gone;
	change->set = (change->set & ~gone) | bits;
	change->set_x = (change->set_x & ~gone) | bits_x;
}

/* How many bytes the action at text has; 0: it is none. */
static size_t
read_action(const char *text, size_t len, uint32_t affected, uint32_t allowed,
    struct action *action)
{
	size_t at;

	if (len == 0 || strchr("+-=", text[0]) == NULL)
		return (0);
	memset(action, 0, sizeof(*action));
	action->sign = text[0];
	action->affected = affected & allowed;
	for (at = 1; at < len; at++) {
		if (text[at] == 'X')
			action->bits_x |= 0111 & affected & allowed;
		else if (permission_bits(text[at]) != 0)
			action->bits |=
			    permission_bits(text[at]) & affected & allowed;
		else
			break;
	}
	return (at);
}

/* "go-w+x", of len bytes. */
static enum args_result
read_clause(const char *text, size_t len, uint32_t umask,
    struct fs_change *change)
{
	uint32_t affected = 0, allowed = 07777;
	struct action action;
	size_t at, taken;

	for (at = 0; at < len && owner_bits(text[at]) != 0; at++)
		affected |= owner_bits(text[at]);
	if (affected == 0) {
		affected = 07777;
		allowed = ~umask;
	}
	if (at == len)
		return (ARGS_SYNTAX);
	while (at < len) {
		taken = read_action(text + at, len - at, affected, allowed,
		    &action);
		if (taken == 0)
			return (owner_bits(text[at]) != 0 ? ARGS_UNSUPPORTED
							  : ARGS_SYNTAX);
		apply(&action, change);
		at += taken;
	}
	return (ARGS_OK);
}

static enum args_result
read_symbols(const char *text, size_t len, uint32_t umask,
    struct fs_change *change)
{
	enum args_result result;
	const char *comma;
	size_t clause;

	change->keep = 07777;
	for (;;) {
		comma = memchr(text, ',', len);
		clause = comma == NULL ? len : (size_t)(comma - text);
		result = read_clause(text, clause, umask, change);
		if (result != ARGS_OK || comma == NULL)
			return (result);
		text += clause + 1;
		len -= clause + 1;
	}
}

/* Who gives three digits does not mean the bits above them. */
static enum args_result
read_octal(const char *text, size_t len, struct fs_change *change)
{
	uint32_t value = 0;
	size_t i;

	for (i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '7')
			return (ARGS_SYNTAX);
		if (value <= 07777)
			value = value * 8 + (uint32_t)(text[i] - '0');
	}
	change->keep = 03000;
	change->set = value;
	return (value <= 07777 ? ARGS_OK : ARGS_UNSUPPORTED);
}

enum args_result
args_mode(const char *text, size_t len, uint32_t umask,
    struct fs_change *change)
{
	enum args_result result;

	if (len == 0)
		return (ARGS_SYNTAX);
	change->set = change->set_x = 0;
	result = isdigit((unsigned char)*text)
	    ? read_octal(text, len, change)
	    : read_symbols(text, len, umask, change);
	if (result == ARGS_OK && (change->set & SET_USER_ID) != 0)
		return (ARGS_UNSUPPORTED);
	change->what |= FS_CHANGE_MODE;
	return (result);
}
