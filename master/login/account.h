/* account - who a session is after its login. */
#ifndef MASTER_LOGIN_ACCOUNT_H
#define MASTER_LOGIN_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/base/attr.h"
#include "shm/ipc/body.h"

struct account {
	char name[LOGIN_NAME_MAX_LEN + 1];
	char group[LOGIN_NAME_MAX_LEN + 1]; /* of gid; "" = only the number */
	char home[FS_PATH_MAX + 1];         /* "/" to the account */
	uint32_t uid, gid;
	uint32_t policy; /* LOGIN_ANONYMOUS */
	uint32_t ngroups;
	uint32_t groups[LOGIN_GROUPS_MAX]; /* supplementary */
	bool more_groups;                  /* than there is room for */
	/*
	 * Entries of `users` of the host that are for a group the account is
	 * in: bit n is the n-th of those for groups.
	 */
	uint64_t entries;
};

/*
 * Copies len bytes as text of at most size bytes with its NUL.  False, and out
 * is empty, when they do not fit or hold a NUL.
 */
NODISCARD bool account_text(char *out, size_t size, const void *bytes,
    size_t len);

#endif
