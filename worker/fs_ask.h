/*
 * fs_ask - how fs.c and fs_requests.c share the work.
 *
 * fs_requests.c puts requests together; fs.c has the agent and sends them.
 */
#ifndef WORKER_FS_ASK_H
#define WORKER_FS_ASK_H

#include <stddef.h>
#include <stdint.h>

#include "shm/base/attr.h"
#include "shm/ipc/channel.h"

struct fs;

/* A request; its body begins with the number, which fs_ask() fills in. */
struct fs_question {
	enum msg_type type;
	void *body;
	size_t body_len;
	struct channel_piece pieces[3];
	int fd; /* -1, or a descriptor of which a duplicate travels */
};

/* Sends the question, or keeps a copy until there is an agent.  As fs.h. */
NODISCARD uint32_t fs_ask(struct fs *fs, const struct fs_question *question);

/* The upload with this handle ends; false: it is not open (any more). */
NODISCARD bool fs_take_handle(struct fs *fs, uint32_t handle);

#endif
