/* password - checking passwords against hashes of crypt(5). */
#ifndef MASTER_LOGIN_PASSWORD_H
#define MASTER_LOGIN_PASSWORD_H

#include <stdbool.h>

#include "shm/base/attr.h"

/* Whether the password has that hash. */
NODISCARD bool password_matches(const char *password, const char *hash);

/*
 * Takes the time that password_matches() takes, for a name that there is not.
 * hash: one that says how; NULL = the system's usual way.
 */
void password_waste_time(const char *password, const char *hash);

/* Fills text (size bytes, at least 33) with a password that nobody has. */
void password_random(char *text, unsigned int size);

#endif
