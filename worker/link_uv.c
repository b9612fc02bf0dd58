#include "worker/link_uv.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "shm/base/ensure.h"
#include "shm/base/fd.h"
#include "worker/net/watch.h"

/* So that one busy peer does not keep the loop from the sessions. */
#define MESSAGES_A_TURN 64

struct link_uv {
	struct watch_entry entry;
	struct watch *watch;
	struct channel *channel; /* NULL: freed by a handler that is called */
	const struct link_uv_handlers *handlers;
	void *context;
	bool busy; /* handlers are being called */
	bool ended;
};

/* 0, or -1 with errno; only the first time can fail, for want of memory. */
static int
watch_channel(struct link_uv *link)
{
	uint32_t events = EPOLLIN;

	if (channel_wants_write(link->channel))
		events |= EPOLLOUT;
	return (watch_level(link->watch, &link->entry,
	    channel_fd(link->channel), events));
}

static void
unwatch(struct link_uv *link)
{
	ensure(watch_level(link->watch, &link->entry, channel_fd(link->channel),
		   0) == 0);
}

/* Lets queued messages go.  -1: the link has ended. */
static int
flush(struct link_uv *link)
{
	if (channel_flush(link->channel) == -1)
		return (-1);
	if (!channel_wants_write(link->channel) && link->handlers->room != NULL)
		link->handlers->room(link->context);
	return (0);
}

/* Whether it goes on; false, too, when a handler has freed the link. */
static bool
serve(struct link_uv *link, uint32_t events)
{
	int flushed = 0, received;

	if ((events & EPOLLOUT) != 0)
		flushed = flush(link);
	if (link->channel == NULL)
		return (false);
	/* Also after a failed flush: what the peer said before it went counts.
	 */
	received = channel_receive(link->channel, MESSAGES_A_TURN);
	return (link->channel != NULL &&
	    (received > 0 ||
		(received == 0 && flushed == 0 && (events & EPOLLERR) == 0)));
}

static void
ready(void *owner, uint32_t events)
{
	struct link_uv *link = owner;
	bool goes_on;

	link->busy = true;
	goes_on = serve(link, events);
	link->busy = false;
	if (link->channel == NULL) {
		free(link);
		return;
	}
	if (goes_on && watch_channel(link) == 0)
		return;
	unwatch(link);
	link->ended = true;
	link->handlers->ended(link->context);
}

/* The owner may have changed since the channel was made. */
static int
receive(struct message *message, void *context)
{
	struct link_uv *link = context;

	return (link->handlers->message(message, link->context));
}

struct link_uv *
link_uv_new(uv_loop_t *loop, int fd, enum role peer,
    const struct link_uv_handlers *handlers, void *context)
{
	struct link_uv *link = calloc(1, sizeof(*link));

	if (link == NULL) {
		fd_close(&fd);
		return (NULL);
	}
	link->handlers = handlers;
	link->context = context;
	link->channel = channel_new(fd, ROLE_WORKER, peer, receive, link);
	if (link->channel == NULL) {
		free(link);
		return (NULL);
	}
	watch_init(&link->entry, ready, link);
	link->watch = watch_get(loop);
	if (link->watch == NULL || watch_channel(link) == -1) {
		link_uv_free(&link);
		return (NULL);
	}
	return (link);
}

void
link_uv_adopt(struct link_uv *link, const struct link_uv_handlers *handlers,
    void *context)
{
	link->handlers = handlers;
	link->context = context;
}

void
link_uv_free(struct link_uv **link)
{
	struct link_uv *ended = *link;

	if (ended == NULL)
		return;
	*link = NULL;
	if (ended->watch != NULL) {
		unwatch(ended);
		watch_put(&ended->watch);
	}
	channel_free(&ended->channel);
	if (!ended->busy)
		free(ended);
}

struct channel *
link_uv_channel(struct link_uv *link)
{
	return (link->channel);
}

/* An ended link is not watched any more: its owner was told. */
static int
sent(struct link_uv *link, int ret)
{
	int saved = errno;

	if (!link->ended)
		(void)!watch_channel(link);
	errno = saved;
	return (ret);
}

int
link_uv_send(struct link_uv *link, const struct channel_message *message)
{
	return (sent(link, channel_send(link->channel, message)));
}

int
link_uv_post(struct link_uv *link, enum msg_type type, const void *body)
{
	return (sent(link, channel_post(link->channel, type, body)));
}
