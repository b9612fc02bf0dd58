#include "shm/cache/store.h"

#include <stddef.h>
#include <string.h>

#include "shm/base/ensure.h"

/* The fixed part of a record; copied in and out, so alignment is no matter. */
struct record {
	uint8_t format, id_len, context_len, zero;
	uint16_t protocol, sealed_len;
	uint64_t started;
	uint8_t name[STORE_NAME_LEN];
};

_Static_assert(sizeof(struct record) == 32, "padding would go into the file");
_Static_assert(sizeof(struct record) + STORE_ID_MAX + STORE_CONTEXT_MAX +
	    CACHE_VALUE_MAX <=
	STORE_RECORD_MAX,
    "a record of the greatest size has no room");

static int
check_format(MDB_txn *txn, const struct store_tables *tables)
{
	char name[] = "format";
	MDB_val key = { sizeof(name), name }, value;
	uint32_t format;
	int ret;

	ret = mdb_get(txn, tables->meta, &key, &value);
	if (ret != 0)
		return (ret == MDB_NOTFOUND ? MDB_VERSION_MISMATCH : ret);
	if (value.mv_size != sizeof(format))
		return (MDB_VERSION_MISMATCH);
	memcpy(&format, value.mv_data, sizeof(format));
	return (format == STORE_FORMAT ? 0 : MDB_VERSION_MISMATCH);
}

static int
write_format(MDB_txn *txn, const struct store_tables *tables)
{
	char name[] = "format";
	uint32_t format = STORE_FORMAT;
	MDB_val key = { sizeof(name), name };
	MDB_val value = { sizeof(format), &format };

	return (mdb_put(txn, tables->meta, &key, &value, 0));
}

int
store_open_tables(MDB_txn *txn, unsigned int flags, struct store_tables *tables)
{
	int ret;

	ret = mdb_dbi_open(txn, "meta", flags, &tables->meta);
	if (ret == 0)
		ret = mdb_dbi_open(txn, "sess", flags, &tables->sessions);
	if (ret == 0)
		ret = mdb_dbi_open(txn, "exp", flags, &tables->expiry);
	if (ret != 0)
		return (ret);
	if ((flags & MDB_CREATE) != 0)
		return (write_format(txn, tables));
	return (check_format(txn, tables));
}

size_t
store_encode(const struct store_session *session, uint8_t *out)
{
	struct record record;
	uint8_t *at = out;

	ensure(session->id_len <= STORE_ID_MAX &&
	    session->context_len <= STORE_CONTEXT_MAX &&
	    session->sealed_len <= CACHE_VALUE_MAX);
	memset(&record, 0, sizeof(record));
	record.format = STORE_FORMAT;
	record.id_len = session->id_len;
	record.context_len = session->context_len;
	record.protocol = session->protocol;
	record.sealed_len = session->sealed_len;
	record.started = session->started;
	memcpy(record.name, session->name, sizeof(record.name));
	memcpy(at, &record, sizeof(record));
	at += sizeof(record);
	memcpy(at, session->id, session->id_len);
	at += session->id_len;
	memcpy(at, session->context, session->context_len);
	at += session->context_len;
	memcpy(at, session->sealed, session->sealed_len);
	at += session->sealed_len;
	return ((size_t)(at - out));
}

int
store_decode(const MDB_val *place, const MDB_val *value,
    struct store_session *session)
{
	const uint8_t *at = value->mv_data;
	struct record record;

	if (place->mv_size != STORE_PLACE_LEN ||
	    value->mv_size < sizeof(record))
		return (MDB_CORRUPTED);
	memcpy(&record, at, sizeof(record));
	if (record.format != STORE_FORMAT || record.id_len > STORE_ID_MAX ||
	    record.context_len > STORE_CONTEXT_MAX ||
	    record.sealed_len > CACHE_VALUE_MAX ||
	    value->mv_size !=
		sizeof(record) + record.id_len + record.context_len +
		    record.sealed_len)
		return (MDB_CORRUPTED);
	session->started = record.started;
	session->expires = store_place_time(place->mv_data);
	session->protocol = record.protocol;
	session->id_len = record.id_len;
	session->context_len = record.context_len;
	session->sealed_len = record.sealed_len;
	session->name = at + offsetof(struct record, name);
	session->id = at + sizeof(record);
	session->context = session->id + record.id_len;
	session->sealed = session->context + record.context_len;
	return (0);
}

int
store_find(MDB_txn *txn, const struct store_tables *tables,
    const uint8_t name[STORE_NAME_LEN], struct store_session *session)
{
	uint8_t copy[STORE_NAME_LEN];
	MDB_val key = { sizeof(copy), copy }, place, record;
	int ret;

	memcpy(copy, name, sizeof(copy));
	ret = mdb_get(txn, tables->sessions, &key, &place);
	if (ret != 0)
		return (ret);
	ret = mdb_get(txn, tables->expiry, &place, &record);
	if (ret == 0)
		ret = store_decode(&place, &record, session);
	if (ret == 0 && memcmp(session->name, name, STORE_NAME_LEN) != 0)
		ret = MDB_CORRUPTED;
	/* What one table names is in the other. */
	return (ret == MDB_NOTFOUND ? MDB_CORRUPTED : ret);
}

void
store_place(uint8_t out[STORE_PLACE_LEN], uint64_t expires, uint32_t number)
{
	size_t i;

	for (i = 0; i < 8; i++)
		out[i] = (uint8_t)(expires >> (56 - 8 * i));
	for (i = 0; i < 4; i++)
		out[8 + i] = (uint8_t)(number >> (24 - 8 * i));
}

uint64_t
store_place_time(const uint8_t place[STORE_PLACE_LEN])
{
	uint64_t expires = 0;
	size_t i;

	for (i = 0; i < 8; i++)
		expires = expires << 8 | place[i];
	return (expires);
}
