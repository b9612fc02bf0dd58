/*
 * stage - what the tests of the session cache share.
 *
 * LMDB allows an environment to be open once in a process, so whatever reads
 * runs in children; a test's writer is its own.
 */
#ifndef TESTS_UNIT_STAGE_H
#define TESTS_UNIT_STAGE_H

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shm/cache/place.h"
#include "shm/cache/reader.h"
#include "shm/cache/store.h"
#include "shm/cache/writer.h"
#include "tests/unit/suites.h"

#define NOW      1700000000u
#define MAP_SIZE 16777216u

/* An environment in a temporary directory, which becomes the current one. */
struct stage {
	char top[32];
	int before; /* the directory we came from */
	char name[CACHE_DIR_LEN];
	struct cache_totals totals;
	struct writer *writer;
};

static UNUSED void
stage_open(struct stage *stage, uint64_t map_size)
{
	memset(stage, 0, sizeof(*stage));
	strcpy(stage->top, "/tmp/ftpsd-cache-XXXXXX");
	stage->before = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CU_ASSERT_FATAL(stage->before != -1);
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(stage->top));
	CU_ASSERT_FATAL(chdir(stage->top) == 0);
	CU_ASSERT_FATAL(place_make(stage->name) == 0);
	CU_ASSERT_FATAL(writer_open(stage->name, map_size, &stage->totals,
			    &stage->writer) == 0);
	CU_ASSERT_FATAL(place_share(stage->name) == 0);
}

static UNUSED void
stage_close(struct stage *stage)
{
	writer_close(&stage->writer);
	place_clean();
	CU_ASSERT(fchdir(stage->before) == 0);
	CU_ASSERT(rmdir(stage->top) == 0);
	close(stage->before);
}

/* Session number n: key, id, context and sealed part all depend on it. */
struct sample {
	uint8_t key[CACHE_KEY_LEN], id[32], context[32];
	uint8_t sealed[CACHE_VALUE_MAX];
	struct store_session session;
};

static UNUSED void
sample_make(struct sample *sample, uint32_t n, size_t sealed_len,
    uint64_t expires)
{
	memset(sample, 0, sizeof(*sample));
	memcpy(sample->id, &n, sizeof(n));
	memset(sample->context, 7, sizeof(sample->context));
	memset(sample->sealed, (int)(n & 0xff), sealed_len);
	cache_key(sample->key, sample->context, sizeof(sample->context),
	    sample->id, sizeof(sample->id));
	sample->session.started = NOW;
	sample->session.expires = expires;
	sample->session.protocol = 0x0304;
	sample->session.id_len = sizeof(sample->id);
	sample->session.context_len = sizeof(sample->context);
	sample->session.sealed_len = (uint16_t)sealed_len;
	sample->session.name = sample->key;
	sample->session.id = sample->id;
	sample->session.context = sample->context;
	sample->session.sealed = sample->sealed;
}

/* Puts session n; a full batch is committed, and that must work. */
static UNUSED void
put(struct stage *stage, uint32_t n, size_t sealed_len, uint64_t expires)
{
	static struct sample sample;

	sample_make(&sample, n, sealed_len, expires);
	if (writer_put(stage->writer, sample.key, &sample.session))
		CHECK_CASE(writer_commit(stage->writer, NOW) == 0,
		    "a full batch is stored");
}

static UNUSED void
commit(struct stage *stage)
{
	CHECK_CASE(writer_commit(stage->writer, NOW) == 0, "it is stored");
}

static UNUSED uint64_t
sessions(struct stage *stage)
{
	struct writer_facts facts;

	CHECK_CASE(writer_facts(stage->writer, &facts) == 0, "facts are there");
	return (facts.sessions);
}

/* A reader of the stage, for children. */
static UNUSED struct cache_reader *
reader_open(const struct stage *stage)
{
	struct msg_cache_directory where;
	struct cache_reader *reader;

	reader = cache_reader_new();
	if (reader == NULL)
		_exit(99);
	memset(&where, 0, sizeof(where));
	memcpy(where.name, stage->name, sizeof(where.name));
	where.map_size = MAP_SIZE;
	if (stage->writer != NULL)
		where.map_size = writer_map_size(stage->writer);
	where.number = 5;
	cache_reader_open(reader, &where);
	return (reader);
}

/* Whether session n is found, with the contents that it was put with. */
static UNUSED bool
finds(struct cache_reader *reader, uint32_t n, size_t sealed_len)
{
	static struct cache_record record;
	static struct sample sample;

	sample_make(&sample, n, sealed_len, NOW);
	return (cache_reader_get(reader, sample.key, NOW, &record) &&
	    record.sealed_len == sealed_len && record.started == NOW &&
	    record.protocol == 0x0304 &&
	    memcmp(record.sealed, sample.sealed, sealed_len) == 0);
}

/* Ends in its number, or in 200 + the signal that killed it. */
static UNUSED int
in_child(int (*body)(const struct stage *), const struct stage *stage)
{
	struct rlimit none = { 0, 0 };
	int status;
	pid_t pid;

	(void)fflush(NULL);
	pid = fork();
	if (pid == 0) {
		(void)setrlimit(RLIMIT_CORE, &none);
		(void)signal(SIGBUS, SIG_DFL);
		(void)signal(SIGSEGV, SIG_DFL);
		(void)signal(SIGABRT, SIG_DFL);
		_exit(body(stage));
	}
	if (pid == -1 || waitpid(pid, &status, 0) != pid)
		return (98);
	return (
	    WIFEXITED(status) ? WEXITSTATUS(status) : 200 + WTERMSIG(status));
}

#endif
