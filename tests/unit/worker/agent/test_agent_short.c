/* Unit tests of worker/agent/listing.c: listings that come in one message. */
#include <CUnit/CUnit.h>

#include "tests/unit/agent_rig.h"
#include "tests/unit/suites.h"

#define MANY 1000 /* entries: too many for a message */

static const struct rig_options plain = { 0, false };

/* A session whose agent answers with contents. */
struct reader {
	struct channel *channel;
	int error; /* of the last answer; 0: there is text */
	uint32_t mode;
	char text[FS_SMALL_MAX + 1];
};

static int
hear(struct message *message, void *context)
{
	const struct msg_fs_contents *contents = message->body;
	const struct msg_fs_done *done = message->body;
	struct reader *reader = context;

	reader->text[0] = '\0';
	if (message->type == MSG_FS_DONE) {
		reader->error = done->error;
		reader->mode = done->mode;
		return (0);
	}
	if (message->type != MSG_FS_CONTENTS ||
	    message->len != contents->size || message->len > FS_SMALL_MAX)
		return (-1);
	reader->error = 0;
	memcpy(reader->text, message->bytes, message->len);
	reader->text[message->len] = '\0';
	return (0);
}

static void
attach(struct rig *rig, struct reader *reader)
{
	struct channel_message message = { 0 };
	struct msg_session body = { 1, 1 };
	int pair[2];

	if (fd_pair(pair) == -1)
		abort();
	reader->channel =
	    channel_new(pair[0], ROLE_WORKER, ROLE_AGENT, hear, reader);
	message.type = MSG_AGENT_ATTACH;
	message.body = &body;
	message.fd = pair[1];
	if (reader->channel == NULL ||
	    channel_send(rig->control, &message) == -1)
		abort();
	channel_running(reader->channel);
	close(pair[1]);
}

/* Where its first component with "*" begins; 0: there is none. */
static uint32_t
pattern_of(const char *path)
{
	size_t at = strcspn(path, "*");

	if (path[at] == '\0')
		return (0);
	while (path[at - 1] != '/')
		at--;
	return ((uint32_t)at);
}

/* What is asked about: path, and perhaps a prefix. */
static void
ask_so(struct reader *reader, const char *path, const char *prefix,
    struct msg_fs_list body)
{
	struct channel_message message = { 0 };

	body.request = 3;
	body.path_len = (uint32_t)strlen(path);
	body.prefix_len = (uint32_t)strlen(prefix);
	message.type = MSG_FS_LIST_SHORT;
	message.body = &body;
	message.pieces[0].data = path;
	message.pieces[0].len = body.path_len;
	message.pieces[1].data = prefix;
	message.pieces[1].len = body.prefix_len;
	message.fd = -1;
	reader->error = -1;
	if (channel_send(reader->channel, &message) == -1)
		abort();
	(void)rig_receive(reader->channel);
}

static void
ask(struct reader *reader, const char *path, const char *prefix,
    enum fs_list_format format, uint32_t flags)
{
	struct msg_fs_list body = { 0 };

	body.format = format;
	body.flags = flags;
	body.facts = FS_FACT_TYPE;
	body.pattern = pattern_of(path);
	body.order = FS_ORDER_NAME;
	body.sorted_max = body.entries_max = body.directories_max = 2000;
	body.depth_max = 9;
	ask_so(reader, path, prefix, body);
}

static const struct {
	const char *what, *path, *prefix;
	enum fs_list_format format;
	uint32_t flags;
	int error;
	const char *text;
} cases[] = {
	{ "names", "/dir", "", FS_LIST_NAMES, 0, 0, "file\r\n" },
	{ "an empty directory", "/empty", "", FS_LIST_NAMES, 0, 0, "" },
	{ "names with their directory", "/dir", "dir/", FS_LIST_NAMES, 0, 0,
	    "dir/file\r\n" },
	{ "facts", "/dir", "", FS_LIST_FACTS, FS_LIST_HIDDEN, 0,
	    "type=cdir; .\r\ntype=pdir; ..\r\ntype=file; file\r\n" },
	{ "a file has its name once", "/dir/file", "dir/file/", FS_LIST_NAMES,
	    0, 0, "dir/file\r\n" },
	{ "so has a directory itself", "/dir", "dir/", FS_LIST_NAMES,
	    FS_LIST_SELF, 0, "dir\r\n" },
	{ "so have those that fit", "/dir/f*", "dir/", FS_LIST_NAMES, 0, 0,
	    "dir/file\r\n" },
	{ "with the path that was found", "/d*/f*", "x/", FS_LIST_NAMES, 0, 0,
	    "x/dir/file\r\n" },
	{ "and with what it ends in", "/*/file", "", FS_LIST_NAMES, 0, 0,
	    "dir/file\r\n" },
	{ "no directory fits", "/x*/f*", "", FS_LIST_NAMES, 0, 0, "" },
	{ "all below", "/", "", FS_LIST_NAMES, FS_LIST_RECURSIVE, 0,
	    "dir\r\nempty\r\ndir/file\r\n" },
	{ "all below one", "/dir", "x/", FS_LIST_NAMES, FS_LIST_RECURSIVE, 0,
	    "x/file\r\n" },
	{ "none fits", "/dir/g*", "", FS_LIST_LONG, 0, 0, "" },
	{ "a pattern in a file", "/dir/file/*", "", FS_LIST_LONG, 0, ENOTDIR,
	    "" },
	{ "nothing", "/none", "", FS_LIST_LONG, 0, ENOENT, "" },
	{ "beyond a file", "/dir/file/x", "", FS_LIST_LONG, 0, ENOTDIR, "" },
};

