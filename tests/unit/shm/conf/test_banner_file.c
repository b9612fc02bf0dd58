/* Unit tests of shm/conf: banner_file. */
#include <CUnit/CUnit.h>
#include <string.h>

#include "tests/unit/conf_rig.h"
#include "tests/unit/scratch.h"
#include "tests/unit/suites.h"

#define SIXTEEN     "0123456789abcdef"
#define NINETY_SIX  SIXTEEN SIXTEEN SIXTEEN SIXTEEN SIXTEEN SIXTEEN
#define EIGHT_LINES "\n1\n2\n3\n4\n5\n6\n7\n8"
#define FORTY_LINES \
	"0" EIGHT_LINES EIGHT_LINES EIGHT_LINES EIGHT_LINES "\n\n\n\n\n\n\n7"

struct text {
	struct scratch scratch;
	struct conf_errors errors;
	struct conf *conf;
};

/* Reads what settings are; in them F is the path of the file, or none. */
static void
parse(struct text *text, const char *contents, const char *settings)
{
	char yaml[1024];
	size_t len = strcspn(settings, "F");

	scratch_new(&text->scratch);
	if (contents != NULL)
		scratch_write(&text->scratch, "file", contents);
	(void)snprintf(yaml, sizeof(yaml), LISTEN "%s", settings);
	if (settings[len] == 'F')
		(void)snprintf(yaml + strlen(LISTEN) + len,
		    sizeof(yaml) - strlen(LISTEN) - len, "%s/file%s",
		    text->scratch.path, settings + len + 1);
	text->conf = rig_parse(yaml, &text->errors);
}

static void
done(struct text *text)
{
	conf_free(&text->conf);
	conf_errors_free(&text->errors);
	scratch_free(&text->scratch);
}

static const struct {
	const char *what, *contents, *banner;
	bool counts;
} texts[] = {
	{ "a line", "Hello.\n", "Hello.", false },
	{ "no end of it", "Hello.", "Hello.", false },
	{ "lines of Windows", "a\r\n\r\nb\r\n\r\n", "a\n\nb", false },
	{ "an empty line first", "\n a", "\n a", false },
	{ "as much as there may be", NINETY_SIX "\n" NINETY_SIX "\r\n",
	    NINETY_SIX "\n" NINETY_SIX, false },
	{ "as many lines", FORTY_LINES "\n", FORTY_LINES, false },
	{ "other scripts", "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x93\x81",
	    "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x93\x81", false },
	{ "what YAML takes for ends of lines", "a \xe2\x80\xa8 b \xe2\x80\xa9",
	    "a \xe2\x80\xa8 b \xe2\x80\xa9", false },
	{ "what YAML refuses", "\xef\xbb\xbf\xef\xbf\xbe\xef\xbf\xbf",
	    "\xef\xbb\xbf\xef\xbf\xbe\xef\xbf\xbf", false },
	{ "variables", "%{HOST} 5% \\ \"\n%{note:TIME}",
	    "%{HOST} 5% \\ \"\n%{note:TIME}", false },
	{ "the number of sessions", "%{SESSIONS}", "%{SESSIONS}", true },
	{ "its name", "%%{SESSIONS} SESSIONS", "%%{SESSIONS} SESSIONS", false },
};

static void
is_the_banner(void)
{
	struct text text;
	struct conf *again;
	size_t i, len;
	char *dump;

	for (i = 0; i < NITEMS(texts); i++) {
		parse(&text, texts[i].contents, "banner_file: F\n");
		CHECK_CASE(text.conf != NULL, texts[i].what);
		if (text.conf == NULL)
			continue;
		CU_ASSERT_STRING_EQUAL(text.conf->hosts[0].banner,
		    texts[i].banner);
		CHECK_CASE(text.conf->hosts[0].banner_counts == texts[i].counts,
		    texts[i].what);
		/* Others get the text, and need no file. */
		dump = conf_dump(text.conf, &len);
		CU_ASSERT_PTR_NOT_NULL_FATAL(dump);
		CU_ASSERT_PTR_NULL(strstr(dump, "banner_file"));
		again = rig_good(dump);
		CHECK_CASE(again != NULL &&
			strcmp(again->hosts[0].banner, texts[i].banner) == 0,
		    texts[i].what);
		conf_free(&again);
		free(dump);
		done(&text);
	}
}

