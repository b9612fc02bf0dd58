/* conf_rig - what the tests of shm/conf have in common. */
#ifndef TESTS_UNIT_CONF_RIG_H
#define TESTS_UNIT_CONF_RIG_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shm/conf/conf.h"

/* A configuration needs something to listen on. */
#define LISTEN "listen: [{address: 127.0.0.1, port: 2121}]\n"

/* The configuration in text, or NULL with the mistakes in *errors. */
UNUSED static struct conf *
rig_parse(const char *text, struct conf_errors *errors)
{
	return (conf_parse("test.yaml", text, strlen(text), errors));
}

/* The same for text that is right; mistakes are shown. */
UNUSED static struct conf *
rig_good(const char *text)
{
	struct conf_errors errors;
	struct conf *conf = rig_parse(text, &errors);
	size_t i;

	for (i = 0; i < errors.count; i++)
		printf("%s:%zu:%zu: %s\n", errors.items[i].file,
		    errors.items[i].line, errors.items[i].column,
		    errors.items[i].text);
	conf_errors_free(&errors);
	return (conf);
}

/* The same; a test without it cannot go on. */
UNUSED static struct conf *
rig_must(const char *text)
{
	struct conf *conf = rig_good(text);

	if (conf == NULL)
		abort();
	return (conf);
}

/* Whether one of the mistakes is at that place and has that text in it. */
UNUSED static bool
rig_has(const struct conf_errors *errors, size_t line, size_t column,
    const char *text)
{
	size_t i;

	for (i = 0; i < errors->count; i++)
		if (errors->items[i].line == line &&
		    errors->items[i].column == column &&
		    strstr(errors->items[i].text, text) != NULL)
			return (true);
	return (false);
}

#endif
