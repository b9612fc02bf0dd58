#include "shm/ipc/role.h"

#include <string.h>

static const char *const names[ROLE_COUNT] = {
	[ROLE_NONE] = "none",
	[ROLE_MASTER] = "master",
	[ROLE_WORKER] = "worker",
	[ROLE_KEEPER] = "keeper",
	[ROLE_LOGIN] = "login",
	[ROLE_CHECKER] = "checker",
	[ROLE_AGENT] = "agent",
	[ROLE_LOGGER] = "logger",
	[ROLE_OCSP] = "ocsp",
};

const char *
role_name(enum role role)
{
	return (names[(unsigned int)role < ROLE_COUNT ? role : ROLE_NONE]);
}

enum role
role_find(const char *name)
{
	enum role role;

	for (role = ROLE_MASTER; role < ROLE_COUNT; role++)
		if (strcmp(names[role], name) == 0)
			return (role);
	return (ROLE_NONE);
}
