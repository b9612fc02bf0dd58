/* Unit tests of worker/ftp/syntax/path.c. */
#include "worker/ftp/syntax/path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "shm/ipc/body.h"
#include "tests/unit/suites.h"

static const struct {
	const char *what, *cwd, *name;
	const char *path; /* NULL: refused with error */
	int error;
} cases[] = {
	{ "a name in the root", "/", "a", "/a", 0 },
	{ "a name in a directory", "/a/b", "c", "/a/b/c", 0 },
	{ "an absolute name", "/a/b", "/c", "/c", 0 },
	{ "the directory itself", "/a/b", ".", "/a/b", 0 },
	{ "the one above", "/a/b", "..", "/a", 0 },
	{ "the root's parent", "/", "..", "/", 0 },
	{ "far above the root", "/a", "../../../../etc/passwd", "/etc/passwd",
	    0 },
	{ "up and down", "/a", "x/../y/./z//", "/a/y/z", 0 },
	{ "many slashes", "/", "///a///b///", "/a/b", 0 },
	{ "three dots are a name", "/", "...", "/...", 0 },
	{ "a name that begins with dots", "/", "..a/.b", "/..a/.b", 0 },
	{ "a name with spaces", "/", " a b ", "/ a b ", 0 },
	{ "bytes that are no UTF-8", "/", "\xff\xfe", "/\xff\xfe", 0 },
	{ "nothing", "/", "", NULL, EINVAL },
	{ "a line feed", "/", "a\nb", NULL, EINVAL },
	{ "a carriage return", "/", "a\rb", NULL, EINVAL },
	{ "a tilde is a name", "/h", "~", "/h/~", 0 },
};

static void
resolves(void)
{
	char *path;
	size_t i;

	for (i = 0; i < NITEMS(cases); i++) {
		errno = 0;
		path = path_resolve(cases[i].cwd, cases[i].name);
		if (cases[i].path == NULL)
			CHECK_CASE(path == NULL && errno == cases[i].error,
			    cases[i].what);
		else
			CHECK_CASE(path != NULL &&
				strcmp(path, cases[i].path) == 0,
			    cases[i].what);
		free(path);
	}
}

/* Exactly FS_PATH_MAX bytes fit, one more does not, whoever brings them. */
static void
is_bounded(void)
{
	char name[FS_PATH_MAX + 2];
	char *path;

	memset(name, 'a', sizeof(name));
	name[0] = '/';
	name[FS_PATH_MAX] = '\0';
	path = path_resolve("/", name);
	CU_ASSERT(path != NULL && strlen(path) == FS_PATH_MAX);
	free(path);

	name[FS_PATH_MAX] = 'a';
	name[FS_PATH_MAX + 1] = '\0';
	CU_ASSERT(path_resolve("/", name) == NULL && errno == ENAMETOOLONG);

	name[FS_PATH_MAX] = '\0';
	CU_ASSERT(path_resolve(name, "b") == NULL && errno == ENAMETOOLONG);
	path = path_resolve(name, "../b");
	CU_ASSERT(path != NULL && strcmp(path, "/b") == 0);
	free(path);
}

static void
quotes(void)
{
	char *quoted = path_quote("/a \"b\"");

	CU_ASSERT(quoted != NULL && strcmp(quoted, "/a \"\"b\"\"") == 0);
	free(quoted);
	quoted = path_quote("");
	CU_ASSERT(quoted != NULL && *quoted == '\0');
	free(quoted);
}

static void
finds_the_last_component(void)
{
	CU_ASSERT_STRING_EQUAL(path_base("/a/b"), "b");
	CU_ASSERT_STRING_EQUAL(path_base("/b"), "b");
	CU_ASSERT_STRING_EQUAL(path_base("/"), "/");
	CU_ASSERT_STRING_EQUAL(path_base("b"), "b");
}

static const struct {
	const char *cwd, *name;
	const char *literal, *patterns; /* the path in two; NULL: none */
	size_t before;
} patterned[] = {
	{ "/", "a", "", NULL, 0 },
	{ "/", "*", "/", "*", 0 },
	{ "/a[1]", "*.c", "/a[1]/", "*.c", 0 },
	{ "/a[1]/b*", "../c/x?/y", "/a[1]/c/", "x?/y", 5 },
	{ "/a*", "..", "", NULL, 0 },
	{ "/d", "/e/./f//g*", "/e/f/", "g*", 8 },
	{ "/d", "e/[a]//b/", "/d/e/", "[a]/b", 2 },
	{ "/d", "a\\*b", "/d/", "a\\*b", 0 },
	{ "/d", "*/..", "", NULL, 0 },
	{ "/d", "*/./x", "", NULL, 0 },
	{ "/d", "*/.x", "/d/", "*/.x", 0 },
	{ "/d", "../../*", "/", "*", 6 },
};

static void
finds_patterns(void)
{
	size_t i, at, before;
	char *path;

	for (i = 0; i < NITEMS(patterned); i++) {
		path = path_resolve(patterned[i].cwd, patterned[i].name);
		if (path == NULL)
			abort();
		before = 0;
		at = path_pattern(path, patterned[i].name, &before);
		if (patterned[i].patterns == NULL)
			CHECK_CASE(at == 0, patterned[i].name);
		else
			CHECK_CASE(at == strlen(patterned[i].literal) &&
				strncmp(path, patterned[i].literal, at) == 0 &&
				strcmp(path + at, patterned[i].patterns) == 0 &&
				before == patterned[i].before,
			    patterned[i].name);
		free(path);
	}
}

CU_TestInfo path_tests[] = {
	{ "path_resolve normalises and refuses", resolves },
	{ "path_resolve is bounded", is_bounded },
	{ "path_quote doubles quotation marks", quotes },
	{ "path_pattern", finds_patterns },
	{ "path_base", finds_the_last_component },
	CU_TEST_INFO_NULL,
};
