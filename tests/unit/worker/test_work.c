/* Unit tests of worker/work.c and worker/pool.c. */
#include "worker/work.h"

#include <CUnit/CUnit.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "shm/base/fd.h"
#include "tests/unit/suites.h"
#include "tests/unit/worker_rig.h"

#define ACCOUNT 1000

struct result {
	int count;
	ssize_t n;
};

static void
note(ssize_t n, void *context)
{
	struct result *result = context;

	result->count++;
	result->n = n;
}

/* What an operation ends in, at once or later. */
static ssize_t
outcome(struct rig *rig, struct result *result, ssize_t at_once)
{
	if (at_once != -EINPROGRESS) {
		CU_ASSERT_EQUAL(result->count, 0);
		return (at_once);
	}
	CU_ASSERT_TRUE(rig_until(rig, &result->count));
	CU_ASSERT_EQUAL(result->count, 1);
	return (result->n);
}

static ssize_t
read_some(struct rig *rig, struct work *work, size_t len, uint64_t offset)
{
	struct result result = { 0, 0 };

	return (
	    outcome(rig, &result, work_read(work, len, offset, note, &result)));
}

static ssize_t
write_some(struct rig *rig, struct work *work, size_t len, uint64_t offset)
{
	struct result result = { 0, 0 };

	return (outcome(rig, &result,
	    work_write(work, len, offset, note, &result)));
}

static struct work *
work_on(struct rig *rig, int fd, bool pipe)
{
	struct work *work;

	CU_ASSERT_NOT_EQUAL_FATAL(fd, -1);
	work = work_new(&rig->worker, fd, pipe, ACCOUNT);
	CU_ASSERT_PTR_NOT_NULL_FATAL(work);
	return (work);
}

static bool
is_open(int fd)
{
	return (fcntl(fd, F_GETFD) != -1);
}

/* A file on a disk, where the page cache is asked first, that has no name. */
static int
nameless_file(void)
{
	char path[] = "/var/tmp/ftpsd-test-XXXXXX";
	int fd = mkostemp(path, O_CLOEXEC);

	if (fd != -1)
		(void)unlink(path);
	return (fd);
}

static void
check_file(int fd)
{
	struct work *work;
	struct rig rig;

	rig_start(&rig);
	work = work_on(&rig, fd, false);
	memset(work_buffer(work), 'a', WORK_BUFFER);
	CU_ASSERT_EQUAL(write_some(&rig, work, WORK_BUFFER, 0), WORK_BUFFER);
	memset(work_buffer(work), 'b', 10);
	CU_ASSERT_EQUAL(write_some(&rig, work, 10, WORK_BUFFER), 10);
	memset(work_buffer(work), 0, WORK_BUFFER);
	CU_ASSERT_EQUAL(read_some(&rig, work, 20, WORK_BUFFER - 5), 15);
	CU_ASSERT_EQUAL(memcmp(work_buffer(work), "aaaaabbbbbbbbbb", 15), 0);
	CU_ASSERT_EQUAL(read_some(&rig, work, 20, WORK_BUFFER + 10), 0);
	CU_ASSERT_EQUAL(read_some(&rig, work, 20, 1 << 30), 0);
	work_free(&work);
	CU_ASSERT_PTR_NULL(work);
	rig_stop(&rig);
	CU_ASSERT_FALSE(is_open(fd));
}

static void
reads_and_writes_files(void)
{
	check_file(memfd_create("test", MFD_CLOEXEC));
	check_file(nameless_file());
}

static void
fill_and_write(struct rig *rig, struct work *work)
{
	size_t room = work_room(work);

	memset(work_buffer(work), 'x', room);
	CU_ASSERT_EQUAL(write_some(rig, work, room, 0), room);
}

static void
sizes_its_buffers_by_the_pace(void)
{
	struct work *work;
	struct rig rig;
	int i;

	rig_start(&rig);
	work = work_on(&rig, memfd_create("test", MFD_CLOEXEC), false);
	CU_ASSERT_EQUAL(work_room(work), WORK_BUFFER);
	for (i = 0; i < 8; i++)
		fill_and_write(&rig, work);
	CU_ASSERT_EQUAL(work_room(work), WORK_BUFFER_MAX);
	CU_ASSERT_TRUE(rig.worker.buffers >= WORK_BUFFER_MAX);
	(void)poll(NULL, 0, 600);
	uv_update_time(&rig.worker.loop);
	fill_and_write(&rig, work);
	CU_ASSERT_EQUAL(work_room(work), WORK_BUFFER);
	work_free(&work);
	rig_stop(&rig);
	CU_ASSERT_EQUAL(rig.worker.buffers, 0);
}

