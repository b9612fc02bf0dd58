#include "master/supervise.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "master/launch.h"
#include "master/lending.h"
#include "master/log_pairs.h"
#include "master/messages.h"
#include "shm/base/ensure.h"
#include "shm/base/log.h"

#define TICK_MS        2000
#define UNANSWERED_MAX 30    /* ticks: a minute */
#define ORPHAN_MAX     3     /* ticks without a channel */
#define QUICK_END_MS   10000 /* who lives shorter counts as a quick end */
#define QUICK_ENDS_MAX 4     /* in a row without a pause */
#define PAUSE_FIRST_MS 100
#define PAUSE_LAST_MS  10000
#define PAUSE_READY_MS 2000 /* at most, for one that did get ready */

static const enum role services[] = { ROLE_LOGGER, ROLE_KEEPER, ROLE_LOGIN,
	ROLE_OCSP };

const char *
process_name(const struct process *process, char *out, size_t size)
{
	if (process->role == ROLE_WORKER)
		(void)snprintf(out, size, "worker %u", process->slot);
	else
		(void)snprintf(out, size, "%s", role_name(process->role));
	return (out);
}

static void
pause_over(void *context)
{
	supervise_fill(context);
}

static int
add_post(struct supervisor *supervisor, enum role role, uint32_t slot)
{
	struct post *post;

	post = calloc(1, sizeof(*post));
	if (post == NULL)
		return (-1);
	post->master = supervisor->master;
	post->role = role;
	post->slot = slot;
	post->pause = loop_timer(supervisor->master->loop, pause_over, post);
	if (post->pause == NULL) {
		free(post);
		return (-1);
	}
	LIST_INSERT_HEAD(&supervisor->posts, post, link);
	return (0);
}

static void
kill_process(struct process *process)
{
	/* It is our child until it is reaped, so the pid is still its own. */
	(void)kill(process->pid, SIGKILL);
}

void
process_tell(struct process *process, enum msg_type type, const void *body)
{
	char name[PROCESS_NAME_MAX];

	if (process->channel == NULL ||
	    link_post(process->channel, type, body) == 0)
		return;
	log_debug("%s cannot be sent %s: %s",
	    process_name(process, name, sizeof(name)), msg_name(type),
	    strerror(errno));
}

/* Asks everybody whether he is there, and ends who has not been for long. */
static void
examine(struct process *process)
{
	char name[PROCESS_NAME_MAX];
	struct msg_ping body;
	uint32_t most;

	most = process->channel == NULL ? ORPHAN_MAX : UNANSWERED_MAX;
	if (process->unanswered >= most && !process->killed) {
		if (process->channel != NULL)
			log_error("%s (pid %d) does not answer: killed",
			    process_name(process, name, sizeof(name)),
			    (int)process->pid);
		process->killed = true;
	}
	if (process->killed) {
		kill_process(process);
		return;
	}
	process->unanswered++;
	if (process->channel == NULL ||
	    !channel_is_running(link_channel(process->channel)))
		return;
	body.stamp = loop_now();
	process->pinged = body.stamp;
	process_tell(process, MSG_PING, &body);
}

/*
 * Ticks are counted, not time: when the master itself was stopped, nobody is
 * to blame for not having answered.
 */
static void
tick(void *context)
{
	struct supervisor *supervisor = context;
	struct process *process;

	LIST_FOREACH (process, &supervisor->processes, link)
		examine(process);
	messages_reconnect(supervisor);
	lending_review(supervisor);
	loop_timer_set(supervisor->tick, TICK_MS);
}

struct supervisor *
supervise_new(struct master *master)
{
	struct supervisor *supervisor;
	size_t i;

	supervisor = calloc(1, sizeof(*supervisor));
	if (supervisor == NULL)
		return (NULL);
	supervisor->master = master;
	supervisor->replacing = true;
	LIST_INIT(&supervisor->processes);
	LIST_INIT(&supervisor->posts);
	supervisor->tick = loop_timer(master->loop, tick, supervisor);
	if (supervisor->tick == NULL) {
		supervise_free(&supervisor);
		return (NULL);
	}
	for (i = 0; i < NITEMS(services); i++)
		if (add_post(supervisor, services[i], 0) == -1) {
			supervise_free(&supervisor);
			return (NULL);
		}
	loop_timer_set(supervisor->tick, TICK_MS);
	return (supervisor);
}

/* Releases what a process that has been reaped leaves behind. */
static void
forget(struct process *process)
{
	if (process->role == ROLE_LOGGER && process->channel != NULL)
		log_pairs_logger(process->master->log_pairs, NULL);
	link_free(&process->channel);
	if (process->log != NULL)
		log_pair_ended(process->log);
	score_free(&process->score);
	/* Another one may have the post by now. */
	if (process->post != NULL && process->post->process == process)
		process->post->process = NULL;
	free(process);
}

