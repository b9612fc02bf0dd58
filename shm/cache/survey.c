/* What an environment holds: the reading half of writer.h. */
#include <string.h>

#include "shm/cache/writer.h"
#include "shm/cache/writer_env.h"

#define FREE_TABLE 0 /* LMDB's own: pages to be used again */
#define MAIN_TABLE 1 /* the names of ours */
#define META_PAGES 2

/*
 * What a session needs: a record of about 310 bytes on pages that are full, an
 * entry of 40 in sess on pages that random names fill to two thirds, and some
 * waste at the end of each page.
 */
#define SESSION_BYTES 440

static int
add_pages(MDB_txn *txn, MDB_dbi table, size_t *pages)
{
	MDB_stat stat;
	int ret;

	ret = mdb_stat(txn, table, &stat);
	if (ret == 0)
		*pages += stat.ms_branch_pages + stat.ms_leaf_pages +
		    stat.ms_overflow_pages;
	return (ret);
}

int
writer_env_used(const struct writer *writer, MDB_txn *txn, size_t *pages)
{
	const MDB_dbi tables[] = { FREE_TABLE, MAIN_TABLE, writer->tables.meta,
		writer->tables.sessions, writer->tables.expiry };
	size_t i;
	int ret = 0;

	*pages = META_PAGES;
	for (i = 0; ret == 0 && i < NITEMS(tables); i++)
		ret = add_pages(txn, tables[i], pages);
	return (ret);
}

/*
 * As a writer, which nobody else is: a reader's place is behind a lock that a
 * worker may hold when it is stopped.
 */
static int
begin(const struct writer *writer, MDB_txn **txn)
{
	return (mdb_txn_begin(writer->env, NULL, 0, txn));
}

void
writer_check_readers(struct writer *writer)
{
	int dead;

	/* It fails only when the lock file is gone, which the next open sees.
	 */
	(void)mdb_reader_check(writer->env, &dead);
}

static int
count_line(const char *line, void *context)
{
	uint32_t *lines = context;

	(void)line;
	(*lines)++;
	return (0);
}

/* LMDB tells of its readers only in text: a heading, then a line for each. */
static uint32_t
count_readers(MDB_env *env)
{
	uint32_t lines = 0;

	if (mdb_reader_list(env, count_line, &lines) < 0 || lines == 0)
		return (0);
	return (lines - 1);
}

int
writer_facts(struct writer *writer, struct writer_facts *facts)
{
	size_t pages;
	MDB_stat stat;
	MDB_txn *txn;
	int ret;

	memset(facts, 0, sizeof(*facts));
	writer_check_readers(writer);
	facts->readers = count_readers(writer->env);
	facts->readers_max = STORE_READERS;
	ret = begin(writer, &txn);
	if (ret != 0)
		return (ret);
	ret = mdb_stat(txn, writer->tables.sessions, &stat);
	if (ret == 0)
		ret = writer_env_used(writer, txn, &pages);
	mdb_txn_abort(txn);
	if (ret != 0)
		return (ret);
	facts->map_size = writer_map_size(writer);
	facts->map_used = (uint64_t)pages * writer->page_size;
	facts->sessions = stat.ms_entries;
	facts->maximum =
	    (uint64_t)writer->pages_high * writer->page_size / SESSION_BYTES;
	return (0);
}

static void
fill_entry(struct msg_cache_entry *entry, const struct store_session *session)
{
	memset(entry, 0, sizeof(*entry));
	memcpy(entry->key, session->name, STORE_NAME_LEN);
	memcpy(entry->id, session->id, session->id_len);
	memcpy(entry->context, session->context, session->context_len);
	entry->started = session->started;
	entry->expires = session->expires;
	entry->protocol = session->protocol;
	entry->id_len = session->id_len;
	entry->context_len = session->context_len;
}

/* The first key at or after *key, and not that one itself. */
static int
first_after(MDB_cursor *cursor, const uint8_t *after, MDB_val *key,
    MDB_val *value)
{
	uint8_t start[STORE_NAME_LEN];
	int ret;

	memcpy(start, after, sizeof(start));
	key->mv_size = sizeof(start);
	key->mv_data = start;
	ret = mdb_cursor_get(cursor, key, value, MDB_SET_RANGE);
	if (ret == 0 && key->mv_size == STORE_NAME_LEN &&
	    memcmp(key->mv_data, after, STORE_NAME_LEN) == 0)
		ret = mdb_cursor_get(cursor, key, value, MDB_NEXT);
	return (ret);
}

static int
fill_page(const struct writer *writer, MDB_cursor *cursor, const uint8_t *after,
    uint64_t now, struct msg_cache_page *page, struct msg_cache_entry *entries)
{
	struct store_session session;
	MDB_val key, value;
	int ret;

	ret = first_after(cursor, after, &key, &value);
	while (ret == 0 && page->count < CACHE_PAGE_ENTRIES) {
		if (key.mv_size != STORE_NAME_LEN)
			return (MDB_CORRUPTED);
		ret = store_find(mdb_cursor_txn(cursor), &writer->tables,
		    key.mv_data, &session);
		if (ret != 0)
			return (ret);
		if (session.expires > now)
			fill_entry(&entries[page->count++], &session);
		ret = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
	}
	page->last = ret == MDB_NOTFOUND;
	return (page->last ? 0 : ret);
}

int
writer_list(struct writer *writer, const uint8_t after[CACHE_KEY_LEN],
    uint64_t now, struct msg_cache_page *page, struct msg_cache_entry *entries)
{
	MDB_cursor *cursor;
	MDB_txn *txn;
	int ret;

	page->count = 0;
	page->last = 1;
	ret = begin(writer, &txn);
	if (ret != 0)
		return (ret);
	ret = mdb_cursor_open(txn, writer->tables.sessions, &cursor);
	if (ret == 0) {
		ret = fill_page(writer, cursor, after, now, page, entries);
		mdb_cursor_close(cursor);
	}
	mdb_txn_abort(txn);
	return (ret);
}
