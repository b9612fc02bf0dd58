#include "worker/agent/match.h"

#include <stddef.h>
#include <string.h>

static const char *
next_character(const char *name)
{
	bool long_one = ((unsigned char)*name & 0xc0) == 0xc0;

	name++;
	while (long_one && ((unsigned char)*name & 0xc0) == 0x80)
		name++;
	return (name);
}

/* Only the last "*" ever needs to take in more than it did. */
bool
match_name(const char *pattern, const char *name)
{
	const char *star = NULL, *kept = name;

	while (*name != '\0') {
		if (*pattern == '*') {
			star = ++pattern;
			kept = name;
		} else if (*pattern == '?') {
			pattern++;
			name = next_character(name);
		} else if (*pattern == *name) {
			pattern++;
			name++;
		} else if (star != NULL) {
			pattern = star;
			name = ++kept;
		} else {
			return (false);
		}
	}
	return (pattern[strspn(pattern, "*")] == '\0');
}
