#include "master/logger/syslog.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "shm/base/fd.h"
#include "shm/base/loop.h"

#define PATH         "/dev/log"
#define FACILITY_FTP 11
#define RETRY_MS     1000

struct syslog_socket {
	int fd;
	uint64_t retry; /* loop_now() before which it is not connected anew */
};

static void
connect_daemon(struct syslog_socket *syslog)
{
	struct sockaddr_un address;

	if (loop_now() < syslog->retry)
		return;
	syslog->retry = loop_now() + RETRY_MS;
	memset(&address, 0, sizeof(address));
	address.sun_family = AF_UNIX;
	memcpy(address.sun_path, PATH, sizeof(PATH));
	syslog->fd =
	    socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (syslog->fd != -1 &&
	    connect(syslog->fd, (const struct sockaddr *)&address,
		sizeof(address)) == -1)
		fd_close(&syslog->fd);
}

struct syslog_socket *
syslog_socket_new(void)
{
	struct syslog_socket *syslog;

	syslog = calloc(1, sizeof(*syslog));
	if (syslog == NULL)
		return (NULL);
	syslog->fd = -1;
	connect_daemon(syslog);
	return (syslog);
}

void
syslog_socket_free(struct syslog_socket **syslog)
{
	if (*syslog == NULL)
		return;
	fd_close(&(*syslog)->fd);
	free(*syslog);
	*syslog = NULL;
}

int
syslog_priority(enum log_level level)
{
	switch (level) {
	case LOG_LEVEL_ERROR:
		return (3);
	case LOG_LEVEL_WARNING:
		return (4);
	case LOG_LEVEL_NOTICE:
		return (5);
	case LOG_LEVEL_INFO:
		return (6);
	case LOG_LEVEL_DEBUG:
		break;
	}
	return (7);
}

int
syslog_socket_send(struct syslog_socket *syslog, enum log_level level,
    const char *line, size_t len)
{
	time_t now = time(NULL);
	char head[128], date[32];
	struct msghdr message;
	struct iovec parts[2];
	struct tm local;
	int n;

	if (syslog->fd == -1)
		connect_daemon(syslog);
	if (syslog->fd == -1 || localtime_r(&now, &local) == NULL)
		return (-1);
	(void)strftime(date, sizeof(date), "%b %e %H:%M:%S", &local);
	n = snprintf(head, sizeof(head),
	    "<%d>%s ftpsd[%d]: ", FACILITY_FTP * 8 + syslog_priority(level),
	    date, (int)getppid());
	parts[0].iov_base = head;
	parts[0].iov_len = (size_t)n;
	/* iovec has no const; sendmsg() does not write through it. */
	memcpy(&parts[1].iov_base, &line, sizeof(line));
	parts[1].iov_len = len;
	memset(&message, 0, sizeof(message));
	message.msg_iov = parts;
	message.msg_iovlen = NITEMS(parts);
	if (sendmsg(syslog->fd, &message, MSG_NOSIGNAL) != -1)
		return (0);
	if (errno != EAGAIN && errno != EINTR && errno != ENOBUFS)
		fd_close(&syslog->fd);
	return (-1);
}
