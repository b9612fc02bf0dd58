#include "shm/cache/writer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shm/cache/batch.h"
#include "shm/cache/writer_env.h"

/* Tries to find room for a batch before it is given up. */
#define ROOM_TRIES 6

bool
writer_error_is_room(int error)
{
	/* A full disk shows as EIO or ENOSPC; the environment is unharmed. */
	return (error == MDB_MAP_FULL || error == ENOSPC || error == EIO ||
	    error == ENOMEM);
}

static int
create_tables(struct writer *writer)
{
	MDB_txn *txn;
	int ret;

	ret = mdb_txn_begin(writer->env, NULL, 0, &txn);
	if (ret != 0)
		return (ret);
	ret = store_open_tables(txn, MDB_CREATE, &writer->tables);
	if (ret == 0)
		return (mdb_txn_commit(txn));
	mdb_txn_abort(txn);
	return (ret);
}

static int
open_env(struct writer *writer, const char *name)
{
	int ret;

	ret = mdb_env_create(&writer->env);
	if (ret != 0) {
		writer->env = NULL;
		return (ret);
	}
	ret = mdb_env_set_mapsize(writer->env,
	    writer->map_pages * writer->page_size);
	if (ret == 0)
		ret = mdb_env_set_maxdbs(writer->env, 3);
	if (ret == 0)
		ret = mdb_env_set_maxreaders(writer->env, STORE_READERS);
	if (ret == 0)
		ret = mdb_env_open(writer->env, name, STORE_FLAGS, 0600);
	if (ret == 0)
		ret = create_tables(writer);
	return (ret);
}

/*
 * A transaction copies each page that it touches, three or so a change, and
 * gets the old ones back two transactions later.  So some pages must always be
 * free: a tenth of the map, or what that takes where the map is tiny, and then
 * batches are small too.
 */
static void
set_sizes(struct writer *writer, uint64_t map_size)
{
	size_t reserve;

	if (map_size < WRITER_MAP_MIN)
		map_size = WRITER_MAP_MIN;
	writer->page_size = (size_t)sysconf(_SC_PAGESIZE);
	writer->map_pages = (size_t)(map_size / writer->page_size);
	writer->batch_max = writer->map_pages / 64;
	if (writer->batch_max > WRITER_BATCH_MAX)
		writer->batch_max = WRITER_BATCH_MAX;
	reserve = writer->map_pages / 10;
	if (reserve < 9 * writer->batch_max + 16)
		reserve = 9 * writer->batch_max + 16;
	writer->pages_high = writer->map_pages - reserve;
}

int
writer_open(const char *name, uint64_t map_size, struct cache_totals *totals,
    struct writer **out)
{
	struct writer *writer;
	int ret;

	writer = calloc(1, sizeof(*writer));
	if (writer == NULL)
		return (ENOMEM);
	writer->totals = totals;
	writer->next_end = UINT64_MAX;
	set_sizes(writer, map_size);
	ret = batch_init(&writer->batch) == -1 ? ENOMEM : 0;
	if (ret == 0)
		ret = open_env(writer, name);
	if (ret != 0) {
		writer_close(&writer);
		return (ret);
	}
	*out = writer;
	return (0);
}

void
writer_close(struct writer **writer)
{
	struct writer *ended = *writer;

	if (ended == NULL)
		return;
	*writer = NULL;
	if (ended->env != NULL)
		mdb_env_close(ended->env);
	ended->totals->dropped += ended->batch.count;
	batch_free(&ended->batch);
	free(ended);
}

bool
writer_put(struct writer *writer, const uint8_t *key,
    const struct store_session *session)
{
	batch_put(&writer->batch, key, session);
	return (writer->batch.count >= writer->batch_max);
}

bool
writer_delete(struct writer *writer, const uint8_t *key)
{
	batch_delete(&writer->batch, key);
	return (writer->batch.count >= writer->batch_max);
}

/* What a transaction did, for the totals when it is committed. */
struct done {
	uint64_t stored, deleted, expired;
	uint64_t next_end;
};

/* Takes the record of the session with that name out, if there is one. */
static int
remove_record(struct writer *writer, MDB_txn *txn, MDB_val *name,
    uint64_t *expires)
{
	uint8_t bytes[STORE_PLACE_LEN];
	MDB_val place = { sizeof(bytes), bytes }, value;
	int ret;

	ret = mdb_get(txn, writer->tables.sessions, name, &value);
	if (ret != 0)
		return (ret);
	if (value.mv_size != sizeof(bytes))
		return (MDB_CORRUPTED);
	memcpy(bytes, value.mv_data, sizeof(bytes));
	*expires = store_place_time(bytes);
	ret = mdb_del(txn, writer->tables.expiry, &place, NULL);
	return (ret == MDB_NOTFOUND ? MDB_CORRUPTED : ret);
}

