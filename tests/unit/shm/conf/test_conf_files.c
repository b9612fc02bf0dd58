/* Unit tests of shm/conf: reading files, and what they include. */
#include <CUnit/CUnit.h>

#include "shm/conf/load.h"
#include "tests/unit/conf_rig.h"
#include "tests/unit/scratch.h"
#include "tests/unit/suites.h"

/* Loads the file; mistakes are returned, their text only with the base name. */
static struct conf *
read_main(const struct scratch *scratch, const char *name,
    struct conf_errors *errors)
{
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/%s", scratch->path, name);
	return (conf_load(path, errors));
}

/* Whether a mistake in the file with that name has that text. */
static bool
has_in(const struct conf_errors *errors, const char *file, size_t line,
    const char *text)
{
	const char *slash;
	size_t i;

	for (i = 0; i < errors->count; i++) {
		slash = strrchr(errors->items[i].file, '/');
		if (slash != NULL && strcmp(slash + 1, file) == 0 &&
		    errors->items[i].line == line &&
		    strstr(errors->items[i].text, text) != NULL)
			return (true);
	}
	return (false);
}

static void
later_files_override_key_by_key(void)
{
	struct conf_errors errors;
	struct scratch scratch;
	struct conf *conf;

	scratch_new(&scratch);
	CU_ASSERT_EQUAL(mkdirat(scratch.fd, "d", 0755), 0);
	scratch_write(&scratch, "main.yaml",
	    "include: [d/*.yaml]\n" LISTEN "umask: 011\n"
	    "timeouts: {idle: 1m, data: 1m}\n"
	    "hosts: [{name: a}]\n");
	scratch_write(&scratch, "d/10.yaml",
	    "timeouts: {idle: 2m}\nlocal_file_systems: [ext4]\n"
	    "tls: {session_cache: off}\n"
	    "defaults: {banner: ten, umask: 010}\n"
	    "hosts: [{name: b}]\n");
	scratch_write(&scratch, "d/20.yaml",
	    "timeouts: {idle: 3m}\nlocal_file_systems: [xfs, zfs]\n"
	    "tls: {session_cache: {size: 1MiB}}\n"
	    "defaults: {banner: twenty}\n"
	    "hosts: [{name: c}, {name: d}]\n");
	scratch_write(&scratch, "d/.hidden.yaml", "nonsense\n");
	scratch_write(&scratch, "d/other.txt", "nonsense\n");
	conf = read_main(&scratch, "main.yaml", &errors);
	CU_ASSERT_EQUAL(errors.count, 0);
	if (conf == NULL)
		abort();
	CU_ASSERT_EQUAL(conf->hosts[0].timeout_idle, 180);
	CU_ASSERT_EQUAL(conf->hosts[0].timeout_data, 60);
	CU_ASSERT_EQUAL(conf->hosts[0].umask, 011);
	CU_ASSERT_STRING_EQUAL(conf->hosts[0].banner, "twenty");
	CU_ASSERT_EQUAL(conf->local_file_systems.count, 2);
	CU_ASSERT(conf->session_cache);
	CU_ASSERT_EQUAL(conf->session_cache_size, 1u << 20);
	CU_ASSERT_EQUAL_FATAL(conf->nhosts, 5);
	CU_ASSERT_STRING_EQUAL(conf->hosts[4].name, "d");
	CU_ASSERT_EQUAL(conf->hosts[4].umask, 010);
	conf_errors_free(&errors);
	conf_free(&conf);
	scratch_free(&scratch);
}

static void
mistakes_name_their_file(void)
{
	struct conf_errors errors;
	struct scratch scratch;
	struct conf *conf;

	scratch_new(&scratch);
	scratch_write(&scratch, "main.yaml",
	    "include: [\"?.yaml\"]\n" LISTEN "hosts: [{name: x}]\nnon: 1\n");
	scratch_write(&scratch, "1.yaml", "\nhosts: [{name: x}]\n");
	scratch_write(&scratch, "2.yaml", "umask: 9\n");
	scratch_write(&scratch, "3.yaml", "umask: 022\ninclude: [x]\n");
	scratch_write(&scratch, "4.yaml", "umask: [\n");
	conf = read_main(&scratch, "main.yaml", &errors);
	CU_ASSERT_PTR_NULL(conf);
	CU_ASSERT(has_in(&errors, "main.yaml", 4, "unknown key non"));
	CU_ASSERT(has_in(&errors, "1.yaml", 2, "second host with the name x"));
	CU_ASSERT(has_in(&errors, "1.yaml", 2, "main.yaml:3"));
	CU_ASSERT(has_in(&errors, "2.yaml", 1, "octal"));
	CU_ASSERT(has_in(&errors, "3.yaml", 2, "main file only"));
	CU_ASSERT(has_in(&errors, "4.yaml", 2, "while parsing"));
	conf_errors_free(&errors);
	scratch_free(&scratch);
}

