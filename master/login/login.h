/*
 * login - checks passwords, keeps the limits, gives out tokens and agents.
 *
 * Keeps no password longer than it takes to hand it to a checker, and no
 * secret in memory that an agent could inherit.  It parses neither FTP nor
 * TLS, and never ends because of what a worker, a checker or an agent sends.
 */
#ifndef MASTER_LOGIN_LOGIN_H
#define MASTER_LOGIN_LOGIN_H

#include "shm/base/attr.h"

/* The role's main(): FD_MASTER, FD_LOG and FD_SELF are open. */
NORETURN void login_run(void);

#endif
