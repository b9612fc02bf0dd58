/*
 * The files that `include` names.  Patterns are our own small matter, not
 * the C library's: "*" and "?" in the last part of a path are enough.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shm/conf/load.h"

#define PATTERN_MAX 4096
#define FOUND_MAX   10000 /* entries of a directory that are looked at */

bool
include_matches(const char *pattern, const char *name)
{
	const char *star = NULL, *again = NULL;

	if (name[0] == '.' && pattern[0] != '.')
		return (false);
	while (*name != '\0') {
		if (*pattern == '*') {
			/* Try it with nothing; more if that fails later. */
			star = ++pattern;
			again = name;
		} else if (*pattern == '?' || *pattern == *name) {
			pattern++;
			name++;
		} else if (star != NULL) {
			pattern = star;
			name = ++again;
		} else {
			return (false);
		}
	}
	while (*pattern == '*')
		pattern++;
	return (*pattern == '\0');
}

/* --- one pattern ---------------------------------------------------------- */

/* The pattern, taken from the directory of the main file if it is relative. */
static bool
complete_pattern(const struct load *load, const char *text,
    char out[PATTERN_MAX])
{
	const char *main_file = load->files[0].name;
	const char *slash = strrchr(main_file, '/');
	size_t len = 0;

	if (text[0] != '/' && slash != NULL)
		len = (size_t)(slash - main_file) + 1;
	if (len + strlen(text) >= PATTERN_MAX)
		return (false);
	memcpy(out, main_file, len);
	memcpy(out + len, text, strlen(text) + 1);
	return (true);
}

struct names {
	char *items[LOAD_FILES_MAX];
	size_t count;
};

static int
compare_names(const void *a, const void *b)
{
	return (strcmp(*(char *const *)a, *(char *const *)b));
}

/* Collects the names in the directory that match, sorted. */
static void
find_names(struct load *load, DIR *directory, const char *pattern,
    struct names *names)
{
	const struct dirent *entry;
	size_t seen = 0;
	char *copy;

	while (seen++ < FOUND_MAX && names->count < LOAD_FILES_MAX) {
		/* Only this thread has the stream. */
		entry = readdir(directory); /* NOLINT(concurrency-mt-unsafe) */
		if (entry == NULL)
			break;
		if (!include_matches(pattern, entry->d_name))
			continue;
		copy = strdup(entry->d_name);
		if (copy == NULL) {
			report_no_memory(load);
			break;
		}
		names->items[names->count++] = copy;
	}
	qsort(names->items, names->count, sizeof(names->items[0]),
	    compare_names);
}

/* Reads the files in the directory whose names match, in their order. */
static void
read_matching(struct load *load, const struct node *node, const char *directory,
    const char *pattern)
{
	char path[PATTERN_MAX + 256];
	struct names names = { { NULL }, 0 };
	size_t i;
	DIR *stream;

	stream = opendir(directory[0] == '\0' ? "." : directory);
	if (stream == NULL) {
		if (errno != ENOENT)
			report_add(load, node->place, "include: %s",
			    strerror(errno));
		return;
	}
	find_names(load, stream, pattern, &names);
	closedir(stream);
	for (i = 0; i < names.count; i++) {
		(void)snprintf(path, sizeof(path), "%s%s", directory,
		    names.items[i]);
		if (!load->report.no_memory)
			load_file(load, path);
		free(names.items[i]);
	}
}

static void
include_pattern(struct load *load, const struct node *node)
{
	char pattern[PATTERN_MAX], directory[PATTERN_MAX];
	const char *slash, *last;
	size_t len;

	if (node->kind != NODE_SCALAR || node->text[0] == '\0' ||
	    !complete_pattern(load, node->text, pattern)) {
		report_add(load, node->place,
		    "include: takes a list of file names or patterns");
		return;
	}
	slash = strrchr(pattern, '/');
	last = slash == NULL ? pattern : slash + 1;
	len = (size_t)(last - pattern);
	if (strcspn(node->text, "*?") + strlen(last) < strlen(node->text)) {
		report_add(load, node->place,
		    "include: * and ? may stand in the last part only");
		return;
	}
	if (strpbrk(last, "*?") == NULL) {
		load_file(load, pattern);
		return;
	}
	memcpy(directory, pattern, len);
	directory[len] = '\0';
	read_matching(load, node, directory, last);
}

/* --- all of them ---------------------------------------------------------- */

void
include_files(struct load *load)
{
	const struct node *node, *item;

	node = load->files[0].root == NULL ? NULL : load->files[0].root->first;
	while (node != NULL &&
	    (node->spec == NULL || node->spec->type != CONF_TYPE_INCLUDE))
		node = node->next;
	if (node == NULL)
		return;
	if (node->kind != NODE_LIST) {
		include_pattern(load, node);
		return;
	}
	for (item = node->first; item != NULL; item = item->next)
		include_pattern(load, item);
}
