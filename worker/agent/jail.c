#include "worker/agent/jail.h"

#include <unistd.h>

bool
jail_is_member(const struct jail *jail, gid_t gid)
{
	size_t i;

	if (jail->gid == gid)
		return (true);
	for (i = 0; i < jail->ngroups; i++)
		if (jail->groups[i] == gid)
			return (true);
	return (false);
}

int
jail_access(const struct jail *jail, mode_t mode, uid_t uid, gid_t gid)
{
	mode_t bits;

	if (uid == jail->uid)
		bits = mode >> 6;
	else if (jail_is_member(jail, gid))
		bits = mode >> 3;
	else
		bits = mode;
	return (((bits & S_IROTH) != 0 ? R_OK : 0) |
	    ((bits & S_IWOTH) != 0 ? W_OK : 0) |
	    ((bits & S_IXOTH) != 0 ? X_OK : 0));
}
