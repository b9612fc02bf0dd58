#include "worker/ftp/syntax/args_change.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "worker/ftp/syntax/time.h"

size_t
args_word(const char *text, const char **rest)
{
	size_t len = strcspn(text, " ");

	if (text[len] == '\0' || text[len + 1] == '\0')
		return (0);
	*rest = text + len + 1;
	return (len);
}

enum args_result
args_group(const char *text, size_t len, struct fs_change *change,
    char name[ARGS_GROUP_MAX + 1])
{
	uint64_t value = 0;
	size_t i;

	name[0] = '\0';
	if (len == 0 || len > ARGS_GROUP_MAX)
		return (ARGS_SYNTAX);
	for (i = 0; i < len && isdigit((unsigned char)text[i]); i++)
		if (value < UINT32_MAX)
			value = value * 10 + (uint64_t)(text[i] - '0');
	change->what |= FS_CHANGE_GROUP;
	change->gid = (uint32_t)value;
	if (i == len)
		return (value < UINT32_MAX ? ARGS_OK : ARGS_SYNTAX);
	memcpy(name, text, len);
	name[len] = '\0';
	return (ARGS_OK);
}

/* Times ------------------------------------------------------------------ */

static int
set_modified(const char *text, size_t len, unsigned int forms,
    struct fs_change *change)
{
	if (time_parse(text, len, forms, &change->modified) != 0)
		return (-1);
	change->what |= FS_CHANGE_MODIFIED;
	return (0);
}

enum args_result
args_mfmt(const char *text, struct fs_change *change, const char **name)
{
	size_t len = args_word(text, name);

	return (len == 0 || set_modified(text, len, TIME_FRACTION, change) != 0
		? ARGS_SYNTAX
		: ARGS_OK);
}

enum args_result
args_mdtm(const char *text, struct fs_change *change, const char **name)
{
	const char *rest;
	size_t len = args_word(text, &rest), i;

	if (len < 14)
		return (ARGS_SYNTAX);
	for (i = 0; i < 14; i++)
		if (!isdigit((unsigned char)text[i]))
			return (ARGS_SYNTAX);
	if (len > 14 && strchr(".+-", text[14]) == NULL)
		return (ARGS_SYNTAX);
	*name = rest;
	return (set_modified(text, len, TIME_FRACTION | TIME_ZONE, change) != 0
		? ARGS_UNSUPPORTED
		: ARGS_OK);
}

/*
 * "name access modify create UTC", from the end, since a name may hold
 * spaces.  Returns the length of the name, or 0.
 */
static size_t
utime_five(const char *text, struct fs_change *change)
{
	struct fs_time when[3]; /* create, modify, access */
	size_t end = strlen(text), start, i;

	if (end < 4 || strcasecmp(text + end - 4, " UTC") != 0)
		return (0);
	end -= 4;
	for (i = 0; i < NITEMS(when); i++) {
		for (start = end; start > 0 && text[start - 1] != ' ';)
			start--;
		if (start == 0 ||
		    time_parse(text + start, end - start,
			TIME_MINUTES | TIME_FRACTION, &when[i]) != 0)
			return (0);
		end = start - 1;
	}
	change->modified = when[1];
	change->accessed = when[2];
	return (end);
}

enum args_result
args_utime(const char *text, struct fs_change *change, char *out, size_t size)
{
	const char *name = text;
	size_t word, len = utime_five(text, change);

	change->what |= FS_CHANGE_MODIFIED | FS_CHANGE_ACCESSED;
	if (len == 0) {
		word = args_word(text, &name);
		if (word == 0 ||
		    set_modified(text, word, TIME_MINUTES | TIME_FRACTION,
			change) != 0)
			return (ARGS_SYNTAX);
		change->accessed = change->modified;
		len = strlen(name);
	}
	if (len >= size)
		return (ARGS_SYNTAX);
	memcpy(out, name, len);
	out[len] = '\0';
	return (ARGS_OK);
}

/* Facts ------------------------------------------------------------------ */

static enum args_result
fact_modify(const char *value, size_t len, struct args_mff *mff)
{
	return (set_modified(value, len, TIME_FRACTION, &mff->change) != 0
		? ARGS_SYNTAX
		: ARGS_OK);
}

static enum args_result
fact_mode(const char *value, size_t len, struct args_mff *mff)
{
	if (len == 0 || !isdigit((unsigned char)*value))
		return (ARGS_SYNTAX);
	return (args_mode(value, len, 0, &mff->change) == ARGS_OK
		? ARGS_OK
		: ARGS_SYNTAX);
}

static enum args_result
fact_group(const char *value, size_t len, struct args_mff *mff)
{
	return (args_group(value, len, &mff->change, mff->group));
}

static const struct {
	const char *name;
	enum args_result (
	    *read)(const char *value, size_t len, struct args_mff *mff);
	uint32_t what;
} facts[] = {
	{ "Modify", fact_modify, FS_CHANGE_MODIFIED },
	{ "UNIX.group", fact_group, FS_CHANGE_GROUP },
	{ "UNIX.groupname", fact_group, FS_CHANGE_GROUP },
	{ "UNIX.mode", fact_mode, FS_CHANGE_MODE },
};

/* "fact=value", of len bytes. */
static enum args_result
read_fact(const char *text, size_t len, struct args_mff *mff)
{
	const char *equals = memchr(text, '=', len);
	size_t i;

	mff->fact = text;
	mff->fact_len = equals == NULL ? len : (size_t)(equals - text);
	if (mff->fact_len == 0) {
		mff->fact = NULL;
		return (ARGS_SYNTAX);
	}
	for (i = 0; i < NITEMS(facts); i++)
		if (strlen(facts[i].name) == mff->fact_len &&
		    strncasecmp(facts[i].name, text, mff->fact_len) == 0)
			break;
	if (i == NITEMS(facts))
		return (ARGS_UNSUPPORTED);
	if (equals == NULL || (mff->change.what & facts[i].what) != 0)
		return (ARGS_SYNTAX);
	return (facts[i].read(equals + 1, len - mff->fact_len - 1, mff));
}

enum args_result
args_mff(const char *text, struct args_mff *mff)
{
	size_t len = args_word(text, &mff->name), at = 0, end;
	enum args_result result = ARGS_SYNTAX;

	mff->fact = NULL;
	mff->fact_len = 0;
	while (at < len) {
		end = at + strcspn(text + at, "; ");
		result = read_fact(text + at, end - at, mff);
		if (result != ARGS_OK)
			return (result);
		at = end + (text[end] == ';');
	}
	return (result);
}
