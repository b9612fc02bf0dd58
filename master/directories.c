#include "master/directories.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shm/base/fd.h"
#include "shm/base/log.h"
#include "shm/base/process.h"

static int
complain(const char *path)
{
	log_error("%s: the directory cannot be made: %s", path,
	    strerror(errno));
	return (-1);
}

/*
 * The directory, which may be there already, as a descriptor.  Not by way of a
 * symbolic link: what follows changes its owner.
 */
static int
make(const char *path, mode_t mode)
{
	if (mkdir(path, mode) == -1 && errno != EEXIST)
		return (-1);
	return (open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

static int
make_run(const char *path)
{
	struct stat st;
	int fd, ret = 0;

	fd = make(path, 0755);
	if (fd == -1 || fstat(fd, &st) == -1)
		ret = complain(path);
	else if (st.st_uid != geteuid() ||
	    (st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		log_error("%s: the run directory must belong to us and not be "
			  "writable by its group or others",
		    path);
		ret = -1;
	}
	fd_close(&fd);
	return (ret);
}

static int
make_cache(const char *path, const struct service_users *users)
{
	mode_t mode = process_is_root() ? 02710 : 0700;
	int fd, ret = 0;

	fd = make(path, mode);
	if (fd == -1 ||
	    (process_is_root() &&
		fchown(fd, users->cache.uid, users->worker.gid) == -1) ||
	    fchmod(fd, mode) == -1)
		ret = complain(path);
	fd_close(&fd);
	return (ret);
}

int
directories_make(const struct conf *conf, const struct service_users *users)
{
	char path[4096];

	if (make_run(conf->run_directory) == -1)
		return (-1);
	(void)snprintf(path, sizeof(path), "%s/cache", conf->run_directory);
	return (make_cache(path, users));
}

/* Nobody else can put anything into the run directory. */
void
directories_mend_cache(const struct conf *conf,
    const struct service_users *users)
{
	char path[4096];
	struct stat st;
	bool there;

	(void)snprintf(path, sizeof(path), "%s/cache", conf->run_directory);
	there = lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
	if (!there)
		(void)unlink(path);
	if (make_cache(path, users) == 0 && !there)
		log_warn("%s: the directory was gone: it is made anew", path);
}

/*
 * Only one that we have made is given away: with root the path may by mistake
 * be that of any directory there is.
 */
void
directories_make_staples(const struct conf *conf,
    const struct service_users *users)
{
	const char *path = conf->stapling_cache_directory;
	bool made = mkdir(path, 0700) == 0;
	struct stat st;
	int fd;

	fd = make(path, 0700);
	if (fd == -1 || fstat(fd, &st) == -1 ||
	    (made && process_is_root() &&
		fchown(fd, users->ocsp.uid, users->ocsp.gid) == -1))
		(void)complain(path);
	else if (!made && st.st_uid != users->ocsp.uid)
		log_error("%s: the directory has to belong to ocsp_user: "
			  "responses for stapling will not survive a restart",
		    path);
	fd_close(&fd);
}
