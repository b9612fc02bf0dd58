/* Unit tests of shm/cache: harmed files, forks, rights. */
#include <errno.h>
#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "shm/base/secret.h"
#include "tests/unit/stage.h"

/* Trouble ------------------------------------------------------------------ */

/* The reader says once what is wrong, then misses. */
static int
reports_trouble(const struct stage *stage)
{
	struct cache_reader *reader = reader_open(stage);
	struct msg_cache_trouble trouble;
	struct msg_cache_counts counts;

	if (finds(reader, 1, 100) || cache_reader_in_service(reader))
		return (1);
	if (!cache_reader_trouble(reader, &trouble) || trouble.number != 5 ||
	    trouble.error == 0)
		return (2);
	if (cache_reader_trouble(reader, &trouble))
		return (3);
	if (finds(reader, 1, 100) || cache_reader_trouble(reader, &trouble))
		return (4);
	if (!cache_reader_counts(reader, &counts) || counts.misses != 2)
		return (5);
	cache_reader_free(&reader);
	return (0);
}

static int
open_data(const struct stage *stage)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "%s/data.mdb", stage->name);
	return (open(path, O_RDWR | O_CLOEXEC));
}

static void
spoil_format(const struct stage *stage)
{
	uint8_t page[4096];
	int fd = open_data(stage);

	memset(page, 0x5a, sizeof(page));
	CU_ASSERT(pwrite(fd, page, sizeof(page), 0) == sizeof(page));
	CU_ASSERT(pwrite(fd, page, sizeof(page), 4096) == sizeof(page));
	close(fd);
}

static void
empty_file(const struct stage *stage)
{
	int fd = open_data(stage);

	CU_ASSERT(ftruncate(fd, 0) == 0);
	close(fd);
}

static void
remove_files(const struct stage *stage)
{
	place_remove(stage->name);
}

static void
cut_header(const struct stage *stage)
{
	int fd = open_data(stage);

	CU_ASSERT(ftruncate(fd, 100) == 0);
	close(fd);
}

static const struct {
	const char *what;
	void (*harm)(const struct stage *);
} harms[] = {
	{ "garbage in the first pages", spoil_format },
	{ "an empty file", empty_file },
	{ "no file", remove_files },
	{ "a cut header", cut_header },
};

static void
harmed_files(void)
{
	struct stage stage;
	size_t i;

	for (i = 0; i < NITEMS(harms); i++) {
		stage_open(&stage, MAP_SIZE);
		put(&stage, 1, 100, NOW + 10);
		commit(&stage);
		writer_close(&stage.writer);
		harms[i].harm(&stage);
		CHECK_CASE(in_child(reports_trouble, &stage) == 0,
		    harms[i].what);
		stage_close(&stage);
	}
}

static int
finds_the_first(const struct stage *stage)
{
	struct cache_reader *reader = reader_open(stage);
	bool found = finds(reader, 1, 100);

	cache_reader_free(&reader);
	return (found ? 0 : 1);
}

static int
reads_garbage(const struct stage *stage)
{
	struct cache_reader *reader = reader_open(stage);
	uint32_t n;

	for (n = 0; n < 500; n++)
		if (finds(reader, n, 100))
			return (1);
	return (0);
}

static void
overwrite_all(int fd, const uint8_t page[4096])
{
	off_t at;

	for (at = 8192; at < lseek(fd, 0, SEEK_END); at += 4096)
		CU_ASSERT(pwrite(fd, page, 4096, at) == 4096);
}

/* What the pages of the tree are overwritten with. */
static const struct {
	const char *what;
	int byte; /* -1: random ones */
} rubbish[] = {
	{ "the same byte", 0xa5 },
	{ "zeroes", 0 },
	{ "ones", 0xff },
	{ "small numbers", 1 },
	{ "branch pages with few entries", 0x10 },
	{ "random bytes", -1 },
	{ "other random bytes", -1 },
	{ "random bytes again", -1 },
};

/*
 * Pages of the tree overwritten: a reader may miss or report, but it lives, and
 * nothing that was not put is ever found.
 */
static void
garbage_in_the_tree(void)
{
	uint8_t page[4096];
	struct stage stage;
	uint32_t n;
	size_t i;
	int fd;

	for (i = 0; i < NITEMS(rubbish); i++) {
		stage_open(&stage, MAP_SIZE);
		for (n = 0; n < 500; n++)
			put(&stage, n, 100, NOW + 10);
		commit(&stage);
		writer_close(&stage.writer);
		fd = open_data(&stage);
		if (rubbish[i].byte == -1)
			secret_random(page, sizeof(page));
		else
			memset(page, rubbish[i].byte, sizeof(page));
		overwrite_all(fd, page);
		close(fd);
		CHECK_CASE(in_child(reads_garbage, &stage) == 0,
		    rubbish[i].what);
		stage_close(&stage);
	}
}

