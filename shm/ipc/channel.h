/*
 * channel - messages and descriptors between two processes.
 *
 * One end of a SOCK_SEQPACKET pair.  Sending never blocks: what the socket
 * does not take at once waits in a bounded queue.  Receiving checks each
 * message against the table (sender, receiver, phase, length, descriptors)
 * before its handler sees it; the first one that breaks the rules ends the
 * channel, and whatever descriptors it carried are closed.
 *
 * A channel belongs to no event loop: its owner watches channel_fd(), calls
 * channel_receive() when it is readable and channel_flush() when it is
 * writable and channel_wants_write().
 */
#ifndef SHM_IPC_CHANNEL_H
#define SHM_IPC_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/base/attr.h"
#include "shm/ipc/msg.h"

struct channel;

/* A message that has been checked.  It is gone after the handler returns. */
struct message {
	enum msg_type type;
	const void *body;     /* the fixed part, aligned for any type */
	const uint8_t *bytes; /* what follows it */
	size_t len;           /* of bytes */
	/*
	 * A descriptor, see message_take_fd(), or -1: none belongs to this
	 * message, or this process has no room for another one (EMFILE).
	 */
	int fd;
};

/* Returns 0, or -1 to end the channel: the peer broke a rule. */
typedef int (*message_handler)(struct message *message, void *context);

/*
 * Takes over fd (closed in any case).  self and peer are the roles at the two
 * ends; handler gets what arrives.  The phase begins as START; see
 * channel_running().  NULL with errno.
 */
NODISCARD struct channel *channel_new(int fd, enum role self, enum role peer,
    message_handler handler, void *context);

/* Closes the channel and sets *channel to NULL; NULL is allowed. */
void channel_free(struct channel **channel);

/* From now on RUN messages are legal both ways, START ones no longer. */
void channel_running(struct channel *channel);
NODISCARD bool channel_is_running(const struct channel *channel);

NODISCARD int channel_fd(const struct channel *channel);
NODISCARD enum role channel_peer(const struct channel *channel);

/* At most this many messages may wait to be sent; the default is 1024. */
void channel_set_queue(struct channel *channel, size_t messages);

/* A message to send: body as the table says, then up to three pieces. */
struct channel_piece {
	const void *data;
	size_t len;
};

struct channel_message {
	enum msg_type type;
	const void *body;
	struct channel_piece pieces[3];
	int fd; /* -1, or a descriptor: a duplicate travels, ours stays open */
};

/*
 * Sends or queues the message.  0, or -1: EAGAIN the queue is full, EMSGSIZE
 * it is too long, EPIPE the peer is gone.  A message that the table does not
 * allow is a bug of ours and aborts.
 */
NODISCARD int channel_send(struct channel *channel,
    const struct channel_message *message);

/* The same for a message without pieces and descriptor. */
NODISCARD int channel_post(struct channel *channel, enum msg_type type,
    const void *body);

NODISCARD bool channel_wants_write(const struct channel *channel);
/* 0, or -1 with errno when the peer is gone. */
NODISCARD int channel_flush(struct channel *channel);

/*
 * Reads and handles at most limit messages.  Returns how many, or -1 when the
 * channel has ended: errno 0 the peer closed it, EPROTO it broke the rules or
 * does not read its answers (logged), else what the kernel said.  A handler may
 * free the channel: then -1 with errno ECANCELED.
 */
NODISCARD int channel_receive(struct channel *channel, int limit);

/* The message's descriptor, now the caller's (the message closes it else). */
NODISCARD int message_take_fd(struct message *message);

/*
 * Splits message->bytes by the lengths of its body: 0 when their sum is
 * exactly what came, else -1.  count is at most 4.
 */
struct message_part {
	const uint8_t *data;
	size_t len;
};
NODISCARD int message_split(const struct message *message, const size_t *lens,
    struct message_part *parts, size_t count);

#endif
