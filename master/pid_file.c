#include "master/pid_file.h"

#include <errno.h>
#include <fcntl.h>
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

int
pid_file_take(const char *path)
{
	char text[16];
	int fd, len;

	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	len = snprintf(text, sizeof(text), "%d\n", (int)getpid());
	if (fd == -1 || flock(fd, LOCK_EX | LOCK_NB) == -1 ||
	    ftruncate(fd, 0) == -1 || pwrite(fd, text, (size_t)len, 0) != len) {
		complain(path, fd, errno);
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
