#include "master/login/checkers.h"

#include <stdlib.h>
#include <sys/wait.h>

#include "master/login/checkers_pool.h"
#include "shm/base/log.h"

uint64_t
checkers_timeout_ms(const struct checkers *checkers)
{
	const struct setting *latest = settings_latest(checkers->settings);

	return (latest == NULL
		? 0
		: (uint64_t)latest->conf->checker_timeout * 1000);
}

static struct checkers_login *
next_waiting(struct checkers *checkers)
{
	struct checkers_login *login = TAILQ_FIRST(&checkers->waiting);

	TAILQ_REMOVE(&checkers->waiting, login, queue);
	checkers->nwaiting--;
	return (login);
}

static void
arm_expiry(struct checkers *checkers)
{
	const struct checkers_login *first = TAILQ_FIRST(&checkers->waiting);
	uint64_t now = loop_now();

	if (first == NULL)
		loop_timer_clear(checkers->expiry);
	else
		loop_timer_set(checkers->expiry,
		    first->due > now ? first->due - now : 0);
}

/* Keeps the pool full and its processes at work. */
void
checkers_work_on(struct checkers *checkers)
{
	struct checker_process *process;
	struct checkers_login *login;

	pool_trim(checkers);
	pool_fill(checkers);
	while (!TAILQ_EMPTY(&checkers->waiting) &&
	    (process = pool_idle(checkers)) != NULL) {
		login = next_waiting(checkers);
		if (pool_hand_over(process, login) == 0)
			continue;
		TAILQ_INSERT_HEAD(&checkers->waiting, login, queue);
		checkers->nwaiting++;
		pool_end(process, NULL);
		pool_fill(checkers);
	}
	arm_expiry(checkers);
}

static void
on_expiry(void *context)
{
	struct checkers *checkers = context;
	struct checkers_login *first;

	while ((first = TAILQ_FIRST(&checkers->waiting)) != NULL &&
	    first->due <= loop_now())
		checkers_finish_unanswered(next_waiting(checkers),
		    "no checker was free in time");
	arm_expiry(checkers);
}

static void
on_pause_over(void *context)
{
	checkers_work_on(context);
}

struct checkers *
checkers_new(struct loop *loop, const struct settings *settings, int self_fd)
{
	struct checkers *checkers;

	checkers = calloc(1, sizeof(*checkers));
	if (checkers == NULL)
		return (NULL);
	checkers->loop = loop;
	checkers->settings = settings;
	checkers->self_fd = self_fd;
	checkers->pause_ms = PAUSE_FIRST_MS;
	TAILQ_INIT(&checkers->processes);
	TAILQ_INIT(&checkers->waiting);
	checkers->expiry = loop_timer(loop, on_expiry, checkers);
	checkers->pause = loop_timer(loop, on_pause_over, checkers);
	if (checkers->expiry == NULL || checkers->pause == NULL)
		checkers_free(&checkers);
	return (checkers);
}

void
checkers_free(struct checkers **checkers)
{
	struct checkers *ended = *checkers;
	struct checker_process *process;

	if (ended == NULL)
		return;
	*checkers = NULL;
	while ((process = TAILQ_FIRST(&ended->processes)) != NULL) {
		if (process->login != NULL)
			process->login->handler = NULL;
		pool_end(process, NULL);
	}
	while (!TAILQ_EMPTY(&ended->waiting)) {
		TAILQ_FIRST(&ended->waiting)->handler = NULL;
		checkers_finish_unanswered(next_waiting(ended), NULL);
	}
	loop_timer_free(&ended->expiry);
	loop_timer_free(&ended->pause);
	free(ended);
}

void
checkers_settings_added(struct checkers *checkers,
    const struct setting *setting)
{
	struct checker_process *process;

	TAILQ_FOREACH (process, &checkers->processes, list)
		if (pool_send_settings(process, setting) == -1)
			process->stale = true;
	checkers_work_on(checkers);
}

void
checkers_settings_dropped(struct checkers *checkers, uint32_t generation)
{
	struct msg_generation body = { generation, 0 };
	struct checker_process *process;

	/* One that is starting, or does not listen, is replaced later. */
	TAILQ_FOREACH (process, &checkers->processes, list)
		if (!channel_is_running(link_channel(process->link)) ||
		    link_post(process->link, MSG_SETTINGS_DROP, &body) == -1)
			process->stale = true;
}

struct checkers_login *
checkers_ask(struct checkers *checkers,
    const struct checkers_question *question, checkers_handler handler,
    void *context)
{
	struct checkers_login *login;

	if (checkers->nwaiting >= CHECKERS_QUEUE_MAX)
		return (NULL);
	login = checkers_login_new(question);
	if (login == NULL)
		return (NULL);
	login->checkers = checkers;
	login->handler = handler;
	login->context = context;
	login->body.request = ++checkers->last_request;
	login->due = loop_now() + checkers_timeout_ms(checkers);
	TAILQ_INSERT_TAIL(&checkers->waiting, login, queue);
	checkers->nwaiting++;
	checkers_work_on(checkers);
	return (login);
}

void
checkers_cancel(struct checkers_login **login)
{
	struct checkers_login *ended = *login;
	struct checkers *checkers;

	if (ended == NULL)
		return;
	*login = NULL;
	ended->handler = NULL;
	if (ended->process != NULL)
		return;
	checkers = ended->checkers;
	TAILQ_REMOVE(&checkers->waiting, ended, queue);
	checkers->nwaiting--;
	checkers_finish_unanswered(ended, NULL);
	arm_expiry(checkers);
}

bool
checkers_reaped(struct checkers *checkers, pid_t pid, int status)
{
	struct checker_process *process;

	TAILQ_FOREACH (process, &checkers->processes, list)
		if (process->pid == pid)
			break;
	if (process == NULL)
		return (false);
	if (WIFSIGNALED(status))
		log_error("checker %d was ended by signal %d", (int)pid,
		    WTERMSIG(status));
	process->reaped = true;
	pool_failed(process, "ended before it answered");
	return (true);
}
