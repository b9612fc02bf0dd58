/* Unit tests of shm/cache: a map that is full, readers that stay. */
#include <sys/socket.h>

#include "tests/unit/stage.h"

#define FLOOD 20000

static int
reads_the_newest(const struct stage *stage)
{
	struct cache_reader *reader = reader_open(stage);
	uint32_t n;

	for (n = FLOOD - 200; n < FLOOD; n++)
		if (!finds(reader, n, 200))
			return (1);
	if (finds(reader, 0, 200))
		return (2);
	cache_reader_free(&reader);
	return (0);
}

static const struct {
	const char *what;
	uint64_t map_size;
} floods[] = {
	{ "the smallest map", 1 },
	{ "two megabytes", 2u << 20 },
	{ "four megabytes", 4u << 20 },
};

/* Old ones leave, new ones find room, and most of the map is in use. */
static void
check_flooded(struct stage *stage, const char *what)
{
	struct writer_facts facts;

	CHECK_CASE(writer_facts(stage->writer, &facts) == 0, what);
	CHECK_CASE(stage->totals.errors == 0, what);
	CHECK_CASE(stage->totals.stored == FLOOD, what);
	CHECK_CASE(facts.sessions + stage->totals.deleted == FLOOD, what);
	CHECK_CASE(facts.sessions > facts.maximum * 3 / 4, what);
	CHECK_CASE(facts.map_used <= facts.map_size, what);
	CHECK_CASE(in_child(reads_the_newest, stage) == 0, what);
}

static void
full_map(void)
{
	struct stage stage;
	uint32_t n;
	size_t i;

	for (i = 0; i < NITEMS(floods); i++) {
		stage_open(&stage, floods[i].map_size);
		for (n = 0; n < FLOOD; n++)
			put(&stage, n, 200, NOW + 100 + n / 10);
		commit(&stage);
		check_flooded(&stage, floods[i].what);
		stage_close(&stage);
	}
}

static void
full_of_the_largest(void)
{
	struct stage stage;
	uint32_t n;

	stage_open(&stage, 1);
	for (n = 0; n < 2000; n++)
		put(&stage, n, n % 3 == 0 ? CACHE_VALUE_MAX : 1900,
		    NOW + 100 + n);
	commit(&stage);
	CU_ASSERT_EQUAL(stage.totals.errors, 0);
	CU_ASSERT(sessions(&stage) > 20);
	stage_close(&stage);
}

/*
 * What ftpsd.yaml(5) says of tls.session_cache.size: so many sessions fit into
 * so much.  A session is sealed in 230 bytes, or in 1040 with the certificate
 * of a client with a key of RSA-2048.
 */
static const struct {
	const char *what;
	uint64_t map_size;
	size_t sealed_len;
	uint32_t count;
} promises[] = {
	{ "100,000 in 64 MiB", UINT64_C(64) << 20, 230, 100000 },
	{ "25,000 of clients with certificates", UINT64_C(64) << 20, 1040,
	    25000 },
};

static void
as_many_as_promised(void)
{
	struct writer_facts facts;
	struct stage stage;
	uint32_t n;
	size_t i;

	for (i = 0; i < NITEMS(promises); i++) {
		stage_open(&stage, promises[i].map_size);
		for (n = 0; n < promises[i].count; n++)
			put(&stage, n, promises[i].sealed_len,
			    NOW + 100 + n / 100);
		commit(&stage);
		CHECK_CASE(stage.totals.deleted == 0, promises[i].what);
		CHECK_CASE(writer_facts(stage.writer, &facts) == 0 &&
			facts.sessions == promises[i].count,
		    promises[i].what);
		stage_close(&stage);
	}
}

static int turns[2];

/* Begins to read and never ends: what it sees cannot be used again. */
static int
holds_for_ever(const struct stage *stage)
{
	struct cache_reader *reader = reader_open(stage);
	struct store_tables tables;
	MDB_env *env;
	MDB_txn *txn;
	char byte;

	cache_reader_free(&reader);
	if (mdb_env_create(&env) != 0 || mdb_env_set_maxdbs(env, 3) != 0 ||
	    mdb_env_open(env, stage->name, STORE_FLAGS | MDB_RDONLY, 0) != 0 ||
	    mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) != 0 ||
	    store_open_tables(txn, 0, &tables) != 0)
		return (1);
	if (write(turns[1], "r", 1) != 1)
		return (2);
	/* Until the test ends, at the latest. */
	return (read(turns[1], &byte, 1) == 0 ? 0 : 3);
}

static pid_t
start_holder(const struct stage *stage)
{
	char byte;
	pid_t pid;

	CU_ASSERT_FATAL(
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, turns) == 0);
	(void)fflush(NULL);
	pid = fork();
	if (pid == 0) {
		close(turns[0]);
		_exit(holds_for_ever(stage));
	}
	close(turns[1]);
	CU_ASSERT_FATAL(pid != -1 && read(turns[0], &byte, 1) == 1);
	return (pid);
}

static void
flood(struct stage *stage, uint32_t first, int *error)
{
	static struct sample sample;
	uint32_t n;

	*error = 0;
	for (n = first; *error == 0 && n < first + 5000; n++) {
		sample_make(&sample, n, 200, NOW + 100);
		if (writer_put(stage->writer, sample.key, &sample.session))
			*error = writer_commit(stage->writer, NOW);
	}
}

static void
reader_that_never_ends(void)
{
	struct stage stage;
	int error, status;
	pid_t pid;

	stage_open(&stage, 1);
	flood(&stage, 0, &error);
	CU_ASSERT_EQUAL(error, 0);
	pid = start_holder(&stage);
	CU_ASSERT(sessions(&stage) > 0);
	flood(&stage, 5000, &error);
	CHECK_CASE(error == MDB_MAP_FULL, "the caller is told to begin afresh");
	CU_ASSERT(stage.totals.errors > 0);
	/* It dies without a word, and all is well again. */
	CU_ASSERT(kill(pid, SIGKILL) == 0 && waitpid(pid, &status, 0) == pid);
	flood(&stage, 10000, &error);
	CU_ASSERT_EQUAL(error, 0);
	close(turns[0]);
	stage_close(&stage);
}

static void
dead_readers_are_forgotten(void)
{
	struct writer_facts facts;
	struct stage stage;
	int status;
	pid_t pid;

	stage_open(&stage, MAP_SIZE);
	pid = start_holder(&stage);
	CU_ASSERT(writer_facts(stage.writer, &facts) == 0);
	CU_ASSERT_EQUAL(facts.readers, 1);
	CU_ASSERT(facts.readers_max >= 2048);
	CU_ASSERT(kill(pid, SIGKILL) == 0 && waitpid(pid, &status, 0) == pid);
	CU_ASSERT(writer_facts(stage.writer, &facts) == 0);
	CU_ASSERT_EQUAL(facts.readers, 0);
	close(turns[0]);
	stage_close(&stage);
}

CU_TestInfo cache_full_tests[] = {
	{ "a full map makes room", full_map },
	{ "a map full of large sessions", full_of_the_largest },
	{ "as many as the manual promises", as_many_as_promised },
	{ "a reader that never ends", reader_that_never_ends },
	{ "dead readers are forgotten", dead_readers_are_forgotten },
	CU_TEST_INFO_NULL,
};