static void
answers_hold_short_listings(void)
{
	static struct reader reader;
	struct rig rig;
	size_t i;

	rig_start(&rig, &plain);
	CU_ASSERT(mkdirat(rig.home.fd, "dir", 0755) == 0);
	CU_ASSERT(mkdirat(rig.home.fd, "empty", 0755) == 0);
	rig_give(&rig, "dir");
	rig_give(&rig, "empty");
	rig_write(&rig, "dir/file", "contents");
	attach(&rig, &reader);
	for (i = 0; i < NITEMS(cases); i++) {
		ask(&reader, cases[i].path, cases[i].prefix, cases[i].format,
		    cases[i].flags);
		CHECK_CASE(reader.error == cases[i].error, cases[i].what);
		CHECK_CASE(strcmp(reader.text, cases[i].text) == 0,
		    cases[i].what);
	}
	channel_free(&reader.channel);
	CU_ASSERT_EQUAL(rig_stop(&rig), AGENT_EXIT_OK);
}

/* "MLSD lists directories only" needs to know what else it is. */
static void
what_is_no_directory_is_told(void)
{
	static struct reader reader;
	struct rig rig;

	rig_start(&rig, &plain);
	rig_write(&rig, "file", "");
	attach(&rig, &reader);
	ask(&reader, "/file", "", FS_LIST_FACTS, 0);
	CU_ASSERT(reader.error == ENOTDIR && S_ISREG(reader.mode));
	ask(&reader, "/file/x", "", FS_LIST_FACTS, 0);
	CU_ASSERT(reader.error == ENOTDIR && reader.mode == 0);
	channel_free(&reader.channel);
	CU_ASSERT_EQUAL(rig_stop(&rig), AGENT_EXIT_OK);
}

static void
make_files(const struct rig *rig, const char *directory, int count)
{
	char name[64];
	int i, fd;

	if (mkdirat(rig->home.fd, directory, 0755) == -1)
		abort();
	rig_give(rig, directory);
	for (i = 0; i < count; i++) {
		(void)snprintf(name, sizeof(name), "%s/%08d", directory, i);
		fd = openat(rig->home.fd, name, O_WRONLY | O_CREAT, 0644);
		if (fd == -1)
			abort();
		close(fd);
	}
}

static void
long_listings_need_a_pipe(void)
{
	static struct reader reader;
	char target[1024];
	struct rig rig;
	int i;

	rig_start(&rig, &plain);
	make_files(&rig, "many", MANY);
	make_files(&rig, "links", 1);
	attach(&rig, &reader);
	ask(&reader, "/many", "", FS_LIST_NAMES, 0);
	CU_ASSERT_EQUAL(reader.error, EMSGSIZE);
	ask(&reader, "/many/*1", "", FS_LIST_NAMES, 0);
	CU_ASSERT_EQUAL(reader.error, EMSGSIZE);
	ask(&reader, "/many/00000001", "", FS_LIST_NAMES, 0);
	CU_ASSERT(reader.error == 0 && strlen(reader.text) == 10);
	/* Few names, but much about them. */
	memset(target, 't', sizeof(target));
	target[sizeof(target) - 1] = '\0';
	for (i = 0; i < 40; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "links/link%d", i);
		CU_ASSERT(symlinkat(target, rig.home.fd, name) == 0);
	}
	ask(&reader, "/links", "", FS_LIST_LONG, 0);
	CU_ASSERT_EQUAL(reader.error, EMSGSIZE);
	ask(&reader, "/links", "", FS_LIST_NAMES, 0);
	CU_ASSERT_EQUAL(reader.error, 0);
	channel_free(&reader.channel);
	CU_ASSERT_EQUAL(rig_stop(&rig), AGENT_EXIT_OK);
}

