/*
 * coding - what becomes of bytes between a file and the data connection: the
 * line ends of TYPE A (RFC 959), the compression of MODE Z (zlib, RFC 1950), or
 * both.
 *
 * What it keeps is bounded, whatever the bytes are.  It is one or the other
 * way's, as it was made.
 */
#ifndef WORKER_FTP_SYNTAX_CODING_H
#define WORKER_FTP_SYNTAX_CODING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "shm/base/attr.h"

/* Bytes that are coded at a time. */
#define CODING_BLOCK 16384
/* Room that coding_decode() needs. */
#define CODING_ROOM_MIN (CODING_BLOCK + 2)

struct coding;

struct coding_how {
	bool receive;       /* from the wire to a file */
	bool ascii;         /* line ends */
	bool zip;           /* compression */
	uint8_t level;      /* of zip when sending, 1 to 9 */
	uint32_t expansion; /* most of zip when receiving; 0: no limit */
};

/* NULL when memory is short.  Sending with zip takes some 300 KiB, receiving
 * 60. */
NODISCARD struct coding *coding_new(const struct coding_how *how);
void coding_free(struct coding **coding); /* NULL is allowed */

/*
 * Sending.  Takes bytes of the file when none are ready for the wire; last:
 * none follow these.  Returns how many were taken, CODING_BLOCK at most; when
 * then nothing is ready, there is nothing to send before the next bytes, or
 * (last, and all were taken) any more.
 */
NODISCARD size_t coding_encode(struct coding *coding, const uint8_t *in,
    size_t len, bool last);
/* The bytes that are ready, and that so many of them have been sent. */
NODISCARD size_t coding_ready(const struct coding *coding,
    const uint8_t **data);
void coding_sent(struct coding *coding, size_t len);
/* Whether all that must follow the last byte of the file was made. */
NODISCARD bool coding_is_complete(const struct coding *coding);

/*
 * Receiving.  Where the next bytes of the wire go; NULL: what is there has to
 * be decoded before.  len of them were put there.
 */
NODISCARD uint8_t *coding_space(struct coding *coding, size_t *room);
void coding_received(struct coding *coding, size_t len);
/*
 * Bytes for the file, at most room.  -1 with errno EBADMSG: the wire's bytes
 * are not zlib's, EFBIG: there are more than `expansion` allows.
 */
NODISCARD ssize_t coding_decode(struct coding *coding, uint8_t *out,
    size_t room);
/* The wire has ended: the last bytes (0 or 1), or -1 with EBADMSG: too early.
 */
NODISCARD ssize_t coding_end(struct coding *coding, uint8_t *out);

/* How hard the work was, in bytes of a copy; for who shares a loop. */
NODISCARD size_t coding_cost(const struct coding *coding, size_t bytes);

#endif
