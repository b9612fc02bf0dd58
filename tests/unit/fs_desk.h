/*
 * fs_desk - one session with its struct fs, and a test that plays its agent.
 */
#ifndef TESTS_UNIT_FS_DESK_H
#define TESTS_UNIT_FS_DESK_H

#include <CUnit/CUnit.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "shm/base/fd.h"
#include "tests/unit/worker_rig.h"
#include "worker/fs.h"

#define SESSION 42

/* One session with its fs, and the agent at the other end. */
struct desk {
	struct rig rig;
	struct broker *broker;
	struct broker_client client;
	struct fs *fs;

	struct channel *agent;
	enum msg_type type; /* the last request it got */
	uint32_t request, handle;
	char bytes[64];
	size_t len;
	int fd;
	int discards, requests;

	int answers;
	struct fs_answer answer;
	char name[32];
	bool frees; /* the handler frees the fs */
};

/* The agent -------------------------------------------------------------- */

static int
hear(struct message *message, void *context)
{
	const struct msg_fs_handle *handle = message->body;
	struct desk *desk = context;

	if (message->type == MSG_FS_DISCARD) {
		desk->discards++;
		desk->handle = handle->handle;
		return (0);
	}
	desk->requests++;
	desk->type = message->type;
	desk->request = handle->request;
	if (message->type == MSG_FS_COMMIT)
		desk->handle = handle->handle;
	desk->len = message->len;
	if (desk->len < sizeof(desk->bytes))
		memcpy(desk->bytes, message->bytes, desk->len);
	fd_close(&desk->fd);
	desk->fd = message_take_fd(message);
	return (0);
}

/* -1: the worker has closed the channel. */
static int
talk(struct desk *desk)
{
	int i, ret = 0;

	for (i = 0; i < 4; i++) {
		rig_turn(&desk->rig);
		if (desk->agent != NULL)
			ret = channel_receive(desk->agent, 100);
	}
	return (ret);
}

/* As login does when it is asked. */
static void
give_agent(struct desk *desk)
{
	int pair[2];

	channel_free(&desk->agent);
	CU_ASSERT_NOT_EQUAL(desk->client.agent_request, 0);
	broker_forget_agent(&desk->client);
	CU_ASSERT_EQUAL_FATAL(fd_pair(pair), 0);
	desk->agent = channel_new(pair[0], ROLE_AGENT, ROLE_WORKER, hear, desk);
	CU_ASSERT_PTR_NOT_NULL_FATAL(desk->agent);
	channel_running(desk->agent);
	fs_agent(desk->fs, pair[1], 0);
	(void)talk(desk);
}

static void
say_done(struct desk *desk, uint32_t request, int error)
{
	const struct msg_fs_done body = { .request = request,
		.error = error,
		.size = 123,
		.modified = 456,
		.mode = 0644,
		.entries = 7 };

	CU_ASSERT_EQUAL(channel_post(desk->agent, MSG_FS_DONE, &body), 0);
	(void)talk(desk);
}

/* Closes fd. */
static inline void
say_opened(struct desk *desk, struct msg_fs_opened *body, const char *name,
    int fd)
{
	const struct channel_message message = {
		.type = MSG_FS_OPENED,
		.body = body,
		.pieces = { { name, strlen(name) } },
		.fd = fd,
	};

	body->name_len = (uint32_t)strlen(name);
	CU_ASSERT_EQUAL(channel_send(desk->agent, &message), 0);
	fd_close(&fd);
	(void)talk(desk);
}

/* The session ------------------------------------------------------------ */

static void
answered(const struct fs_answer *answer, void *context)
{
	struct desk *desk = context;

	desk->answers++;
	desk->answer = *answer;
	(void)snprintf(desk->name, sizeof(desk->name), "%s", answer->name);
	if (desk->frees)
		fs_free(&desk->fs);
}

static void
no_verdict(enum limit limit UNUSED, void *context UNUSED)
{
}

static const struct broker_handlers handlers = { no_verdict, NULL, NULL, NULL };

static void
start(struct desk *desk)
{
	*desk = (struct desk){ .fd = -1 };
	rig_start(&desk->rig);
	desk->broker = broker_new(&desk->rig.worker);
	CU_ASSERT_PTR_NOT_NULL_FATAL(desk->broker);
	desk->client.handlers = &handlers;
	desk->client.session = SESSION;
	CU_ASSERT_FALSE(broker_join(desk->broker, &desk->client));
	desk->client.token = malloc(1);
	desk->client.token_len = desk->client.token != NULL;
	desk->fs = fs_new(&desk->rig.worker, &desk->client, answered, desk);
	CU_ASSERT_PTR_NOT_NULL_FATAL(desk->fs);
}

/* With an agent that has done something already. */
static void
start_with_agent(struct desk *desk)
{
	start(desk);
	CU_ASSERT_NOT_EQUAL(fs_stat(desk->fs, "/"), 0);
	give_agent(desk);
	say_done(desk, desk->request, 0);
	CU_ASSERT_EQUAL(desk->answers, 1);
	desk->answers = 0;
}

static void
stop(struct desk *desk)
{
	fs_free(&desk->fs);
	broker_leave(&desk->client);
	broker_free(&desk->broker);
	channel_free(&desk->agent);
	fd_close(&desk->fd);
	rig_stop(&desk->rig);
}

static inline void
begin_upload(struct desk *desk, uint32_t handle)
{
	const struct fs_create create = { .path = "/up" };
	struct msg_fs_opened body = { .handle = handle, .size = 9 };

	CU_ASSERT_NOT_EQUAL(fs_create(desk->fs, &create), 0);
	(void)talk(desk);
	CU_ASSERT_EQUAL(desk->type, MSG_FS_CREATE);
	body.request = desk->request;
	say_opened(desk, &body, "up", memfd_create("up", MFD_CLOEXEC));
}

#endif