void
supervise_free(struct supervisor **supervisor)
{
	struct supervisor *gone = *supervisor;
	struct process *process, *next;
	struct post *post, *next_post;

	if (gone == NULL)
		return;
	*supervisor = NULL;
	for (process = LIST_FIRST(&gone->processes); process != NULL;
	     process = next) {
		next = LIST_NEXT(process, link);
		kill_process(process);
		(void)waitpid(process->pid, NULL, 0);
		LIST_REMOVE(process, link);
		forget(process);
	}
	for (post = LIST_FIRST(&gone->posts); post != NULL; post = next_post) {
		next_post = LIST_NEXT(post, link);
		loop_timer_free(&post->pause);
		free(post);
	}
	loop_timer_free(&gone->tick);
	free(gone);
}

int
supervise_slots(struct supervisor *supervisor, uint32_t slots)
{
	for (; supervisor->slots < slots; supervisor->slots++)
		if (add_post(supervisor, ROLE_WORKER, supervisor->slots) == -1)
			return (-1);
	return (0);
}

struct post *
supervise_post(struct supervisor *supervisor, enum role role, uint32_t slot)
{
	struct post *post;

	LIST_FOREACH (post, &supervisor->posts, link)
		if (post->role == role && post->slot == slot)
			break;
	ensure(post != NULL);
	return (post);
}

struct process *
supervise_ready(struct supervisor *supervisor, enum role role)
{
	struct process *process = supervise_post(supervisor, role, 0)->process;

	if (process == NULL || process->state != PROCESS_READY ||
	    process->channel == NULL)
		return (NULL);
	return (process);
}

/*
 * After a quick end the next try waits; longer each time, but not for long
 * where the last one has at least served for a while.
 */
static void
pause_post(struct post *post, bool was_ready)
{
	uint64_t most = was_ready ? PAUSE_READY_MS : PAUSE_LAST_MS;

	if (post->quick_ends < QUICK_ENDS_MAX) {
		post->quick_ends++;
		post->pause_ms = 0;
	} else if (post->pause_ms == 0) {
		post->pause_ms = PAUSE_FIRST_MS;
	} else {
		post->pause_ms *= 2;
	}
	if (post->pause_ms > most)
		post->pause_ms = most;
	loop_timer_set(post->pause, post->pause_ms);
}

/* Whether a generation that has workers has something to ask. */
static bool
somebody_asks(const struct master *master)
{
	return (conf_needs_ocsp(master_conf(master)) ||
	    (master->old != NULL &&
		conf_needs_ocsp(master->old->configuration->conf)));
}

/* A slot that the configuration has no worker for stays empty. */
bool
supervise_wanted(const struct post *post)
{
	if (post->role == ROLE_OCSP)
		return (somebody_asks(post->master));
	return (post->role != ROLE_WORKER ||
	    post->slot < master_conf(post->master)->workers);
}

void
supervise_fill(struct post *post)
{
	struct supervisor *supervisor = post->master->supervisor;

	loop_timer_clear(post->pause);
	if (!supervisor->replacing || post->process != NULL ||
	    !supervise_wanted(post))
		return;
	post->process = launch_process(post);
	if (post->process == NULL) {
		post->quick_ends = QUICK_ENDS_MAX;
		pause_post(post, false);
		return;
	}
	LIST_INSERT_HEAD(&supervisor->processes, post->process, link);
	if (post->role == ROLE_LOGGER)
		log_pairs_logger(post->master->log_pairs,
		    post->process->channel);
}

void
supervise_review(struct supervisor *supervisor)
{
	const struct msg_stop now = { .mode = STOP_NOW };
	struct post *post = supervise_post(supervisor, ROLE_OCSP, 0);

	if (post->process == NULL && !loop_timer_armed(post->pause))
		supervise_fill(post);
	else if (post->process != NULL && !supervise_wanted(post) &&
	    post->process->state == PROCESS_READY)
		supervise_stop(post->process, &now);
}

/* Whoever had the post goes on by himself; the next one starts afresh. */
static void
vacate(struct post *post)
{
	if (post->process != NULL)
		post->process->post = NULL;
	post->process = NULL;
	post->quick_ends = 0;
	post->pause_ms = 0;
}

void
supervise_start_workers(struct supervisor *supervisor)
{
	struct post *post;

	LIST_FOREACH (post, &supervisor->posts, link) {
		if (post->role != ROLE_WORKER)
			continue;
		vacate(post);
		supervise_fill(post);
	}
}

