/* Unit tests of master/logger: files with a bound, and the form of lines. */
#include <CUnit/CUnit.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "master/logger/files.h"
#include "master/logger/line.h"
#include "master/logger/members.h"
#include "tests/unit/suites.h"

struct stage {
	char top[32];
	int errors; /* reported */
	int recoveries;
	uint64_t lost;
	int last_error;
};

static void
report(const char *path UNUSED, int error, uint64_t lost, void *context)
{
	struct stage *stage = context;

	if (error != 0)
		stage->errors++;
	else
		stage->recoveries++;
	stage->last_error = error;
	stage->lost += lost;
}

static struct log_files *
open_stage(struct stage *stage, size_t open_max)
{
	struct log_files *files;

	memset(stage, 0, sizeof(*stage));
	(void)snprintf(stage->top, sizeof(stage->top), "%s",
	    "/tmp/ftpsd-unit-XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(stage->top));
	files = log_files_new(open_max, report, stage);
	CU_ASSERT_PTR_NOT_NULL_FATAL(files);
	return (files);
}

static const char *
path_of(const struct stage *stage, const char *name)
{
	static char path[64];

	(void)snprintf(path, sizeof(path), "%s/%s", stage->top, name);
	return (path);
}

static void
close_stage(struct stage *stage, struct log_files **files)
{
	log_files_free(files);
	CU_ASSERT_PTR_NULL(*files);
	CU_ASSERT_EQUAL(rmdir(stage->top), 0);
}

static size_t
size_of(const char *path)
{
	struct stat st;

	return (stat(path, &st) == -1 ? 0 : (size_t)st.st_size);
}

static void
keeps_few_open(void)
{
	struct log_files *files;
	struct stage stage;
	char name[16];
	int i, round;

	files = open_stage(&stage, 3);
	for (round = 0; round < 2; round++)
		for (i = 0; i < 10; i++) {
			(void)snprintf(name, sizeof(name), "log%d", i);
			CU_ASSERT_EQUAL(log_files_write(files,
					    path_of(&stage, name), "line\n", 5),
			    0);
			CU_ASSERT(log_files_open(files) <= 3);
		}
	CU_ASSERT_EQUAL(log_files_open(files), 3);
	for (i = 0; i < 10; i++) {
		(void)snprintf(name, sizeof(name), "log%d", i);
		CU_ASSERT_EQUAL(size_of(path_of(&stage, name)), 10);
		(void)unlink(path_of(&stage, name));
	}
	CU_ASSERT_EQUAL(stage.errors, 0);
	close_stage(&stage, &files);
}

static void
follows_a_rotation(void)
{
	struct log_files *files;
	struct stage stage;
	char from[64], to[64];

	files = open_stage(&stage, 4);
	(void)snprintf(from, sizeof(from), "%s", path_of(&stage, "log"));
	(void)snprintf(to, sizeof(to), "%s", path_of(&stage, "log.1"));
	CU_ASSERT_EQUAL(log_files_write(files, from, "a\n", 2), 0);
	CU_ASSERT_EQUAL(rename(from, to), 0);
	CU_ASSERT_EQUAL(log_files_write(files, from, "b\n", 2), 0);
	CU_ASSERT_EQUAL(size_of(to), 4);
	log_files_reopen(files);
	CU_ASSERT_EQUAL(log_files_open(files), 0);
	CU_ASSERT_EQUAL(log_files_write(files, from, "c\n", 2), 0);
	CU_ASSERT_EQUAL(size_of(from), 2);
	(void)unlink(from);
	(void)unlink(to);
	close_stage(&stage, &files);
}

/* What is no regular file is not written to, and waiting does not help. */
static void
refuses_what_is_no_file(void)
{
	struct log_files *files;
	struct stage stage;
	char path[64];

	files = open_stage(&stage, 4);
	(void)snprintf(path, sizeof(path), "%s", path_of(&stage, "fifo"));
	CU_ASSERT_EQUAL(mkfifo(path, 0600), 0);
	CU_ASSERT_EQUAL(log_files_write(files, path, "x", 1), -1);
	(void)unlink(path);
	(void)snprintf(path, sizeof(path), "%s", path_of(&stage, "link"));
	CU_ASSERT_EQUAL(symlink("target", path), 0);
	CU_ASSERT_EQUAL(log_files_write(files, path, "x", 1), -1);
	CU_ASSERT_EQUAL(stage.last_error, ELOOP);
	(void)unlink(path);
	CU_ASSERT_EQUAL(log_files_write(files, stage.top, "x", 1), -1);
	CU_ASSERT_EQUAL(stage.errors, 3);
	CU_ASSERT_EQUAL(log_files_open(files), 0);
	close_stage(&stage, &files);
}

/* Anybody could put a file of his own there, or a link. */
static void
refuses_open_directories(void)
{
	struct log_files *files;
	struct stage stage;
	char folder[64], path[80];

	files = open_stage(&stage, 4);
	(void)snprintf(folder, sizeof(folder), "%s", path_of(&stage, "folder"));
	(void)snprintf(path, sizeof(path), "%s/log", folder);
	CU_ASSERT_EQUAL(mkdir(folder, 0700), 0);
	CU_ASSERT_EQUAL(chmod(folder, 01777), 0);
	CU_ASSERT_EQUAL(log_files_write(files, path, "a", 1), -1);
	CU_ASSERT_STRING_EQUAL(log_files_error(stage.last_error),
	    "everybody may write to its directory");
	CU_ASSERT_EQUAL(chmod(folder, 0775), 0);
	log_files_reopen(files);
	CU_ASSERT_EQUAL(log_files_write(files, path, "a", 1), 0);
	(void)unlink(path);
	(void)rmdir(folder);
	close_stage(&stage, &files);
}

static void
counts_what_is_lost(void)
{
	struct log_files *files;
	struct stage stage;
	char folder[64], path[80];

	files = open_stage(&stage, 4);
	(void)snprintf(folder, sizeof(folder), "%s", path_of(&stage, "folder"));
	(void)snprintf(path, sizeof(path), "%s/log", folder);
	CU_ASSERT_EQUAL(log_files_write(files, path, "a", 1), -1);
	CU_ASSERT_EQUAL(stage.last_error, ENOENT);
	CU_ASSERT_EQUAL(mkdir(folder, 0700), 0);
	/* Not tried again at once, and reported only once. */
	CU_ASSERT_EQUAL(log_files_write(files, path, "b", 1), -1);
	CU_ASSERT_EQUAL(stage.errors, 1);
	log_files_reopen(files);
	CU_ASSERT_EQUAL(log_files_write(files, path, "c", 1), 0);
	CU_ASSERT_EQUAL(stage.recoveries, 1);
	CU_ASSERT_EQUAL(stage.lost, 2);
	CU_ASSERT_EQUAL(size_of(path), 1);
	(void)unlink(path);
	(void)rmdir(folder);
	close_stage(&stage, &files);
}

static void
cleans_bytes(void)
{
	static const struct {
		const char *what, *in, *out;
		size_t size;
	} cases[] = {
		{ "plain text", "a b", "a b", 80 },
		{ "a line end", "a\nb", "a?b", 80 },
		{ "an escape sequence", "\033[31m", "?[31m", 80 },
		{ "UTF-8", "gr\303\274n", "gr\303\274n", 80 },
		{ "no UTF-8", "gr\374n", "gr?n", 80 },
		{ "a C1 control", "a\302\205b", "a??b", 80 },
		{ "cut at a character", "ab\303\274", "ab", 4 },
		{ "nothing", "", "", 1 },
	};
	char out[80];
	size_t i;

	for (i = 0; i < NITEMS(cases); i++) {
		log_line_clean(out, cases[i].size, (const uint8_t *)cases[i].in,
		    strlen(cases[i].in));
		CHECK_CASE(strcmp(out, cases[i].out) == 0, cases[i].what);
	}
}

static struct line_record
example(void)
{
	struct line_record record;

	memset(&record, 0, sizeof(record));
	record.time_us = 1700000000123456;
	record.level = LOG_LEVEL_NOTICE;
	record.session = ((uint64_t)3 << 32) | 17;
	record.process = "worker 2";
	record.pid = 4711;
	record.host = "ftp.example.net";
	record.client = "192.0.2.1";
	record.user = "alice";
	record.text = "logged in";
	return (record);
}

static void
writes_text(void)
{
	struct line_record record = example();
	char line[LINE_MAX_LEN], text[2 * LINE_MAX_LEN];
	size_t len;

	len = log_line_text(line, &record, LINE_BARE);
	CU_ASSERT_STRING_EQUAL(line,
	    "notice worker 2: [3.17 192.0.2.1 alice] logged in\n");
	CU_ASSERT_EQUAL(len, strlen(line));
	(void)log_line_text(line, &record, LINE_DATED);
	CU_ASSERT_PTR_NOT_NULL(strstr(line, ".123"));
	CU_ASSERT_PTR_NOT_NULL(strstr(line, " notice worker 2: ["));
	record.port = 4711;
	(void)log_line_text(line, &record, LINE_BARE);
	CU_ASSERT_PTR_NOT_NULL(strstr(line, " 192.0.2.1:4711 "));
	record.client = "2001:db8::1";
	(void)log_line_text(line, &record, LINE_BARE);
	CU_ASSERT_PTR_NOT_NULL(strstr(line, " [2001:db8::1]:4711 "));
	record.client = "192.0.2.1";
	record.port = 0;
	record.user = "x] logged in";
	(void)log_line_text(line, &record, LINE_BARE);
	CU_ASSERT_STRING_EQUAL(line,
	    "notice worker 2: [3.17 192.0.2.1 x\\x5d\\x20logged\\x20in] "
	    "logged in\n");
	record.user = NULL;
	record.session = 0;
	(void)log_line_text(line, &record, LINE_BARE);
	CU_ASSERT_STRING_EQUAL(line,
	    "notice worker 2: [- 192.0.2.1 -] logged in\n");
	record.client = "";
	(void)log_line_text(line, &record, LINE_BARE);
	CU_ASSERT_STRING_EQUAL(line, "notice worker 2: logged in\n");
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	record.text = text;
	len = log_line_text(line, &record, LINE_BARE);
	CU_ASSERT(len < LINE_MAX_LEN);
	CU_ASSERT_EQUAL(line[len - 1], '\n');
}

static void
writes_json(void)
{
	struct line_record record = example();
	char line[LINE_MAX_LEN];
	json_error_t error;
	json_t *object;
	size_t len;

	record.text = "a \"quoted\" \\x0a word";
	len = log_line_json(line, &record);
	CU_ASSERT_EQUAL_FATAL(len, strlen(line));
	CU_ASSERT_PTR_EQUAL(strchr(line, '\n'), line + len - 1);
	object = json_loads(line, 0, &error);
	CU_ASSERT_PTR_NOT_NULL_FATAL(object);
	CU_ASSERT_STRING_EQUAL(json_string_value(
				   json_object_get(object, "text")),
	    record.text);
	CU_ASSERT_STRING_EQUAL(json_string_value(
				   json_object_get(object, "session")),
	    "3.17");
	CU_ASSERT_STRING_EQUAL(json_string_value(
				   json_object_get(object, "host")),
	    "ftp.example.net");
	CU_ASSERT_EQUAL(json_integer_value(json_object_get(object, "pid")),
	    4711);
	json_decref(object);
}

static const struct {
	const char *what, *text;
	const char *members; /* in order of their names */
} texts[] = {
	{ "names and values", "TLS handshake: a=b c=\"d e\" f=-",
	    "{\"a\":\"b\",\"c\":\"d e\"}" },
	{ "words alone", "TLS handshake failed: no cipher in common", "{}" },
	{ "words behind", "x: a=b and c=d", "{\"a\":\"b\"}" },
	{ "no colon", "a=b c=d", "{}" },
	{ "a name twice", "x: a=b a=c", "{\"a\":\"b\"}" },
	{ "no end of a value", "x: a=b c=\"d", "{\"a\":\"b\"}" },
	{ "text behind a quoted value", "x: a=\"b\"c=d", "{\"a\":\"b\"}" },
	{ "a long name", "x: aaaaaaaaaaaaaaaaaaaaaaaaaaaa=b", "{}" },
	{ "an empty value", "x: a= b=\"\"", "{\"a\":\"\",\"b\":\"\"}" },
	{ "nothing", "x: ", "{}" },
};

static void
finds_members(void)
{
	json_t *object;
	char *shown;
	size_t i;

	for (i = 0; i < NITEMS(texts); i++) {
		object = json_object();
		members_add(object, texts[i].text);
		shown = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
		CHECK_CASE(shown != NULL &&
			strcmp(shown, texts[i].members) == 0,
		    texts[i].what);
		free(shown);
		json_decref(object);
	}
}

CU_TestInfo log_files_tests[] = {
	{ "names and values become members", finds_members },
	{ "a directory that everybody may write to is refused",
	    refuses_open_directories },
	{ "few of many files are open", keeps_few_open },
	{ "a file that was rotated is left", follows_a_rotation },
	{ "only regular files are written", refuses_what_is_no_file },
	{ "lost records are counted", counts_what_is_lost },
	{ "no byte of a sender breaks a line", cleans_bytes },
	{ "records as text", writes_text },
	{ "records as JSON", writes_json },
	CU_TEST_INFO_NULL,
};