static const struct {
	const char *include;
	const char *said; /* NULL: it is right */
} includes[] = {
	{ "include: []\n", NULL },
	{ "include: sub.yaml\n", NULL },
	{ "include: [sub.yaml, sub.yaml, ./sub.yaml]\n", NULL },
	{ "include: [none*.yaml]\n", NULL },
	{ "include: [main.yaml]\n", NULL },
	{ "include: [none.yaml]\n", "No such file" },
	{ "include: [none/*.yaml]\n", NULL },
	{ "include: [\"*/main.yaml\"]\n", "in the last part only" },
	{ "include: [\"fifo/*\"]\n", "Not a directory" },
	{ "include: [\"\"]\n", "takes a list" },
	{ "include: {a: b}\n", "takes a list" },
	{ "include: [[sub.yaml]]\n", "takes a list" },
	{ "include: [folder]\n", "not a regular file" },
	{ "include: [fifo]\n", "not a regular file" },
	{ "include: [/dev/null]\n", "not a regular file" },
	{ "include: [loop]\n", "cannot be read" },
};

static void
only_files_are_included(void)
{
	struct conf_errors errors;
	struct scratch scratch;
	struct conf *conf;
	char text[256];
	size_t i;

	scratch_new(&scratch);
	scratch_write(&scratch, "sub.yaml", "hosts: [{name: once}]\n");
	CU_ASSERT_EQUAL(mkdirat(scratch.fd, "folder", 0755), 0);
	CU_ASSERT_EQUAL(mkfifoat(scratch.fd, "fifo", 0644), 0);
	CU_ASSERT_EQUAL(symlinkat("loop", scratch.fd, "loop"), 0);
	for (i = 0; i < NITEMS(includes); i++) {
		(void)snprintf(text, sizeof(text), LISTEN "%s",
		    includes[i].include);
		scratch_write(&scratch, "main.yaml", text);
		conf = read_main(&scratch, "main.yaml", &errors);
		CHECK_CASE((conf != NULL) == (includes[i].said == NULL),
		    includes[i].include);
		CHECK_CASE(includes[i].said == NULL ||
			(errors.count == 1 &&
			    strstr(errors.items[0].text, includes[i].said) !=
				NULL),
		    includes[i].include);
		conf_errors_free(&errors);
		conf_free(&conf);
	}
	scratch_free(&scratch);
}

static const struct {
	const char *pattern, *name;
	bool matches;
} patterns[] = {
	{ "*.yaml", "a.yaml", true },
	{ "*.yaml", ".yaml", false },
	{ ".*", ".yaml", true },
	{ "*", "", true },
	{ "*", "a", true },
	{ "?", "", false },
	{ "?", "a", true },
	{ "?", "ab", false },
	{ "a*b*c", "axbxbxc", true },
	{ "a*b*c", "axbxbxcx", false },
	{ "a**", "a", true },
	{ "abc", "abc", true },
	{ "abc", "abcd", false },
	{ "abcd", "abc", false },
	{ "[a]", "a", false },
	/* A matcher that tries everything would not come back. */
	{ "*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b",
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false },
};

static void
patterns_match_names(void)
{
	size_t i;

	for (i = 0; i < NITEMS(patterns); i++)
		CHECK_CASE(include_matches(patterns[i].pattern,
			       patterns[i].name) == patterns[i].matches,
		    patterns[i].pattern);
}

static void
files_that_cannot_be_read_are_named(void)
{
	struct conf_errors errors;
	struct scratch scratch;
	struct conf *conf;
	int fd;

	scratch_new(&scratch);
	conf = read_main(&scratch, "main.yaml", &errors);
	CU_ASSERT_PTR_NULL(conf);
	CU_ASSERT_EQUAL(errors.count, 1);
	CU_ASSERT(has_in(&errors, "main.yaml", 0, "No such file"));
	conf_errors_free(&errors);

	conf = read_main(&scratch, ".", &errors);
	CU_ASSERT_PTR_NULL(conf);
	CU_ASSERT(has_in(&errors, ".", 0, "not a regular file"));
	conf_errors_free(&errors);

	/* One byte too many, though nothing but a hole. */
	fd = openat(scratch.fd, "big.yaml", O_WRONLY | O_CREAT, 0600);
	CU_ASSERT_NOT_EQUAL_FATAL(fd, -1);
	CU_ASSERT_EQUAL(ftruncate(fd, (16 << 20) + 1), 0);
	close(fd);
	conf = read_main(&scratch, "big.yaml", &errors);
	CU_ASSERT_PTR_NULL(conf);
	CU_ASSERT(has_in(&errors, "big.yaml", 0, "larger than 16 MiB"));
	conf_errors_free(&errors);
	scratch_free(&scratch);
}

