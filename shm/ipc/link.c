#include "shm/ipc/link.h"

#include <stdbool.h>
#include <stdlib.h>

#include "shm/base/fd.h"

/* So that one busy peer does not keep the loop from the others. */
#define MESSAGES_A_TURN 64

struct link {
	struct channel *channel;
	struct loop_watch *watch;
	struct link_handlers handlers;
	void *context;
	bool busy; /* a handler runs: whoever frees us leaves the memory */
	bool freed;
};

static void
watch_events(struct link *link)
{
	loop_watch_events(link->watch,
	    LOOP_READ | (channel_wants_write(link->channel) ? LOOP_WRITE : 0));
}

static void
ready(unsigned int events, void *context)
{
	struct link *link = context;
	int ret = 0;

	link->busy = true;
	if ((events & LOOP_WRITE) != 0)
		ret = channel_flush(link->channel);
	if (ret != -1 && (events & LOOP_READ) != 0)
		ret = channel_receive(link->channel, MESSAGES_A_TURN);
	if (!link->freed && ret == -1) {
		loop_unwatch(&link->watch);
		link->handlers.ended(link->context);
	}
	link->busy = false;
	if (link->freed)
		free(link);
	else if (link->watch != NULL)
		watch_events(link);
}

struct link *
link_new(struct loop *loop, int fd, enum role self, enum role peer,
    const struct link_handlers *handlers, void *context)
{
	struct link *link;

	link = calloc(1, sizeof(*link));
	if (link == NULL) {
		fd_close(&fd);
		return (NULL);
	}
	link->handlers = *handlers;
	link->context = context;
	link->channel = channel_new(fd, self, peer, handlers->message, context);
	if (link->channel != NULL)
		link->watch = loop_watch(loop, channel_fd(link->channel),
		    LOOP_READ, ready, link);
	if (link->watch == NULL)
		link_free(&link);
	return (link);
}

void
link_free(struct link **link)
{
	struct link *ended = *link;

	if (ended == NULL)
		return;
	*link = NULL;
	loop_unwatch(&ended->watch);
	channel_free(&ended->channel);
	ended->freed = true;
	if (!ended->busy)
		free(ended);
}

struct channel *
link_channel(struct link *link)
{
	return (link->channel);
}

/* An ended link has no watch any more; its owner will be told, or was. */
static int
sent(struct link *link, int ret)
{
	if (link->watch != NULL)
		watch_events(link);
	return (ret);
}

int
link_send(struct link *link, const struct channel_message *message)
{
	return (sent(link, channel_send(link->channel, message)));
}

int
link_post(struct link *link, enum msg_type type, const void *body)
{
	return (sent(link, channel_post(link->channel, type, body)));
}
