#include "shm/cache/reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "shm/base/digest.h"
#include "shm/base/ensure.h"
#include "shm/base/log.h"
#include "shm/cache/guard.h"
#include "shm/cache/internal.h"
#include "shm/cache/place.h"
#include "shm/cache/recent.h"
#include "shm/cache/store.h"

struct cache_reader {
	const char *what;
	MDB_env *env; /* NULL: every look-up is a miss */
	MDB_txn *txn; /* reset between look-ups: pins no page */
	struct store_tables tables;
	pid_t pid;             /* that opened env */
	struct recent *recent; /* NULL: none */
	struct internal *own;  /* instead of all that; NULL: none */
	uint64_t since;        /* when env was named, in milliseconds */
	uint64_t number;
	struct msg_cache_counts counts;
	struct msg_cache_trouble trouble; /* error 0: nothing to tell */
};

struct cache_reader *
cache_reader_new(void)
{
	struct cache_reader *reader;
	uint8_t key[CACHE_KEY_LEN];

	reader = calloc(1, sizeof(*reader));
	if (reader == NULL)
		return (NULL);
	reader->what = "session cache";
	/* Has the digest fetched now, not in the first handshake. */
	cache_key(key, NULL, 0, NULL, 0);
	return (reader);
}

void
cache_reader_call(struct cache_reader *reader, const char *what)
{
	reader->what = what;
}

static int
close_work(void *context)
{
	struct cache_reader *reader = context;

	if (reader->txn != NULL)
		mdb_txn_abort(reader->txn);
	mdb_env_close(reader->env);
	return (0);
}

static void
close_env(struct cache_reader *reader)
{
	/*
	 * In a child the environment is the parent's: closing it would release
	 * the parent's place among the readers.  What cannot be closed, since
	 * its files are harmed, stays open until we end.
	 */
	if (reader->env != NULL && reader->pid == getpid())
		(void)!guard_run(close_work, reader);
	reader->env = NULL;
	reader->txn = NULL;
}

void
cache_reader_free(struct cache_reader **reader)
{
	struct cache_reader *ended = *reader;

	if (ended == NULL)
		return;
	*reader = NULL;
	close_env(ended);
	internal_free(&ended->own);
	free(ended);
}

/* Never repaired, never tried again: the keeper makes another one. */
static void
give_up(struct cache_reader *reader, int error)
{
	log_warn("%s: environment %llu cannot be read: %s", reader->what,
	    (unsigned long long)reader->number, mdb_strerror(error));
	close_env(reader);
	reader->trouble.number = reader->number;
	reader->trouble.error = error;
}

/* The work of opening, whichever thread does it: nothing of the reader's. */
struct cache_opening {
	char name[CACHE_DIR_LEN + 1];
	size_t map_size;
	uint64_t number;
	MDB_env *env;
	MDB_txn *txn;
	struct store_tables tables;
	int ret;
};

static int
open_tables(struct cache_opening *opening)
{
	int ret;

	ret = mdb_txn_begin(opening->env, NULL, MDB_RDONLY, &opening->txn);
	if (ret != 0)
		return (ret);
	ret = store_open_tables(opening->txn, 0, &opening->tables);
	if (ret != 0)
		return (ret);
	/* Table handles become the environment's by the commit. */
	ret = mdb_txn_commit(opening->txn);
	opening->txn = NULL;
	return (ret);
}

static int
open_work(void *context)
{
	struct cache_opening *opening = context;
	int ret;

	ret = mdb_env_create(&opening->env);
	if (ret != 0) {
		opening->env = NULL;
		return (ret);
	}
	mdb_env_set_assert(opening->env, guard_failed);
	ret = mdb_env_set_mapsize(opening->env, opening->map_size);
	if (ret == 0)
		ret = mdb_env_set_maxdbs(opening->env, 3);
	if (ret == 0)
		ret = mdb_env_open(opening->env, opening->name,
		    STORE_FLAGS | MDB_RDONLY, 0);
	if (ret == 0)
		ret = open_tables(opening);
	if (ret == 0)
		ret = mdb_txn_begin(opening->env, NULL, MDB_RDONLY,
		    &opening->txn);
	if (ret == 0)
		mdb_txn_reset(opening->txn);
	return (ret);
}

