/* service_users - the accounts that the processes run as. */
#ifndef MASTER_SERVICE_USERS_H
#define MASTER_SERVICE_USERS_H

#include <stdbool.h>
#include <sys/types.h>

#include "shm/base/attr.h"
#include "shm/conf/conf.h"

struct service_user {
	uid_t uid;
	gid_t gid;
};

struct service_users {
	struct service_user worker, cache, log;
	struct service_user ocsp; /* where the configuration needs one */
};

/*
 * Looks the accounts up; without root all are the calling user.  Each
 * that is missing, or is root, is a mistake of the configuration at path.
 */
void service_users_find(struct service_users *users, const struct conf *conf,
    const char *path, struct conf_errors *errors);

/* Whether uid is one of them, and they are not simply who we are. */
NODISCARD bool service_users_has(const struct service_users *users, uid_t uid);

#endif