/* A thousand names for one file: it is read once, but that is too many. */
static void
files_are_counted(void)
{
	struct conf_errors errors;
	struct scratch scratch;
	struct conf *conf;
	char name[16];
	size_t i;

	scratch_new(&scratch);
	scratch_write(&scratch, "main.yaml", "include: [\"*.yml\"]\n" LISTEN);
	scratch_write(&scratch, "0.yml", "hosts: [{name: x}]\n");
	for (i = 1; i < 999; i++) {
		(void)snprintf(name, sizeof(name), "%zu.yml", i);
		CU_ASSERT_EQUAL(linkat(scratch.fd, "0.yml", scratch.fd, name,
				    0),
		    0);
	}
	conf = read_main(&scratch, "main.yaml", &errors);
	CU_ASSERT_PTR_NOT_NULL(conf);
	conf_errors_free(&errors);
	conf_free(&conf);

	scratch_write(&scratch, "999.yml", "hosts: []\n");
	conf = read_main(&scratch, "main.yaml", &errors);
	CU_ASSERT_PTR_NULL(conf);
	CU_ASSERT(has_in(&errors, "main.yaml", 0, "more than 1000 files"));
	conf_errors_free(&errors);
	scratch_free(&scratch);
}

/* What is shipped, as it lies in the tree: conf.d is beside dist there. */
static void
shipped_files_are_right(void)
{
	struct conf_errors errors;
	struct scratch scratch;
	struct conf *conf;
	char folder[PATH_MAX], target[PATH_MAX + 32];
	size_t i;

	if (getcwd(folder, sizeof(folder)) == NULL)
		CU_FAIL_FATAL("no current directory");
	scratch_new(&scratch);
	(void)snprintf(target, sizeof(target), "%s/conf.d", folder);
	CU_ASSERT_EQUAL(symlinkat(target, scratch.fd, "conf.d"), 0);
	(void)snprintf(target, sizeof(target), "%s/conf.d/dist/ftpsd.yaml",
	    folder);
	CU_ASSERT_EQUAL(symlinkat(target, scratch.fd, "ftpsd.yaml"), 0);
	conf = read_main(&scratch, "ftpsd.yaml", &errors);
	for (i = 0; i < errors.count; i++)
		printf("%s:%zu: %s\n", errors.items[i].file,
		    errors.items[i].line, errors.items[i].text);
	if (conf == NULL)
		abort();
	CU_ASSERT(conf->hosts[0].tls.required.auth);
	CU_ASSERT(conf->hosts[0].tls.required.control);
	CU_ASSERT_EQUAL(conf->hosts[0].tls.required.data, CONF_DATA_PRIVATE);
	conf_errors_free(&errors);
	conf_free(&conf);
	scratch_free(&scratch);
}

/* Reads one example: the lines up to .Ed. */
static void
read_example(FILE *page, char *text, size_t size)
{
	char line[256];
	size_t len = 0;

	while (fgets(line, sizeof(line), page) != NULL &&
	    strcmp(line, ".Ed\n") != 0)
		len += (size_t)snprintf(text + len, size - len, "%s", line);
	text[len] = '\0';
}

/* An administrator will copy them. */
static void
examples_of_the_page_are_right(void)
{
	char line[256], text[4096];
	struct conf *conf;
	bool examples = false;
	size_t count = 0;
	FILE *page;

	page = fopen("man/ftpsd.yaml.5", "re");
	if (page == NULL)
		abort();
	while (fgets(line, sizeof(line), page) != NULL) {
		if (strncmp(line, ".Sh ", 4) == 0)
			examples = strcmp(line, ".Sh EXAMPLES\n") == 0;
		if (!examples || strncmp(line, ".Bd -literal", 12) != 0)
			continue;
		read_example(page, text, sizeof(text));
		conf = rig_good(text);
		CHECK_CASE(conf != NULL, text);
		conf_free(&conf);
		count++;
	}
	(void)fclose(page);
	CU_ASSERT(count >= 4);
}

CU_TestInfo conf_files_tests[] = {
	{ "later files override key by key", later_files_override_key_by_key },
	{ "mistakes name their file", mistakes_name_their_file },
	{ "only files are included", only_files_are_included },
	{ "patterns match names", patterns_match_names },
	{ "files that cannot be read are named",
	    files_that_cannot_be_read_are_named },
	{ "files are counted", files_are_counted },
	{ "the shipped files are right", shipped_files_are_right },
	{ "the examples of the page are right",
	    examples_of_the_page_are_right },
	CU_TEST_INFO_NULL,
};
