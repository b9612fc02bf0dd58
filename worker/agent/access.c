#include "worker/agent/access.h"

#include <errno.h>

unsigned int
access_rights(const struct jail *jail, const char *path UNUSED)
{
	return (jail->read_only ? ACCESS_ALL & ~ACCESS_CHANGE : ACCESS_ALL);
}

int
access_error(unsigned int rights, unsigned int wanted)
{
	unsigned int missing = wanted & ~rights;

	/* What is there already may not be touched. */
	if (missing == ACCESS_WRITE && (rights & ACCESS_ADD) != 0)
		return (EEXIST);
	return ((missing & ACCESS_CHANGE) != 0 ? EROFS : EACCES);
}
