#include "master/helper/name_child.h"

#include <errno.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shm/base/log.h"
#include "shm/base/process.h"
#include "shm/ipc/role.h"

static void
take(struct name_answer *answer, const struct sockaddr *address)
{
	struct sockaddr_in in;

	memcpy(&in, address, sizeof(in));
	memcpy(answer->ip, &in.sin_addr, sizeof(answer->ip));
	answer->found = 1;
}

/* false: there is no interface of that name. */
static bool
find_interface(const char *name, struct name_answer *answer)
{
	struct ifaddrs *list, *item;
	bool exists = false;

	if (getifaddrs(&list) == -1)
		return (false);
	for (item = list; item != NULL && !answer->found;
	     item = item->ifa_next) {
		if (strcmp(item->ifa_name, name) != 0)
			continue;
		exists = true;
		if (item->ifa_addr != NULL &&
		    item->ifa_addr->sa_family == AF_INET)
			take(answer, item->ifa_addr);
	}
	freeifaddrs(list);
	if (exists && !answer->found)
		(void)snprintf(answer->why, sizeof(answer->why),
		    "the interface has no IPv4 address");
	return (exists);
}

static void
find_host(const char *name, struct name_answer *answer)
{
	const struct addrinfo hints = { .ai_family = AF_INET,
		.ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;
	int error;

	error = getaddrinfo(name, NULL, &hints, &list);
	if (error != 0 || list == NULL) {
		(void)snprintf(answer->why, sizeof(answer->why), "%s",
		    error == EAI_SYSTEM ? strerror(errno)
					: gai_strerror(error));
		return;
	}
	take(answer, list->ai_addr);
	freeaddrinfo(list);
}

void
name_look_up(const char *name, struct name_answer *answer)
{
	memset(answer, 0, sizeof(*answer));
	if (!find_interface(name, answer))
		find_host(name, answer);
}

static bool
serve_one(void)
{
	struct name_question question;
	struct name_answer answer;
	ssize_t n;

	do
		n = recv(FD_MASTER, &question, sizeof(question), 0);
	while (n == -1 && errno == EINTR);
	if (n != (ssize_t)sizeof(question))
		return (false);
	question.text[sizeof(question.text) - 1] = '\0';
	name_look_up(question.text, &answer);
	return (send(FD_MASTER, &answer, sizeof(answer), MSG_NOSIGNAL) ==
	    (ssize_t)sizeof(answer));
}

/* The root directory stays: the resolver reads its files when it is asked. */
static int
give_up_rights(const struct identity *identity)
{
	struct rlimit none = { 0, 0 };
	struct process_limits limits;

	memset(&limits, 0, sizeof(limits));
	limits.open_files = 64;
	limits.no_processes = 1;
	if (setrlimit(RLIMIT_FSIZE, &none) == -1 ||
	    process_limit(&limits) == -1 || process_drop(identity) == -1)
		return (-1);
	return (process_harden(0, 0));
}

void
name_child_run(const char *uid, const char *gid)
{
	struct identity identity;

	process_title("ftpsd: names");
	log_set_name("names");
	memset(&identity, 0, sizeof(identity));
	identity.uid = (uid_t)strtoul(uid, NULL, 10);
	identity.gid = (gid_t)strtoul(gid, NULL, 10);
	if (give_up_rights(&identity) == -1)
		_exit(1);
	while (serve_one())
		continue;
	_exit(0);
}