static int
meets_a_cut_file(const struct stage *stage)
{
	struct cache_reader *reader = reader_open(stage);
	struct msg_cache_trouble trouble;
	struct msg_cache_counts counts;

	if (!finds(reader, 1, 100))
		return (1);
	empty_file(stage);
	if (finds(reader, 1, 100))
		return (2);
	/* It has lost the environment, not its life. */
	if (cache_reader_in_service(reader) ||
	    !cache_reader_trouble(reader, &trouble))
		return (3);
	if (!cache_reader_counts(reader, &counts) || counts.errors != 1)
		return (4);
	cache_reader_free(&reader);
	return (0);
}

static void
file_cut_while_open(void)
{
	struct stage stage;
	uint32_t n;

	stage_open(&stage, MAP_SIZE);
	for (n = 0; n < 500; n++)
		put(&stage, n, 100, NOW + 10);
	commit(&stage);
	writer_close(&stage.writer);
	CU_ASSERT_EQUAL(in_child(meets_a_cut_file, &stage), 0);
	stage_close(&stage);
}

/* Others keep their places among the readers for ever. */
static int
takes_all_places(const struct stage *stage)
{
	static MDB_txn *held[STORE_READERS + 1];
	struct cache_reader *reader;
	struct msg_cache_trouble trouble;
	MDB_env *env;
	size_t n = 0;
	int ret = 0;

	if (mdb_env_create(&env) != 0 || mdb_env_set_maxdbs(env, 3) != 0 ||
	    mdb_env_open(env, stage->name, STORE_FLAGS | MDB_RDONLY, 0) != 0)
		return (1);
	while (ret == 0 && n < NITEMS(held))
		ret = mdb_txn_begin(env, NULL, MDB_RDONLY, &held[n++]);
	if (ret != MDB_READERS_FULL)
		return (2);
	reader = reader_open(stage);
	if (finds(reader, 1, 100) || !cache_reader_trouble(reader, &trouble) ||
	    trouble.error != MDB_READERS_FULL)
		return (3);
	cache_reader_free(&reader);
	return (0);
}

static void
no_place_for_a_reader(void)
{
	struct stage stage;

	stage_open(&stage, MAP_SIZE);
	put(&stage, 1, 100, NOW + 10);
	commit(&stage);
	CU_ASSERT_EQUAL(in_child(takes_all_places, &stage), 0);
	/* They ended, and are forgotten. */
	put(&stage, 2, 100, NOW + 10);
	commit(&stage);
	writer_check_readers(stage.writer);
	CU_ASSERT(in_child(finds_the_first, &stage) == 0);
	stage_close(&stage);
}

/* A fault that is not of our making is not forgiven. */
static int
faults_elsewhere(const struct stage *stage)
{
	struct cache_reader *reader = reader_open(stage);
	struct rlimit none = { 0, 0 };

	(void)finds(reader, 1, 100);
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)raise(SIGSEGV);
	return (0);
}

static void
other_faults_kill(void)
{
	struct stage stage;
	int ended;

	stage_open(&stage, MAP_SIZE);
	put(&stage, 1, 100, NOW + 10);
	commit(&stage);
	ended = in_child(faults_elsewhere, &stage);
	CU_ASSERT_EQUAL(ended, 200 + SIGSEGV);
	stage_close(&stage);
}

static int
opens_odd_names(const struct stage *stage)
{
	static const char *const names[] = { "../x", "/etc", ".", "..",
		"a/../b", "0123456789012345678901234567890123456789" };
	struct cache_reader *reader = reader_open(stage);
	struct msg_cache_directory where;
	struct msg_cache_trouble trouble;
	size_t i;

	for (i = 0; i < NITEMS(names); i++) {
		memset(&where, 0, sizeof(where));
		memcpy(where.name, names[i],
		    strnlen(names[i], sizeof(where.name)));
		where.number = 6 + i;
		cache_reader_open(reader, &where);
		if (cache_reader_in_service(reader) ||
		    !cache_reader_trouble(reader, &trouble) ||
		    trouble.number != 6 + i)
			return ((int)i + 1);
	}
	/* Out of service is no trouble. */
	memset(&where, 0, sizeof(where));
	cache_reader_open(reader, &where);
	if (cache_reader_in_service(reader) ||
	    cache_reader_trouble(reader, &trouble))
		return (20);
	/* And what it is told next counts again. */
	memcpy(where.name, stage->name, sizeof(where.name));
	cache_reader_open(reader, &where);
	if (!finds(reader, 1, 100))
		return (21);
	cache_reader_free(&reader);
	return (0);
}

static void
names_are_below_the_directory(void)
{
	struct stage stage;

	stage_open(&stage, MAP_SIZE);
	put(&stage, 1, 100, NOW + 10);
	commit(&stage);
	CU_ASSERT_EQUAL(in_child(opens_odd_names, &stage), 0);
	stage_close(&stage);
}

