/* role - the kinds of process, and how a set of them is written. */
#ifndef SHM_IPC_ROLE_H
#define SHM_IPC_ROLE_H

#include "shm/base/attr.h"

enum role {
	ROLE_NONE,
	ROLE_MASTER,
	ROLE_WORKER,
	ROLE_KEEPER,
	ROLE_LOGIN,
	ROLE_CHECKER,
	ROLE_AGENT,
	ROLE_LOGGER,
	ROLE_OCSP,
	ROLE_COUNT
};

#define ROLE_BIT(role) (1u << (unsigned int)(role))

/* "master", "worker", ...; "none" for anything else. */
NODISCARD const char *role_name(enum role role);

/* The role with that name, or ROLE_NONE. */
NODISCARD enum role role_find(const char *name);

/* Descriptors that every process finds open when it starts. */
enum {
	FD_MASTER = 3, /* channel to the process that started it */
	FD_LOG = 4,    /* channel to the logger (not in checkers and agents) */
	FD_SELF = 5    /* the ftpsd binary, in master and login, for exec */
};

#endif
