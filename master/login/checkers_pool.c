#include "master/login/checkers_pool.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "master/login/checkers_spawn.h"
#include "shm/base/log.h"

#define PAUSE_MAX_MS 5000

/*
 * Ends a process, whatever it does, and answers for it.  As long as it has not
 * been reaped its pid cannot be another's.
 */
void
pool_end(struct checker_process *process, const char *why)
{
	struct checkers *checkers = process->checkers;
	struct checkers_login *login = process->login;

	if (!process->reaped)
		(void)kill(process->pid, SIGKILL);
	TAILQ_REMOVE(&checkers->processes, process, list);
	checkers->count--;
	link_free(&process->link);
	loop_timer_free(&process->deadline);
	free(process);
	if (login != NULL)
		checkers_finish_unanswered(login, why);
}

static void
pause_starts(struct checkers *checkers)
{
	if (!loop_timer_armed(checkers->pause))
		loop_timer_set(checkers->pause, checkers->pause_ms);
	checkers->pause_ms *= 2;
	if (checkers->pause_ms > PAUSE_MAX_MS)
		checkers->pause_ms = PAUSE_MAX_MS;
}

void
pool_failed(struct checker_process *process, const char *why)
{
	struct checkers *checkers = process->checkers;

	log_error("checker %d: %s; replacing it", (int)process->pid, why);
	if (!channel_is_running(link_channel(process->link)))
		pause_starts(checkers);
	pool_end(process, why);
	checkers_work_on(checkers);
}

static void
on_deadline(void *context)
{
	pool_failed(context, "no answer in time");
}

static void
on_end(void *context)
{
	pool_failed(context, "ended before it answered");
}

static bool
part_text(char *out, size_t size, const struct message_part *part)
{
	return (account_text(out, size, part->data, part->len));
}

/* A checker parses what an attacker typed: its answers are looked at, too. */
static bool
is_sound(const struct checkers_answer *answer)
{
	if (answer->verdict != LOGIN_OK)
		return (true);
	return (
	    answer->account.name[0] != '\0' && answer->account.home[0] == '/');
}

static int
take_answer(const struct message *message, struct checkers_answer *answer,
    char reason[LOG_TEXT_MAX + 1])
{
	const struct msg_checked *body = message->body;
	size_t lens[4] = { body->name_len, body->group_len, body->home_len,
		body->reason_len };
	struct account *account = &answer->account;
	struct message_part parts[4];

	if (message_split(message, lens, parts, 4) == -1 ||
	    body->verdict >= LOGIN_VERDICT_COUNT ||
	    body->verdict == LOGIN_LIMIT || body->ngroups > LOGIN_GROUPS_MAX ||
	    !part_text(account->name, sizeof(account->name), &parts[0]) ||
	    !part_text(account->group, sizeof(account->group), &parts[1]) ||
	    !part_text(account->home, sizeof(account->home), &parts[2]) ||
	    !part_text(reason, LOG_TEXT_MAX + 1, &parts[3]))
		return (-1);
	answer->verdict = (enum login_verdict)body->verdict;
	answer->reason = reason;
	account->uid = body->uid;
	account->gid = body->gid;
	account->policy = body->policy;
	account->ngroups = body->ngroups;
	account->entries = body->entries;
	memcpy(account->groups, body->groups, sizeof(account->groups));
	return (is_sound(answer) ? 0 : -1);
}

static int
checked(struct checker_process *process, const struct message *message)
{
	const struct msg_checked *body = message->body;
	struct checkers *checkers = process->checkers;
	struct checkers_login *login = process->login;
	const struct setting *latest = settings_latest(checkers->settings);
	struct checkers_answer answer;
	char reason[LOG_TEXT_MAX + 1];

	memset(&answer, 0, sizeof(answer));
	if (login == NULL || body->request != login->body.request ||
	    take_answer(message, &answer, reason) == -1)
		return (-1);
	process->login = NULL;
	loop_timer_clear(process->deadline);
	if (latest == NULL || ++process->logins >= latest->conf->checker_logins)
		process->stale = true;
	checkers_finish(login, &answer);
	checkers_work_on(checkers);
	return (0);
}

