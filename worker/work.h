/*
 * work - reading and writing files off the loop.
 *
 * A source is what a transfer sends: a file or a pipe; a sink is where it
 * stores: the same.  Files are worked on in libuv's thread pool, at most two
 * operations of an account at a time (further ones wait their turn, so one
 * account on a slow disk cannot take all threads); what the page cache can
 * give at once is read on the loop (RWF_NOWAIT, probed for each descriptor),
 * and so are files of tmpfs, which cannot tell and have no disk. Pipes are
 * non-blocking and watched.
 *
 * The handler is called from the loop, never from within the call that asked;
 * one operation of a work at a time.
 */
#ifndef WORKER_WORK_H
#define WORKER_WORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "shm/base/attr.h"

struct checksum_set;
struct work;
struct worker;

/* result: bytes (0: end of file), or a negative errno. */
typedef void (*work_handler)(ssize_t result, void *context);

/*
 * Takes fd over.  pipe: watched, not read in the pool.  account: uid, for the
 * admission.  NULL with errno; fd is closed.
 */
NODISCARD struct work *work_new(struct worker *worker, int fd, bool pipe,
    uint32_t account);

/*
 * Closes the file, off the loop, after an operation that still runs (its
 * buffer stays in use until then: it belongs to the work); sets *work to
 * NULL; no handler is called any more.  NULL is allowed.
 */
void work_free(struct work **work);

/* The file or pipe, the work's; for who uses it while nothing is under way. */
NODISCARD int work_fd(const struct work *work);

/*
 * The work's own buffer, work_room() bytes: sources read into it, sinks write
 * from it.  It is of WORK_BUFFER bytes at first, and of more once the file
 * moves fast: see work_write().
 */
#define WORK_BUFFER      65536
#define WORK_BUFFER_MAX  (8 * (size_t)WORK_BUFFER)
#define WORK_BUFFERS_MAX ((size_t)64 << 20) /* of one worker, above that */
NODISCARD uint8_t *work_buffer(struct work *work);
NODISCARD size_t work_room(const struct work *work);

/*
 * Reads up to len bytes at offset (pipes: the next) into the buffer.  Returns
 * the bytes (0: the end) when they were there at once, -EINPROGRESS when the
 * handler will be called, or another negative errno.
 */
NODISCARD ssize_t work_read(struct work *work, size_t len, uint64_t offset,
    work_handler handler, void *context);

/*
 * For a file that had to be waited for: begins to read at offset into another
 * buffer, as much as that holds, while the caller uses this one.  Either
 * -EINPROGRESS, and then work_turn() once the handler was called, which makes
 * the other buffer work_buffer(); or a negative errno, -EAGAIN where it is of
 * no use: the transfer is slow, the source a pipe, or one whose page cache can
 * be asked, where the kernel reads ahead.
 */
NODISCARD ssize_t work_read_ahead(struct work *work, uint64_t offset,
    work_handler handler, void *context);
void work_turn(struct work *work);

/*
 * Writes all len bytes of the buffer at offset; as above (never "at once" with
 * less than len).  Unless it fails at once it takes the buffer with it:
 * work_buffer() is another one then, to be filled meanwhile.  A sink that
 * fills its buffers fast gets larger ones, a slow one the least.
 */
NODISCARD ssize_t work_write(struct work *work, size_t len, uint64_t offset,
    work_handler handler, void *context);

/*
 * Has the threads that write a file add what they have written to the set,
 * which is the work's from now on; work_sums() is for who uses it while nothing
 * is under way.  NULL: there is none.
 */
void work_add_sums(struct work *work, struct checksum_set *sums);
NODISCARD struct checksum_set *work_sums(const struct work *work);

#endif
