#include "worker/agent/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "shm/base/fd.h"
#include "shm/base/log.h"
#include "shm/ipc/body.h"
#include "worker/agent/access.h"
#include "worker/agent/change.h"
#include "worker/agent/jail.h"
#include "worker/agent/serve.h"

#define OPEN_FILES 4096

/* An agent has no way to the log: what happens, it answers. */
static void
drop_record(const struct log_record *record UNUSED, void *context UNUSED)
{
}

static enum agent_exit
prepare(const struct agent_start *start)
{
	const struct process_limits limits = { OPEN_FILES, 0, 1 };

	log_set_sink(drop_record, NULL);
	process_reset_signals();
	process_ignore_signals();
	fd_close_all_but(&start->control_fd, 1);
	if (fd_null_standard(1) == -1)
		return (AGENT_EXIT_LIMITS);
	process_title("ftpsd: agent %u", (unsigned int)start->identity.uid);
	tzset(); /* the zone's file cannot be read from within the jail */
	return (
	    process_limit(&limits) == -1 ? AGENT_EXIT_LIMITS : AGENT_EXIT_OK);
}

/* Login has checked this too; here it is the last time that it can be. */
static bool
is_privileged(const struct identity *identity)
{
	size_t i;

	for (i = 0; i < identity->ngroups; i++)
		if (identity->groups[i] == 0)
			return (true);
	return (identity->uid == 0 || identity->gid == 0);
}

static enum agent_exit
cannot_enter(void)
{
	return (errno == ENOENT || errno == ENOTDIR ? AGENT_EXIT_NO_ROOT
						    : AGENT_EXIT_ROOT_SHUT);
}

/*
 * Enters the root directory with the account's rights (it may be shut to all
 * others, or to root, as NFS does), but before the right to chroot is lost.
 */
static enum agent_exit
enter_as_root(const struct agent_start *start)
{
	const struct identity *identity = &start->identity;

	if (is_privileged(identity))
		return (AGENT_EXIT_REFUSED);
	if (setgroups(identity->ngroups, identity->groups) == -1)
		return (AGENT_EXIT_IDENTITY);
	/* These return the former id and tell no failure: so ask again. */
	(void)setfsgid(identity->gid);
	(void)setfsuid(identity->uid);
	if ((gid_t)setfsgid((gid_t)-1) != identity->gid ||
	    (uid_t)setfsuid((uid_t)-1) != identity->uid)
		return (AGENT_EXIT_IDENTITY);
	if (chdir(start->root) == -1)
		return (cannot_enter());
	if (chroot(".") == -1 || chdir("/") == -1)
		return (AGENT_EXIT_ROOT_SHUT);
	return (AGENT_EXIT_OK);
}

/* Becomes the account, and opens its root directory into *root. */
static enum agent_exit
enter(const struct agent_start *start, int *root)
{
	const char *path = start->root;
	enum agent_exit result;
	int inner;

	if (process_is_root()) {
		result = enter_as_root(start);
		if (result != AGENT_EXIT_OK)
			return (result);
		path = "/";
	}
	if (process_drop(&start->identity) == -1)
		return (AGENT_EXIT_IDENTITY);
	*root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*root == -1)
		return (cannot_enter());
	/* An O_PATH handle is no proof of the right to search. */
	inner = openat(*root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (inner == -1)
		return (cannot_enter());
	fd_close(&inner);
	return (AGENT_EXIT_OK);
}

static enum agent_exit
run(const struct agent_start *start)
{
	bool chrooted = process_is_root() != 0;
	enum agent_exit result;
	struct access access;
	struct jail jail;

	memset(&jail, 0, sizeof(jail));
	result = prepare(start);
	if (result != AGENT_EXIT_OK)
		return (result);
	change_prepare(&jail);
	result = enter(start, &jail.root);
	if (result != AGENT_EXIT_OK)
		return (result);
	/* Login may go: our sessions stay.  So there is no signal for it. */
	if (process_harden(start->parent, 0) == -1)
		return (AGENT_EXIT_HARDEN);
	umask(0); /* modes come with each request */
	jail.chrooted = chrooted;
	if (access_init(&access, &start->subject) == -1)
		return (AGENT_EXIT_LOOP);
	jail.access = &access;
	jail.read_only = access_read_only(&access);
	jail.uid = start->identity.uid;
	jail.gid = start->identity.gid;
	jail.groups = start->identity.groups;
	jail.ngroups = start->identity.ngroups;
	storage_init(&jail.storage, start->local_file_systems,
	    start->nlocal_file_systems);
	return (serve(&jail, start->control_fd));
}

void
agent_run(const struct agent_start *start)
{
	/* No handler of the process that we were forked from may run. */
	_exit((int)run(start));
}