/* A reader that was inherited misses; the one who opened it goes on. */
static int
inherits(const struct stage *stage)
{
	struct cache_reader *reader = reader_open(stage);
	int status = -1;
	pid_t pid;

	if (!finds(reader, 1, 100))
		return (1);
	pid = fork();
	if (pid == 0) {
		status =
		    cache_reader_in_service(reader) || finds(reader, 1, 100);
		cache_reader_free(&reader);
		_exit(status);
	}
	if (waitpid(pid, &status, 0) != pid || status != 0)
		return (2);
	if (!finds(reader, 1, 100))
		return (3);
	cache_reader_free(&reader);
	return (0);
}

static void
forks_are_noticed(void)
{
	struct stage stage;

	stage_open(&stage, MAP_SIZE);
	put(&stage, 1, 100, NOW + 10);
	commit(&stage);
	CU_ASSERT_EQUAL(in_child(inherits, &stage), 0);
	stage_close(&stage);
}

static int turns[2];

/* The rights of keeper and workers, with root only ------------------------- */

#define KEEPER_ID  65533u
#define KEEPER_GID 65532u
#define WORKER_ID  65531u
#define WORKER_GID 65530u

static int
become(uid_t uid, gid_t gid)
{
	return (setgroups(0, NULL) == -1 || setresgid(gid, gid, gid) == -1 ||
		    setresuid(uid, uid, uid) == -1
		? -1
		: 0);
}

static int
keeper_side(struct stage *stage)
{
	struct sample sample;

	umask(077);
	if (chroot(".") == -1 || become(KEEPER_ID, KEEPER_GID) == -1)
		return (1);
	if (place_make(stage->name) != 0 ||
	    writer_open(stage->name, MAP_SIZE, &stage->totals,
		&stage->writer) != 0 ||
	    place_share(stage->name) != 0)
		return (2);
	sample_make(&sample, 1, 100, NOW + 10);
	if (writer_put(stage->writer, sample.key, &sample.session) ||
	    writer_commit(stage->writer, NOW) != 0)
		return (3);
	/* The name is random: it is told, as the workers are. */
	if (write(turns[1], stage->name, sizeof(stage->name)) !=
		sizeof(stage->name) ||
	    read(turns[1], stage->name, 1) != 1)
		return (4);
	writer_close(&stage->writer);
	place_clean();
	return (0);
}

static int
worker_side(const struct stage *stage)
{
	struct cache_reader *reader;
	char path[64];

	if (chroot(".") == -1 || become(WORKER_ID, WORKER_GID) == -1)
		return (1);
	reader = reader_open(stage);
	if (!finds(reader, 1, 100))
		return (2);
	cache_reader_free(&reader);
	if (open_data(stage) != -1 || errno != EACCES)
		return (3);
	if (open(".", O_RDONLY | O_DIRECTORY) != -1 || errno != EACCES)
		return (4);
	if (mkdir("mine", 0700) != -1 || errno != EACCES)
		return (5);
	(void)snprintf(path, sizeof(path), "%s/lock.mdb", stage->name);
	if (unlink(path) != -1 || errno != EACCES)
		return (6);
	return (0);
}

static void
rights_of_the_service_users(void)
{
	struct stage stage;
	int status = -1;
	pid_t pid;

	if (geteuid() != 0) {
		skip_test("only root can be several users");
		return;
	}
	stage_open(&stage, MAP_SIZE);
	writer_close(&stage.writer);
	place_clean();
	CU_ASSERT(chown(".", KEEPER_ID, WORKER_GID) == 0);
	CU_ASSERT(chmod(".", 02710) == 0);
	CU_ASSERT_FATAL(
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, turns) == 0);
	(void)fflush(NULL);
	pid = fork();
	if (pid == 0) {
		close(turns[0]);
		_exit(keeper_side(&stage));
	}
	close(turns[1]);
	CU_ASSERT_FATAL(read(turns[0], stage.name, sizeof(stage.name)) ==
	    sizeof(stage.name));
	CU_ASSERT_EQUAL(in_child(worker_side, &stage), 0);
	CU_ASSERT(write(turns[0], "e", 1) == 1);
	CU_ASSERT(waitpid(pid, &status, 0) == pid);
	CU_ASSERT_EQUAL(status, 0);
	close(turns[0]);
	stage_close(&stage);
}

CU_TestInfo cache_faults_tests[] = {
	{ "harmed files are reported once", harmed_files },
	{ "garbage in the tree", garbage_in_the_tree },
	{ "a file cut while it is open", file_cut_while_open },
	{ "no place for a reader", no_place_for_a_reader },
	{ "other faults kill", other_faults_kill },
	{ "names stay below the directory", names_are_below_the_directory },
	{ "a fork is noticed", forks_are_noticed },
	{ "rights of the service users", rights_of_the_service_users },
	CU_TEST_INFO_NULL,
};