static int
store_put(struct writer *writer, MDB_txn *txn, struct batch_item *item,
    struct done *done)
{
	uint8_t bytes[STORE_PLACE_LEN];
	MDB_val name = { sizeof(item->name), item->name };
	MDB_val record = { item->len, item->record };
	MDB_val place = { sizeof(bytes), bytes };
	int ret;

	store_place(bytes, item->expires, writer->next_number++);
	ret = mdb_put(txn, writer->tables.expiry, &place, &record, 0);
	if (ret == 0)
		ret = mdb_put(txn, writer->tables.sessions, &name, &place, 0);
	if (ret != 0)
		return (ret);
	done->stored++;
	if (item->expires < done->next_end)
		done->next_end = item->expires;
	return (0);
}

static int
apply_item(struct writer *writer, MDB_txn *txn, struct batch_item *item,
    uint64_t now, struct done *done)
{
	MDB_val name = { sizeof(item->name), item->name };
	uint64_t expires = 0;
	int ret;

	ret = remove_record(writer, txn, &name, &expires);
	if (ret != 0 && ret != MDB_NOTFOUND)
		return (ret);
	if (item->len > 0)
		return (store_put(writer, txn, item, done));
	if (ret == MDB_NOTFOUND)
		return (0);
	if (expires > now)
		done->deleted++;
	else
		done->expired++;
	return (mdb_del(txn, writer->tables.sessions, &name, NULL));
}

/* Commits what was done and accounts for it, unless ret is an error. */
static int
end_transaction(struct writer *writer, MDB_txn *txn, int ret,
    const struct done *done)
{
	if (ret == 0)
		ret = writer_env_used(writer, txn, &writer->pages_used);
	if (ret != 0) {
		mdb_txn_abort(txn);
		return (ret);
	}
	ret = mdb_txn_commit(txn);
	if (ret != 0)
		return (ret);
	writer->totals->stored += done->stored;
	writer->totals->deleted += done->deleted;
	writer->totals->expired += done->expired;
	writer->next_end = done->next_end;
	return (0);
}

static int
try_batch(struct writer *writer, uint64_t now)
{
	struct done done = { 0, 0, 0, writer->next_end };
	MDB_txn *txn;
	size_t i;
	int ret;

	ret = mdb_txn_begin(writer->env, NULL, 0, &txn);
	if (ret != 0)
		return (ret);
	for (i = 0; ret == 0 && i < writer->batch.count; i++)
		ret = apply_item(writer, txn, &writer->batch.items[i], now,
		    &done);
	return (end_transaction(writer, txn, ret, &done));
}

struct trim {
	uint64_t now;
	size_t max;
	bool live; /* take those that have not ended, too */
};

/* Removes the session that ends first; MDB_NOTFOUND: none that is wanted. */
static int
trim_one(struct writer *writer, MDB_cursor *cursor, const struct trim *trim,
    struct done *done)
{
	struct store_session session;
	uint8_t bytes[STORE_NAME_LEN];
	MDB_val place, record, name = { sizeof(bytes), bytes };
	int ret;

	ret = mdb_cursor_get(cursor, &place, &record, MDB_FIRST);
	if (ret == MDB_NOTFOUND)
		done->next_end = UINT64_MAX;
	if (ret == 0)
		ret = store_decode(&place, &record, &session);
	if (ret != 0)
		return (ret);
	done->next_end = session.expires;
	if (session.expires > trim->now && !trim->live)
		return (MDB_NOTFOUND);
	memcpy(bytes, session.name, sizeof(bytes));
	ret = mdb_cursor_del(cursor, 0);
	if (ret == 0)
		ret = mdb_del(mdb_cursor_txn(cursor), writer->tables.sessions,
		    &name, NULL);
	if (ret != 0)
		return (ret == MDB_NOTFOUND ? MDB_CORRUPTED : ret);
	if (session.expires > trim->now)
		done->deleted++;
	else
		done->expired++;
	return (0);
}

