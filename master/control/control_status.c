#include "master/control/control_status.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "master/supervise.h"
#include "shm/base/log.h"

#define ALARM_TEXT_MAX 2048

void
status_set(json_t *object, const char *key, uint64_t value)
{
	if (value > (uint64_t)INT64_MAX)
		value = (uint64_t)INT64_MAX;
	(void)json_object_set_new(object, key, json_integer((json_int_t)value));
}

static uint64_t
age(uint64_t since)
{
	uint64_t now = (uint64_t)time(NULL);

	return (now > since ? now - since : 0);
}

static const char *
phase_word(enum master_phase phase)
{
	switch (phase) {
	case MASTER_STARTING:
		return ("starting");
	case MASTER_RUNNING:
		return ("running");
	case MASTER_STOPPING:
		break;
	}
	return ("stopping");
}

/* The server itself: the members that everything else is added to. */
static json_t *
describe_server(const struct master *master)
{
	json_t *server;

	server = json_pack("{s:s, s:s, s:s}", "version", FTPSD_VERSION, "state",
	    phase_word(master->phase), "configuration", master->path);
	/* A path that is not UTF-8 cannot be shown. */
	if (server == NULL)
		server = json_pack("{s:s, s:s}", "version", FTPSD_VERSION,
		    "state", phase_word(master->phase));
	if (server == NULL)
		return (NULL);
	status_set(server, "pid", (uint64_t)getpid());
	status_set(server, "started", master->started);
	status_set(server, "uptime", age(master->started));
	status_set(server, "generation", master->current->number);
	return (server);
}

static const char *
state_word(const struct process *process, const struct master *master)
{
	switch (process->state) {
	case PROCESS_STARTING:
		return ("starting");
	case PROCESS_READY:
		break;
	case PROCESS_ENDING:
		return (
		    master->phase == MASTER_STOPPING ? "stopping" : "draining");
	}
	/* Some questions in a row without an answer are no accident. */
	return (process->unanswered > 2 ? "hung" : "ready");
}

static void
add_process(json_t *list, const struct process *process)
{
	json_t *item;

	item = json_pack("{s:s, s:s}", "role", role_name(process->role),
	    "state", state_word(process, process->master));
	if (item == NULL)
		return;
	status_set(item, "slot", process->slot);
	status_set(item, "pid", (uint64_t)process->pid);
	status_set(item, "generation", process->generation);
	status_set(item, "incarnation", process->incarnation);
	status_set(item, "started", process->started);
	status_set(item, "uptime", age(process->started));
	status_set(item, "answer_ms", process->answer_ms);
	status_set(item, "restarts",
	    process->post == NULL ? 0 : process->post->restarts);
	if (process->score != NULL) {
		status_set(item, "sessions",
		    score_get(process->score, SCORE_SESSIONS));
		status_set(item, "transfers",
		    score_get(process->score, SCORE_TRANSFERS));
	}
	(void)json_array_append_new(list, item);
}

/* In the order of roles and slots, which the list does not have. */
static json_t *
describe_processes(const struct master *master)
{
	static const enum role order[] = { ROLE_LOGGER, ROLE_LOGIN, ROLE_KEEPER,
		ROLE_OCSP };
	const struct supervisor *supervisor = master->supervisor;
	const struct process *process;
	json_t *list, *item;
	uint32_t slot;
	size_t i;

	list = json_array();
	item = json_pack("{s:s, s:s}", "role", role_name(ROLE_MASTER), "state",
	    "ready");
	if (item != NULL) {
		status_set(item, "pid", (uint64_t)getpid());
		status_set(item, "generation", master->current->number);
		status_set(item, "started", master->started);
		status_set(item, "uptime", age(master->started));
	}
	(void)json_array_append_new(list, item);
	for (i = 0; i < NITEMS(order); i++)
		LIST_FOREACH (process, &supervisor->processes, link)
			if (process->role == order[i])
				add_process(list, process);
	for (slot = 0; slot < supervisor->slots; slot++)
		LIST_FOREACH (process, &supervisor->processes, link)
			if (process->role == ROLE_WORKER &&
			    process->slot == slot)
				add_process(list, process);
	return (list);
}

