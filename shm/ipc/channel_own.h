/*
 * channel_own - what a channel is, to those who make it up.
 *
 * channel.c makes channels and sends, channel_receive.c receives.
 */
#ifndef SHM_IPC_CHANNEL_OWN_H
#define SHM_IPC_CHANNEL_OWN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include "shm/ipc/channel.h"

struct waiting; /* a message that the socket did not take: channel.c */
STAILQ_HEAD(waiting_list, waiting);

struct channel {
	int fd;
	enum role self, peer;
	message_handler handler;
	void *context;
	enum msg_phase phase;
	struct waiting_list queue;
	size_t queued, queue_max;
	bool receiving; /* handlers run: whoever frees us leaves the memory */
	bool ended;
	int unsent; /* errno of what could not be sent since the last message */
};

#endif
