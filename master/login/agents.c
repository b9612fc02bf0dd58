#include "master/login/agents.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/wait.h>
#include <unistd.h>

#include "master/login/agents_start.h"
#include "master/login/table.h"
#include "shm/base/fd.h"
#include "shm/base/log.h"
#include "shm/ipc/link.h"
#include "worker/agent/agent.h"

struct agent {
	TAILQ_ENTRY(agent) list; /* of the account */
	TAILQ_ENTRY(agent) all;
	struct agents *agents;
	struct agent_account *account; /* NULL: let go, and not yet ended */
	struct link *link;
	struct loop_timer *idle; /* armed while it has no session */
	pid_t pid;
	uint32_t uid, generation;
	uint32_t sessions, busy; /* as far as we know */
};

/* All agents with the same identity; exists while there is one. */
struct agent_account {
	struct table_node node;
	TAILQ_HEAD(, agent) agents;
	uint32_t count;
	uint8_t key[];
};

struct agents {
	struct loop *loop;
	const struct settings *settings;
	struct table accounts;
	TAILQ_HEAD(, agent) all;
	uint32_t count; /* of those that are not let go */
};

struct agents *
agents_new(struct loop *loop, const struct settings *settings)
{
	struct agents *agents;

	agents = calloc(1, sizeof(*agents));
	if (agents == NULL)
		return (NULL);
	agents->loop = loop;
	agents->settings = settings;
	TAILQ_INIT(&agents->all);
	table_init(&agents->accounts);
	return (agents);
}

static void
leave_account(struct agent *agent)
{
	struct agent_account *account = agent->account;

	if (account == NULL)
		return;
	agent->account = NULL;
	agent->agents->count--;
	TAILQ_REMOVE(&account->agents, agent, list);
	if (--account->count > 0)
		return;
	table_remove(&agent->agents->accounts, &account->node);
	free(account);
}

/*
 * Its channel closes, which the agent takes as the word to end when its last
 * session does.  What is left of the struct waits for the end of the process.
 */
static void
let_go(struct agent *agent)
{
	leave_account(agent);
	link_free(&agent->link);
	loop_timer_free(&agent->idle);
}

static void
forget(struct agent *agent)
{
	let_go(agent);
	TAILQ_REMOVE(&agent->agents->all, agent, all);
	free(agent);
}

void
agents_free(struct agents **agents)
{
	struct agent *agent, *next;

	if (*agents == NULL)
		return;
	for (agent = TAILQ_FIRST(&(*agents)->all); agent != NULL;
	     agent = next) {
		next = TAILQ_NEXT(agent, all);
		forget(agent);
	}
	table_free(&(*agents)->accounts);
	free(*agents);
	*agents = NULL;
}

static void
on_idle(void *context)
{
	let_go(context);
}

/* It has had nothing to do for idle_ms, as it says. */
static void
watch_idle(struct agent *agent, uint64_t idle_ms)
{
	const struct setting *latest = settings_latest(agent->agents->settings);
	uint64_t limit;

	if (agent->sessions > 0 || latest == NULL) {
		loop_timer_clear(agent->idle);
	} else if (!loop_timer_armed(agent->idle)) {
		limit = latest->conf->agent_idle * UINT64_C(1000);
		loop_timer_set(agent->idle,
		    idle_ms < limit ? limit - idle_ms : 0);
	}
}

static int
on_message(struct message *message, void *context)
{
	const struct msg_agent_load *load = message->body;
	struct agent *agent = context;

	if (message->type != MSG_AGENT_LOAD)
		return (-1);
	agent->sessions = load->sessions;
	agent->busy = load->busy;
	watch_idle(agent, load->idle_ms);
	return (0);
}

/* It has ended, which the signal will tell too, or it broke the rules. */
static void
on_end(void *context)
{
	struct agent *agent = context;

	(void)kill(agent->pid, SIGKILL);
	let_go(agent);
}

static struct agent_account *
find_account(struct agents *agents, const struct token *token, bool make)
{
	uint8_t key[TOKEN_IDENTITY_MAX];
	struct agent_account *account;
	struct table_node *node;
	size_t len;

	len = token_identity(token, key);
	node = table_find(&agents->accounts, key, len);
	if (node != NULL)
		return ((struct agent_account *)(void *)node);
	if (!make)
		return (NULL);
	account = calloc(1, sizeof(*account) + len);
	if (account == NULL)
		return (NULL);
	memcpy(account->key, key, len);
	account->node.key = account->key;
	account->node.key_len = len;
	TAILQ_INIT(&account->agents);
	if (table_add(&agents->accounts, &account->node) == -1) {
		free(account);
		return (NULL);
	}
	return (account);
}

/* The one with the least to do. */
static struct agent *
least_loaded(const struct agent_account *account)
{
	struct agent *agent, *best = NULL;

	if (account == NULL)
		return (NULL);
	TAILQ_FOREACH (agent, &account->agents, list)
		if (best == NULL || agent->busy < best->busy ||
		    (agent->busy == best->busy &&
			agent->sessions < best->sessions))
			best = agent;
	return (best);
}

static void
join_account(struct agent *agent, struct agent_account *account)
{
	agent->account = account;
	TAILQ_INSERT_TAIL(&account->agents, agent, list);
	account->count++;
	agent->agents->count++;
}

