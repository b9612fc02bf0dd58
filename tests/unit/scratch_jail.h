/* scratch_jail - the directory of a test as an agent's root. */
#ifndef TESTS_UNIT_SCRATCH_JAIL_H
#define TESTS_UNIT_SCRATCH_JAIL_H

#include <string.h>
#include <unistd.h>

#include "tests/unit/scratch.h"
#include "worker/agent/jail.h"

static inline struct jail
scratch_jail(const struct scratch *scratch)
{
	struct jail jail;

	memset(&jail, 0, sizeof(jail));
	jail.root = scratch->fd;
	jail.uid = geteuid();
	jail.gid = getegid();
	return (jail);
}

#endif
