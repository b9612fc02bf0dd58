/*
 * link - a channel on the small loop.
 *
 * For master, keeper, login, logger, checkers and agents: watches the
 * channel's descriptor, receives, flushes, and tells once when it has ended.
 */
#ifndef SHM_IPC_LINK_H
#define SHM_IPC_LINK_H

#include "shm/base/loop.h"
#include "shm/ipc/channel.h"

struct link;

struct link_handlers {
	message_handler message;
	/* The peer has gone or was cut off; the handler may free the link. */
	void (*ended)(void *context);
};

/*
 * A link over fd, which it takes over (closed in any case).  NULL with errno.
 * The handlers get context.
 */
NODISCARD struct link *link_new(struct loop *loop, int fd, enum role self,
    enum role peer, const struct link_handlers *handlers, void *context);

/* Ends the link and sets *link to NULL; NULL is allowed, in handlers too. */
void link_free(struct link **link);

NODISCARD struct channel *link_channel(struct link *link);

/* As channel_send() and channel_post(), and sees to a flush. */
NODISCARD int link_send(struct link *link,
    const struct channel_message *message);
NODISCARD int link_post(struct link *link, enum msg_type type,
    const void *body);

#endif