static void
add_generation(json_t *list, const struct master *master,
    const struct generation *generation)
{
	const struct process *process;
	uint64_t sessions = 0;
	json_t *item;

	if (generation == NULL)
		return;
	LIST_FOREACH (process, &master->supervisor->processes, link)
		if (process->score != NULL &&
		    process->generation == generation->number)
			sessions += score_get(process->score, SCORE_SESSIONS);
	item = json_pack("{s:s}", "state",
	    generation->draining ? "draining" : "serving");
	if (item == NULL)
		return;
	status_set(item, "number", generation->number);
	status_set(item, "loaded", generation->loaded);
	status_set(item, "workers",
	    supervise_count_workers(master->supervisor, generation->number));
	status_set(item, "sessions", sessions);
	status_set(item, "hosts", generation->configuration->conf->nhosts - 1);
	status_set(item, "certificates",
	    certificates_pairs(generation->configuration->certificates));
	(void)json_array_append_new(list, item);
}

uint64_t
status_count(const struct post *post, enum score_counter counter)
{
	const struct process *process;
	uint64_t sum = post->past[counter];

	LIST_FOREACH (process, &post->master->supervisor->processes, link)
		if (process->score != NULL && process->slot == post->slot)
			sum += score_get(process->score, counter);
	return (sum);
}

static void
describe_counters(json_t *status, const struct master *master)
{
	json_t *workers = json_array(), *total = json_object(), *item;
	uint64_t sums[SCORE_STATUS] = { 0 }, value;
	const struct post *post;
	uint32_t slot;
	unsigned int i;

	for (slot = 0; slot < master->supervisor->slots; slot++) {
		post = supervise_post(master->supervisor, ROLE_WORKER, slot);
		item = json_object();
		status_set(item, "slot", slot);
		for (i = 0; i < SCORE_STATUS; i++) {
			value = status_count(post, (enum score_counter)i);
			sums[i] += value;
			status_set(item, score_name((enum score_counter)i),
			    value);
		}
		(void)json_array_append_new(workers, item);
	}
	for (i = 0; i < SCORE_STATUS; i++)
		status_set(total, score_name((enum score_counter)i), sums[i]);
	(void)json_object_set_new(status, "workers", workers);
	(void)json_object_set_new(status, "counters", total);
}

json_t *
status_ticket_keys(const struct master *master)
{
	uint64_t ages[RING_KEYS_MAX];
	json_t *list = json_array();
	size_t i, n;

	n = ring_ages(master->ring, (uint64_t)time(NULL), ages, RING_KEYS_MAX);
	for (i = 0; i < n; i++)
		(void)json_array_append_new(list,
		    json_integer((json_int_t)ages[i]));
	return (list);
}

json_t *
status_alarms(const struct master *master)
{
	const struct certificates *certificates =
	    master->current->configuration->certificates;
	const struct certificate *piece;
	json_t *list = json_array(), *item;
	char text[ALARM_TEXT_MAX];
	size_t i;

	for (i = 0; i < certificates_count(certificates); i++) {
		piece = certificates_at(certificates, i);
		if (piece->why == NULL)
			continue;
		log_escape(text, sizeof(text), piece->why, strlen(piece->why));
		item = json_pack("{s:s}", "text", text);
		if (item == NULL)
			continue;
		status_set(item, "since", piece->since);
		(void)json_array_append_new(list, item);
	}
	return (list);
}

json_t *
control_status(const struct master *master)
{
	json_t *status = describe_server(master), *generations = json_array();

	add_generation(generations, master, master->current);
	add_generation(generations, master, master->old);
	(void)json_object_set_new(status, "processes",
	    describe_processes(master));
	(void)json_object_set_new(status, "generations", generations);
	(void)json_object_set_new(status, "alarms", status_alarms(master));
	describe_counters(status, master);
	(void)json_object_set_new(status, "ticket_key_ages",
	    status_ticket_keys(master));
	return (status);
}
