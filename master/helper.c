#include "master/helper.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "master/spawn.h"
#include "shm/base/ensure.h"
#include "shm/base/fd.h"

void
helper_init(struct helper *helper)
{
	memset(helper, 0, sizeof(*helper));
	helper->pid = -1;
	helper->fd = -1;
}

static pid_t
start(const struct helper_setup *setup, int fd)
{
	struct spawn spawn;
	char uid[16], gid[16];

	(void)snprintf(uid, sizeof(uid), "%u", (unsigned int)setup->user->uid);
	(void)snprintf(gid, sizeof(gid), "%u", (unsigned int)setup->user->gid);
	memset(&spawn, 0, sizeof(spawn));
	spawn.self = setup->self;
	spawn.arguments[0] = setup->role;
	spawn.arguments[1] = uid;
	spawn.arguments[2] = gid;
	spawn.fds[spawn.nfds++] = fd;
	if (setup->job != -1)
		spawn.fds[spawn.nfds++] = setup->job;
	spawn.environment = setup->environment;
	return (spawn_exec(&spawn));
}

int
helper_start(struct helper *helper, const struct helper_setup *setup)
{
	int pair[2];

	ensure(helper->pid == -1);
	if (socketpair(AF_UNIX, setup->type | SOCK_CLOEXEC, 0, pair) == -1)
		return (-1);
	helper->fd = pair[0];
	if (fd_set_nonblock(pair[0]) == 0)
		helper->pid = start(setup, pair[1]);
	fd_close(&pair[1]);
	if (helper->pid == -1)
		return (-1);
	helper->watch = loop_watch(setup->loop, helper->fd, LOOP_READ,
	    setup->ready, setup->context);
	helper->deadline =
	    loop_timer(setup->loop, setup->too_slow, setup->context);
	return (helper->watch == NULL || helper->deadline == NULL ? -1 : 0);
}

int
helper_end(struct helper *helper)
{
	int status = -1;

	loop_unwatch(&helper->watch);
	loop_timer_free(&helper->deadline);
	fd_close(&helper->fd);
	if (helper->pid > 0) {
		(void)kill(helper->pid, SIGKILL);
		if (waitpid(helper->pid, &status, 0) == -1)
			status = -1;
	}
	helper->pid = -1;
	return (status);
}

int
helper_receive(const struct helper *helper, void *data, size_t len, size_t *got)
{
	ssize_t n;

	n = recv(helper->fd, (char *)data + *got, len - *got, 0);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return (0);
	if (n <= 0)
		return (-1);
	*got += (size_t)n;
	return (*got == len ? 1 : 0);
}

int
helper_send(const struct helper *helper, const struct helper_part *parts,
    size_t count, size_t *sent)
{
	struct iovec left[HELPER_PARTS_MAX];
	struct msghdr message;
	size_t i, gone, skip = *sent, total = 0;
	ssize_t n = 0;

	ensure(count <= NITEMS(left));
	for (i = 0; i < count; i++) {
		gone = skip < parts[i].len ? skip : parts[i].len;
		/* iovec has no const; sendmsg() does not write through it. */
		memcpy(&left[i].iov_base, &parts[i].data, sizeof(void *));
		if (gone > 0)
			left[i].iov_base = (char *)left[i].iov_base + gone;
		left[i].iov_len = parts[i].len - gone;
		total += left[i].iov_len;
		skip -= gone;
	}
	if (total > 0) {
		memset(&message, 0, sizeof(message));
		message.msg_iov = left;
		message.msg_iovlen = count;
		n = sendmsg(helper->fd, &message, MSG_NOSIGNAL);
		if (n == -1 && errno != EAGAIN && errno != EINTR)
			return (-1);
		if (n > 0)
			*sent += (size_t)n;
	}
	loop_watch_events(helper->watch,
	    LOOP_READ | (n < (ssize_t)total ? LOOP_WRITE : 0));
	return (0);
}
