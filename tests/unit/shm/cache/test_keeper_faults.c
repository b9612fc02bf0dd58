/* Unit tests of shm/cache: what happens to the keeper, and to its files. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "tests/unit/keeper_rig.h"

#define KILLS 1000

/* Killed in the midst of puts -------------------------------------------- */

static void
kill_keeper(struct rig *rig, struct end *worker)
{
	int status = 0;

	CU_ASSERT_FATAL(kill(rig->pid, SIGKILL) == 0);
	CU_ASSERT_FATAL(waitpid(rig->pid, &status, 0) == rig->pid);
	CU_ASSERT(WIFSIGNALED(status));
	channel_free(&worker->channel);
	channel_free(&rig->master.channel);
	fd_close(&rig->log_fd);
}

/* The successor, and what a worker hears from it. */
static void
next_keeper(struct rig *rig, struct end *worker)
{
	rig_fork(rig);
	send_settings(rig, 1, settings_on);
	CU_ASSERT_FATAL(next(&rig->master) == MSG_READY);
	channel_running(rig->master.channel);
	worker_open(rig, worker, 0);
}

/* Whoever reads finds what was put or nothing, but never harm. */
static void
read_some(struct cache_reader *reader, unsigned int *found)
{
	struct msg_cache_trouble trouble;
	uint32_t n;

	for (n = 0; n < 64; n++)
		*found += finds(reader, n);
	CHECK_CASE(!cache_reader_trouble(reader, &trouble) &&
		cache_reader_in_service(reader),
	    "the reader goes on");
}

static void
killed_in_puts(void)
{
	struct cache_reader *reader = cache_reader_new();
	unsigned int round, found = 0;
	struct end worker;
	struct rig rig;

	CU_ASSERT_PTR_NOT_NULL_FATAL(reader);
	rig_start(&rig, settings_on);
	worker_open(&rig, &worker, 0);
	for (round = 0; round < KILLS; round++) {
		cache_reader_open(reader, &worker.body.directory);
		put_some(&worker, 0, 64);
		read_some(reader, &found);
		/* At any moment of the transaction. */
		(void)usleep(round % 32 * 10);
		kill_keeper(&rig, &worker);
		read_some(reader, &found);
		next_keeper(&rig, &worker);
	}
	CHECK_CASE(found > KILLS, "many were stored before");
	cache_reader_open(reader, &worker.body.directory);
	put_some(&worker, 0, 64);
	CU_ASSERT_EQUAL(facts(&rig, 64)->current, 64);
	CHECK_CASE(finds(reader, 63), "the last one serves");
	CHECK_CASE(count_directories() == 1, "nothing piles up");
	cache_reader_free(&reader);
	channel_free(&worker.channel);
	rig_close(&rig);
}

/* Harm to the files ------------------------------------------------------- */

static const char *
path_of(const struct msg_cache_directory *where, const char *file)
{
	static char path[CACHE_DIR_LEN + 16];

	(void)snprintf(path, sizeof(path), "%s/%s", where->name, file);
	return (path);
}

static void
cut_data(const struct msg_cache_directory *where)
{
	CU_ASSERT(truncate(path_of(where, "data.mdb"), 4096) == 0);
}

static void
cut_locks(const struct msg_cache_directory *where)
{
	CU_ASSERT(truncate(path_of(where, "lock.mdb"), 0) == 0);
}

static void
remove_data(const struct msg_cache_directory *where)
{
	CU_ASSERT(unlink(path_of(where, "data.mdb")) == 0);
}

static void
remove_locks(const struct msg_cache_directory *where)
{
	CU_ASSERT(unlink(path_of(where, "lock.mdb")) == 0);
}

/* The keeper hears of the first, and may be quicker with the others. */
static void
remove_all(const struct msg_cache_directory *where)
{
	remove_data(where);
	CU_ASSERT(unlink(path_of(where, "lock.mdb")) == 0 || errno == ENOENT);
	CU_ASSERT(rmdir(where->name) == 0 || errno == ENOENT);
}

static void
move_away(const struct msg_cache_directory *where)
{
	CU_ASSERT(rename(where->name, "env-elsewhere") == 0);
}

