/*
 * dot_login - ~/.tlslogin, the certificates that a user logs in by.
 *
 * PEM text that the user has written: read with the user's rights, by a
 * checker only, which is killed when the storage hangs.  Certificates in it
 * are compared as they are, byte by byte; nothing in them is interpreted.
 */
#ifndef MASTER_LOGIN_DOT_LOGIN_H
#define MASTER_LOGIN_DOT_LOGIN_H

#include <stdint.h>

#include "master/login/account.h"
#include "shm/base/attr.h"
#include "shm/base/digest.h"

#define DOT_LOGIN_FILE ".tlslogin"
#define DOT_LOGIN_MAX  65536 /* bytes of it */

/* NULL when the certificate with that SHA-256 is there, else why not. */
NODISCARD const char *dot_login_refuse(const struct account *account,
    const uint8_t digest[DIGEST_LEN]);

#endif
