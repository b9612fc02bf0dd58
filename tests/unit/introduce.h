/* introduce - a new peer of a process under test. */
#ifndef TESTS_UNIT_INTRODUCE_H
#define TESTS_UNIT_INTRODUCE_H

#include "shm/base/fd.h"
#include "shm/ipc/channel.h"
#include "tests/unit/suites.h"

/*
 * Sends one end of a channel to the process over its master's; the other end,
 * which has the peer's role and speaks with the process's, is the result.
 */
static inline struct channel *
introduce(struct channel *master, const struct msg_peer *peer, enum role to,
    message_handler handler, void *context)
{
	struct channel_message message = { .type = MSG_PEER, .body = peer };
	struct channel *channel;
	int pair[2];

	CU_ASSERT_FATAL(fd_pair(pair) == 0);
	channel = channel_new(pair[0], peer->role, to, handler, context);
	CU_ASSERT_PTR_NOT_NULL_FATAL(channel);
	channel_running(channel);
	message.fd = pair[1];
	CU_ASSERT(channel_send(master, &message) == 0);
	fd_close(&pair[1]);
	return (channel);
}

#endif