static void
put_another(const struct msg_cache_directory *where)
{
	char path[CACHE_DIR_LEN + 16];
	int fd;

	(void)snprintf(path, sizeof(path), "%s", path_of(where, "data.mdb"));
	fd = open("other", O_CREAT | O_WRONLY | O_CLOEXEC, 0640);
	CU_ASSERT(ftruncate(fd, 1 << 20) == 0);
	close(fd);
	CU_ASSERT(rename("other", path) == 0);
}

static const struct {
	const char *what;
	void (*harm)(const struct msg_cache_directory *);
	bool unseen; /* until the next put */
} harms[] = {
	{ "data.mdb is cut", cut_data, true },
	{ "lock.mdb is cut", cut_locks, true },
	{ "data.mdb is removed", remove_data, false },
	{ "lock.mdb is removed", remove_locks, false },
	{ "all is removed", remove_all, false },
	{ "the directory is moved away", move_away, false },
	{ "another file takes its place", put_another, true },
};

/* Notices by itself, or when there is something to do: that put is dropped. */
static void
check_harm(size_t i)
{
	struct cache_reader *reader = cache_reader_new();
	uint64_t before = harms[i].unseen ? 51 : 50;
	struct end worker;
	struct rig rig;

	rig_start(&rig, settings_on);
	worker_open(&rig, &worker, 0);
	put_some(&worker, 0, 50);
	(void)facts(&rig, 50);
	harms[i].harm(&worker.body.directory);
	if (harms[i].unseen)
		put_some(&worker, 50, 1);
	CHECK_CASE(next(&worker) == MSG_CACHE_DIRECTORY, harms[i].what);
	if (worker.body.directory.name[0] == '\0')
		CHECK_CASE(next(&worker) == MSG_CACHE_DIRECTORY, harms[i].what);
	cache_reader_open(reader, &worker.body.directory);
	put_some(&worker, 0, 10);
	CHECK_CASE(facts(&rig, before + 10)->current == 10, harms[i].what);
	CHECK_CASE(rig.master.body.facts.renewed == 1, harms[i].what);
	CHECK_CASE(finds(reader, 9), harms[i].what);
	cache_reader_free(&reader);
	channel_free(&worker.channel);
	if (access("env-elsewhere", F_OK) == 0) {
		(void)unlink("env-elsewhere/data.mdb");
		(void)unlink("env-elsewhere/lock.mdb");
		(void)rmdir("env-elsewhere");
	}
	rig_close(&rig);
}

static void
harmed_files(void)
{
	size_t i;

	for (i = 0; i < NITEMS(harms); i++)
		check_harm(i);
}

/* The directory of all ---------------------------------------------------- */

/* What the master does when it hears of it; we go there, too. */
static void
make_directory_anew(const struct rig *rig)
{
	CU_ASSERT_FATAL(mkdirat(rig->scratch.fd, "cache", 0700) == 0);
	CU_ASSERT_FATAL(fchdir(rig->scratch.fd) == 0 && chdir("cache") == 0);
	if (!process_is_root())
		return;
	CU_ASSERT(chown(".", rig->uid, 1) == 0);
	CU_ASSERT(chmod(".", 02710) == 0);
}

static void
remove_directory(const struct rig *rig, const struct msg_cache_directory *where)
{
	remove_all(where);
	CU_ASSERT(unlinkat(rig->scratch.fd, "cache", AT_REMOVEDIR) == 0);
}

static void
move_directory(const struct rig *rig,
    const struct msg_cache_directory *where UNUSED)
{
	CU_ASSERT(renameat(rig->scratch.fd, "cache", rig->scratch.fd,
		      "elsewhere") == 0);
}

