/*
 * rules - which accounts never log in, whatever their password.
 *
 * Asked by the checker after a password was right, and again by login before
 * it forks an agent.
 */
#ifndef MASTER_LOGIN_RULES_H
#define MASTER_LOGIN_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "master/login/account.h"
#include "shm/base/attr.h"
#include "shm/conf/conf.h"

#define RULES_SERVICES 4

/* What does not change while a configuration lives. */
struct rules {
	bool root; /* else only the caller's own ids may be used */
	uid_t own_uid;
	gid_t own_gid;
	uid_t service_uids[RULES_SERVICES]; /* that ftpsd itself runs as */
	gid_t service_gids[RULES_SERVICES];
	size_t nservices;
};

/* Looks up the service users of conf; those that do not exist bar nobody. */
void rules_init(struct rules *rules, const struct conf *conf);

/* NULL when the account may log in on host, else why not, in words. */
NODISCARD const char *rules_refuse(const struct rules *rules,
    const struct conf_host *host, const struct account *account);

#endif
