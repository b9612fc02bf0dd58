/* Unit tests of records on their way: gathered, read, and written together. */
#include <CUnit/CUnit.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "master/logger/gather.h"
#include "master/logger/line.h"
#include "master/logger/records.h"
#include "shm/base/log.h"
#include "shm/ipc/log_channel.h"
#include "tests/unit/suites.h"

/* Reading ---------------------------------------------------------------- */

struct taken {
	unsigned int count;
	uint32_t lost;
	char text[4][64];
};

static void
take(const struct msg_log_record *record,
    const struct message_part parts[RECORD_PARTS], void *context)
{
	const struct message_part *text = &parts[RECORD_TEXT];
	struct taken *taken = context;

	taken->lost += record->lost;
	if (taken->count < NITEMS(taken->text) &&
	    text->len < sizeof(taken->text[0]))
		memcpy(taken->text[taken->count], text->data, text->len);
	taken->count++;
}

struct bytes {
	uint8_t data[1024];
	size_t len;
};

static void
append(struct bytes *bytes, const char *text, uint16_t claimed, uint16_t stream)
{
	struct msg_log_record record = { .stream = stream,
		.text_len = claimed };

	memcpy(bytes->data + bytes->len, &record, sizeof(record));
	bytes->len += sizeof(record);
	memcpy(bytes->data + bytes->len, text, strlen(text));
	bytes->len += strlen(text);
}

static int
read_bytes(const struct bytes *bytes, uint32_t count, struct taken *taken)
{
	struct msg_log_records body = { .count = count };
	struct message message = { MSG_LOG_RECORDS, &body, bytes->data,
		bytes->len, -1 };

	memset(taken, 0, sizeof(*taken));
	return (records_read(&message, take, taken));
}

static void
reads_what_adds_up(void)
{
	struct bytes bytes = { .len = 0 };
	struct taken taken;

	append(&bytes, "one", 3, LOG_STREAM_MAIN);
	append(&bytes, "", 0, LOG_STREAM_TLS);
	append(&bytes, "three", 5, LOG_STREAM_TRANSFER);
	CU_ASSERT_EQUAL(read_bytes(&bytes, 3, &taken), 0);
	CU_ASSERT_EQUAL(taken.count, 3);
	CU_ASSERT_STRING_EQUAL(taken.text[0], "one");
	CU_ASSERT_STRING_EQUAL(taken.text[2], "three");
	bytes.len = 0;
	CU_ASSERT_EQUAL(read_bytes(&bytes, 0, &taken), 0);
}

static void
refuses_what_does_not(void)
{
	static const struct {
		const char *what;
		uint32_t count;
		uint16_t claimed, stream;
		size_t cut;
	} cases[] = {
		{ "more records than there are", 3, 3, LOG_STREAM_MAIN, 0 },
		{ "bytes left over", 1, 3, LOG_STREAM_MAIN, 0 },
		{ "a text beyond the end", 2, 4, LOG_STREAM_MAIN, 0 },
		{ "the longest text", 2, UINT16_MAX, LOG_STREAM_MAIN, 0 },
		{ "a stream that is none", 2, 3, LOG_STREAM_COUNT, 0 },
		{ "half a record", 2, 3, LOG_STREAM_MAIN, 20 },
		{ "all the records of the world", UINT32_MAX, 3,
		    LOG_STREAM_MAIN, 0 },
	};
	struct bytes bytes;
	struct taken taken;
	size_t i;

	for (i = 0; i < NITEMS(cases); i++) {
		bytes.len = 0;
		append(&bytes, "one", 3, LOG_STREAM_MAIN);
		append(&bytes, "two", cases[i].claimed, cases[i].stream);
		bytes.len -= cases[i].cut;
		CHECK_CASE(read_bytes(&bytes, cases[i].count, &taken) == -1,
		    cases[i].what);
		CHECK_CASE(taken.count <= 2, cases[i].what);
	}
}

/* Gathering at the sender ------------------------------------------------ */

static int waitings;

static void
waiting(void *context UNUSED)
{
	waitings++;
}

/* How many datagrams there are; the last one is left in taken. */
static unsigned int
receive(int fd, struct taken *taken)
{
	static union {
		struct msg_header header;
		uint8_t bytes[MSG_LEN_MAX];
	} datagram;
	struct message message = { .fd = -1 };
	unsigned int n = 0;
	size_t head = sizeof(struct msg_header);
	ssize_t len;

	while (
	    (len = recv(fd, &datagram, sizeof(datagram), MSG_DONTWAIT)) > 0) {
		n++;
		CU_ASSERT_EQUAL(datagram.header.len, len);
		message.type = (enum msg_type)datagram.header.type;
		message.body = datagram.bytes + head;
		head += message.type == MSG_LOG_RECORDS
		    ? sizeof(struct msg_log_records)
		    : sizeof(struct msg_log_record);
		message.bytes = datagram.bytes + head;
		message.len = (size_t)len - head;
		head = sizeof(struct msg_header);
		memset(taken, 0, sizeof(*taken));
		CU_ASSERT_EQUAL(records_read(&message, take, taken), 0);
	}
	return (n);
}

