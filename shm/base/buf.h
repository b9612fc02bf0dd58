/*
 * buf - a bounded, growing queue of bytes.
 *
 * Bytes are appended at the end and consumed at the front.  Memory is released
 * when the buffer runs empty, so that an idle session holds none.
 */
#ifndef SHM_BASE_BUF_H
#define SHM_BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

#include "shm/base/attr.h"

struct buf {
	uint8_t *memory;
	size_t start, end, size;
	size_t limit; /* most bytes it may hold, 0 = no limit */
};

/* An empty buffer that may hold at most limit bytes (0: no limit). */
void buf_init(struct buf *buf, size_t limit);

/* Releases the memory; the buffer is empty and usable afterwards. */
void buf_free(struct buf *buf);

NODISCARD size_t buf_len(const struct buf *buf);
NODISCARD uint8_t *buf_data(const struct buf *buf);

/* Appends len bytes; -1 (ENOBUFS over the limit, ENOMEM) leaves it as it was.
 */
NODISCARD int buf_append(struct buf *buf, const void *data, size_t len);

/* Room for at least len bytes at the end; NULL as above.  Then buf_added(). */
NODISCARD uint8_t *buf_reserve(struct buf *buf, size_t len);
void buf_added(struct buf *buf, size_t len);

/* Appends formatted text; returns as buf_append(). */
NODISCARD int buf_printf(struct buf *buf, const char *format, ...)
    PRINTF_LIKE(2, 3);

/* Drops len bytes (at most buf_len()) from the front. */
void buf_consume(struct buf *buf, size_t len);

#endif
