/* Unit tests of worker/hasher.c. */
#include "worker/hasher.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "shm/base/fd.h"
#include "tests/unit/suites.h"
#include "tests/unit/worker_rig.h"

#define ACCOUNT 1000
#define DIGITS  "123456789"
#define CRC     "cbf43926" /* of them */

static void
note(void *context)
{
	int *count = context;

	(*count)++;
}

static struct hasher *
begin(struct rig *rig, const struct hasher_source *source, int *count)
{
	*count = 0;
	return (hasher_new(&rig->worker, ACCOUNT, source, CHECKSUM_CRC32, note,
	    count));
}

/* An errno, or 0 when the sum is the one that was expected. */
static int
outcome(struct rig *rig, const struct hasher_source *source, const char *sum)
{
	struct hasher *hasher;
	const char *found;
	int count, error;

	hasher = begin(rig, source, &count);
	CU_ASSERT_PTR_NOT_NULL_FATAL(hasher);
	CU_ASSERT_EQUAL(count, 0);
	CU_ASSERT_TRUE(rig_until(rig, &count));
	error = hasher_result(hasher, &found);
	if (error == 0) {
		CU_ASSERT_STRING_EQUAL(found, sum == NULL ? "" : sum);
		CU_ASSERT_EQUAL(hasher_done(hasher),
		    source->start + source->len);
	}
	hasher_free(&hasher);
	CU_ASSERT_PTR_NULL(hasher);
	rig_turn(rig);
	CU_ASSERT_EQUAL(count, 1);
	return (error);
}

static int
file_of(const char *text)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	CU_ASSERT_NOT_EQUAL_FATAL(fd, -1);
	CU_ASSERT_EQUAL(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	return (fd);
}

/* The end of a pipe that has text in it; *other, the other end, stays open. */
static int
pipe_of(const char *text, int *other)
{
	int ends[2];

	CU_ASSERT_EQUAL_FATAL(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	CU_ASSERT_EQUAL(write(ends[1], text, strlen(text)),
	    (ssize_t)strlen(text));
	*other = ends[1];
	return (ends[0]);
}

static void
files(void)
{
	struct hasher_source source = { .len = 9 };
	struct rig rig;

	rig_start(&rig);
	source.fd = file_of(DIGITS);
	CU_ASSERT_EQUAL(outcome(&rig, &source, CRC), 0);
	source.fd = file_of("xx" DIGITS "xx");
	source.start = 2;
	CU_ASSERT_EQUAL(outcome(&rig, &source, CRC), 0);
	source.fd = file_of(DIGITS);
	source.start = source.len = 0;
	CU_ASSERT_EQUAL(outcome(&rig, &source, "00000000"), 0);
	/* It is shorter than it was when it was opened. */
	source.fd = file_of(DIGITS);
	source.len = 10;
	CU_ASSERT_EQUAL(outcome(&rig, &source, NULL), EBUSY);
	source.fd = open("/", O_RDONLY | O_CLOEXEC);
	CU_ASSERT_EQUAL(outcome(&rig, &source, NULL), EISDIR);
	rig_stop(&rig);
}

static void
bytes(void)
{
	struct hasher_source source = { .fd = -1, .start = 7, .len = 9 };
	struct rig rig;

	rig_start(&rig);
	source.bytes = (uint8_t *)strdup(DIGITS);
	CU_ASSERT_EQUAL(outcome(&rig, &source, CRC), 0);
	source.bytes = malloc(1);
	source.len = 0;
	CU_ASSERT_EQUAL(outcome(&rig, &source, "00000000"), 0);
	rig_stop(&rig);
}

/* What an agent sends too much is not hashed, and too little is an error. */
static void
pipes(void)
{
	struct hasher_source source = { .pipe = true, .start = 3, .len = 9 };
	struct hasher *hasher;
	const char *found;
	struct rig rig;
	int other, count;

	rig_start(&rig);
	source.fd = pipe_of(DIGITS "and so on", &other);
	CU_ASSERT_EQUAL(outcome(&rig, &source, CRC), 0);
	(void)signal(SIGPIPE, SIG_IGN);
	CU_ASSERT_EQUAL(write(other, "x", 1), -1);
	fd_close(&other);
	source.fd = pipe_of("1234", &other);
	fd_close(&other);
	CU_ASSERT_EQUAL(outcome(&rig, &source, NULL), EIO);
	source.fd = pipe_of("", &other);
	hasher = begin(&rig, &source, &count);
	CU_ASSERT_PTR_NOT_NULL_FATAL(hasher);
	CU_ASSERT_EQUAL(write(other, "1234", 4), 4);
	while (hasher_done(hasher) < 7)
		(void)uv_run(&rig.worker.loop, UV_RUN_ONCE);
	CU_ASSERT_EQUAL(count, 0);
	CU_ASSERT_EQUAL(write(other, "56789", 5), 5);
	CU_ASSERT_TRUE(rig_until(&rig, &count));
	CU_ASSERT_EQUAL(hasher_result(hasher, &found), 0);
	CU_ASSERT_STRING_EQUAL(found, CRC);
	hasher_free(&hasher);
	fd_close(&other);
	source.len = 0;
	source.fd = pipe_of("", &other);
	CU_ASSERT_EQUAL(outcome(&rig, &source, "00000000"), 0);
	fd_close(&other);
	rig_stop(&rig);
}

/* Freed while a thread reads, while it waits for one, and for a pipe. */
static void
given_up(void)
{
	struct hasher_source source = { .len = UINT64_C(1) << 40 };
	struct hasher *hashers[4];
	int counts[4], other;
	struct rig rig;
	size_t i;

	rig_start(&rig);
	for (i = 0; i < NITEMS(hashers); i++) {
		source.fd = file_of("");
		CU_ASSERT_EQUAL(ftruncate(source.fd, INT64_C(1) << 40), 0);
		hashers[i] = begin(&rig, &source, &counts[i]);
		CU_ASSERT_PTR_NOT_NULL_FATAL(hashers[i]);
	}
	while (hasher_done(hashers[0]) == 0)
		(void)uv_run(&rig.worker.loop, UV_RUN_ONCE);
	for (i = 0; i < NITEMS(hashers); i++)
		hasher_free(&hashers[i]);
	source.pipe = true;
	source.fd = pipe_of("", &other);
	hashers[0] = begin(&rig, &source, &counts[0]);
	CU_ASSERT_PTR_NOT_NULL_FATAL(hashers[0]);
	rig_turn(&rig);
	hasher_free(&hashers[0]);
	hasher_free(&hashers[0]);
	fd_close(&other);
	rig_stop(&rig);
	for (i = 0; i < NITEMS(counts); i++)
		CU_ASSERT_EQUAL(counts[i], 0);
}

CU_TestInfo hasher_tests[] = {
	{ "files", files },
	{ "bytes", bytes },
	{ "pipes", pipes },
	{ "given up", given_up },
	CU_TEST_INFO_NULL,
};
