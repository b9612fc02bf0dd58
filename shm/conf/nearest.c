#include <string.h>
#include <strings.h>

#include "shm/conf/keys.h"

#define WORD_MAX 40 /* longer words are compared with nothing */

/* Letters are alike in both cases. */
static unsigned int
lower(char c)
{
	return (c >= 'A' && c <= 'Z' ? (unsigned int)c + 32u : (unsigned int)c);
}

static size_t
least(size_t a, size_t b)
{
	return (a < b ? a : b);
}

/*
 * Fills row i of the table of distances between the first letters of a and b;
 * before are the two rows above it.
 */
static size_t
next_row(const char *a, const char *b, size_t i, size_t rows[3][WORD_MAX + 1])
{
	size_t *now = rows[i % 3], *above = rows[(i + 2) % 3];
	const size_t *second = rows[(i + 1) % 3];
	size_t j, smallest;

	now[0] = i;
	smallest = i;
	for (j = 1; b[j - 1] != '\0'; j++) {
		now[j] =
		    above[j - 1] + (lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1);
		now[j] = least(now[j], above[j] + 1);
		now[j] = least(now[j], now[j - 1] + 1);
		if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
		    lower(a[i - 2]) == lower(b[j - 1]))
			now[j] = least(now[j], second[j - 2] + 1);
		smallest = least(smallest, now[j]);
	}
	return (smallest);
}

size_t
keys_distance(const char *a, const char *b, size_t most)
{
	size_t rows[3][WORD_MAX + 1] = { { 0 } };
	size_t la = strlen(a), lb = strlen(b), i;

	if (la > WORD_MAX || lb > WORD_MAX ||
	    (la > lb ? la - lb : lb - la) > most)
		return (most + 1);
	for (i = 0; i <= lb; i++)
		rows[0][i] = i;
	for (i = 1; i <= la; i++)
		if (next_row(a, b, i, rows) > most)
			return (most + 1);
	return (least(rows[la % 3][lb], most + 1));
}

/* The name at the end of a path. */
static const char *
last_name(const char *path)
{
	const char *dot = strrchr(path, '.');

	return (dot == NULL ? path : dot + 1);
}

/* How many letters of a word may be wrong. */
static size_t
tolerance(const char *word)
{
	size_t len = strlen(word);

	return (len < 3 ? 0 : least(1 + (len - 1) / 4, 4));
}

const char *
keys_nearest_word(const char *const *words, size_t count, const char *text)
{
	const char *best = NULL;
	size_t i, distance, most = tolerance(text) + 1;

	for (i = 0; i < count; i++) {
		distance = keys_distance(text, words[i], most);
		if (distance < most) {
			most = distance;
			best = words[i];
		}
	}
	return (best);
}

/* Copies as many names of the key's path as path has. */
static void
copy_as_deep(char out[KEYS_PATH_MAX], const char *key, const char *path)
{
	size_t dots = 0, i;

	for (i = 0; path[i] != '\0'; i++)
		dots += path[i] == '.';
	for (i = 0; key[i] != '\0' && i + 1 < KEYS_PATH_MAX; i++) {
		if (key[i] == '.' && dots-- == 0)
			break;
		out[i] = key[i];
	}
	out[i] = '\0';
}

/* The sections are no keys of the table. */
static bool
nearest_section(const char *path, unsigned int context, char *out)
{
	static const char *const sections[] = { "hosts", "defaults" };
	const char *word;

	if (context != CONTEXT_SERVER)
		return (false);
	word = keys_nearest_word(sections, NITEMS(sections), path);
	if (word != NULL)
		memcpy(out, word, strlen(word) + 1);
	return (word != NULL);
}

bool
keys_nearest(const char *path, unsigned int context, char out[KEYS_PATH_MAX])
{
	char candidate[KEYS_PATH_MAX];
	size_t i, distance, most = tolerance(last_name(path)) + 1;
	bool found = false;

	if (nearest_section(path, context, out))
		return (true);
	for (i = 0; i < conf_nkeys; i++) {
		if ((conf_keys[i].contexts & context) == 0)
			continue;
		copy_as_deep(candidate, conf_keys[i].path, path);
		distance = keys_distance(path, candidate, most);
		if (distance < most) {
			most = distance;
			found = true;
			memcpy(out, candidate, sizeof(candidate));
		}
	}
	for (i = 0; !found && i < conf_nkeys; i++)
		if ((conf_keys[i].contexts & context) != 0 &&
		    strcasecmp(last_name(path), last_name(conf_keys[i].path)) ==
			0) {
			found = true;
			memcpy(out, conf_keys[i].path,
			    strlen(conf_keys[i].path) + 1);
		}
	return (found);
}