static void
bounds_the_large_buffers(void)
{
	struct work *work;
	struct rig rig;

	rig_start(&rig);
	rig.worker.buffers = WORK_BUFFERS_MAX;
	work = work_on(&rig, memfd_create("test", MFD_CLOEXEC), false);
	fill_and_write(&rig, work);
	CU_ASSERT_EQUAL(work_room(work), WORK_BUFFER);
	CU_ASSERT_EQUAL(rig.worker.buffers, WORK_BUFFERS_MAX);
	work_free(&work);
	rig_stop(&rig);
}

/* What is being written is not what can be filled meanwhile. */
static void
writes_one_buffer_while_another_fills(void)
{
	struct result result = { 0, 0 };
	struct work *work;
	uint8_t *first;
	struct rig rig;

	rig_start(&rig);
	work = work_on(&rig, memfd_create("test", MFD_CLOEXEC), false);
	first = work_buffer(work);
	memset(first, 'a', WORK_BUFFER);
	CU_ASSERT_EQUAL(work_write(work, WORK_BUFFER, 0, note, &result),
	    -EINPROGRESS);
	CU_ASSERT_PTR_NOT_EQUAL(work_buffer(work), first);
	memset(work_buffer(work), 'b', work_room(work));
	CU_ASSERT_TRUE(rig_until(&rig, &result.count));
	CU_ASSERT_EQUAL(read_some(&rig, work, 10, WORK_BUFFER - 10), 10);
	CU_ASSERT_EQUAL(memcmp(work_buffer(work), "aaaaaaaaaa", 10), 0);
	work_free(&work);
	rig_stop(&rig);
}

static void
reads_ahead_into_another_buffer(void)
{
	struct result result = { 0, 0 };
	struct work *work;
	uint8_t *first;
	struct rig rig;

	rig_start(&rig);
	work = work_on(&rig, memfd_create("test", MFD_CLOEXEC), false);
	memset(work_buffer(work), 'a', WORK_BUFFER);
	CU_ASSERT_EQUAL(write_some(&rig, work, WORK_BUFFER, 0), WORK_BUFFER);
	CU_ASSERT_EQUAL(read_some(&rig, work, 10, 0), 10);
	first = work_buffer(work);
	CU_ASSERT_EQUAL(work_read_ahead(work, 10, note, &result), -EINPROGRESS);
	CU_ASSERT_PTR_EQUAL(work_buffer(work), first);
	memset(first, 'x', 10);
	CU_ASSERT_TRUE(rig_until(&rig, &result.count));
	CU_ASSERT_EQUAL(result.n, WORK_BUFFER - 10);
	CU_ASSERT_EQUAL(first[0], 'x');
	work_turn(work);
	CU_ASSERT_PTR_NOT_EQUAL(work_buffer(work), first);
	CU_ASSERT_EQUAL(memcmp(work_buffer(work), "aaaaaaaaaa", 10), 0);
	(void)poll(NULL, 0, 600);
	uv_update_time(&rig.worker.loop);
	CU_ASSERT_EQUAL(work_read_ahead(work, 0, note, &result), -EAGAIN);
	work_free(&work);
	rig_stop(&rig);
}

/* Where the kernel tells what it has, it reads ahead by itself. */
static void
leaves_reading_ahead_to_the_kernel(void)
{
	struct result result = { 0, 0 };
	int fd = nameless_file();
	struct work *work;
	struct rig rig;
	char byte;

	rig_start(&rig);
	CU_ASSERT_EQUAL(write(fd, "x", 1), 1);
	if (preadv2(fd, &(struct iovec){ &byte, 1 }, 1, 0, RWF_NOWAIT) == 1) {
		work = work_on(&rig, fd, false);
		CU_ASSERT_EQUAL(read_some(&rig, work, 1, 0), 1);
		CU_ASSERT_EQUAL(work_read_ahead(work, 1, note, &result),
		    -EAGAIN);
		work_free(&work);
	} else {
		fd_close(&fd);
	}
	rig_stop(&rig);
}

static void
tells_errors(void)
{
	static const struct {
		const char *what;
		const char *path;
		int flags;
		bool writes;
		ssize_t result;
	} cases[] = {
		{ "a read of a directory", "/", O_RDONLY, false, -EISDIR },
		{ "a write without the right", "/dev/null", O_RDONLY, true,
		    -EBADF },
		{ "a read without the right", "/dev/null", O_WRONLY, false,
		    -EBADF },
		{ "a full device", "/dev/full", O_WRONLY, true, -ENOSPC },
	};
	struct work *work;
	struct rig rig;
	ssize_t n;
	size_t i;

	for (i = 0; i < NITEMS(cases); i++) {
		rig_start(&rig);
		work = work_on(&rig,
		    open(cases[i].path, cases[i].flags | O_CLOEXEC), false);
		memset(work_buffer(work), 0, 5);
		n = cases[i].writes ? write_some(&rig, work, 5, 0)
				    : read_some(&rig, work, 5, 0);
		CHECK_CASE(n == cases[i].result, cases[i].what);
		work_free(&work);
		rig_stop(&rig);
	}
}

