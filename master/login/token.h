/*
 * token - what a worker holds to show that a session has logged in.
 *
 * Sealed, so that a worker can neither read its way into another account nor
 * change what it has; bound to the worker that it was made for, so that no
 * other can use it.
 */
#ifndef MASTER_LOGIN_TOKEN_H
#define MASTER_LOGIN_TOKEN_H

#include <stddef.h>
#include <stdint.h>

#include "master/login/account.h"
#include "shm/base/attr.h"
#include "shm/base/seal.h"

/* The worker channel that a token is valid on. */
struct token_owner {
	uint32_t slot;
	uint32_t incarnation;
};

struct token {
	uint64_t session;
	uint32_t generation;
	uint32_t host;
	struct account account;
};

/* The part of a token that sessions may share an agent by. */
#define TOKEN_IDENTITY_MAX \
	(64 + 4 * LOGIN_GROUPS_MAX + 2 * LOGIN_NAME_MAX_LEN + FS_PATH_MAX)

/*
 * Writes the sealed token to out (TOKEN_LEN_MAX bytes).  Returns its length,
 * or 0 when it cannot be sealed.
 */
NODISCARD size_t token_close(const uint8_t key[SEAL_KEY_LEN],
    const struct token_owner *owner, const struct token *token, uint8_t *out);

/*
 * Reads a sealed token.  0, or -1 when it was not made with this key for this
 * owner, or was changed; *token is unspecified then.
 */
NODISCARD int token_open(const uint8_t key[SEAL_KEY_LEN],
    const struct token_owner *owner, struct seal_data sealed,
    struct token *token);

/*
 * Writes all but the session number to out (TOKEN_IDENTITY_MAX bytes): equal
 * bytes may share an agent.  Returns the length.
 */
size_t token_identity(const struct token *token, uint8_t *out);

/* The same as a digest, for the worker. */
void token_digest(const struct token *token, uint8_t out[LOGIN_IDENTITY_LEN]);

#endif