void
supervise_adopt(struct supervisor *supervisor, uint32_t generation)
{
	struct process *process;
	struct post *post;

	LIST_FOREACH (post, &supervisor->posts, link)
		if (post->role == ROLE_WORKER)
			vacate(post);
	LIST_FOREACH (process, &supervisor->processes, link)
		if (process->role == ROLE_WORKER &&
		    process->generation == generation) {
			process->post = supervise_post(supervisor,
			    process->role, process->slot);
			process->post->process = process;
		}
	LIST_FOREACH (post, &supervisor->posts, link)
		if (post->role == ROLE_WORKER && post->process == NULL)
			supervise_fill(post);
}

bool
supervise_in_trouble(const struct supervisor *supervisor)
{
	const struct post *post;

	LIST_FOREACH (post, &supervisor->posts, link)
		if (post->role == ROLE_WORKER && supervise_wanted(post) &&
		    post->quick_ends >= QUICK_ENDS_MAX)
			return (true);
	return (false);
}

bool
supervise_workers_ready(const struct supervisor *supervisor)
{
	const struct post *post;

	LIST_FOREACH (post, &supervisor->posts, link)
		if (post->role == ROLE_WORKER && supervise_wanted(post) &&
		    (post->process == NULL ||
			post->process->state != PROCESS_READY))
			return (false);
	return (true);
}

static bool
is_worker_of(const struct process *process, uint32_t generation)
{
	return (process->role == ROLE_WORKER &&
	    (generation == 0 || process->generation == generation));
}

size_t
supervise_count_workers(const struct supervisor *supervisor,
    uint32_t generation)
{
	const struct process *process;
	size_t n = 0;

	LIST_FOREACH (process, &supervisor->processes, link)
		n += is_worker_of(process, generation);
	return (n);
}

void
supervise_stop(struct process *process, const struct msg_stop *how)
{
	process->state = PROCESS_ENDING;
	process_tell(process, MSG_STOP, how);
}

void
supervise_stop_workers(struct supervisor *supervisor, uint32_t generation,
    const struct msg_stop *how)
{
	struct process *process;

	LIST_FOREACH (process, &supervisor->processes, link)
		if (is_worker_of(process, generation))
			supervise_stop(process, how);
}

void
supervise_kill_workers(struct supervisor *supervisor, uint32_t generation)
{
	struct process *process;

	LIST_FOREACH (process, &supervisor->processes, link)
		if (is_worker_of(process, generation))
			kill_process(process);
}

static void
report(const struct process *process, int status)
{
	char name[PROCESS_NAME_MAX];
	bool expected = process->state == PROCESS_ENDING;

	process_name(process, name, sizeof(name));
	if (WIFSIGNALED(status))
		log_error("%s (pid %d) was ended by signal %d (%s)", name,
		    (int)process->pid, WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
	else if (WEXITSTATUS(status) != 0)
		log_error("%s (pid %d) failed with status %d", name,
		    (int)process->pid, WEXITSTATUS(status));
	else if (!expected)
		log_error("%s (pid %d) ended unasked", name, (int)process->pid);
	else
		log_info("%s (pid %d) has ended", name, (int)process->pid);
}

/* Counters that only grow go on counting for the slot. */
static void
keep_score(const struct process *process)
{
	struct post *post;
	unsigned int i;

	if (process->score == NULL)
		return;
	post = supervise_post(process->master->supervisor, ROLE_WORKER,
	    process->slot);
	for (i = SCORE_ACCEPTED; i < SCORE_COUNT; i++)
		post->past[i] +=
		    score_get(process->score, (enum score_counter)i);
}

static void
bury(struct process *process, int status)
{
	struct master *master = process->master;
	struct post *post = process->post;
	bool was_ready = process->state != PROCESS_STARTING;
	bool quick = loop_now() - process->born < QUICK_END_MS;

	LIST_REMOVE(process, link);
	lending_forget(process);
	report(process, status);
	keep_score(process);
	if (process->role == ROLE_LOGGER)
		log_pairs_logger(master->log_pairs, NULL);
	if (post != NULL)
		post->process = NULL;
	master_process_gone(master, process);
	forget(process);
	if (post == NULL || !master->supervisor->replacing)
		return;
	/* What was just told may have filled the post already. */
	if (post->process != NULL)
		return;
	post->restarts++;
	if (quick) {
		pause_post(post, was_ready);
		return;
	}
	post->quick_ends = 0;
	post->pause_ms = 0;
	supervise_fill(post);
}

void
supervise_reap(struct supervisor *supervisor)
{
	struct process *process, *next;
	int status;

	/* By name: other children belong to those who started them. */
	for (process = LIST_FIRST(&supervisor->processes); process != NULL;
	     process = next) {
		next = LIST_NEXT(process, link);
		if (waitpid(process->pid, &status, WNOHANG) == process->pid)
			bury(process, status);
	}
	lending_review(supervisor);
}
