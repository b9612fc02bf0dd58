#include "master/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "shm/base/fd.h"
#include "shm/base/log.h"

static struct {
	struct sockaddr_un address;
	socklen_t len; /* 0: there is no manager */
} manager;

void
notify_init(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	size_t len;

	if (path == NULL)
		return;
	len = strlen(path);
	if ((path[0] == '/' || path[0] == '@') && len > 1 &&
	    len < sizeof(manager.address.sun_path)) {
		manager.address.sun_family = AF_UNIX;
		memcpy(manager.address.sun_path, path, len);
		/* '@' stands for the NUL of an abstract address. */
		if (path[0] == '@')
			manager.address.sun_path[0] = '\0';
		manager.len =
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	}
	/* No process that we start has anything to say to it. */
	(void)unsetenv("NOTIFY_SOCKET");
}

static void
tell(const char *text)
{
	int fd;

	if (manager.len == 0)
		return;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1 ||
	    sendto(fd, text, strlen(text), MSG_NOSIGNAL,
		(const struct sockaddr *)&manager.address, manager.len) == -1)
		log_debug("the service manager cannot be told: %s",
		    strerror(errno));
	fd_close(&fd);
}

void
notify_ready(unsigned int workers)
{
	char text[80];

	(void)snprintf(text, sizeof(text),
	    "READY=1\nSTATUS=Serving with %u worker%s", workers,
	    workers == 1 ? "" : "s");
	tell(text);
}

void
notify_reloading(void)
{
	struct timespec now;
	char text[120];

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	(void)snprintf(text, sizeof(text),
	    "RELOADING=1\nMONOTONIC_USEC=%llu\nSTATUS=Reloading",
	    (unsigned long long)now.tv_sec * 1000000 +
		(unsigned long long)now.tv_nsec / 1000);
	tell(text);
}

void
notify_stopping(void)
{
	tell("STOPPING=1\nSTATUS=Stopping");
}

void
notify_status(const char *text)
{
	char line[256];

	(void)snprintf(line, sizeof(line), "STATUS=%s", text);
	tell(line);
}
