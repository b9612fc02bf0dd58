#include "shm/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

void
fd_close(int *fd)
{
	int saved = errno;

	if (*fd != -1)
		close(*fd);
	*fd = -1;
	errno = saved;
}

int
fd_set_nonblock(int fd)
{
	int flags;

	flags = fcntl(fd, F_GETFL);
	if (flags == -1)
		return (-1);
	return (fcntl(fd, F_SETFL, flags | O_NONBLOCK));
}

int
fd_set_inherit(int fd, int inherit)
{
	return (fcntl(fd, F_SETFD, inherit ? 0 : FD_CLOEXEC));
}

int
fd_pair(int pair[2])
{
	return (socketpair(AF_UNIX,
	    SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair));
}

/* The lowest number in keep that is not below from; none: ~0U. */
static unsigned int
next_kept(const int *keep, size_t count, unsigned int from)
{
	unsigned int lowest = ~0U;
	size_t i;

	for (i = 0; i < count; i++)
		if (keep[i] >= 0 && (unsigned int)keep[i] >= from &&
		    (unsigned int)keep[i] < lowest)
			lowest = (unsigned int)keep[i];
	return (lowest);
}

void
fd_close_all_but(const int *keep, size_t count)
{
	unsigned int from = 3, kept;

	while ((kept = next_kept(keep, count, from)) != ~0U) {
		if (kept > from)
			(void)close_range(from, kept - 1, 0);
		from = kept + 1;
	}
	(void)close_range(from, ~0U, 0);
}

int
fd_fill_standard(void)
{
	int fd;

	/* The lowest number that is free is given out. */
	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd != -1 && fd <= STDERR_FILENO);
	if (fd == -1)
		return (-1);
	fd_close(&fd);
	return (0);
}

int
fd_null_standard(int with_stderr)
{
	int fd, ret = 0;

	fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (fd == -1)
		return (-1);
	if (dup2(fd, 0) == -1 || dup2(fd, 1) == -1 ||
	    (with_stderr && dup2(fd, 2) == -1))
		ret = -1;
	if (fd > 2)
		fd_close(&fd);
	return (ret);
}

int
fd_write(int fd, const void *data, size_t len)
{
	const char *at = data;
	ssize_t n;

	while (len > 0) {
		n = write(fd, at, len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return (-1);
		at += n;
		len -= (size_t)n;
	}
	return (0);
}

int
fd_write_at(int fd, const void *data, size_t len, uint64_t offset)
{
	const char *at = data;
	ssize_t n;

	while (len > 0) {
		n = pwrite(fd, at, len, (off_t)offset);
		if (n == -1 && errno == EINTR)
			continue;
		/* Nothing would come of another try. */
		if (n == 0)
			errno = ENOSPC;
		if (n <= 0)
			return (-1);
		at += n;
		offset += (uint64_t)n;
		len -= (size_t)n;
	}
	return (0);
}

int
fd_sealed(const char *name, const void *data, size_t len)
{
	int fd;

	fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd == -1)
		return (-1);
	if (fd_write(fd, data, len) == -1 ||
	    fcntl(fd, F_ADD_SEALS, SEALS) == -1)
		fd_close(&fd);
	return (fd);
}

/* pread() to the end: the offset belongs to everyone who has the memfd. */
static int
read_all(int fd, char *data, size_t len)
{
	size_t at = 0;
	ssize_t n;

	while (at < len) {
		n = pread(fd, data + at, len - at, (off_t)at);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return (-1);
		at += (size_t)n;
	}
	return (0);
}

char *
fd_read_sealed(int fd, size_t max, size_t *len)
{
	struct stat st;
	char *data;
	int seals;

	seals = fcntl(fd, F_GET_SEALS);
	if (seals == -1 || (seals & SEALS) != SEALS || fstat(fd, &st) == -1) {
		errno = EINVAL;
		return (NULL);
	}
	if (st.st_size < 0 || (uintmax_t)st.st_size > max) {
		errno = EFBIG;
		return (NULL);
	}
	data = malloc((size_t)st.st_size + 1);
	if (data == NULL)
		return (NULL);
	if (read_all(fd, data, (size_t)st.st_size) == -1) {
		free(data);
		return (NULL);
	}
	data[st.st_size] = '\0';
	*len = (size_t)st.st_size;
	return (data);
}

int
fd_read_whole(int fd, void *data, size_t len)
{
	char *at = data;
	ssize_t n;

	while (len > 0) {
		n = read(fd, at, len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return (n == 0 ? 0 : -1);
		at += n;
		len -= (size_t)n;
	}
	return (1);
}

int
fd_send_whole(int fd, const void *data, size_t len)
{
	const char *at = data;
	ssize_t n;

	while (len > 0) {
		n = send(fd, at, len, MSG_NOSIGNAL);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return (-1);
		at += n;
		len -= (size_t)n;
	}
	return (1);
}