/* The same clock in all processes. */
static uint64_t
now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return ((uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000);
}

void
cache_reader_share(struct cache_reader *reader, struct recent *recent)
{
	reader->recent = recent;
}

int
cache_reader_own(struct cache_reader *reader, uint64_t size)
{
	reader->own = internal_new(size);
	return (reader->own == NULL ? -1 : 0);
}

struct cache_opening *
cache_reader_begin(struct cache_reader *reader,
    const struct msg_cache_directory *where)
{
	struct cache_opening *opening;

	close_env(reader);
	reader->since = now_ms() + 1;
	memset(&reader->trouble, 0, sizeof(reader->trouble));
	reader->number = where->number;
	if (where->name[0] == '\0')
		return (NULL);
	opening = calloc(1, sizeof(*opening));
	if (opening == NULL) {
		give_up(reader, ENOMEM);
		return (NULL);
	}
	memcpy(opening->name, where->name, CACHE_DIR_LEN);
	opening->map_size = (size_t)where->map_size;
	opening->number = where->number;
	/* One name below the current directory, whoever sent it. */
	if (strchr(opening->name, '/') != NULL || opening->name[0] == '.') {
		give_up(reader, MDB_INVALID);
		free(opening);
		return (NULL);
	}
	/* If that is in vain, so is what follows. */
	if (!place_is_there())
		(void)!place_enter();
	return (opening);
}

void
cache_opening_run(struct cache_opening *opening)
{
	opening->ret = guard_run(open_work, opening);
}

/* The reader has it now, and closes it if it is of no use. */
void
cache_reader_end(struct cache_reader *reader, struct cache_opening **opening)
{
	struct cache_opening *ended = *opening;

	*opening = NULL;
	ensure(ended->number == reader->number && reader->env == NULL);
	reader->env = ended->env;
	reader->txn = ended->txn;
	reader->tables = ended->tables;
	reader->pid = getpid();
	if (ended->ret != 0)
		give_up(reader, ended->ret);
	free(ended);
}

void
cache_reader_open(struct cache_reader *reader,
    const struct msg_cache_directory *where)
{
	struct cache_opening *opening = cache_reader_begin(reader, where);

	if (opening == NULL)
		return;
	cache_opening_run(opening);
	cache_reader_end(reader, &opening);
}

struct look_up {
	struct cache_reader *reader;
	const uint8_t *name;
	uint64_t now;
	struct cache_record *record;
};

static int
find(const struct look_up *wanted)
{
	struct cache_record *record = wanted->record;
	struct cache_reader *reader = wanted->reader;
	struct store_session session;
	int ret;

	ret = store_find(reader->txn, &reader->tables, wanted->name, &session);
	if (ret != 0)
		return (ret);
	if (session.expires <= wanted->now)
		return (MDB_NOTFOUND);
	record->started = session.started;
	record->expires = session.expires;
	record->protocol = session.protocol;
	record->sealed_len = session.sealed_len;
	memcpy(record->sealed, session.sealed, session.sealed_len);
	return (0);
}

static int
look_up_work(void *context)
{
	const struct look_up *wanted = context;
	int ret;

	ret = mdb_txn_renew(wanted->reader->txn);
	if (ret != 0)
		return (ret);
	ret = find(wanted);
	mdb_txn_reset(wanted->reader->txn);
	return (ret);
}

bool
cache_reader_put(struct cache_reader *reader, const struct msg_cache_put *put,
    const uint8_t *sealed)
{
	if (reader->own == NULL)
		return (false);
	internal_put(reader->own, put, sealed, (uint64_t)time(NULL),
	    &reader->counts);
	return (true);
}

