#include "master/control/control.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "master/control/control_client.h"
#include "shm/base/fd.h"
#include "shm/base/log.h"
#include "shm/base/process.h"

#define PAUSE_MS 1000

static const char busy[] = "{\"end\": true, \"status\": \"" CONTROL_FAILED
			   "\", \"error\": \"too many connections\"}\n";

/* The groups of the peer when it connected; the caller frees. */
static gid_t *
peer_groups(int fd, size_t *count)
{
	gid_t *groups = NULL, *larger;
	socklen_t len = 64 * sizeof(*groups);

	*count = 0;
	for (;;) {
		larger = realloc(groups, len);
		if (larger == NULL)
			break;
		groups = larger;
		if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) ==
		    0) {
			*count = len / sizeof(*groups);
			return (groups);
		}
		/* On ERANGE the kernel has put into len what it needs. */
		if (errno != ERANGE)
			break;
	}
	free(groups);
	return (NULL);
}

static uint32_t
ask_allowed(const struct control *control, int fd)
{
	struct control_peer peer;
	struct ucred who;
	socklen_t len = sizeof(who);
	uint32_t allowed;
	gid_t *groups;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == -1)
		return (0);
	groups = peer_groups(fd, &peer.ngroups);
	peer.uid = who.uid;
	peer.gid = who.gid;
	peer.groups = groups;
	allowed = control->setup.allowed(&peer, control->setup.context);
	if (allowed == 0)
		log_notice("control: uid %u (pid %d) may not connect",
		    (unsigned int)who.uid, (int)who.pid);
	free(groups);
	return (allowed);
}

static void
welcome(struct control *control, int fd)
{
	uint32_t allowed = ask_allowed(control, fd);

	if (allowed == 0) {
		fd_close(&fd);
	} else if (control->nclients >= CONTROL_CLIENTS_MAX) {
		(void)send(fd, busy, sizeof(busy) - 1,
		    MSG_NOSIGNAL | MSG_DONTWAIT);
		fd_close(&fd);
	} else if (control_client_new(control, fd, allowed) == NULL) {
		log_error("control: %s", strerror(errno));
	}
}

static void
ready(unsigned int events UNUSED, void *context)
{
	struct control *control = context;
	int fd;

	fd = accept4(control->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd != -1) {
		welcome(control, fd);
	} else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
		log_error("control: cannot accept: %s", strerror(errno));
		loop_watch_events(control->watch, 0);
		loop_timer_set(control->pause, PAUSE_MS);
	}
}

static void
pause_over(void *context)
{
	struct control *control = context;

	loop_watch_events(control->watch, LOOP_READ);
}

static int
fill_address(struct sockaddr_un *address, const char *path)
{
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(address->sun_path)) {
		errno = ENAMETOOLONG;
		return (-1);
	}
	memcpy(address->sun_path, path, strlen(path) + 1);
	return (0);
}

/* Removes a socket that nobody answers on any more. */
static int
remove_stale(const struct sockaddr_un *address)
{
	struct stat st;
	int fd, ret;

	if (lstat(address->sun_path, &st) == -1)
		return (errno == ENOENT ? 0 : -1);
	if (!S_ISSOCK(st.st_mode)) {
		errno = EEXIST;
		return (-1);
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return (-1);
	ret = connect(fd, (const struct sockaddr *)address, sizeof(*address));
	if (ret == 0 || errno == EAGAIN) {
		errno = EADDRINUSE;
		ret = -1;
	} else {
		ret = unlink(address->sun_path);
	}
	fd_close(&fd);
	return (ret);
}

static int
set_access(const char *path, const struct control_access *access)
{
	uid_t uid = (uid_t)-1;
	gid_t gid = (gid_t)-1, unused;
	const struct group *group;

	if (access->owner != NULL &&
	    process_find_user(access->owner, &uid, &unused) != 0) {
		log_error("control.owner: there is no user \"%s\"",
		    access->owner);
		return (-1);
	}
	if (access->group != NULL) {
		/* At start there is one thread. */
		group =
		    getgrnam(access->group); /* NOLINT(concurrency-mt-unsafe) */
		if (group == NULL) {
			log_error("control.group: there is no group \"%s\"",
			    access->group);
			return (-1);
		}
		gid = group->gr_gid;
	}
	if (chown(path, uid, gid) == 0 && chmod(path, access->mode) == 0)
		return (0);
	log_error("%s: %s", path, strerror(errno));
	return (-1);
}

/* Nobody can connect before the socket has its owner and mode. */
static int
open_socket(const char *path, const struct control_access *access)
{
	struct sockaddr_un address;
	mode_t before;
	int fd, ret = -1;

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd != -1 && fill_address(&address, path) == 0 &&
	    remove_stale(&address) == 0) {
		before = umask(0777);
		ret = bind(fd, (const struct sockaddr *)&address,
		    sizeof(address));
		umask(before);
	}
	if (ret == -1) {
		log_error("%s: %s", path,
		    errno == EADDRINUSE ? "another ftpsd answers there"
					: strerror(errno));
		fd_close(&fd);
		return (-1);
	}
	if (set_access(path, access) == -1 ||
	    listen(fd, CONTROL_CLIENTS_MAX) == -1) {
		(void)unlink(path);
		fd_close(&fd);
	}
	return (fd);
}

struct control *
control_new(const struct control_setup *setup,
    const struct control_access *access)
{
	struct control *control;

	control = calloc(1, sizeof(*control));
	if (control == NULL)
		return (NULL);
	control->setup = *setup;
	LIST_INIT(&control->clients);
	control->fd = open_socket(setup->path, access);
	if (control->fd == -1) {
		free(control);
		return (NULL);
	}
	control->path = strdup(setup->path);
	control->pause = loop_timer(setup->loop, pause_over, control);
	control->watch =
	    loop_watch(setup->loop, control->fd, LOOP_READ, ready, control);
	if (control->path == NULL || control->pause == NULL ||
	    control->watch == NULL) {
		log_error("control: %s", strerror(errno));
		control_free(&control);
	}
	return (control);
}

void
control_free(struct control **control)
{
	struct control *gone = *control;
	struct control_client *client;

	if (gone == NULL)
		return;
	*control = NULL;
	while ((client = LIST_FIRST(&gone->clients)) != NULL)
		control_client_free(client);
	loop_unwatch(&gone->watch);
	loop_timer_free(&gone->pause);
	fd_close(&gone->fd);
	if (gone->path != NULL)
		(void)unlink(gone->path);
	free(gone->path);
	free(gone);
}

void *
control_context(const struct control *control)
{
	return (control->setup.context);
}

struct control_client *
control_waiting(struct control *control, uint64_t number)
{
	struct control_client *client;

	LIST_FOREACH (client, &control->clients, link)
		if (client->waiting == number && !client->broken)
			return (client);
	return (NULL);
}

struct control_client *
control_waiting_command(struct control *control, enum control_command command)
{
	struct control_client *client;

	LIST_FOREACH (client, &control->clients, link)
		if (client->waiting != 0 && client->command == command &&
		    !client->broken)
			return (client);
	return (NULL);
}

void
control_fail_waiting(struct control *control,
    const enum control_command *commands, size_t count, const char *error)
{
	struct control_client *client;
	size_t i;

	if (control == NULL)
		return;
	for (i = 0; i < count; i++)
		while ((client = control_waiting_command(control,
			    commands[i])) != NULL)
			control_client_fail(client, error, NULL);
}
