#include "master/pid_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shm/base/fd.h"
#include "shm/base/log.h"

static void
complain(const char *path, int fd, int error)
{
	char text[16];
	ssize_t n;

	if (error != EWOULDBLOCK) {
		log_error("%s: the pid file cannot be written: %s", path,
		    strerror(error));
		return;
	}
	n = pread(fd, text, sizeof(text) - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	log_error("ftpsd runs already, as process %s (%s)",
	    text[0] == '\0' ? "unknown" : text, path);
}

/*
 * Whether it is a file of ours, by this name alone: what it holds is
 * overwritten.  0, or an errno.
 */
static int
check_own(int fd)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return (errno);
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_nlink > 1)
		return (EEXIST);
	return (0);
}

/* Who held the lock before may have removed the file since it was opened. */
static bool
is_there(const char *path, int fd)
{
	struct stat now, ours;

	return (stat(path, &now) == 0 && fstat(fd, &ours) == 0 &&
	    now.st_dev == ours.st_dev && now.st_ino == ours.st_ino);
}

/* The locked file, or -1 with errno; *holder: what another holds, or -1. */
static int
open_locked(const char *path, int *holder)
{
	int fd, error;

	*holder = -1;
	for (;;) {
		fd = open(path,
		    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
		    0644);
		if (fd == -1)
			return (-1);
		error = check_own(fd);
		if (error == 0 && flock(fd, LOCK_EX | LOCK_NB) == -1)
			error = errno;
		if (error == 0 && is_there(path, fd))
			return (fd);
		if (error == EWOULDBLOCK)
			*holder = fd;
		else
			fd_close(&fd);
		if (error != 0) {
			errno = error;
			return (-1);
		}
	}
}

int
pid_file_take(const char *path)
{
	char text[16];
	int fd, holder, len;

	fd = open_locked(path, &holder);
	len = snprintf(text, sizeof(text), "%d\n", (int)getpid());
	if (fd == -1 || ftruncate(fd, 0) == -1 ||
	    pwrite(fd, text, (size_t)len, 0) != len) {
		complain(path, holder, errno);
		fd_close(&holder);
		fd_close(&fd);
	}
	return (fd);
}

void
pid_file_release(const char *path, int *fd)
{
	if (*fd == -1)
		return;
	(void)unlink(path);
	fd_close(fd);
}