/* It says so, and goes on where the master makes another one. */
static void
check_directory(void (
    *harm)(const struct rig *rig, const struct msg_cache_directory *where))
{
	struct cache_reader *reader = cache_reader_new();
	struct end worker;
	struct rig rig;

	rig_start(&rig, settings_on);
	worker_open(&rig, &worker, 0);
	put_some(&worker, 0, 50);
	(void)facts(&rig, 50);
	harm(&rig, &worker.body.directory);
	CU_ASSERT_EQUAL(next(&rig.master), MSG_CACHE_GONE);
	make_directory_anew(&rig);
	do {
		CU_ASSERT_FATAL(next(&worker) == MSG_CACHE_DIRECTORY);
	} while (worker.body.directory.name[0] == '\0');
	put_some(&worker, 0, 10);
	CU_ASSERT_EQUAL(facts(&rig, 60)->current, 10);
	CU_ASSERT(rig.master.body.facts.renewed >= 1);
	cache_reader_open(reader, &worker.body.directory);
	CHECK_CASE(finds(reader, 9), "it serves in another directory");
	cache_reader_free(&reader);
	channel_free(&worker.channel);
	(void)unlinkat(rig.scratch.fd, "elsewhere", AT_REMOVEDIR);
	rig_close(&rig);
}

static void
directory_is_gone(void)
{
	check_directory(remove_directory);
	check_directory(move_directory);
}

/* The lock of the readers' table ------------------------------------------ */

/* Behind two numbers of four bytes each, in LMDB 0.9. */
#define READERS_LOCK 8

/* A process that has it, as one that is stopped when it opens has. */
static pid_t
hold_lock(const struct msg_cache_directory *where)
{
	int pair[2] = { -1, -1 }, fd;
	char byte = 'x';
	uint8_t *map;
	pid_t pid;

	CU_ASSERT_FATAL(pipe2(pair, O_CLOEXEC) == 0);
	pid = fork();
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		fd = open(path_of(where, "lock.mdb"), O_RDWR | O_CLOEXEC);
		map =
		    mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (map == MAP_FAILED ||
		    pthread_mutex_lock(
			(pthread_mutex_t *)(void *)(map + READERS_LOCK)) != 0 ||
		    write(pair[1], &byte, 1) != 1)
			_exit(1);
		for (;;)
			(void)pause();
	}
	fd_close(&pair[1]);
	CU_ASSERT_FATAL(read(pair[0], &byte, 1) == 1);
	fd_close(&pair[0]);
	return (pid);
}

static void *
run_opening(void *opening)
{
	cache_opening_run(opening);
	return (NULL);
}

/* Who reads and who writes needs it not; who opens waits in a thread. */
static void
lock_is_held(void)
{
	struct cache_reader *reader = cache_reader_new();
	struct cache_reader *late = cache_reader_new();
	struct msg_ping ping = { 5 };
	struct end worker;
	struct rig rig;
	struct cache_opening *opening;
	pthread_t thread = 0;
	pid_t holder;

	rig_start(&rig, settings_on);
	worker_open(&rig, &worker, 0);
	cache_reader_open(reader, &worker.body.directory);
	holder = hold_lock(&worker.body.directory);
	put_some(&worker, 0, 50);
	CU_ASSERT_EQUAL(facts(&rig, 50)->current, 50);
	CHECK_CASE(finds(reader, 49), "what is put meanwhile is found");
	post(&rig.master, MSG_PING, &ping);
	CU_ASSERT_EQUAL(next(&rig.master), MSG_PONG);
	opening = cache_reader_begin(late, &worker.body.directory);
	CU_ASSERT_FATAL(opening != NULL &&
	    pthread_create(&thread, NULL, run_opening, opening) == 0);
	CHECK_CASE(!finds(late, 49), "who cannot open it finds nothing");
	CU_ASSERT_FATAL(kill(holder, SIGKILL) == 0);
	CU_ASSERT_FATAL(waitpid(holder, NULL, 0) == holder);
	CU_ASSERT_FATAL(pthread_join(thread, NULL) == 0);
	cache_reader_end(late, &opening);
	CHECK_CASE(finds(late, 49), "it is free when its holder is dead");
	put_some(&worker, 50, 1);
	CU_ASSERT_EQUAL(facts(&rig, 51)->current, 51);
	CU_ASSERT_EQUAL(rig.master.body.facts.renewed, 0);
	cache_reader_free(&late);
	cache_reader_free(&reader);
	channel_free(&worker.channel);
	rig_close(&rig);
}

CU_TestInfo keeper_faults_tests[] = {
	{ "killed in the midst of puts", killed_in_puts },
	{ "harmed files", harmed_files },
	{ "the directory of all is gone", directory_is_gone },
	{ "the lock of the readers' table is held", lock_is_held },
	CU_TEST_INFO_NULL,
};