static void
gathers(int fd)
{
	struct taken taken = { 0 };
	int i;

	log_info("first");
	log_notice("second");
	CU_ASSERT_EQUAL(waitings, 1);
	CU_ASSERT_EQUAL(receive(fd, &taken), 0);
	log_channel_flush();
	CU_ASSERT_EQUAL(receive(fd, &taken), 1);
	CU_ASSERT_EQUAL(taken.count, 2);
	CU_ASSERT_STRING_EQUAL(taken.text[1], "second");
	log_channel_flush();
	CU_ASSERT_EQUAL(receive(fd, &taken), 0);

	log_info("before");
	log_warn("a warning does not wait");
	CU_ASSERT_EQUAL(waitings, 2);
	CU_ASSERT_EQUAL(receive(fd, &taken), 1);
	CU_ASSERT_STRING_EQUAL(taken.text[0], "before");

	for (i = 0; i < 1000; i++)
		log_info("more than there is room for, so some go at once");
	CU_ASSERT(receive(fd, &taken) > 1);
	log_channel_flush();
	CU_ASSERT_EQUAL(receive(fd, &taken), 1);

	log_set_level(LOG_LEVEL_DEBUG);
	log_debug("nothing waits while somebody looks closely");
	CU_ASSERT_EQUAL(receive(fd, &taken), 1);
	log_set_level(LOG_LEVEL_INFO);
}

static void
counts_once(int fd[2])
{
	const int small = 1;
	struct taken taken;
	unsigned int sent;

	(void)setsockopt(fd[1], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	for (sent = 0; sent < 20000; sent++)
		log_info("a reader that sleeps");
	(void)receive(fd[0], &taken);
	log_channel_flush();
	CU_ASSERT_EQUAL(receive(fd[0], &taken), 1);
	CU_ASSERT(taken.lost > 0 && taken.lost < sent);
	log_info("one");
	log_info("two");
	log_channel_flush();
	CU_ASSERT_EQUAL(receive(fd[0], &taken), 1);
	CU_ASSERT_EQUAL(taken.count, 2);
	CU_ASSERT_EQUAL(taken.lost, 0);
}

static void
sends_together(void)
{
	enum log_level level = log_get_level();
	int fd[2];

	CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC,
				  0, fd),
	    0);
	log_set_level(LOG_LEVEL_INFO);
	log_channel_start(fd[1]);
	log_channel_gather(waiting, NULL);
	gathers(fd[0]);
	counts_once(fd);
	log_channel_gather(NULL, NULL);
	log_set_sink(NULL, NULL);
	log_set_level(level);
	(void)close(fd[0]);
	(void)close(fd[1]);
}

/* Writing together ------------------------------------------------------- */

struct stage {
	char top[32], a[48], b[48], c[48];
	struct log_files *files;
	struct gather *gather;
	uint64_t failed;
	int kind;
};

static void
report(const char *path UNUSED, int error UNUSED, uint64_t lost UNUSED,
    void *context UNUSED)
{
}

static void
not_written(const struct gather_place *place, const char *text, size_t len,
    void *context)
{
	struct stage *stage = context;

	stage->kind = place->kind;
	stage->failed += log_line_count(text, len);
}

static off_t
size_of(const char *path)
{
	struct stat st;

	return (stat(path, &st) == -1 ? -1 : st.st_size);
}

static void
set_up(struct stage *stage)
{
	memset(stage, 0, sizeof(*stage));
	(void)snprintf(stage->top, sizeof(stage->top), "%s",
	    "/tmp/ftpsd-unit-XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(stage->top));
	(void)snprintf(stage->a, sizeof(stage->a), "%s/a", stage->top);
	(void)snprintf(stage->b, sizeof(stage->b), "%s/b", stage->top);
	(void)snprintf(stage->c, sizeof(stage->c), "%s/c", stage->top);
	stage->files = log_files_new(4, report, stage);
	CU_ASSERT_PTR_NOT_NULL_FATAL(stage->files);
	stage->gather = gather_new(stage->files, not_written, stage);
	CU_ASSERT_PTR_NOT_NULL_FATAL(stage->gather);
}

static void
writes_together(void)
{
	struct gather_place a, b, c, none;
	struct stage stage;
	int i;

	set_up(&stage);
	a = (struct gather_place){ stage.a, 1 };
	b = (struct gather_place){ stage.b, 2 };
	c = (struct gather_place){ stage.c, 3 };
	none = (struct gather_place){ stage.top, 4 };
	gather_line(stage.gather, a, "1\n", 2);
	gather_line(stage.gather, b, "2\n", 2);
	gather_line(stage.gather, a, "3\n", 2);
	CU_ASSERT_EQUAL(size_of(stage.a), -1);
	/* The third file takes the place of another. */
	gather_line(stage.gather, c, "4\n", 2);
	CU_ASSERT_EQUAL(gather_flush(stage.gather), 0);
	CU_ASSERT_EQUAL(size_of(stage.a), 4);
	CU_ASSERT_EQUAL(size_of(stage.b), 2);
	CU_ASSERT_EQUAL(size_of(stage.c), 2);
	for (i = 0; i < 10000; i++)
		gather_line(stage.gather, a, "a line of 16 bs\n", 16);
	CU_ASSERT_EQUAL(gather_flush(stage.gather), 0);
	CU_ASSERT_EQUAL(size_of(stage.a), 160004);
	gather_line(stage.gather, none, "5\n", 2);
	gather_line(stage.gather, none, "6\n", 2);
	(void)gather_flush(stage.gather);
	CU_ASSERT_EQUAL(stage.failed, 2);
	CU_ASSERT_EQUAL(stage.kind, 4);
	gather_free(&stage.gather);
	log_files_free(&stage.files);
	(void)unlink(stage.a);
	(void)unlink(stage.b);
	(void)unlink(stage.c);
	(void)rmdir(stage.top);
}

CU_TestInfo log_records_tests[] = {
	{ "records that add up are read", reads_what_adds_up },
	{ "what does not add up is refused", refuses_what_does_not },
	{ "records of a moment go together", sends_together },
	{ "lines for one file go together", writes_together },
	CU_TEST_INFO_NULL,
};
