/*
 * verified - passwords that a checker has found right a moment ago.
 *
 * A client that opens ten connections at once would have one slow hash computed
 * ten times.  So for auth.verified_password_cache seconds the same user with
 * the same password, from the same address, to the same host and generation is
 * who he was.  Only what was right is known; a wrong password always goes to
 * a checker.  No password is kept but a digest made with a key, which lies in
 * memory that forks do not inherit.  A change of the users file ends it at
 * once; what PAM thinks better of counts when the seconds are over, which a use
 * does not prolong.
 */
#ifndef MASTER_LOGIN_VERIFIED_H
#define MASTER_LOGIN_VERIFIED_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "master/login/checkers.h"
#include "master/login/settings.h"
#include "shm/base/attr.h"
#include "shm/base/digest.h"

struct verified;

/* What a login would be found by, taken before it is checked. */
struct verified_key {
	uint8_t digest[DIGEST_LEN];
	struct stat file; /* the users file, or zeroes */
	uint64_t until;   /* loop_now() at which it is not valid any more */
	bool usable;
};

/* NULL: memory is short. */
NODISCARD struct verified *verified_new(void);
void verified_free(struct verified **verified); /* NULL is allowed */

/*
 * Fills *key in; returns the account of an equal login, valid until the next
 * call, or NULL.
 */
NODISCARD const struct account *verified_find(struct verified *verified,
    const struct setting *setting, const struct checkers_question *question,
    struct verified_key *key);

/* The login with that key was right. */
void verified_add(struct verified *verified, const struct verified_key *key,
    const struct account *account);

#endif
