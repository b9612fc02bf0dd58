#include "master/login/agents_start.h"

#include <string.h>
#include <unistd.h>

#include "shm/base/fd.h"
#include "worker/agent/agent.h"

NORETURN static void
become_agent(const struct token *token, const struct conf *conf, int fd,
    pid_t parent)
{
	const struct conf_strings *local = &conf->local_file_systems;
	const struct account *account = &token->account;
	const char *const *names;
	struct agent_start start;

	memset(&start, 0, sizeof(start));
	memcpy(&names, &local->items, sizeof(names));
	start.control_fd = fd;
	start.identity.uid = account->uid;
	start.identity.gid = account->gid;
	start.identity.groups = account->groups;
	start.identity.ngroups = account->ngroups;
	start.root = account->home;
	start.subject = subject_of(&conf->hosts[token->host], account->name,
	    account->entries, (account->policy & LOGIN_ANONYMOUS) != 0);
	start.local_file_systems = names;
	start.nlocal_file_systems = local->count;
	start.parent = parent;
	agent_run(&start);
}

pid_t
agents_start(const struct token *token, const struct conf *conf,
    int *channel_fd)
{
	pid_t pid, parent = getpid();
	int pair[2];

	if (fd_pair(pair) == -1)
		return (-1);
	pid = fork();
	if (pid == 0)
		become_agent(token, conf, pair[1], parent);
	fd_close(&pair[1]);
	if (pid == -1)
		fd_close(&pair[0]);
	*channel_fd = pair[0];
	return (pid);
}

const char *
agents_exit_words(int status)
{
	switch ((enum agent_exit)status) {
	case AGENT_EXIT_OK:
		return ("done");
	case AGENT_EXIT_REFUSED:
		return ("uid 0 or group 0 was refused");
	case AGENT_EXIT_LIMITS:
		return ("its limits could not be set");
	case AGENT_EXIT_IDENTITY:
		return ("it could not become the account");
	case AGENT_EXIT_NO_ROOT:
		return ("the home does not exist");
	case AGENT_EXIT_ROOT_SHUT:
		return ("the account may not enter its home");
	case AGENT_EXIT_HARDEN:
		return ("it could not give up its rights");
	case AGENT_EXIT_LOOP:
		return ("its event loop failed, or memory is short");
	}
	return ("it failed");
}