/* The rig has a line before the settings. */
static const struct {
	const char *contents, *settings, *said;
	size_t line, column;
} mistakes[] = {
	{ NULL, "banner_file: F\n", "cannot be read: No such file", 1, 14 },
	{ NULL, "banner_file: none\n", "not an absolute path", 1, 14 },
	{ NULL, "banner_file: /dev/null\n", "not a regular file", 1, 14 },
	{ NULL, "banner_file: /\n", "not a regular file", 1, 14 },
	{ NULL, "banner_file: [/a]\n", "takes one value", 1, 14 },
	{ NULL, "banner_file:\n", "has no value", 1, 13 },
	{ "", "banner_file: F\n", "is empty", 1, 14 },
	{ "\n\r\n", "banner_file: F\n", "is empty", 1, 14 },
	{ "a\tb", "banner_file: F\n", "control character in line 1", 1, 14 },
	{ "a\r\nb\rc", "banner_file: F\n", "control character in line 2", 1,
	    14 },
	{ "\n\n\x7f", "banner_file: F\n", "control character in line 3", 1,
	    14 },
	{ "\xc2\x9b", "banner_file: F\n", "control character in line 1", 1,
	    14 },
	{ "a\n\xff", "banner_file: F\n", "no valid UTF-8 in line 2", 1, 14 },
	{ "\xc3", "banner_file: F\n", "no valid UTF-8 in line 1", 1, 14 },
	{ FORTY_LINES "\n8", "banner_file: F\n", "more than 40 lines", 1, 14 },
	{ "%{HOSTT}", "banner_file: F\n", "did you mean HOST?", 1, 14 },
	{ "%{USER}", "banner_file: F\n", "not known in a banner", 1, 14 },
	{ "a", "banner: b\nbanner_file: F\n", "there is a banner, too", 2, 1 },
	{ "a", "defaults: {banner_file: F, banner: b}\n",
	    "there is a banner, too", 1, 12 },
	{ "a", "hosts: [{name: x, banner: b, banner_file: F}]\n",
	    "there is a banner, too", 1, 30 },
	{ NULL, "defaults: {banner_file: F}\nhosts: [{name: x}]\n",
	    "No such file", 1, 25 },
	{ "a", "users: [{name: x, banner_file: F}]\n",
	    "may not be set below users", 1, 19 },
};

static void
mistakes_are_placed(void)
{
	struct text text;
	size_t i;

	for (i = 0; i < NITEMS(mistakes); i++) {
		parse(&text, mistakes[i].contents, mistakes[i].settings);
		CHECK_CASE(text.conf == NULL, mistakes[i].said);
		CHECK_CASE(text.errors.count == 1, mistakes[i].said);
		CHECK_CASE(rig_has(&text.errors, mistakes[i].line + 1,
			       mistakes[i].column, mistakes[i].said),
		    mistakes[i].said);
		done(&text);
	}
}

/* The length is that of the file. */
static void
long_files_are_refused(void)
{
	struct text text;
	char contents[CONF_TEXT_MAX + 8];
	size_t extra;

	for (extra = 0; extra < 4; extra++) {
		memset(contents, 'x', sizeof(contents));
		contents[CONF_TEXT_MAX + extra] = '\0';
		parse(&text, contents, "banner_file: F\n");
		CU_ASSERT_EQUAL(text.conf != NULL, extra == 0);
		CU_ASSERT(text.errors.count == 0 ||
		    strstr(text.errors.items[0].text, "longer than 2048") !=
			NULL);
		done(&text);
	}
}

static void
hosts_inherit_it(void)
{
	struct text text;
	const struct conf_host *hosts;

	parse(&text, "%{SESSIONS}",
	    "defaults: {banner_file: F}\n"
	    "hosts:\n- {name: a}\n- {name: b, banner: own}\n- {name: c}\n");
	if (text.conf == NULL)
		abort();
	hosts = text.conf->hosts;
	CU_ASSERT_STRING_EQUAL(hosts[1].banner, "%{SESSIONS}");
	CU_ASSERT_STRING_EQUAL(hosts[2].banner, "own");
	CU_ASSERT_STRING_EQUAL(hosts[3].banner, "%{SESSIONS}");
	CU_ASSERT_TRUE(hosts[3].banner_counts);
	CU_ASSERT_FALSE(hosts[2].banner_counts);
	done(&text);
	parse(&text, "own",
	    "defaults: {banner: common}\n"
	    "hosts:\n- {name: a, banner_file: F}\n- {name: b}\n");
	if (text.conf == NULL)
		abort();
	CU_ASSERT_STRING_EQUAL(text.conf->hosts[1].banner, "own");
	CU_ASSERT_STRING_EQUAL(text.conf->hosts[2].banner, "common");
	done(&text);
}

CU_TestInfo banner_file_tests[] = {
	{ "is the banner", is_the_banner },
	{ "mistakes are placed", mistakes_are_placed },
	{ "long files are refused", long_files_are_refused },
	{ "hosts inherit it", hosts_inherit_it },
	CU_TEST_INFO_NULL,
};
