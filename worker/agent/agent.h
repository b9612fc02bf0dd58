/*
 * agent - every file-system operation of one account.
 *
 * A process of its own, forked by login without exec, that becomes the account,
 * locks itself into the account's root directory and then answers the FS_*
 * requests of that account's sessions from one poll loop.  Each session has a
 * channel of its own, which ends its uploads when it closes.  The agent has no
 * log: results are errno values, and what hinders its start is its exit status.
 */
#ifndef WORKER_AGENT_AGENT_H
#define WORKER_AGENT_AGENT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "shm/base/attr.h"
#include "shm/base/process.h"
#include "shm/conf/subject.h"

/*
 * How an agent ends; login puts it in words.  The values begin at 64, so that
 * none is mistaken for that of abort() or of a library.
 */
enum agent_exit {
	AGENT_EXIT_OK = 0,         /* done: no session is left */
	AGENT_EXIT_REFUSED = 64,   /* uid 0, or gid 0 among the groups */
	AGENT_EXIT_LIMITS = 65,    /* resource limits could not be set */
	AGENT_EXIT_IDENTITY = 66,  /* uid, gid, groups could not be changed */
	AGENT_EXIT_NO_ROOT = 67,   /* the root directory does not exist */
	AGENT_EXIT_ROOT_SHUT = 68, /* the account may not enter it */
	AGENT_EXIT_HARDEN = 69,    /* hardening failed, or the parent is gone */
	AGENT_EXIT_LOOP = 70       /* no memory, or the event loop failed */
};

/*
 * Everything is read before the identity changes; memory stays the caller's
 * (a forked copy of it).  parent is login; its end ends
 * nothing here, since sessions outlast it.
 */
struct agent_start {
	int control_fd; /* channel to login; RUN messages from the start */
	struct identity identity;
	const char *root;            /* directory that is "/" to the account */
	struct conf_subject subject; /* whose settings count */
	/* Names of file systems that do not hang, such as "ext4". */
	const char *const *local_file_systems;
	size_t nlocal_file_systems;
	pid_t parent;
};

/*
 * The agent's main().  Call it in the child right after the fork: descriptors
 * other than control_fd are closed, signals reset, the time zone is read, and
 * the identity is dropped for good.
 */
NORETURN void agent_run(const struct agent_start *start);

#endif
