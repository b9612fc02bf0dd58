/* Unit tests of worker/ftp/syntax/reply.c. */
#include "worker/ftp/syntax/reply.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shm/base/log.h"
#include "tests/unit/suites.h"

static int
says(struct reply *reply, const char *text)
{
	size_t len = buf_len(&reply->buf);
	int same;

	same = len == strlen(text) &&
	    (len == 0 || memcmp(buf_data(&reply->buf), text, len) == 0);
	buf_consume(&reply->buf, len);
	return (same);
}

static void
one_line(void)
{
	struct reply reply;

	reply_init(&reply);
	reply_expect(&reply);
	reply_send(&reply, 150, "Opening %s.", "it");
	CU_ASSERT(reply.owed == 1);
	reply_send(&reply, 226, "Done.");
	CU_ASSERT(reply.owed == 0);
	CU_ASSERT(says(&reply, "150 Opening it.\r\n226 Done.\r\n"));
	reply_free(&reply);
}

static void
many_lines(void)
{
	struct reply reply;

	reply_init(&reply);
	reply_expect(&reply);
	reply_begin(&reply, 211, "Features:");
	reply_line(&reply, "SIZE");
	CU_ASSERT(reply.owed == 1);
	reply_end(&reply, "End");
	CU_ASSERT(reply.owed == 0);
	CU_ASSERT(says(&reply, "211-Features:\r\n SIZE\r\n211 End\r\n"));
	reply_free(&reply);
}

/* A name that a client chose cannot forge a reply. */
static void
line_ends_are_escaped(void)
{
	struct reply reply;

	reply_init(&reply);
	reply_expect(&reply);
	reply_send(&reply, 257, "\"%s\"", "/a\r\n230 Logged in.\nx");
	CU_ASSERT(says(&reply, "257 \"/a??230 Logged in.?x\"\r\n"));
	reply_expect(&reply);
	reply_begin(&reply, 213, "a\nb");
	reply_line(&reply, "c\r\nd");
	reply_end(&reply, "e\rf");
	CU_ASSERT(says(&reply, "213-a?b\r\n c??d\r\n213 e?f\r\n"));
	reply_free(&reply);
}

static void
long_text_is_cut(void)
{
	static char text[20000];
	struct reply reply;
	size_t len;

	memset(text, 'x', sizeof(text) - 1);
	reply_init(&reply);
	reply_expect(&reply);
	reply_send(&reply, 200, "%s", text);
	len = buf_len(&reply.buf);
	CU_ASSERT(len > 8192 && len < 10000);
	CU_ASSERT(memcmp(buf_data(&reply.buf) + len - 2, "\r\n", 2) == 0);
	CU_ASSERT(!reply.failed);
	reply_free(&reply);
}

/* A client that does not read its replies. */
static void
full_buffer_fails(void)
{
	struct reply reply;
	int i;

	reply_init(&reply);
	for (i = 0; i < REPLY_MAX; i++) {
		reply_expect(&reply);
		reply_send(&reply, 200, "%s", "0123456789");
		if (reply.failed)
			break;
	}
	CU_ASSERT(reply.failed);
	CU_ASSERT(buf_len(&reply.buf) <= REPLY_MAX);
	reply_free(&reply);
}

/* A second final reply is a bug of ours, and must not go unseen. */
static void
one_reply_too_many_aborts(void)
{
	struct rlimit no_core = { 0, 0 };
	struct reply reply;
	int status = 0;
	pid_t pid;

	pid = fork();
	if (pid == 0) {
		(void)setrlimit(RLIMIT_CORE, &no_core);
		(void)close(STDERR_FILENO);
		reply_init(&reply);
		reply_expect(&reply);
		reply_send(&reply, 200, "One.");
		reply_send(&reply, 200, "Two.");
		_exit(0);
	}
	CU_ASSERT(pid > 0 && waitpid(pid, &status, 0) == pid);
	CU_ASSERT(WIFSIGNALED(status));
}

CU_TestInfo reply_tests[] = {
	{ "one line", one_line },
	{ "several lines", many_lines },
	{ "line ends are escaped", line_ends_are_escaped },
	{ "long text is cut", long_text_is_cut },
	{ "a full buffer fails", full_buffer_fails },
	{ "one final reply too many aborts", one_reply_too_many_aborts },
	CU_TEST_INFO_NULL,
};
