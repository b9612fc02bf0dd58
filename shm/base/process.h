/*
 * process - becoming a process that can do little.
 *
 * Order in a child: descriptors closed, limits set, root changed, identity
 * dropped and the drop verified, hardened.  Every failure is fatal to that
 * process only.
 */
#ifndef SHM_BASE_PROCESS_H
#define SHM_BASE_PROCESS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "shm/base/attr.h"

/* Who to become. */
struct identity {
	uid_t uid;
	gid_t gid;
	const gid_t
	    *groups; /* supplementary; may be NULL when there are none */
	size_t ngroups;
};

/*
 * Where PROCESS_PARENT_DIES is wanted, the kernel sends this signal when the
 * parent ends; process_harden() also checks that it has not ended already.
 */
struct process_limits {
	rlim_t open_files;  /* RLIMIT_NOFILE; 0 = leave */
	rlim_t memory_lock; /* RLIMIT_MEMLOCK, soft, as far as allowed; 0 =
			       leave */
	int no_processes;   /* RLIMIT_NPROC 0 */
};

/* Whether we started with uid 0 (then the roles change their uid). */
NODISCARD int process_is_root(void);

/*
 * Makes room for long titles; call first in main() with its arguments, which
 * process_title() then overwrites.
 */
void process_title_init(int argc, char **argv);
/* Sets what ps shows ("ftpsd: worker 2") and the kernel's short name. */
void process_title(const char *format, ...) PRINTF_LIKE(1, 2);

/* Sets the limits, RLIMIT_CORE 0 among them.  0, or -1 with errno, logged. */
NODISCARD int process_limit(const struct process_limits *limits);

/* chroot and chdir into directory (root only; else chdir).  0, or -1, logged.
 */
NODISCARD int process_root(const char *directory);

/*
 * Drops to identity for good: groups, gid, uid, and then checks that all three
 * ids are what they should be and that uid 0 cannot be had back.  Without root
 * nothing is changed, but identity must be ours already.  0, or -1, logged.
 */
NODISCARD int process_drop(const struct identity *identity);

/*
 * no_new_privs, not dumpable, no core, umask 077, SIGPIPE ignored; with
 * parent_pid the process dies (signal, 0 = none) when that parent ends.  The
 * last step of a child, since a change of identity resets some of it.
 * 0, or -1, logged.
 */
NODISCARD int process_harden(pid_t parent_pid, int signal);

/* Signals back to their defaults and unblocked; first step after fork. */
void process_reset_signals(void);

/*
 * Ignores what a terminal or an administrator sends to the service as a whole:
 * for a process that obeys its channel, and its end.  SIGPIPE and SIGXFSZ too:
 * where they would come, a write fails instead.
 */
void process_ignore_signals(void);

/*
 * Looks up a user by name: 0, ENOENT when there is none, or an errno.  groups
 * holds the primary group only.
 */
NODISCARD int process_find_user(const char *name, uid_t *uid, gid_t *gid);

#endif
