/* home - is the home directory there, and may the account enter it? */
#ifndef MASTER_LOGIN_HOME_H
#define MASTER_LOGIN_HOME_H

#include "master/login/account.h"
#include "shm/base/attr.h"

/*
 * Looks with the account's rights (as root: by the file-system ids, taken on
 * and given back).  0, or an errno.  When root's rights cannot be had back,
 * the process ends.
 */
NODISCARD int home_check(const struct account *account);

/*
 * Opens a file in the home for reading, in the same way; it may be anything
 * but a symbolic link.  -1 with errno.
 */
NODISCARD int home_open(const struct account *account, const char *name);

#endif
