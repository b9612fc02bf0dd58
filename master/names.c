#include "master/names.h"

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "master/name_child.h"
#include "master/spawn.h"
#include "shm/base/fd.h"
#include "shm/base/log.h"

#define DEADLINE_MS 20000 /* for all of them */

struct names {
	struct names_setup setup;
	pid_t pid;
	int fd;
	struct loop_watch *watch;
	struct loop_timer *deadline;
	size_t next; /* that is asked for */
};

static void
end_child(struct names *names)
{
	loop_unwatch(&names->watch);
	if (names->deadline != NULL)
		loop_timer_clear(names->deadline);
	fd_close(&names->fd);
	if (names->pid > 0) {
		(void)kill(names->pid, SIGKILL);
		(void)waitpid(names->pid, NULL, 0);
	}
	names->pid = -1;
}

/* Nothing more will be found. */
static void
give_up(struct names *names, const char *why)
{
	end_child(names);
	while (names->next < names->setup.conf->nnames)
		names->setup.found(names->next++, NULL, why,
		    names->setup.context);
	names->setup.done(names->setup.context);
}

static void
too_slow(void *context)
{
	give_up(context, "no answer in time");
}

/* false: the child is gone. */
static bool
ask(struct names *names)
{
	const struct conf *conf = names->setup.conf;
	struct name_question question;

	memset(&question, 0, sizeof(question));
	(void)snprintf(question.text, sizeof(question.text), "%s",
	    conf->names[names->next].first->name);
	return (send(names->fd, &question, sizeof(question), MSG_NOSIGNAL) ==
	    (ssize_t)sizeof(question));
}

/* The child's words are as little to be trusted as the resolver's answer. */
static void
tell(struct names *names, struct name_answer *answer)
{
	char why[4 * sizeof(answer->why) + 1];
	struct sockaddr_in in;
	struct address address;

	memset(&in, 0, sizeof(in));
	in.sin_family = AF_INET;
	memcpy(&in.sin_addr, answer->ip, sizeof(answer->ip));
	if (answer->found &&
	    address_from_sockaddr(&address, (const struct sockaddr *)&in) ==
		0 &&
	    !address_is_any(&address)) {
		names->setup.found(names->next++, &address, NULL,
		    names->setup.context);
		return;
	}
	log_escape(why, sizeof(why), answer->why,
	    strnlen(answer->why, sizeof(answer->why)));
	names->setup.found(names->next++, NULL, why, names->setup.context);
}

static void
ready(unsigned int events UNUSED, void *context)
{
	struct names *names = context;
	struct name_answer answer;
	ssize_t n;

	n = recv(names->fd, &answer, sizeof(answer), MSG_DONTWAIT);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n != (ssize_t)sizeof(answer)) {
		give_up(names, "the process that looks it up failed");
		return;
	}
	tell(names, &answer);
	if (names->next == names->setup.conf->nnames) {
		end_child(names);
		names->setup.done(names->setup.context);
	} else if (!ask(names)) {
		give_up(names, "the process that looks it up failed");
	}
}

static int
start_child(struct names *names)
{
	const struct service_user *user = &names->setup.user;
	struct spawn spawn;
	char uid[16], gid[16];
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == -1)
		return (-1);
	(void)snprintf(uid, sizeof(uid), "%u", (unsigned int)user->uid);
	(void)snprintf(gid, sizeof(gid), "%u", (unsigned int)user->gid);
	memset(&spawn, 0, sizeof(spawn));
	spawn.self = names->setup.self;
	spawn.arguments[0] = NAME_CHILD;
	spawn.arguments[1] = uid;
	spawn.arguments[2] = gid;
	spawn.fds[0] = pair[1];
	spawn.nfds = 1;
	names->fd = pair[0];
	names->pid = fd_set_nonblock(pair[0]) == 0 ? spawn_exec(&spawn) : -1;
	fd_close(&pair[1]);
	return (names->pid == -1 ? -1 : 0);
}

struct names *
names_new(const struct names_setup *setup)
{
	struct names *names;

	names = calloc(1, sizeof(*names));
	if (names == NULL)
		return (NULL);
	names->setup = *setup;
	names->pid = -1;
	names->fd = -1;
	names->deadline = loop_timer(setup->loop, too_slow, names);
	if (names->deadline != NULL && start_child(names) == 0)
		names->watch =
		    loop_watch(setup->loop, names->fd, LOOP_READ, ready, names);
	if (names->watch == NULL || !ask(names)) {
		names_free(&names);
		return (NULL);
	}
	loop_timer_set(names->deadline, DEADLINE_MS);
	return (names);
}

void
names_free(struct names **names)
{
	struct names *gone = *names;

	if (gone == NULL)
		return;
	*names = NULL;
	end_child(gone);
	loop_timer_free(&gone->deadline);
	free(gone);
}
