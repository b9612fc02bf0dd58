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

/* What is looked for with the account's rights. */
struct look {
	const char *home;
	const char *name; /* of a file; NULL: may the home be entered? */
	int fd;
};

/* "/." at the end asks for the right to enter, too. */
static int
enter(struct look *look)
{
	char path[FS_PATH_MAX + 4];

	(void)snprintf(path, sizeof(path), "%s/.", look->home);
	look->fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return (look->fd == -1 ? errno : 0);
}

/* 0 with look->fd, or an errno. */
static int
look_now(struct look *look)
{
	int home, error = enter(look);

	if (error != 0 || look->name == NULL)
		return (error);
	home = look->fd;
	look->fd = openat(home, look->name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	error = look->fd == -1 ? errno : 0;
	fd_close(&home);
	return (error);
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
look_as_account(const struct account *account, struct look *look)
{
	int error = EPERM;

	if (setgroups(account->ngroups, account->groups) == 0 &&
	    become(account->uid, account->gid) == 0)
		error = look_now(look);
	if (become(0, 0) == -1 || setgroups(0, NULL) == -1)
		log_fatal("root's rights are not there any more");
	return (error);
}

static int
look_for(const struct account *account, const char *name, int *fd)
{
	struct look look = { account->home, name, -1 };
	int error;

	error = process_is_root() ? look_as_account(account, &look)
				  : look_now(&look);
	*fd = look.fd;
	return (error);
}

int
home_check(const struct account *account)
{
	int fd, error;

	error = look_for(account, NULL, &fd);
	fd_close(&fd);
	return (error);
}

int
home_open(const struct account *account, const char *name)
{
	int fd, error;

	error = look_for(account, name, &fd);
	if (error != 0)
		errno = error;
	return (fd);
}
