/* serve - the agent's loop: login's channel, and the sessions it attaches. */
#ifndef WORKER_AGENT_SERVE_H
#define WORKER_AGENT_SERVE_H

#include "shm/base/attr.h"
#include "worker/agent/agent.h"
#include "worker/agent/jail.h"

/*
 * Serves sessions until login has closed control_fd (taken over) and the last
 * session has ended.  jail is copied.
 */
NODISCARD enum agent_exit serve(const struct jail *jail, int control_fd);

#endif
