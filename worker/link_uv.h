/*
 * link_uv - a channel on the worker's loop.
 *
 * Watches the channel's descriptor, receives, flushes, and tells once when it
 * has ended.  The worker's counterpart of shm/ipc/link.h.
 */
#ifndef WORKER_LINK_UV_H
#define WORKER_LINK_UV_H

#include <uv.h>

#include "shm/base/attr.h"
#include "shm/ipc/channel.h"

struct link_uv;

struct link_uv_handlers {
	message_handler message;
	/* The peer has gone or was cut off; the handler may free the link. */
	void (*ended)(void *context);
	/* The queue has run empty again; may be NULL. */
	void (*room)(void *context);
};

/*
 * A link over fd, which it takes over (closed in any case); legal messages are
 * those of the START phase until channel_running().  The handlers stay the
 * caller's and live as long as the link.  NULL with errno.
 */
NODISCARD struct link_uv *link_uv_new(uv_loop_t *loop, int fd, enum role peer,
    const struct link_uv_handlers *handlers, void *context);

/* From now on what happens to the link is told to another owner. */
void link_uv_adopt(struct link_uv *link,
    const struct link_uv_handlers *handlers, void *context);

/* Ends the link and sets *link to NULL; NULL is allowed, in handlers too. */
void link_uv_free(struct link_uv **link);

NODISCARD struct channel *link_uv_channel(struct link_uv *link);

/*
 * As channel_send() and channel_post(), and sees to a flush.  A peer that is
 * found gone is told by ended(), from the loop.
 */
NODISCARD int link_uv_send(struct link_uv *link,
    const struct channel_message *message);
NODISCARD int link_uv_post(struct link_uv *link, enum msg_type type,
    const void *body);

#endif
