/*
 * spawn - starting processes from the running binary.
 *
 * A child finds its descriptors from 3 upwards (see shm/ipc/role.h), standard
 * error as it is here unless that is a terminal, /dev/null as standard input
 * and output, a process group of its own, and of the environment only what a C
 * library needs.
 */
#ifndef MASTER_SPAWN_H
#define MASTER_SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "shm/base/attr.h"

#define SPAWN_FDS_MAX 4

struct spawn {
	int self;                 /* descriptor of the binary */
	const char *arguments[4]; /* "@keeper", ...; NULL ends them */
	int fds[SPAWN_FDS_MAX];   /* the first becomes 3; -1: leave a gap */
	size_t nfds;
	bool terminal;    /* may keep one as its standard error */
	bool environment; /* keeps all of ours */
};

/* A descriptor of the running binary, close-on-exec; -1 with errno. */
NODISCARD int spawn_open_self(void);

/* Forks and executes.  The child's pid, or -1 with errno. */
NODISCARD pid_t spawn_exec(const struct spawn *spawn);

/*
 * Forks.  In the child (0) everything but standard error and the descriptors
 * in keep is closed and all signals are as in a fresh process.
 */
NODISCARD pid_t spawn_fork(const int *keep, size_t count);

#endif
