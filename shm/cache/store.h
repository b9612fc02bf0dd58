/*
 * store - how sessions lie in an LMDB environment.
 *
 * What reader and keeper have in common: the tables, the layout of a record,
 * the flags.  Three plain tables:
 *
 *	sess	16 bytes of the session's key -> a record (store_encode())
 *	exp	end of life (8 bytes, big-endian), 16 bytes of key -> nothing
 *	meta	"format" -> STORE_FORMAT
 *
 * A key is a SHA-256; its first half is as good a name and saves 48 bytes a
 * session.  A record is
 *
 *	u8 format, u8 id_len, u8 context_len, u8 zero, u16 protocol,
 *	u16 sealed_len, u64 started, u64 expires, id, context, sealed
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
#define STORE_NAME_LEN    16 /* of a key, in the tables */
#define STORE_EXPIRY_LEN  (8 + STORE_NAME_LEN)
#define STORE_ID_MAX      32
#define STORE_CONTEXT_MAX 32
#define STORE_RECORD_MAX  4192 /* header, id, context and sealed part */

/*
 * No thread-local reader slots, and no fsync: the cache does not outlive the
 * machine.  MDB_WRITEMAP would let a stray pointer write to the file.
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
	const uint8_t *id, *context, *sealed;
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
 * sizes do not add up.
 */
NODISCARD int store_decode(const MDB_val *record,
    struct store_session *session);

/* Composes and takes apart the key of an entry of exp. */
void store_expiry_key(uint8_t out[STORE_EXPIRY_LEN], uint64_t expires,
    const uint8_t name[STORE_NAME_LEN]);
NODISCARD uint64_t store_expiry_time(const uint8_t key[STORE_EXPIRY_LEN]);

#endif
