#include "shm/base/process.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shm/base/log.h"

int
process_is_root(void)
{
	return (geteuid() == 0);
}

static int
set_limit(int resource, const char *name, rlim_t wanted)
{
	struct rlimit limit;

	if (getrlimit((__rlimit_resource_t)resource, &limit) == -1) {
		log_error("limit for %s: %s", name, strerror(errno));
		return (-1);
	}
	if (limit.rlim_max != RLIM_INFINITY && wanted > limit.rlim_max)
		wanted = limit.rlim_max;
	limit.rlim_cur = wanted;
	if (setrlimit((__rlimit_resource_t)resource, &limit) == -1) {
		log_error("limit for %s: %s", name, strerror(errno));
		return (-1);
	}
	return (0);
}

int
process_limit(const struct process_limits *limits)
{
	struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &none) == -1) {
		log_error("limit for core files: %s", strerror(errno));
		return (-1);
	}
	if (limits->open_files != 0 &&
	    set_limit(RLIMIT_NOFILE, "open files", limits->open_files) == -1)
		return (-1);
	if (limits->memory_lock != 0 &&
	    set_limit(RLIMIT_MEMLOCK, "locked memory", limits->memory_lock) ==
		-1)
		return (-1);
	if (limits->no_processes &&
	    set_limit(RLIMIT_NPROC, "processes", 0) == -1)
		return (-1);
	return (0);
}

int
process_root(const char *directory)
{
	if (chdir(directory) == -1) {
		log_error("%s: cannot enter the directory: %s", directory,
		    strerror(errno));
		return (-1);
	}
	if (!process_is_root())
		return (0);
	if (chroot(".") == -1 || chdir("/") == -1) {
		log_error("%s: cannot make it the root directory: %s",
		    directory, strerror(errno));
		return (-1);
	}
	return (0);
}

/* The kernel's word, not the library's, that nothing of root is left. */
static int
verify_drop(const struct identity *identity)
{
	uid_t uids[3];
	gid_t gids[3];
	size_t i;

	if (getresuid(&uids[0], &uids[1], &uids[2]) == -1 ||
	    getresgid(&gids[0], &gids[1], &gids[2]) == -1)
		return (-1);
	for (i = 0; i < 3; i++)
		if (uids[i] != identity->uid || gids[i] != identity->gid)
			return (-1);
	if (getgroups(0, NULL) != (int)identity->ngroups)
		return (-1);
	if (identity->uid != 0 &&
	    (setuid(0) != -1 || seteuid(0) != -1 || setresuid(0, 0, 0) != -1))
		return (-1);
	return (0);
}

int
process_drop(const struct identity *identity)
{
	if (!process_is_root()) {
		if (geteuid() == identity->uid)
			return (0);
		log_error("cannot become uid %u without root",
		    (unsigned int)identity->uid);
		return (-1);
	}
	if (setgroups(identity->ngroups, identity->groups) == -1 ||
	    setresgid(identity->gid, identity->gid, identity->gid) == -1 ||
	    setresuid(identity->uid, identity->uid, identity->uid) == -1) {
		log_error("cannot become uid %u, gid %u: %s",
		    (unsigned int)identity->uid, (unsigned int)identity->gid,
		    strerror(errno));
		return (-1);
	}
	if (verify_drop(identity) == -1) {
		log_error("privileges of uid %u were not dropped for good",
		    (unsigned int)identity->uid);
		return (-1);
	}
	return (0);
}

static bool
parent_is_gone(pid_t parent_pid)
{
	return (parent_pid != 0 && getppid() != parent_pid);
}

int
process_harden(pid_t parent_pid, int signal_number)
{
	struct sigaction ignore;

	umask(077);
	memset(&ignore, 0, sizeof(ignore));
	ignore.sa_handler = SIG_IGN;
	if (sigaction(SIGPIPE, &ignore, NULL) == -1 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
	    (signal_number != 0 &&
		prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0) == -1)) {
		log_error("cannot give up rights: %s", strerror(errno));
		return (-1);
	}
	/* The parent may have ended before it was asked to be watched. */
	if (signal_number != 0 && parent_is_gone(parent_pid)) {
		log_error("the process that started this one is gone");
		return (-1);
	}
	return (0);
}

void
process_reset_signals(void)
{
	struct sigaction standard;
	sigset_t none;
	int number;

	memset(&standard, 0, sizeof(standard));
	standard.sa_handler = SIG_DFL;
	for (number = 1; number < NSIG; number++)
		if (number != SIGKILL && number != SIGSTOP)
			(void)sigaction(number, &standard, NULL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

void
process_ignore_signals(void)
{
	static const int ignored[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM,
		SIGUSR1, SIGUSR2, SIGPIPE, SIGXFSZ };
	struct sigaction ignore;
	size_t i;

	memset(&ignore, 0, sizeof(ignore));
	ignore.sa_handler = SIG_IGN;
	for (i = 0; i < NITEMS(ignored); i++)
		(void)sigaction(ignored[i], &ignore, NULL);
}

int
process_find_user(const char *name, uid_t *uid, gid_t *gid)
{
	struct passwd entry, *found = NULL;
	char *buffer;
	long size;
	int error;

	size = sysconf(_SC_GETPW_R_SIZE_MAX);
	if (size < 16384)
		size = 16384;
	buffer = malloc((size_t)size);
	if (buffer == NULL)
		return (ENOMEM);
	error = getpwnam_r(name, &entry, buffer, (size_t)size, &found);
	if (error == 0 && found == NULL)
		error = ENOENT;
	if (error == 0) {
		*uid = entry.pw_uid;
		*gid = entry.pw_gid;
	}
	free(buffer);
	return (error);
}
