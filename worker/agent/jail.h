/*
 * jail - what every file-system operation of an agent needs to know: where the
 * account's root directory is, who the account is, and what it may not do.
 */
#ifndef WORKER_AGENT_JAIL_H
#define WORKER_AGENT_JAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "shm/base/attr.h"
#include "worker/agent/storage.h"

struct access;

struct jail {
	int root;       /* O_PATH descriptor of the account's "/" */
	bool chrooted;  /* else openat2() alone keeps us below root */
	bool read_only; /* nothing may be changed anywhere */
	const struct access *access; /* NULL: all is allowed */
	uid_t uid;
	gid_t gid;
	const gid_t *groups;
	size_t ngroups;
	int group_file; /* names of groups; -1: none */
	struct storage storage;
};

/*
 * What the account may do by the permission bits of a file with this mode and
 * owner: a set of R_OK, W_OK, X_OK.  Access control lists are not looked at.
 */
NODISCARD int jail_access(const struct jail *jail, mode_t mode, uid_t uid,
    gid_t gid);

/* Whether the account is in the group. */
NODISCARD bool jail_is_member(const struct jail *jail, gid_t gid);

#endif