static void
waits_for_a_pipe_to_fill(void)
{
	struct result result = { 0, 0 };
	struct work *work;
	struct rig rig;
	int ends[2];

	rig_start(&rig);
	CU_ASSERT_EQUAL_FATAL(pipe2(ends, O_CLOEXEC), 0);
	work = work_on(&rig, ends[0], true);
	CU_ASSERT_EQUAL(work_read(work, 100, 0, note, &result), -EINPROGRESS);
	rig_turn(&rig);
	CU_ASSERT_EQUAL(result.count, 0);
	CU_ASSERT_EQUAL(write(ends[1], "hello", 5), 5);
	CU_ASSERT_EQUAL(outcome(&rig, &result, -EINPROGRESS), 5);
	CU_ASSERT_EQUAL(memcmp(work_buffer(work), "hello", 5), 0);
	CU_ASSERT_EQUAL(write(ends[1], "again", 5), 5);
	CU_ASSERT_EQUAL(read_some(&rig, work, 2, 0), 2);
	CU_ASSERT_EQUAL(read_some(&rig, work, 100, 0), 3);
	fd_close(&ends[1]);
	CU_ASSERT_EQUAL(read_some(&rig, work, 100, 0), 0);
	work_free(&work);
	rig_stop(&rig);
	CU_ASSERT_FALSE(is_open(ends[0]));
}

static void
empties_into_a_pipe(void)
{
	char taken[WORK_BUFFER];
	struct result result = { 0, 0 };
	struct work *work;
	struct rig rig;
	int ends[2], turns;
	ssize_t got = 0;

	(void)signal(SIGPIPE, SIG_IGN);
	rig_start(&rig);
	CU_ASSERT_EQUAL_FATAL(pipe2(ends, O_CLOEXEC), 0);
	CU_ASSERT_TRUE(fcntl(ends[1], F_SETPIPE_SZ, 4096) > 0);
	work = work_on(&rig, ends[1], true);
	memset(work_buffer(work), 'x', WORK_BUFFER);
	CU_ASSERT_EQUAL(write_some(&rig, work, 10, 0), 10);
	CU_ASSERT_EQUAL(work_write(work, WORK_BUFFER, 0, note, &result),
	    -EINPROGRESS);
	for (turns = 0; turns < 1000 && result.count == 0; turns++) {
		got += read(ends[0], taken, sizeof(taken));
		rig_turn(&rig);
	}
	CU_ASSERT_EQUAL(result.n, WORK_BUFFER);
	CU_ASSERT_TRUE(got >= WORK_BUFFER - 4096);
	fd_close(&ends[0]);
	CU_ASSERT_EQUAL(write_some(&rig, work, 10, 0), -EPIPE);
	work_free(&work);
	rig_stop(&rig);
}

/* No handler after the end, and everything is closed all the same. */
static void
is_freed_while_it_works(void)
{
	struct result result = { 0, 0 };
	struct work *work;
	struct rig rig;
	int ends[2], file;

	rig_start(&rig);
	CU_ASSERT_EQUAL_FATAL(pipe2(ends, O_CLOEXEC), 0);
	work = work_on(&rig, ends[0], true);
	CU_ASSERT_EQUAL(work_read(work, 100, 0, note, &result), -EINPROGRESS);
	work_free(&work);
	CU_ASSERT_FALSE(is_open(ends[0]));
	fd_close(&ends[1]);

	file = memfd_create("test", MFD_CLOEXEC);
	work = work_on(&rig, file, false);
	memset(work_buffer(work), 'x', WORK_BUFFER);
	CU_ASSERT_EQUAL(work_write(work, WORK_BUFFER, 0, note, &result),
	    -EINPROGRESS);
	work_free(&work);
	work_free(&work);
	rig_stop(&rig);
	CU_ASSERT_EQUAL(result.count, 0);
	CU_ASSERT_FALSE(is_open(file));
}

/* A job that lasts until a byte is written for it. */
struct slow {
	struct pool_job job;
	int fd;
	int ended;
};

static void
linger(struct pool_job *job)
{
	struct slow *slow = (struct slow *)(void *)job;
	char byte;

	slow->ended = read(slow->fd, &byte, 1) == 1 ? 0 : -1;
}

static void
note_end(struct pool_job *job)
{
	((struct slow *)(void *)job)->ended++;
}

