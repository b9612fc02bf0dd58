/*
 * store - how sessions lie in an LMDB environment.
 *
 * What reader and keeper have in common: the tables, the layout of a record,
 * the flags.  Three plain tables:
 *
 *	exp	place: end of life (8 bytes) and number (4 bytes) -> record
 *	sess	name: the first 16 bytes of the session's key -> place
 *	meta	"format" -> STORE_FORMAT
 *
 * So records are appended at one end of exp and leave at the other, by expiry
 * or to make room: their pages are full, and come free as a whole.  Only the
 * short entries of sess come and go at random.  A key is a SHA-256; half of it
 * is as good a name and is half as long.
 *
 * A place is big-endian, so that the order of the bytes is that of time.  A
 * record is
 *
 *	u8 format, u8 id_len, u8 context_len, u8 zero, u16 protocol,
 *	u16 sealed_len, u64 started, name, id, context, sealed
 *
 * in host byte order and without padding: an environment never leaves the
 * machine, nor outlives the daemon.  All but the sealed part is in clear, for
 * `ftpsctl sesscache info -v`; the sealed part is opaque here.
 */
#ifndef SHM_CACHE_STORE_H
#define SHM_CACHE_STORE_H

#include <lmdb.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/base/attr.h"
#include "shm/ipc/body.h"

#define STORE_FORMAT      1u
#define STORE_NAME_LEN    16
#define STORE_PLACE_LEN   12
#define STORE_ID_MAX      32
#define STORE_CONTEXT_MAX 32
#define STORE_RECORD_MAX  8296 /* header, id, context and sealed part */

/*
 * No thread-local reader slots, and no fsync: the cache does not outlive the
 * machine.  Pages are written by the kernel, never through the map, where a
 * stray pointer could reach them.
 */
#define STORE_FLAGS (MDB_NOTLS | MDB_NOSYNC)

/* Processes that may have the environment open at once. */
#define STORE_READERS 2048u

struct store_tables {
	MDB_dbi sessions, expiry, meta;
};

/* A session in clear and sealed parts; pointers are the caller's. */
struct store_session {
	uint64_t started, expires;
	uint16_t protocol;
	uint8_t id_len, context_len;
	uint16_t sealed_len;
	const uint8_t *name, *id, *context, *sealed;
};

/*
 * Opens the tables in txn; with MDB_CREATE in flags they are made, else the
 * format is checked (MDB_VERSION_MISMATCH).  Returns 0 or an error of LMDB.
 */
NODISCARD int store_open_tables(MDB_txn *txn, unsigned int flags,
    struct store_tables *tables);

/* Writes the record to out (STORE_RECORD_MAX bytes) and returns its length. */
NODISCARD size_t store_encode(const struct store_session *session,
    uint8_t *out);

/*
 * Takes a record apart; pointers go into it.  0, or MDB_CORRUPTED when its
 * sizes, or those of the place, do not add up.
 */
NODISCARD int store_decode(const MDB_val *place, const MDB_val *record,
    struct store_session *session);

/*
 * The session with that name, taken apart as above.  0, MDB_NOTFOUND, or
 * another error of LMDB.
 */
NODISCARD int store_find(MDB_txn *txn, const struct store_tables *tables,
    const uint8_t name[STORE_NAME_LEN], struct store_session *session);

/* Composes a place, and tells the time in it. */
void store_place(uint8_t out[STORE_PLACE_LEN], uint64_t expires,
    uint32_t number);
NODISCARD uint64_t store_place_time(const uint8_t place[STORE_PLACE_LEN]);

#endif
