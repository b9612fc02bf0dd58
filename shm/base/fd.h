/* fd - descriptors: who owns them, and that nobody inherits them by accident.
 */
#ifndef SHM_BASE_FD_H
#define SHM_BASE_FD_H

#include <stddef.h>
#include <stdint.h>

#include "shm/base/attr.h"

/* Closes *fd unless it is -1, and sets it to -1.  errno is kept. */
void fd_close(int *fd);

/* 0, or -1 with errno. */
NODISCARD int fd_set_nonblock(int fd);
NODISCARD int fd_set_inherit(int fd, int inherit);

/* A SOCK_SEQPACKET pair, close-on-exec and non-blocking. 0, or -1 with errno.
 */
NODISCARD int fd_pair(int pair[2]);

/*
 * Reads or sends exactly len bytes, waiting for them: for a helper with one
 * job.  1, 0 at the end of input, or -1.
 */
NODISCARD int fd_read_whole(int fd, void *data, size_t len);
NODISCARD int fd_send_whole(int fd, const void *data, size_t len);

/*
 * Closes every descriptor above 2 that is not in keep (count of them, sorted
 * or not).  For the first steps of a child process.
 */
void fd_close_all_but(const int *keep, size_t count);

/*
 * Opens /dev/null on those of the descriptors 0 to 2 that are closed, or what
 * is opened next would be taken for one of them.  0, or -1 with errno.
 */
NODISCARD int fd_fill_standard(void);

/* Opens /dev/null on descriptors 0 and 1 (and 2 when with_stderr). */
NODISCARD int fd_null_standard(int with_stderr);

/* Writes all len bytes; 0, or -1 with errno when some of them may be written.
 */
NODISCARD int fd_write(int fd, const void *data, size_t len);
/* The same from the offset on; with O_APPEND that is the end. */
NODISCARD int fd_write_at(int fd, const void *data, size_t len,
    uint64_t offset);

/*
 * A sealed memfd with a copy of len bytes of data: readable by whoever gets it,
 * changeable by nobody.  Returns the descriptor, or -1 with errno.
 */
NODISCARD int fd_sealed(const char *name, const void *data, size_t len);

/*
 * Reads the whole of a sealed memfd of at most max bytes into a fresh buffer
 * that ends in a NUL (not counted in *len).  NULL with errno when fd is no
 * sealed memfd (EINVAL), too long (EFBIG), or memory is short.  The caller
 * frees.
 */
NODISCARD char *fd_read_sealed(int fd, size_t max, size_t *len);

#endif
