/* account - who a session is after its login. */
#ifndef MASTER_LOGIN_ACCOUNT_H
#define MASTER_LOGIN_ACCOUNT_H

#include <stdint.h>

#include "shm/ipc/body.h"

struct account {
	char name[LOGIN_NAME_MAX_LEN + 1];
	char group[LOGIN_NAME_MAX_LEN + 1]; /* of gid; "" = only the number */
	char home[FS_PATH_MAX + 1];         /* "/" to the account */
	uint32_t uid, gid;
	uint32_t policy; /* LOGIN_READ_ONLY ... */
	uint32_t ngroups;
	uint32_t groups[LOGIN_GROUPS_MAX]; /* supplementary */
};

#endif
