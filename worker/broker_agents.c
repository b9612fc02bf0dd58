#include "worker/broker_agents.h"

#include <string.h>

#include "worker/worker.h"

/* The entry is free again; whose link is still there, it is the caller's. */
static void
release(struct broker_agent *agent)
{
	struct broker_agents *agents = agent->agents;

	deadline_clear(&agent->expiry);
	agent->link = NULL;
	TAILQ_REMOVE(&agents->kept, agent, list);
	TAILQ_INSERT_HEAD(&agents->free, agent, list);
}

static void
close_kept(struct broker_agent *agent)
{
	struct link_uv *link = agent->link;

	release(agent);
	link_uv_free(&link);
}

static void
expired(void *context)
{
	close_kept(context);
}

/* Nothing was asked: an agent that speaks breaks the rules. */
static int
receive(struct message *message UNUSED, void *context UNUSED)
{
	return (-1);
}

static void
ended(void *context)
{
	close_kept(context);
}

static const struct link_uv_handlers handlers = { receive, ended, NULL };

void
broker_agents_init(struct broker_agents *agents, struct worker *worker)
{
	struct broker_agent *agent;
	size_t i;

	agents->worker = worker;
	TAILQ_INIT(&agents->kept);
	TAILQ_INIT(&agents->free);
	for (i = 0; i < BROKER_AGENTS_MAX; i++) {
		agent = &agents->items[i];
		agent->agents = agents;
		agent->link = NULL;
		deadline_init(&agent->expiry, expired, agent);
		TAILQ_INSERT_TAIL(&agents->free, agent, list);
	}
}

void
broker_agents_keep(struct broker_agents *agents,
    const uint8_t identity[LOGIN_IDENTITY_LEN], struct link_uv **link,
    uint64_t ms)
{
	struct broker_agent *agent;

	if (TAILQ_EMPTY(&agents->free))
		close_kept(TAILQ_FIRST(&agents->kept));
	agent = TAILQ_FIRST(&agents->free);
	TAILQ_REMOVE(&agents->free, agent, list);
	TAILQ_INSERT_TAIL(&agents->kept, agent, list);
	memcpy(agent->identity, identity, sizeof(agent->identity));
	agent->link = *link;
	*link = NULL;
	link_uv_adopt(agent->link, &handlers, agent);
	deadline_set(agents->worker, &agent->expiry, ms);
}

static struct broker_agent *
find(struct broker_agents *agents, const uint8_t identity[LOGIN_IDENTITY_LEN])
{
	struct broker_agent *agent;

	for (agent = TAILQ_LAST(&agents->kept, broker_agent_list);
	     agent != NULL; agent = TAILQ_PREV(agent, broker_agent_list, list))
		if (memcmp(agent->identity, identity, LOGIN_IDENTITY_LEN) == 0)
			return (agent);
	return (NULL);
}

struct link_uv *
broker_agents_take(struct broker_agents *agents,
    const uint8_t identity[LOGIN_IDENTITY_LEN])
{
	struct broker_agent *agent = find(agents, identity);
	struct link_uv *link;

	if (agent == NULL)
		return (NULL);
	link = agent->link;
	release(agent);
	return (link);
}

void
broker_agents_drop(struct broker_agents *agents)
{
	while (!TAILQ_EMPTY(&agents->kept))
		close_kept(TAILQ_FIRST(&agents->kept));
}
