#include "worker/agent/match.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Bytes that a character of UTF-8 has after its first one, as that says. */
static size_t
bytes_after(unsigned char first)
{
	if (first < 0xc0)
		return (0);
	if (first < 0xe0)
		return (1);
	if (first < 0xf0)
		return (2);
	return (first < 0xf8 ? 3 : 0);
}

/*
 * Takes a character off a text: of UTF-8, or one byte where the text is none.
 * Characters compare as their code points do.
 */
static uint32_t
take(const char **text)
{
	const unsigned char *bytes = (const unsigned char *)*text;
	size_t more = bytes_after(bytes[0]), i;
	uint32_t character = (uint32_t)bytes[0] << 24;

	for (i = 1; i <= more; i++) {
		if ((bytes[i] & 0xc0) != 0x80) {
			character = (uint32_t)bytes[0] << 24;
			more = 0;
			break;
		}
		character |= (uint32_t)bytes[i] << (24 - 8 * i);
	}
	*text += 1 + more;
	return (character);
}

/* The same in a pattern, where a backslash takes its meaning off the next. */
static uint32_t
take_plain(const char **pattern)
{
	if (**pattern == '\\' && (*pattern)[1] != '\0')
		(*pattern)++;
	return (take(pattern));
}

/*
 * Where the class ends, of which the "[" is taken; NULL: nowhere.  *found:
 * whether the character is in it.
 */
static const char *
take_class(const char *at, uint32_t character, bool *found)
{
	bool negated = *at == '!' || *at == '^', first = true;
	uint32_t low, high;

	*found = false;
	if (negated)
		at++;
	for (; *at != ']' || first; first = false) {
		if (*at == '\0')
			return (NULL);
		low = high = take_plain(&at);
		if (at[0] == '-' && at[1] != ']' && at[1] != '\0') {
			at++;
			high = take_plain(&at);
		}
		if (low <= character && character <= high)
			*found = true;
	}
	*found = *found != negated;
	return (at + 1);
}

struct match {
	const char *pattern, *name; /* what is left of them */
	/* A "[" from here on is no class: behind one without an end there is
	 * none with one.  So no end is looked for in vain twice. */
	const char *no_class;
};

/* Whether the name fits a "[", of which both have the first character. */
static bool
fits_class(struct match *match)
{
	const char *name = match->name, *end;
	bool found;

	end = take_class(match->pattern + 1, take(&name), &found);
	if (end == NULL) {
		match->no_class = match->pattern;
		return (*match->pattern++ == *match->name++);
	}
	match->pattern = end;
	match->name = name;
	return (found);
}

/* Whether the name fits what the pattern begins with, which is not "*". */
static bool
fits_one(struct match *match)
{
	const char *pattern = match->pattern;

	if (*pattern == '?') {
		match->pattern++;
		(void)take(&match->name);
		return (true);
	}
	if (*pattern == '[' &&
	    (match->no_class == NULL || pattern < match->no_class))
		return (fits_class(match));
	return (take_plain(&match->pattern) == take(&match->name));
}

/* Only the last "*" ever needs to take in more than it did. */
bool
match_name(const char *pattern, const char *name)
{
	struct match match = { pattern, name, NULL };
	const char *star = NULL, *kept = name;

	while (*match.name != '\0') {
		if (*match.pattern == '*') {
			star = ++match.pattern;
			kept = match.name;
		} else if (*match.pattern == '\0' || !fits_one(&match)) {
			if (star == NULL)
				return (false);
			match.pattern = star;
			(void)take(&kept);
			match.name = kept;
		}
	}
	return (match.pattern[strspn(match.pattern, "*")] == '\0');
}
