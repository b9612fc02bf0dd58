#include "master/login/checkers.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/wait.h>
#include <unistd.h>

#include "master/login/checkers_spawn.h"
#include "shm/base/fd.h"
#include "shm/base/log.h"
#include "shm/base/secret.h"
#include "shm/ipc/link.h"

#define PAUSE_FIRST_MS 100
#define PAUSE_MAX_MS   5000

/* In memory that is wiped on fork; gone once a checker has it. */
struct credentials {
	uint8_t user[LOGIN_NAME_MAX_LEN];
	uint8_t password[LOGIN_PASSWORD_MAX];
};

struct checkers_login {
	STAILQ_ENTRY(checkers_login) queue;
	struct checkers *checkers;
	struct checker_process *process; /* NULL: it waits */
	checkers_handler handler;        /* NULL: nobody wants the answer */
	void *context;
	struct msg_check_login body;
	struct credentials *credentials;
	uint64_t due; /* of one that waits, in loop_now() */
};

struct checker_process {
	TAILQ_ENTRY(checker_process) list;
	struct checkers *checkers;
	struct link *link;
	pid_t pid;
	struct loop_timer *deadline;
	struct checkers_login *login; /* NULL: idle, or starting */
	uint32_t logins;              /* done */
	bool stale;                   /* replaced as soon as it is idle */
};

struct checkers {
	struct loop *loop;
	const struct settings *settings;
	int self_fd;
	TAILQ_HEAD(, checker_process) processes;
	size_t count;
	STAILQ_HEAD(, checkers_login) waiting;
	size_t nwaiting;
	uint64_t last_request;
	struct loop_timer *expiry; /* of the first login that waits */
	struct loop_timer *pause;  /* armed: no start before it is over */
	uint64_t pause_ms;
};

static void work_on(struct checkers *checkers);

static uint64_t
timeout_ms(const struct checkers *checkers)
{
	const struct setting *latest = settings_latest(checkers->settings);

	return (latest == NULL
		? 0
		: (uint64_t)latest->conf->checker_timeout * 1000);
}

static void
free_credentials(struct checkers_login *login)
{
	secret_free(login->credentials, sizeof(*login->credentials));
	login->credentials = NULL;
}

/* The one end of every login: its owner is told, unless it has left. */
static void
finish(struct checkers_login *login, const struct checkers_answer *answer)
{
	checkers_handler handler = login->handler;
	void *context = login->context;

	free_credentials(login);
	free(login);
	if (handler != NULL)
		handler(answer, context);
}

static void
finish_unanswered(struct checkers_login *login, const char *why)
{
	struct checkers_answer answer;

	memset(&answer, 0, sizeof(answer));
	answer.verdict = LOGIN_UNAVAILABLE;
	answer.reason = why;
	finish(login, &answer);
}

/*
 * Ends a process, whatever it does, and answers for it.  The pid is not reaped
 * before the loop's next turn, so that it is still the one we mean.
 */
static void
end_process(struct checker_process *process, const char *why)
{
	struct checkers *checkers = process->checkers;
	struct checkers_login *login = process->login;

	(void)kill(process->pid, SIGKILL);
	TAILQ_REMOVE(&checkers->processes, process, list);
	checkers->count--;
	link_free(&process->link);
	loop_timer_free(&process->deadline);
	free(process);
	if (login != NULL)
		finish_unanswered(login, why);
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

static void
process_failed(struct checker_process *process, const char *why)
{
	struct checkers *checkers = process->checkers;

	log_error("checker %d: %s; replacing it", (int)process->pid, why);
	if (!channel_is_running(link_channel(process->link)))
		pause_starts(checkers);
	end_process(process, why);
	work_on(checkers);
}

static void
on_deadline(void *context)
{
	process_failed(context, "no answer in time");
}

static void
on_end(void *context)
{
	process_failed(context, "ended before it answered");
}

static bool
take_text(char *out, size_t size, const struct message_part *part)
{
	if (part->len >= size || memchr(part->data, '\0', part->len) != NULL)
		return (false);
	memcpy(out, part->data, part->len);
	out[part->len] = '\0';
	return (true);
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
	    !take_text(account->name, sizeof(account->name), &parts[0]) ||
	    !take_text(account->group, sizeof(account->group), &parts[1]) ||
	    !take_text(account->home, sizeof(account->home), &parts[2]) ||
	    !take_text(reason, LOG_TEXT_MAX + 1, &parts[3]))
		return (-1);
	answer->verdict = (enum login_verdict)body->verdict;
	answer->reason = reason;
	account->uid = body->uid;
	account->gid = body->gid;
	account->policy = body->policy;
	account->ngroups = body->ngroups;
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
	finish(login, &answer);
	work_on(checkers);
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
	work_on(checkers);
	return (0);
}

static int
send_settings(struct checker_process *process, const struct setting *setting)
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