static const struct {
	const char *path;
	struct msg_fs_list body;
} odd[] = {
	{ "/", { .path_len = 2 } },
	{ "/", { .path_len = 1, .prefix_len = 0x7fffffff } },
	{ "/", { .path_len = 1, .format = FS_LIST_FACTS + 1 } },
	{ "x", { .path_len = 1 } },
	{ "/", { .path_len = 1, .order = FS_ORDER_COUNT } },
	/* Patterns at the end of the path, behind it, within a component. */
	{ "/", { .path_len = 1, .pattern = 1 } },
	{ "/", { .path_len = 1, .pattern = 0xffffffff } },
	{ "/ab", { .path_len = 3, .pattern = 2 } },
};

static void
odd_requests_end_the_session(void)
{
	static struct reader reader;
	struct channel_message message = { 0 };
	struct rig rig;
	size_t i;

	rig_start(&rig, &plain);
	message.type = MSG_FS_LIST_SHORT;
	message.fd = -1;
	for (i = 0; i < NITEMS(odd); i++) {
		message.body = &odd[i].body;
		message.pieces[0].data = odd[i].path;
		message.pieces[0].len = strlen(odd[i].path);
		attach(&rig, &reader);
		reader.error = -1;
		CU_ASSERT_EQUAL(channel_send(reader.channel, &message), 0);
		CU_ASSERT(rig_ended(reader.channel));
		CU_ASSERT_EQUAL(reader.error, -1);
		channel_free(&reader.channel);
	}
	CU_ASSERT_EQUAL(rig_stop(&rig), AGENT_EXIT_OK);
}

/* Bounds of walks and of orders; the answer then needs a pipe to tell it. */
static const struct {
	const char *what, *path;
	uint32_t flags, sorted, entries, directories, depth;
	int error;
} bounds[] = {
	{ "all of it", "/", FS_LIST_RECURSIVE, 5, 20, 5, 5, 0 },
	{ "too deep", "/", FS_LIST_RECURSIVE, 5, 20, 5, 1, EMSGSIZE },
	{ "no depth at all", "/", FS_LIST_RECURSIVE, 5, 20, 5, 0, EMSGSIZE },
	{ "too many lines", "/", FS_LIST_RECURSIVE, 5, 4, 5, 5, EMSGSIZE },
	{ "as many lines", "/", FS_LIST_RECURSIVE, 5, 5, 5, 5, 0 },
	{ "too many directories", "/", FS_LIST_RECURSIVE, 5, 20, 1, 5,
	    EMSGSIZE },
	{ "as many directories", "/", FS_LIST_RECURSIVE, 5, 20, 2, 5, 0 },
	{ "a pattern's lines", "/*/*", 0, 5, 1, 5, 5, EMSGSIZE },
	{ "a pattern's directories", "/*/*/*", 0, 5, 5, 1, 5, EMSGSIZE },
	{ "a pattern has its own depth", "/*/*/*", 0, 5, 5, 2, 0, 0 },
	{ "too many to sort", "/a", 0, 1, 20, 5, 5, EMSGSIZE },
	{ "as many to sort", "/a", 0, 2, 20, 5, 5, 0 },
	{ "one directory has no bounds", "/a", 0, 2, 0, 0, 0, 0 },
};

static void
bounds_are_told(void)
{
	static struct reader reader;
	struct msg_fs_list body;
	struct rig rig;
	size_t i;

	rig_start(&rig, &plain);
	CU_ASSERT(mkdirat(rig.home.fd, "a", 0755) == 0);
	CU_ASSERT(mkdirat(rig.home.fd, "a/b", 0755) == 0);
	rig_give(&rig, "a");
	rig_give(&rig, "a/b");
	rig_write(&rig, "a/f", "");
	rig_write(&rig, "a/b/f", "");
	rig_write(&rig, "f", "");
	attach(&rig, &reader);
	for (i = 0; i < NITEMS(bounds); i++) {
		memset(&body, 0, sizeof(body));
		body.format = FS_LIST_NAMES;
		body.flags = bounds[i].flags;
		body.order = FS_ORDER_TIME;
		body.pattern = pattern_of(bounds[i].path);
		body.sorted_max = bounds[i].sorted;
		body.entries_max = bounds[i].entries;
		body.directories_max = bounds[i].directories;
		body.depth_max = bounds[i].depth;
		ask_so(&reader, bounds[i].path, "", body);
		CHECK_CASE(reader.error == bounds[i].error, bounds[i].what);
	}
	channel_free(&reader.channel);
	CU_ASSERT_EQUAL(rig_stop(&rig), AGENT_EXIT_OK);
}

CU_TestInfo agent_short_tests[] = {
	{ "bounds are told", bounds_are_told },
	{ "answers hold short listings", answers_hold_short_listings },
	{ "what is no directory is told", what_is_no_directory_is_told },
	{ "long listings need a pipe", long_listings_need_a_pipe },
	{ "odd requests end the session", odd_requests_end_the_session },
	CU_TEST_INFO_NULL,
};
