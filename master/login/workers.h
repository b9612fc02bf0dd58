/*
 * workers - login's channels to the workers, and the sessions behind them.
 *
 * Each worker is known by the slot and incarnation that the master named; what
 * it says about sessions, and the tokens it shows, hold for that worker alone.
 * When its channel ends all that its sessions held is given back.
 */
#ifndef MASTER_LOGIN_WORKERS_H
#define MASTER_LOGIN_WORKERS_H

#include <stdint.h>

#include "master/login/agents.h"
#include "master/login/checkers.h"
#include "master/login/limits.h"
#include "master/login/settings.h"
#include "shm/base/attr.h"
#include "shm/base/loop.h"
#include "shm/base/seal.h"

/*
 * More than a worker can serve (each takes two descriptors or more): bounds
 * what one that has been taken over can make us keep.
 */
#define WORKERS_SESSIONS_MAX (1u << 17)

struct workers;

/* What the sessions need; all of it outlives the workers. */
struct workers_parts {
	struct loop *loop;
	const struct settings *settings;
	struct limits *limits;
	struct checkers *checkers;
	struct agents *agents;
	const uint8_t *token_key; /* SEAL_KEY_LEN bytes */
};

/* NULL: memory is short. */
NODISCARD struct workers *workers_new(const struct workers_parts *parts);
/* Ends all channels; NULL is allowed. */
void workers_free(struct workers **workers);

/*
 * A channel to a worker; takes fd over.  One to the same worker that is there
 * already ends.  A failure is logged, and is that worker's alone.
 */
void workers_add(struct workers *workers, const struct msg_peer *peer, int fd);

#endif