/* The process exists: from here on end_process() undoes everything. */
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
		if (send_settings(process, &settings->items[i]) == -1)
			return (-1);
	loop_timer_set(process->deadline, timeout_ms(process->checkers));
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
	end_process(process, NULL);
	return (-1);
}

static void
fill_pool(struct checkers *checkers)
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

static int
hand_over(struct checker_process *process, struct checkers_login *login)
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
	if (link_send(process->link, &message) == -1)
		return (-1);
	free_credentials(login);
	process->login = login;
	login->process = process;
	loop_timer_set(process->deadline, timeout_ms(process->checkers));
	return (0);
}

static struct checker_process *
find_idle(const struct checkers *checkers, bool stale)
{
	struct checker_process *process;

	TAILQ_FOREACH (process, &checkers->processes, list)
		if (process->login == NULL && process->stale == stale &&
		    channel_is_running(link_channel(process->link)))
			return (process);
	return (NULL);
}

/* Those that have served long enough, and those that are too many now. */
static void
trim_pool(struct checkers *checkers)
{
	const struct setting *latest = settings_latest(checkers->settings);
	struct checker_process *process;

	while ((process = find_idle(checkers, true)) != NULL)
		end_process(process, NULL);
	while (latest != NULL && checkers->count > latest->conf->checkers &&
	    (process = find_idle(checkers, false)) != NULL)
		end_process(process, NULL);
}

static struct checkers_login *
next_waiting(struct checkers *checkers)
{
	struct checkers_login *login = STAILQ_FIRST(&checkers->waiting);

	STAILQ_REMOVE_HEAD(&checkers->waiting, queue);
	checkers->nwaiting--;
	return (login);
}

static void
arm_expiry(struct checkers *checkers)
{
	const struct checkers_login *first = STAILQ_FIRST(&checkers->waiting);
	uint64_t now = loop_now();

	if (first == NULL)
		loop_timer_clear(checkers->expiry);
	else
		loop_timer_set(checkers->expiry,
		    first->due > now ? first->due - now : 0);
}

/* Keeps the pool full and its processes at work. */
static void
work_on(struct checkers *checkers)
{
	struct checker_process *process;
	struct checkers_login *login;

	trim_pool(checkers);
	fill_pool(checkers);
	while (!STAILQ_EMPTY(&checkers->waiting) &&
	    (process = find_idle(checkers, false)) != NULL) {
		login = next_waiting(checkers);
		if (hand_over(process, login) == 0)
			continue;
		STAILQ_INSERT_HEAD(&checkers->waiting, login, queue);
		checkers->nwaiting++;
		end_process(process, NULL);
		fill_pool(checkers);
	}
	arm_expiry(checkers);
}

static void
on_expiry(void *context)
{
	struct checkers *checkers = context;
	struct checkers_login *first;

	while ((first = STAILQ_FIRST(&checkers->waiting)) != NULL &&
	    first->due <= loop_now())
		finish_unanswered(next_waiting(checkers),
		    "no checker was free in time");
	arm_expiry(checkers);
}

static void
on_pause_over(void *context)
{
	work_on(context);
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
	STAILQ_INIT(&checkers->waiting);
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
		end_process(process, NULL);
	}
	while (!STAILQ_EMPTY(&ended->waiting)) {
		STAILQ_FIRST(&ended->waiting)->handler = NULL;
		finish_unanswered(next_waiting(ended), NULL);
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
		if (send_settings(process, setting) == -1)
			process->stale = true;
	work_on(checkers);
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

	if (checkers->nwaiting >= CHECKERS_QUEUE_MAX ||
	    question->user_len > LOGIN_NAME_MAX_LEN ||
	    question->password_len > LOGIN_PASSWORD_MAX)
		return (NULL);
	login = calloc(1, sizeof(*login));
	if (login == NULL)
		return (NULL);
	login->credentials =
	    secret_alloc(sizeof(*login->credentials), SECRET_WIPE_ON_FORK);
	if (login->credentials == NULL) {
		free(login);
		return (NULL);
	}
	memcpy(login->credentials->user, question->user, question->user_len);
	memcpy(login->credentials->password, question->password,
	    question->password_len);
	login->checkers = checkers;
	login->handler = handler;
	login->context = context;
	login->body.request = ++checkers->last_request;
	login->body.generation = question->generation;
	login->body.host = question->host;
	login->body.address = question->address;
	login->body.tls = question->tls ? 1 : 0;
	login->body.user_len = (uint16_t)question->user_len;
	login->body.password_len = (uint16_t)question->password_len;
	login->due = loop_now() + timeout_ms(checkers);
	STAILQ_INSERT_TAIL(&checkers->waiting, login, queue);
	checkers->nwaiting++;
	work_on(checkers);
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
	STAILQ_REMOVE(&checkers->waiting, ended, checkers_login, queue);
	checkers->nwaiting--;
	finish_unanswered(ended, NULL);
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
	process_failed(process, "ended before it answered");
	return (true);
}