static void
drop_empty(struct agents *agents, struct agent_account *account)
{
	if (account == NULL || account->count > 0)
		return;
	table_remove(&agents->accounts, &account->node);
	free(account);
}

static struct agent *
new_agent(struct agents *agents, const struct token *token)
{
	struct agent *agent;

	agent = calloc(1, sizeof(*agent));
	if (agent == NULL)
		return (NULL);
	agent->idle = loop_timer(agents->loop, on_idle, agent);
	if (agent->idle == NULL) {
		free(agent);
		return (NULL);
	}
	agent->agents = agents;
	agent->uid = token->account.uid;
	agent->generation = token->generation;
	return (agent);
}

static struct agent *
start_agent(struct agents *agents, const struct token *token,
    const struct conf *conf)
{
	static const struct link_handlers handlers = { on_message, on_end };
	struct agent_account *account;
	struct agent *agent;
	int fd = -1;

	account = find_account(agents, token, true);
	agent = account == NULL ? NULL : new_agent(agents, token);
	if (agent == NULL) {
		drop_empty(agents, account);
		return (NULL);
	}
	agent->pid = agents_start(token, conf, &fd);
	if (agent->pid == -1) {
		log_error("an agent for uid %u cannot be started: %s",
		    agent->uid, strerror(errno));
		loop_timer_free(&agent->idle);
		free(agent);
		drop_empty(agents, account);
		return (NULL);
	}
	TAILQ_INSERT_TAIL(&agents->all, agent, all);
	join_account(agent, account);
	agent->link = link_new(agents->loop, fd, ROLE_LOGIN, ROLE_AGENT,
	    &handlers, agent);
	if (agent->link == NULL) {
		let_go(agent);
		return (NULL);
	}
	channel_running(link_channel(agent->link));
	return (agent);
}

/* Makes room by letting an idle agent of any account go. */
static bool
let_one_go(struct agents *agents)
{
	struct agent *agent;

	TAILQ_FOREACH (agent, &agents->all, all) {
		if (agent->account == NULL || agent->sessions > 0)
			continue;
		let_go(agent);
		return (true);
	}
	return (false);
}

static bool
may_start(struct agents *agents, const struct conf *conf,
    const struct agent_account *account)
{
	if (account != NULL && conf->max_agents_per_account != 0 &&
	    account->count >= conf->max_agents_per_account)
		return (false);
	return (conf->max_agents == 0 || agents->count < conf->max_agents);
}

static struct agent *
choose(struct agents *agents, const struct token *token,
    const struct conf *conf)
{
	struct agent_account *account = find_account(agents, token, false);
	struct agent *best = least_loaded(account), *started;

	if (best != NULL && best->busy == 0)
		return (best);
	if (!may_start(agents, conf, account) &&
	    (best != NULL || !let_one_go(agents)))
		return (best);
	started = start_agent(agents, token, conf);
	return (started != NULL ? started : best);
}

/* 0, or an errno.  Both ends are closed or given away. */
static int
connect_session(struct agent *agent, uint64_t session, int *worker_fd)
{
	struct msg_session body = { session, 0 };
	struct channel_message message;
	int pair[2], error = 0;

	if (fd_pair(pair) == -1)
		return (errno);
	memset(&message, 0, sizeof(message));
	message.type = MSG_AGENT_ATTACH;
	message.body = &body;
	message.fd = pair[0];
	if (link_send(agent->link, &message) == -1) {
		error = errno;
		fd_close(&pair[1]);
	}
	fd_close(&pair[0]);
	if (error == 0)
		agent->sessions++;
	watch_idle(agent, 0);
	*worker_fd = pair[1];
	return (error);
}

int
agents_attach(struct agents *agents, const struct token *token, int *worker_fd)
{
	const struct setting *setting =
	    settings_find(agents->settings, token->generation);
	const struct conf_host *host = setting_host(setting, token->host);
	struct agent *agent;
	const char *why;

	*worker_fd = -1;
	if (host == NULL)
		return (EACCES);
	why = rules_refuse(&setting->rules, host, &token->account);
	if (why != NULL) {
		log_error("no agent for %s: %s", token->account.name, why);
		return (EACCES);
	}
	agent = choose(agents, token, setting->conf);
	if (agent == NULL)
		return (EAGAIN);
	return (connect_session(agent, token->session, worker_fd));
}

void
agents_settings_dropped(struct agents *agents, uint32_t generation)
{
	struct agent *agent;

	TAILQ_FOREACH (agent, &agents->all, all)
		if (agent->account != NULL && agent->sessions == 0 &&
		    agent->generation == generation)
			let_go(agent);
}

bool
agents_reaped(struct agents *agents, pid_t pid, int status)
{
	struct agent *agent;

	TAILQ_FOREACH (agent, &agents->all, all)
		if (agent->pid == pid)
			break;
	if (agent == NULL)
		return (false);
	if (WIFSIGNALED(status))
		log_error("agent %d of uid %u was ended by signal %d", (int)pid,
		    agent->uid, WTERMSIG(status));
	else if (WIFEXITED(status) && WEXITSTATUS(status) != AGENT_EXIT_OK)
		log_error("agent %d of uid %u: %s (status %d)", (int)pid,
		    agent->uid, agents_exit_words(WEXITSTATUS(status)),
		    WEXITSTATUS(status));
	forget(agent);
	return (true);
}
