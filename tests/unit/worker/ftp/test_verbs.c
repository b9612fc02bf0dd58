/* Unit tests of worker/ftp/verbs.c and of its table. */
#include "worker/ftp/verbs.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "tests/unit/suites.h"

/* It is searched by halves. */
static void
table_is_sorted(void)
{
	size_t i;

	for (i = 1; i < verbs_count; i++)
		CHECK_CASE(strcmp(verbs[i - 1].name, verbs[i].name) < 0,
		    verbs[i].name);
}

/* What is built is explained, under its own name. */
static bool
is_explained(const struct verb *verb)
{
	if (verb->run == NULL)
		return (verb->help == NULL && verb->feature == NULL);
	return (verb->help != NULL &&
	    strncmp(verb->help, verb->name, strlen(verb->name)) == 0);
}

/*
 * What moves data or changes files is for accounts only; what is allowed in
 * clear never touches files.
 */
static bool
is_guarded(const struct verb *verb)
{
	bool login = (verb->flags & VERB_LOGIN) != 0;

	if ((verb->flags & (VERB_WRITE | VERB_DATA)) != 0)
		return (login);
	return ((verb->flags & VERB_CLEAR) == 0 || !login);
}

/*
 * What takes a path says what it does with it; what has a data connection has a
 * path, be it that of the current directory.  SITE's parts say it themselves.
 */
static bool
says_what_it_does(const struct verb *verb)
{
	static const char *const words[] = { "file", "path", "directory" };
	bool path = (verb->flags & VERB_DATA) != 0;
	size_t i;

	for (i = 0; i < NITEMS(words) && verb->help != NULL; i++)
		path = path || strstr(verb->help, words[i]) != NULL;
	if (!path)
		return (true);
	return (
	    (verb->flags & VERB_PATH) != 0 && (verb->flags & VERB_LOGIN) != 0);
}

static void
table_is_whole(void)
{
	size_t i;

	for (i = 0; i < verbs_count; i++) {
		CHECK_CASE(is_explained(&verbs[i]), verbs[i].name);
		CHECK_CASE(is_guarded(&verbs[i]), verbs[i].name);
		CHECK_CASE(says_what_it_does(&verbs[i]), verbs[i].name);
	}
}

static void
finds_each_verb(void)
{
	char line[32];
	const char *argument;
	size_t i, j;

	for (i = 0; i < verbs_count; i++) {
		for (j = 0; verbs[i].name[j] != '\0'; j++)
			line[j] =
			    (char)tolower((unsigned char)verbs[i].name[j]);
		line[j] = '\0';
		CHECK_CASE(verb_find(line, &argument) == &verbs[i] &&
			*argument == '\0',
		    verbs[i].name);
	}
}

static void
parts_lines(void)
{
	const char *argument = NULL;
	const struct verb *verb;

	verb = verb_find("RETR  a b ", &argument);
	CU_ASSERT(verb != NULL && strcmp(verb->name, "RETR") == 0);
	CU_ASSERT_STRING_EQUAL(argument, " a b ");
	CU_ASSERT(verb_find("NOOP ", &argument) != NULL && *argument == '\0');
	CU_ASSERT(verb_find("\xff\xf2"
			    "ABOR",
		      &argument) != NULL);
	CU_ASSERT(*argument == '\0');
	CU_ASSERT(verb_find("", &argument) == NULL);
	CU_ASSERT(verb_find(" NOOP", &argument) == NULL);
	CU_ASSERT(verb_find("NOOPX", &argument) == NULL);
	CU_ASSERT(verb_find("NOO", &argument) == NULL);
	CU_ASSERT(verb_find("NOOP\t", &argument) == NULL);
	CU_ASSERT(verb_find("THISISFARTOOLONGFORAVERB", &argument) == NULL);
	CU_ASSERT(verb_find("\xff", &argument) == NULL);
}

CU_TestInfo verbs_tests[] = {
	{ "the table is sorted", table_is_sorted },
	{ "the table is whole", table_is_whole },
	{ "verb_find finds each verb", finds_each_verb },
	{ "verb_find parts lines", parts_lines },
	CU_TEST_INFO_NULL,
};
