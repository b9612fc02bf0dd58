/*
 * agents - the processes that do the accounts' file work.
 *
 * Sessions share an agent when everything in their tokens but the session's
 * number is equal.  A further one is started when all are busy; one without
 * sessions is let go after a while.
 */
#ifndef MASTER_LOGIN_AGENTS_H
#define MASTER_LOGIN_AGENTS_H

#include <stdbool.h>
#include <sys/types.h>

#include "master/login/settings.h"
#include "master/login/token.h"
#include "shm/base/attr.h"
#include "shm/base/loop.h"

struct agents;

/* NULL: memory is short. */
NODISCARD struct agents *agents_new(struct loop *loop,
    const struct settings *settings);
/*
 * Lets go of all agents: they serve the sessions they have to the end.  NULL
 * is allowed.
 */
void agents_free(struct agents **agents);

/*
 * Gives the session of the token an agent.  0, and *worker_fd is the worker's
 * end of a new channel to it, the caller's; or an errno: EACCES the account
 * may not log in (any more), EAGAIN there are too many agents.
 */
NODISCARD int agents_attach(struct agents *agents, const struct token *token,
    int *worker_fd);

/* A generation has gone: its idle agents go at once. */
void agents_settings_dropped(struct agents *agents, uint32_t generation);

/* A child has ended: true when it was an agent.  A bad end is logged. */
bool agents_reaped(struct agents *agents, pid_t pid, int status);

#endif