bool
cache_reader_show(struct cache_reader *reader, const struct msg_cache_put *put,
    const uint8_t *sealed)
{
	struct recent_record record;

	if (reader->recent == NULL || put->sealed_len > sizeof(record.sealed))
		return (false);
	record.stamp = now_ms();
	record.started = put->started;
	record.expires = put->expires;
	record.protocol = put->protocol;
	record.sealed_len = (uint16_t)put->sealed_len;
	memcpy(record.sealed, sealed, put->sealed_len);
	return (recent_put(reader->recent, put->key, &record));
}

static bool
is_recent(struct cache_reader *reader, const uint8_t *name, uint64_t now,
    struct cache_record *record)
{
	uint64_t since = reader->since, early = now_ms() - RECENT_MS;
	struct recent_record found;

	if (reader->recent == NULL ||
	    !recent_get(reader->recent, name, early > since ? early : since,
		&found) ||
	    found.expires <= now)
		return (false);
	record->started = found.started;
	record->expires = found.expires;
	record->protocol = found.protocol;
	record->sealed_len = found.sealed_len;
	memcpy(record->sealed, found.sealed, found.sealed_len);
	return (true);
}

bool
cache_reader_get(struct cache_reader *reader, const uint8_t key[CACHE_KEY_LEN],
    uint64_t now, struct cache_record *record)
{
	struct look_up wanted = { reader, key, now, record };
	int ret = MDB_NOTFOUND;

	if (reader->own != NULL) {
		if (internal_get(reader->own, key, now, record))
			ret = 0;
	} else if (cache_reader_in_service(reader)) {
		if (is_recent(reader, key, now, record)) {
			reader->counts.hits++;
			return (true);
		}
		ret = guard_run(look_up_work, &wanted);
	}
	if (ret == 0) {
		reader->counts.hits++;
		return (true);
	}
	reader->counts.misses++;
	if (ret != MDB_NOTFOUND) {
		reader->counts.errors++;
		give_up(reader, ret);
	}
	return (false);
}

bool
cache_reader_in_service(const struct cache_reader *reader)
{
	return (reader->own != NULL ||
	    (reader->env != NULL && reader->pid == getpid()));
}

void
cache_reader_reject(struct cache_reader *reader)
{
	/* Unless it has been told meanwhile. */
	if (reader->counts.hits > 0)
		reader->counts.hits--;
	reader->counts.misses++;
}

void
cache_reader_count_error(struct cache_reader *reader)
{
	reader->counts.errors++;
}

void
cache_reader_count_too_large(struct cache_reader *reader, uint64_t size)
{
	reader->counts.too_large++;
	if (size > reader->counts.largest)
		reader->counts.largest = size;
}

void
cache_reader_count_dropped(struct cache_reader *reader)
{
	reader->counts.dropped++;
}

bool
cache_reader_counts(struct cache_reader *reader,
    struct msg_cache_counts *counts)
{
	const struct msg_cache_counts *now = &reader->counts;

	if ((now->hits | now->misses | now->errors | now->too_large |
		now->dropped | now->stored | now->deleted | now->expired) == 0)
		return (false);
	*counts = *now;
	memset(&reader->counts, 0, sizeof(reader->counts));
	return (true);
}

bool
cache_reader_trouble(struct cache_reader *reader,
    struct msg_cache_trouble *trouble)
{
	if (reader->trouble.error == 0)
		return (false);
	*trouble = reader->trouble;
	memset(&reader->trouble, 0, sizeof(reader->trouble));
	return (true);
}

void
cache_key(uint8_t key[CACHE_KEY_LEN], const uint8_t *context,
    size_t context_len, const uint8_t *id, size_t id_len)
{
	const struct seal_data pieces[2] = { { context, context_len },
		{ id, id_len } };

	digest_sha256(key, pieces, 2);
}