static int
on_message(struct message *message, void *context)
{
	struct checker_process *process = context;
	struct checkers *checkers = process->checkers;

	if (message->type == MSG_CHECKED)
		return (checked(process, message));
	if (message->type != MSG_READY)
		return (-1);
	channel_running(link_channel(process->link));
	loop_timer_clear(process->deadline);
	checkers->pause_ms = PAUSE_FIRST_MS;
	checkers_work_on(checkers);
	return (0);
}

int
pool_send_settings(struct checker_process *process,
    const struct setting *setting)
{
	struct channel_message message;
	struct msg_settings body;

	memset(&body, 0, sizeof(body));
	body.generation = setting->generation;
	memset(&message, 0, sizeof(message));
	message.type = MSG_SETTINGS;
	message.body = &body;
	message.fd = setting->fd;
	return (link_send(process->link, &message));
}

/* The process exists: from here on pool_end() undoes everything. */
static int
greet(struct checker_process *process)
{
	const struct settings *settings = process->checkers->settings;
	size_t i;

	process->deadline =
	    loop_timer(process->checkers->loop, on_deadline, process);
	if (process->link == NULL || process->deadline == NULL)
		return (-1);
	for (i = 0; i < settings->count; i++)
		if (pool_send_settings(process, &settings->items[i]) == -1)
			return (-1);
	loop_timer_set(process->deadline,
	    checkers_timeout_ms(process->checkers));
	return (0);
}

static int
start_process(struct checkers *checkers)
{
	static const struct link_handlers handlers = { on_message, on_end };
	struct checker_process *process;
	int fd = -1;

	process = calloc(1, sizeof(*process));
	if (process == NULL)
		return (-1);
	process->checkers = checkers;
	process->pid = checkers_spawn(checkers->self_fd, &fd);
	if (process->pid == -1) {
		free(process);
		return (-1);
	}
	process->link = link_new(checkers->loop, fd, ROLE_LOGIN, ROLE_CHECKER,
	    &handlers, process);
	TAILQ_INSERT_TAIL(&checkers->processes, process, list);
	checkers->count++;
	if (greet(process) == 0)
		return (0);
	pool_end(process, NULL);
	return (-1);
}

void
pool_fill(struct checkers *checkers)
{
	const struct setting *latest = settings_latest(checkers->settings);

	while (latest != NULL && checkers->count < latest->conf->checkers &&
	    !loop_timer_armed(checkers->pause)) {
		if (start_process(checkers) == 0)
			continue;
		log_error("a checker cannot be started: %s", strerror(errno));
		pause_starts(checkers);
	}
}

static bool
is_idle(const struct checker_process *process)
{
	return (process->login == NULL &&
	    channel_is_running(link_channel(process->link)));
}

int
pool_hand_over(struct checker_process *process, struct checkers_login *login)
{
	struct channel_message message;

	memset(&message, 0, sizeof(message));
	message.type = MSG_CHECK;
	message.body = &login->body;
	message.fd = -1;
	message.pieces[0].data = login->credentials->user;
	message.pieces[0].len = login->body.user_len;
	message.pieces[1].data = login->credentials->password;
	message.pieces[1].len = login->body.password_len;
	/* What waits in our memory for its turn would be in agents, too. */
	if (link_send(process->link, &message) == -1 ||
	    channel_wants_write(link_channel(process->link)))
		return (-1);
	checkers_free_credentials(login);
	process->login = login;
	login->process = process;
	loop_timer_set(process->deadline,
	    checkers_timeout_ms(process->checkers));
	return (0);
}

struct checker_process *
pool_idle(const struct checkers *checkers)
{
	struct checker_process *process;

	TAILQ_FOREACH (process, &checkers->processes, list)
		if (is_idle(process) && !process->stale)
			return (process);
	return (NULL);
}

void
pool_trim(struct checkers *checkers)
{
	const struct setting *latest = settings_latest(checkers->settings);
	struct checker_process *process, *next;

	for (process = TAILQ_FIRST(&checkers->processes); process != NULL;
	     process = next) {
		next = TAILQ_NEXT(process, list);
		if (is_idle(process) &&
		    (process->stale ||
			(latest != NULL &&
			    checkers->count > latest->conf->checkers)))
			pool_end(process, NULL);
	}
}
