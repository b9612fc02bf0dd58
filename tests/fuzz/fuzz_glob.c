/*
 * Fuzzes the matcher of names: what is before the first line feed is a pattern,
 * what is after it a name.  What it says must be what a slow one says, which
 * follows all ways at once.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "shm/base/ensure.h"
#include "worker/agent/match.h"
#include "worker/ftp/syntax/path.h"

#define LENGTH_MAX 512

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Characters: of UTF-8, or bytes of something else; as their bytes. */
struct characters {
	uint32_t at[LENGTH_MAX + 1];
	size_t count;
};

static void
split(const char *text, struct characters *out)
{
	size_t len = strlen(text), i, n, k;

	out->count = 0;
	for (i = 0; i < len; i += n) {
		const unsigned char *c = (const unsigned char *)text + i;

		n = 1 + (size_t)(*c >= 0xc0) + (*c >= 0xe0) + (*c >= 0xf0);
		if (*c >= 0xf8)
			n = 1;
		for (k = 1; k < n; k++)
			if (i + k >= len || (c[k] & 0xc0) != 0x80)
				n = 1;
		out->at[out->count] = 0;
		for (k = 0; k < n; k++)
			out->at[out->count] |= (uint32_t)c[k] << (24 - 8 * k);
		out->count++;
	}
}

#define C(character) ((uint32_t)(character) << 24)

static uint32_t
plain(const struct characters *pattern, size_t *at)
{
	if (pattern->at[*at] == C('\\') && *at + 1 < pattern->count)
		(*at)++;
	return (pattern->at[(*at)++]);
}

/* The end of the class that begins at at, or 0; *found: c is in it. */
static size_t class(const struct characters *pattern, size_t at, uint32_t c,
    bool *found)
{
	bool not = false;
	size_t first;
	uint32_t low, high;

	*found = false;
	at++;
	if (at < pattern->count &&
	    (pattern->at[at] == C('!') || pattern->at[at] == C('^'))) {
		not = true;
		at++;
	}
	for (first = at; at < pattern->count;) {
		if (pattern->at[at] == C(']') && at != first) {
			*found = *found != not ;
			return (at + 1);
		}
		low = high = plain(pattern, &at);
		if (at + 1 < pattern->count && pattern->at[at] == C('-') &&
		    pattern->at[at + 1] != C(']')) {
			at++;
			high = plain(pattern, &at);
		}
		*found |= low <= c && c <= high;
	}
	return (0);
}

/* Whether the pattern's piece at *at fits c; it is taken. */
static bool
fits(const struct characters *pattern, size_t *at, uint32_t c)
{
	bool found;
	size_t end;

	if (pattern->at[*at] == C('?')) {
		(*at)++;
		return (true);
	}
	if (pattern->at[*at] == C('[')) {
		end = class(pattern, *at, c, &found);
		if (end != 0) {
			*at = end;
			return (found);
		}
		return (pattern->at[(*at)++] == c);
	}
	return (plain(pattern, at) == c);
}

/* Where in the name one may be: at[i], behind i characters. */
struct places {
	bool at[LENGTH_MAX + 1];
};

/* Takes the piece of the pattern at at; returns where the next one begins. */
static size_t
follow(const struct characters *pattern, size_t at,
    const struct characters *name, struct places *places)
{
	struct places next = { { false } };
	size_t end = at, begin, i;

	if (pattern->at[at] == C('*')) {
		for (i = 1; i <= name->count; i++)
			places->at[i] = places->at[i] || places->at[i - 1];
		return (at + 1);
	}
	(void)fits(pattern, &end, 0);
	for (i = 0; i < name->count; i++) {
		begin = at;
		next.at[i + 1] =
		    places->at[i] && fits(pattern, &begin, name->at[i]);
	}
	*places = next;
	return (end);
}

static bool
match_slowly(const struct characters *pattern, const struct characters *name)
{
	struct places places = { { true } };
	size_t at = 0;

	while (at < pattern->count)
		at = follow(pattern, at, name, &places);
	return (places.at[name->count]);
}

/* The patterns in a path are the end of it, from a component on. */
static void
check_path(const char *name)
{
	char *path = path_resolve("/some/where", name);
	size_t at, before = 0;

	if (path == NULL)
		return;
	at = path_pattern(path, name, &before);
	ensure(at == 0 ||
	    (at < strlen(path) && path[at - 1] == '/' &&
		strpbrk(path + at, "*?[\\") != NULL && before < strlen(name)));
	free(path);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct characters pattern, name;
	char text[LENGTH_MAX + 1], *second;

	if (size > LENGTH_MAX)
		size = LENGTH_MAX;
	memcpy(text, data, size);
	text[size] = '\0';
	check_path(text);
	second = strchr(text, '\n');
	if (second == NULL)
		return (0);
	*second++ = '\0';
	split(text, &pattern);
	split(second, &name);
	ensure(match_name(text, second) == match_slowly(&pattern, &name));
	return (0);
}
