#include "worker/link_uv.h"

#include <errno.h>
#include <stdlib.h>

#include "shm/base/fd.h"

/* So that one busy peer does not keep the loop from the sessions. */
#define MESSAGES_A_TURN 64

struct link_uv {
	uv_poll_t poll;
	struct channel *channel; /* NULL: freed, the handle is closing */
	const struct link_uv_handlers *handlers;
	void *context;
	int watched; /* the events that are polled for */
};

static void ready(uv_poll_t *poll, int status, int events);

static void
watch(struct link_uv *link)
{
	int events = UV_READABLE;

	if (channel_wants_write(link->channel))
		events |= UV_WRITABLE;
	if (link->watched == events)
		return;
	link->watched = events;
	(void)uv_poll_start(&link->poll, events, ready);
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

static void
ready(uv_poll_t *poll, int status, int events)
{
	struct link_uv *link = poll->data;
	int flushed = 0, received;

	if (status == 0 && (events & UV_WRITABLE) != 0)
		flushed = flush(link);
	if (link->channel == NULL)
		return;
	/* Also after a failed flush: what the peer said before it went counts.
	 */
	received = channel_receive(link->channel, MESSAGES_A_TURN);
	if (link->channel == NULL)
		return;
	if (received > 0 || (received == 0 && flushed == 0 && status == 0)) {
		watch(link);
		return;
	}
	(void)uv_poll_stop(&link->poll);
	link->watched = 0;
	link->handlers->ended(link->context);
}

static void
closed(uv_handle_t *handle)
{
	free(handle->data);
}

struct link_uv *
link_uv_new(uv_loop_t *loop, int fd, enum role peer,
    const struct link_uv_handlers *handlers, void *context)
{
	struct link_uv *link = calloc(1, sizeof(*link));
	int error;

	if (link == NULL) {
		fd_close(&fd);
		return (NULL);
	}
	link->handlers = handlers;
	link->context = context;
	link->channel =
	    channel_new(fd, ROLE_WORKER, peer, handlers->message, context);
	if (link->channel == NULL) {
		free(link);
		return (NULL);
	}
	error = uv_poll_init(loop, &link->poll, channel_fd(link->channel));
	if (error != 0) {
		channel_free(&link->channel);
		free(link);
		errno = -error;
		return (NULL);
	}
	link->poll.data = link;
	watch(link);
	return (link);
}

void
link_uv_free(struct link_uv **link)
{
	struct link_uv *ended = *link;

	if (ended == NULL)
		return;
	*link = NULL;
	/* The handle lets go of the descriptor before that is closed. */
	uv_close((uv_handle_t *)&ended->poll, closed);
	channel_free(&ended->channel);
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

	if (link->watched != 0)
		watch(link);
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
