#include "master/login/checkers_spawn.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <stdio.h>
#include <unistd.h>

#include "shm/base/fd.h"
#include "shm/base/process.h"
#include "shm/ipc/role.h"

/* dup2() onto itself would leave the descriptor to be closed by exec. */
static int
move_fd(int from, int to)
{
	if (from == to)
		return (fd_set_inherit(to, 1));
	return (dup2(from, to));
}

/* In the child: nothing of login goes along but the standard descriptors. */
NORETURN static void
become_checker(int self_fd, int channel_fd)
{
	char name[] = "ftpsd", role[16];
	char *arguments[] = { name, role, NULL };
	int self = -1;

	(void)snprintf(role, sizeof(role), "@%s", role_name(ROLE_CHECKER));
	process_reset_signals();
	/* Out of the way first: FD_MASTER may be either of the two. */
	self = fcntl(self_fd, F_DUPFD_CLOEXEC, FD_SELF + 1);
	if (self != -1 && move_fd(channel_fd, FD_MASTER) != -1 &&
	    close_range(FD_MASTER + 1, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
		(void)execveat(self, "", arguments, environ, AT_EMPTY_PATH);
	_exit(127);
}

pid_t
checkers_spawn(int self_fd, int *channel_fd)
{
	int pair[2];
	pid_t pid;

	if (fd_pair(pair) == -1)
		return (-1);
	pid = fork();
	if (pid == 0)
		become_checker(self_fd, pair[1]);
	fd_close(&pair[1]);
	if (pid == -1)
		fd_close(&pair[0]);
	*channel_fd = pair[0];
	return (pid);
}
