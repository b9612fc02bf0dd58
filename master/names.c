#include "master/names.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "master/helper.h"
#include "master/helper/name_child.h"
#include "shm/base/log.h"

#define DEADLINE_MS 20000 /* for all of them */

struct names {
	struct names_setup setup;
	struct helper helper;
	size_t next; /* that is asked for */
};

/* Nothing more will be found. */
static void
give_up(struct names *names, const char *why)
{
	(void)helper_end(&names->helper);
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
	return (send(names->helper.fd, &question, sizeof(question),
		    MSG_NOSIGNAL) == (ssize_t)sizeof(question));
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

	n = recv(names->helper.fd, &answer, sizeof(answer), 0);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n != (ssize_t)sizeof(answer)) {
		give_up(names, "the process that looks it up failed");
		return;
	}
	tell(names, &answer);
	if (names->next == names->setup.conf->nnames) {
		(void)helper_end(&names->helper);
		names->setup.done(names->setup.context);
	} else if (!ask(names)) {
		give_up(names, "the process that looks it up failed");
	}
}

static int
start_child(struct names *names)
{
	const struct names_setup *setup = &names->setup;
	const struct helper_setup helper = {
		.loop = setup->loop,
		.self = setup->self,
		.user = &setup->user,
		.role = NAME_CHILD,
		.type = SOCK_SEQPACKET,
		.job = -1,
		.ready = ready,
		.too_slow = too_slow,
		.context = names,
	};

	return (helper_start(&names->helper, &helper));
}

struct names *
names_new(const struct names_setup *setup)
{
	struct names *names;

	names = calloc(1, sizeof(*names));
	if (names == NULL)
		return (NULL);
	names->setup = *setup;
	helper_init(&names->helper);
	if (start_child(names) == -1 || !ask(names)) {
		names_free(&names);
		return (NULL);
	}
	loop_timer_set(names->helper.deadline, DEADLINE_MS);
	return (names);
}

void
names_free(struct names **names)
{
	struct names *gone = *names;

	if (gone == NULL)
		return;
	*names = NULL;
	(void)helper_end(&gone->helper);
	free(gone);
}
