/* The title that ps shows: written over the arguments and the environment. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "shm/base/process.h"

static char *title_start;
static size_t title_size;

/* The end of the block that the kernel made of argv and environ. */
static char *
block_end(int argc, char **argv, char **environment)
{
	char *end = argv[0];
	int i;

	for (i = 0; i < argc; i++)
		if (argv[i] == end)
			end = argv[i] + strlen(argv[i]) + 1;
	for (i = 0; environment[i] != NULL; i++)
		if (environment[i] == end)
			end = environment[i] + strlen(environment[i]) + 1;
	return (end);
}

/* A copy of a list of strings that ends in NULL; NULL when memory is short. */
static char **
copy_strings(char **strings)
{
	char **copy;
	size_t i, n;

	for (n = 0; strings[n] != NULL;)
		n++;
	copy = calloc(n + 1, sizeof(*copy));
	if (copy == NULL)
		return (NULL);
	for (i = 0; i < n; i++) {
		copy[i] = strdup(strings[i]);
		if (copy[i] != NULL)
			continue;
		while (i > 0)
			free(copy[--i]);
		free(copy);
		return (NULL);
	}
	return (copy);
}

void
process_title_init(int argc, char **argv)
{
	char **copy, *argument;
	int i;

	if (argc == 0)
		return;
	title_start = argv[0];
	title_size = (size_t)(block_end(argc, argv, environ) - argv[0]);

	/* The strings move away, since titles will overwrite them. */
	copy = copy_strings(environ);
	if (copy == NULL) {
		title_size = 0;
		return;
	}
	environ = copy;
	for (i = 1; i < argc; i++) {
		argument = strdup(argv[i]);
		if (argument != NULL)
			argv[i] = argument;
		else
			title_size = 0;
	}
}

void
process_title(const char *format, ...)
{
	char title[256], name[16];
	const char *tail;
	va_list arguments;
	size_t len;

	va_start(arguments, format);
	(void)vsnprintf(title, sizeof(title), format, arguments);
	va_end(arguments);
	tail = strstr(title, ": ");
	(void)snprintf(name, sizeof(name), "%.15s",
	    tail != NULL ? tail + 2 : title);
	prctl(PR_SET_NAME, name, 0, 0, 0);
	if (title_size < 2)
		return;
	len = strlen(title);
	if (len > title_size - 1)
		len = title_size - 1;
	memset(title_start, 0, title_size);
	memcpy(title_start, title, len);
}