/* Removes what trim asks for in one transaction; *count tells how many. */
static int
trim_sessions(struct writer *writer, const struct trim *trim, size_t *count)
{
	struct done done = { 0, 0, 0, writer->next_end };
	MDB_cursor *cursor;
	MDB_txn *txn;
	int ret;

	*count = 0;
	ret = mdb_txn_begin(writer->env, NULL, 0, &txn);
	if (ret != 0)
		return (ret);
	ret = mdb_cursor_open(txn, writer->tables.expiry, &cursor);
	if (ret == 0) {
		while (ret == 0 && *count < trim->max) {
			ret = trim_one(writer, cursor, trim, &done);
			*count += ret == 0;
		}
		mdb_cursor_close(cursor);
	}
	return (
	    end_transaction(writer, txn, ret == MDB_NOTFOUND ? 0 : ret, &done));
}

int
writer_clear(struct writer *writer, uint64_t *sessions)
{
	MDB_stat stat;
	MDB_txn *txn;
	int ret;

	*sessions = 0;
	ret = mdb_txn_begin(writer->env, NULL, 0, &txn);
	if (ret != 0)
		return (ret);
	ret = mdb_stat(txn, writer->tables.sessions, &stat);
	if (ret == 0)
		ret = mdb_drop(txn, writer->tables.sessions, 0);
	if (ret == 0)
		ret = mdb_drop(txn, writer->tables.expiry, 0);
	if (ret != 0) {
		mdb_txn_abort(txn);
		return (ret);
	}
	*sessions = stat.ms_entries;
	ret = mdb_txn_commit(txn);
	if (ret == 0)
		writer->next_end = UINT64_MAX;
	return (ret);
}

/* Removes up to count of the sessions that end first, whatever their age. */
static int
evict(struct writer *writer, uint64_t now, size_t count)
{
	struct trim trim = { now, count, true };
	size_t done;
	int ret;

	ret = trim_sessions(writer, &trim, &done);
	return (writer_error_is_room(ret) ? 0 : ret);
}

/*
 * Makes room after a transaction found none.  Deleting needs pages too, so a
 * few sessions go at a time, and fewer still each time that is in vain; twice,
 * since pages come free two transactions later.  At the end all sessions go,
 * for which next to nothing is needed.
 */
static int
find_room(struct writer *writer, uint64_t now, int attempt)
{
	size_t count = (writer->batch_max >> attempt) + 1;
	uint64_t dropped;
	int ret;

	writer_check_readers(writer);
	if (attempt < ROOM_TRIES - 1) {
		ret = evict(writer, now, count);
		return (ret != 0 ? ret : evict(writer, now, count));
	}
	ret = writer_clear(writer, &dropped);
	if (ret == 0)
		writer->totals->deleted += dropped;
	return (ret);
}

/*
 * Sessions leave as others come once the map is nearly full.  That keeps their
 * number, not the pages: those that random deletions leave half empty are only
 * joined late.  So the further the reserve is used up, the more must go.
 */
static int
keep_head_room(struct writer *writer, uint64_t now)
{
	size_t over, rounds;
	int ret = 0;

	if (writer->pages_used < writer->pages_high)
		return (0);
	over = writer->pages_used - writer->pages_high;
	rounds = 1 + over * 8 / (writer->map_pages - writer->pages_high);
	while (ret == 0 && rounds-- > 0)
		ret = evict(writer, now, writer->batch.count);
	return (ret);
}

int
writer_commit(struct writer *writer, uint64_t now)
{
	int attempt, ret;

	if (writer->batch.count == 0)
		return (0);
	ret = keep_head_room(writer, now);
	if (ret == 0)
		ret = try_batch(writer, now);
	for (attempt = 0; ret == MDB_MAP_FULL && attempt < ROOM_TRIES;
	     attempt++) {
		ret = find_room(writer, now, attempt);
		if (ret == 0)
			ret = try_batch(writer, now);
	}
	if (ret != 0)
		writer->totals->errors += writer->batch.count;
	batch_clear(&writer->batch);
	/* Full although it is empty: a reader holds it all for ever. */
	if (ret == MDB_MAP_FULL)
		return (ret);
	return (writer_error_is_room(ret) ? 0 : ret);
}

int
writer_expire(struct writer *writer, uint64_t now, bool *more)
{
	struct trim trim = { now, WRITER_TRIM_MAX, false };
	size_t count;
	int ret;

	ret = trim_sessions(writer, &trim, &count);
	*more = count == trim.max;
	return (writer_error_is_room(ret) ? 0 : ret);
}

uint64_t
writer_map_size(const struct writer *writer)
{
	return ((uint64_t)writer->map_pages * writer->page_size);
}

uint64_t
writer_next_end(const struct writer *writer)
{
	return (writer->next_end);
}
