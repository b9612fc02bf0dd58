#include "shm/cache/lookout.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "shm/base/fd.h"
#include "shm/base/log.h"

struct lookout {
	int fd, watched; /* -1: none */
	int above;       /* likewise, of the current directory */
	struct loop_watch *watch;
	lookout_handler handler;
	void *context;
};

/* What it was does not matter: the owner looks at its files. */
static void
drain(int fd)
{
	char events[4096];

	while (read(fd, events, sizeof(events)) > 0)
		;
}

static void
stirred(unsigned int events, void *context)
{
	struct lookout *lookout = context;

	(void)events;
	drain(lookout->fd);
	lookout->handler(lookout->context);
}

struct lookout *
lookout_new(struct loop *loop, lookout_handler handler, void *context)
{
	struct lookout *lookout = calloc(1, sizeof(*lookout));

	if (lookout == NULL)
		return (NULL);
	lookout->handler = handler;
	lookout->context = context;
	lookout->watched = lookout->above = -1;
	lookout->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (lookout->fd != -1)
		lookout->watch =
		    loop_watch(loop, lookout->fd, LOOP_READ, stirred, lookout);
	if (lookout->watch == NULL)
		lookout_free(&lookout);
	return (lookout);
}

void
lookout_free(struct lookout **lookout)
{
	struct lookout *ended = *lookout;
	int error = errno;

	if (ended == NULL)
		return;
	*lookout = NULL;
	loop_unwatch(&ended->watch);
	fd_close(&ended->fd);
	free(ended);
	errno = error;
}

void
lookout_at(struct lookout *lookout, const char *name)
{
	if (lookout->watched != -1)
		(void)inotify_rm_watch(lookout->fd, lookout->watched);
	lookout->watched = inotify_add_watch(lookout->fd, name,
	    IN_DELETE | IN_MOVED_FROM | IN_DELETE_SELF | IN_MOVE_SELF |
		IN_ONLYDIR);
	if (lookout->watched == -1)
		log_warn("%s: its removal would be noticed late: %s", name,
		    strerror(errno));
	if (lookout->above != -1)
		(void)inotify_rm_watch(lookout->fd, lookout->above);
	/* Nobody removes it without removing what is in it. */
	lookout->above = inotify_add_watch(lookout->fd, ".", IN_MOVE_SELF);
}
