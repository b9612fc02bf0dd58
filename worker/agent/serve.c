#include "worker/agent/serve.h"

#include <string.h>

#include "shm/ipc/link.h"
#include "worker/agent/session.h"

/* Sessions that come and go faster are not told of one by one. */
#define TELL_MS 20

/*
 * Tells login how many sessions we have, which it weighs when it chooses an
 * agent.  A message that does not get through is made good by the next one.
 */
static void
tell_load(void *context)
{
	struct agent *agent = context;
	struct msg_agent_load load;
	uint64_t idle;

	if (agent->control == NULL)
		return;
	if (agent->told_attached == agent->attached &&
	    agent->told_busy == agent->busy && !agent->joined)
		return;
	idle = agent->busy > 0 ? 0 : loop_now() - agent->worked_at;
	memset(&load, 0, sizeof(load));
	load.sessions = agent->attached;
	load.busy = agent->busy;
	load.idle_ms = idle > UINT32_MAX ? UINT32_MAX : (uint32_t)idle;
	if (link_post(agent->control, MSG_AGENT_LOAD, &load) == -1)
		return;
	agent->told_attached = agent->attached;
	agent->told_busy = agent->busy;
	agent->joined = false;
}

static void
changed(struct agent *agent)
{
	if (agent->control != NULL) {
		if (!loop_timer_armed(agent->tell))
			loop_timer_set(agent->tell, TELL_MS);
	} else if (agent->attached == 0) {
		loop_stop(agent->loop);
	}
}

static int
handle_control(struct message *message, void *context)
{
	struct agent *agent = context;

	if (message->type != MSG_AGENT_ATTACH)
		return (-1);
	agent->joined = true;
	session_new(agent, message_take_fd(message));
	/* Also of one that could not be served. */
	changed(agent);
	return (0);
}

/* Login is gone, or wants us to go: those who are here may stay. */
static void
control_ended(void *context)
{
	struct agent *agent = context;

	link_free(&agent->control);
	changed(agent);
}

enum agent_exit
serve(const struct jail *jail, int control_fd)
{
	static const struct link_handlers handlers = { handle_control,
		control_ended };
	struct agent agent;
	int ret;

	memset(&agent, 0, sizeof(agent));
	agent.jail = *jail;
	agent.changed = changed;
	LIST_INIT(&agent.sessions);
	agent.loop = loop_new();
	if (agent.loop == NULL)
		return (AGENT_EXIT_LOOP);
	agent.tell = loop_timer(agent.loop, tell_load, &agent);
	if (agent.tell == NULL) {
		loop_free(&agent.loop);
		return (AGENT_EXIT_LOOP);
	}
	agent.control = link_new(agent.loop, control_fd, ROLE_AGENT, ROLE_LOGIN,
	    &handlers, &agent);
	if (agent.control == NULL) {
		loop_free(&agent.loop);
		return (AGENT_EXIT_LOOP);
	}
	channel_running(link_channel(agent.control));
	ret = loop_run(agent.loop);
	loop_free(&agent.loop);
	return (ret == 0 ? AGENT_EXIT_OK : AGENT_EXIT_LOOP);
}
