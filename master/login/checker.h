/*
 * checker - checks passwords for login, one at a time.
 *
 * A process of its own, since PAM and NSS may take long or hang; login kills
 * it at its deadline.
 */
#ifndef MASTER_LOGIN_CHECKER_H
#define MASTER_LOGIN_CHECKER_H

#include "shm/base/attr.h"

/* The role's main(): its channel to login is FD_MASTER. */
NORETURN void checker_run(void);

#endif
