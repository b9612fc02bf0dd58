#include "master/login/home.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/fsuid.h>
#include <unistd.h>

#include "shm/base/fd.h"
#include "shm/base/log.h"
#include "shm/base/process.h"

/* "/." at the end asks for the right to enter, too. */
static int
try_to_enter(const char *home)
{
	char path[FS_PATH_MAX + 4];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/.", home);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return (errno);
	fd_close(&fd);
	return (0);
}

/* Neither call says whether it worked: asking for nonsense does. */
static int
become(uid_t uid, gid_t gid)
{
	(void)setfsgid(gid);
	(void)setfsuid(uid);
	return (
	    setfsgid((gid_t)-1) == (int)gid && setfsuid((uid_t)-1) == (int)uid
		? 0
		: -1);
}

/*
 * The ids for files only: unlike the effective ones they open no way for the
 * account to signal or trace this process, which holds a password.
 */
static int
enter_as_account(const struct account *account)
{
	int error = EPERM;

	if (setgroups(account->ngroups, account->groups) == 0 &&
	    become(account->uid, account->gid) == 0)
		error = try_to_enter(account->home);
	if (become(0, 0) == -1 || setgroups(0, NULL) == -1)
		log_fatal("root's rights are not there any more");
	return (error);
}

int
home_check(const struct account *account)
{
	if (!process_is_root())
		return (try_to_enter(account->home));
	return (enter_as_account(account));
}
