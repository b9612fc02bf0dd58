/*
 * broker_agents - channels to agents that ended sessions leave behind.
 *
 * Only for broker.c.  A session that ends with nothing open at its agent leaves
 * the channel to the next one that logs in as the same account, for a few
 * seconds: everything in their tokens but the session's number is equal then,
 * so login would give it a channel to an agent just like this one.  Clients
 * that come again and again cost login and the agent nothing but their work.
 * The agents' limits stay exact: login calls the channels back, with the places
 * (broker_places.h), before it refuses anybody an agent.
 */
#ifndef WORKER_BROKER_AGENTS_H
#define WORKER_BROKER_AGENTS_H

#include <stdint.h>
#include <sys/queue.h>

#include "shm/base/attr.h"
#include "shm/ipc/body.h"
#include "worker/clock.h"
#include "worker/link_uv.h"

#define BROKER_AGENTS_MAX 64

struct broker_agent {
	TAILQ_ENTRY(broker_agent) list;
	struct broker_agents *agents;
	struct link_uv *link; /* NULL: the entry is free */
	struct deadline expiry;
	uint8_t identity[LOGIN_IDENTITY_LEN];
};

TAILQ_HEAD(broker_agent_list, broker_agent);

struct broker_agents {
	struct worker *worker;
	struct broker_agent_list kept, free; /* kept: oldest first */
	struct broker_agent items[BROKER_AGENTS_MAX];
};

/* worker outlives it. */
void broker_agents_init(struct broker_agents *agents, struct worker *worker);

/* Takes *link over, and closes it after ms. */
void broker_agents_keep(struct broker_agents *agents,
    const uint8_t identity[LOGIN_IDENTITY_LEN], struct link_uv **link,
    uint64_t ms);

/* The channel that was kept last for that identity; NULL: none. */
NODISCARD struct link_uv *broker_agents_take(struct broker_agents *agents,
    const uint8_t identity[LOGIN_IDENTITY_LEN]);

/* Closes all. */
void broker_agents_drop(struct broker_agents *agents);

#endif