static void
submit(struct rig *rig, struct slow *slow, int fd, uint32_t account)
{
	memset(slow, 0, sizeof(*slow));
	slow->job.run = linger;
	slow->job.done = note_end;
	slow->fd = fd;
	CU_ASSERT_EQUAL(pool_submit(rig->worker.pool, &slow->job, account), 0);
}

/* One account is slow: no more than two of its jobs are in the threads. */
static void
admits_two_jobs_an_account(void)
{
	struct slow slow[5], quick;
	int blocked[2], open[2], i;
	struct rig rig;

	rig_start(&rig);
	CU_ASSERT_EQUAL_FATAL(pipe2(blocked, O_CLOEXEC), 0);
	CU_ASSERT_EQUAL_FATAL(pipe2(open, O_CLOEXEC), 0);
	for (i = 0; i < 5; i++)
		submit(&rig, &slow[i], blocked[0], 1);
	CU_ASSERT_EQUAL(pool_running(rig.worker.pool), 2);
	CU_ASSERT_EQUAL(write(open[1], "x", 1), 1);
	submit(&rig, &quick, open[0], 2);
	CU_ASSERT_TRUE(rig_until(&rig, &quick.ended));
	CU_ASSERT_EQUAL(pool_running(rig.worker.pool), 2);

	CU_ASSERT_FALSE(pool_withdraw(&slow[0].job));
	CU_ASSERT_TRUE(pool_withdraw(&slow[4].job));
	CU_ASSERT_TRUE(pool_withdraw(&slow[2].job));
	CU_ASSERT_FALSE(pool_withdraw(&slow[2].job));
	CU_ASSERT_EQUAL(write(blocked[1], "xxx", 3), 3);
	CU_ASSERT_TRUE(rig_until(&rig, &slow[3].ended));
	CU_ASSERT_TRUE(rig_until(&rig, &slow[0].ended));
	CU_ASSERT_TRUE(rig_until(&rig, &slow[1].ended));
	CU_ASSERT_EQUAL(slow[2].ended + slow[4].ended, 0);
	CU_ASSERT_EQUAL(pool_running(rig.worker.pool), 0);
	rig_stop(&rig);
	for (i = 0; i < 2; i++) {
		fd_close(&blocked[i]);
		fd_close(&open[i]);
	}
}

/* Whether the kernel (6.4 and later) can be asked not to wait for a pipe. */
static bool
knows_nowait(int fd)
{
	char byte;
	struct iovec part = { &byte, 1 };

	return (preadv2(fd, &part, 1, -1, RWF_NOWAIT) == -1 && errno == EAGAIN);
}

/* Whoever has the other end may have the flags of ours, too. */
static void
no_agent_makes_it_block(void)
{
	struct result result = { 0, 0 };
	struct work *work;
	struct rig rig;
	int ends[2], held;

	rig_start(&rig);
	CU_ASSERT_EQUAL_FATAL(pipe2(ends, O_CLOEXEC), 0);
	held = dup(ends[0]);
	work = work_on(&rig, ends[0], true);
	CU_ASSERT_EQUAL(fcntl(held, F_SETFL, 0), 0);
	if (knows_nowait(held)) {
		(void)alarm(20); /* ends the program */
		CU_ASSERT_EQUAL(work_read(work, 10, 0, note, &result),
		    -EINPROGRESS);
		(void)alarm(0);
		CU_ASSERT_EQUAL(write(ends[1], "x", 1), 1);
		CU_ASSERT_TRUE(rig_until(&rig, &result.count));
		CU_ASSERT_EQUAL(result.n, 1);
	}
	work_free(&work);
	fd_close(&held);
	fd_close(&ends[1]);
	rig_stop(&rig);
}

CU_TestInfo work_tests[] = {
	{ "files are read and written", reads_and_writes_files },
	{ "errors are told", tells_errors },
	{ "one buffer is written while another fills",
	    writes_one_buffer_while_another_fills },
	{ "another buffer is read ahead into",
	    reads_ahead_into_another_buffer },
	{ "the kernel reads ahead where it can",
	    leaves_reading_ahead_to_the_kernel },
	{ "buffers go by the pace", sizes_its_buffers_by_the_pace },
	{ "large buffers are bounded", bounds_the_large_buffers },
	{ "a pipe is read as it fills", waits_for_a_pipe_to_fill },
	{ "a pipe is written as it empties", empties_into_a_pipe },
	{ "no agent makes it block", no_agent_makes_it_block },
	{ "a work is freed in an operation", is_freed_while_it_works },
	{ "two jobs an account at a time", admits_two_jobs_an_account },
	CU_TEST_INFO_NULL,
};
