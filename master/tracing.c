#include "master/tracing.h"

#include <string.h>

#include "master/supervise.h"
#include "shm/base/ensure.h"
#include "shm/base/log.h"
#include "shm/base/trace.h"

static void
tell(struct process *process)
{
	struct msg_trace body;

	memcpy(body.rules, trace_get(), sizeof(body.rules));
	process_tell(process, MSG_TRACE, &body);
}

void
tracing_tell(struct process *process)
{
	if (process->role == ROLE_OCSP)
		tell(process);
}

/* Workers that have not begun yet have it in their channel when they do. */
static void
put_in_force(const struct master *master, const struct trace_rule *rules)
{
	struct process *process;

	ensure(trace_set(rules) == 0);
	if (master->supervisor == NULL)
		return;
	LIST_FOREACH (process, &master->supervisor->processes, link)
		if (process->role == ROLE_WORKER || process->role == ROLE_OCSP)
			tell(process);
}

void
tracing_configure(struct master *master, const struct conf *conf)
{
	put_in_force(master, conf->trace);
}

static json_t *
describe(void)
{
	const struct trace_rule *rules = trace_get();
	char client[TRACE_CLIENT_MAX];
	json_t *list = json_array();
	unsigned int i;

	for (i = 0; i < TRACE_COUNT; i++)
		(void)json_array_append_new(list,
		    json_pack("{s:s, s:I, s:s}", "channel",
			trace_name((enum trace_channel)i), "level",
			(json_int_t)rules[i].level, "client",
			trace_client(&rules[i], client)));
	return (json_pack("{s:o}", "channels", list));
}

/* Changes rules as the words say; -1 with what is wrong in *why. */
static int
change(const struct control_client *client, struct trace_rule *rules,
    const char **why)
{
	size_t count = control_client_count(client);
	const char *name = control_client_argument(client, 0);
	enum trace_channel channel;

	if (count == 1 && strcmp(name, "off") == 0) {
		memset(rules, 0, TRACE_COUNT * sizeof(*rules));
		return (0);
	}
	channel = trace_find(name);
	if (channel == TRACE_COUNT) {
		*why = "there is no such channel (ftpsctl trace lists them)";
		return (-1);
	}
	if (count < 2 || count > 3) {
		*why = "a channel, a level and perhaps a client are expected";
		return (-1);
	}
	return (trace_parse(&rules[channel], control_client_argument(client, 1),
	    control_client_argument(client, 2), why));
}

void
tracing_request(struct control_client *client, struct master *master)
{
	struct trace_rule rules[TRACE_COUNT];
	const char *why = "";

	memcpy(rules, trace_get(), sizeof(rules));
	if (control_client_count(client) > 0) {
		if (change(client, rules, &why) == -1) {
			control_client_fail(client, why, NULL);
			return;
		}
		log_notice("trace changed by ftpsctl: %s %s %s",
		    control_client_argument(client, 0),
		    control_client_count(client) > 1
			? control_client_argument(client, 1)
			: "",
		    control_client_count(client) > 2
			? control_client_argument(client, 2)
			: "");
		put_in_force(master, rules);
	}
	control_client_end(client, describe());
}
