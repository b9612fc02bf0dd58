/*
 * fs_own - what a struct fs is, to those who make it up.
 *
 * fs.c has the agent and sends questions, fs_answers.c takes answers.
 */
#ifndef WORKER_FS_OWN_H
#define WORKER_FS_OWN_H

#include "shm/ipc/msg.h"
#include "worker/clock.h"
#include "worker/fs.h"

struct link_uv;
struct message;
struct waiting;

struct fs {
	struct worker *worker;
	struct broker_client *client;
	fs_handler handler;
	void *context;
	struct link_uv *link;     /* NULL: no agent */
	struct waiting *waiting;  /* the current question, not sent yet */
	struct deadline deadline; /* to report a failure, or to let go */
	uint32_t requests;        /* the last number */
	uint32_t current;         /* that the session waits for; 0: none */
	enum msg_type asked;      /* what it is */
	uint64_t heard;           /* the time of its last sign of life */
	uint32_t forgotten;       /* questions whose answers are swallowed */
	uint32_t handle;          /* of the open upload; 0: none */
	uint32_t pipe;            /* question whose pipe is served; 0: none */
	bool asking;              /* an agent is asked for */
	bool piped;               /* the agent may still serve a pipe */
	int failed;               /* errno that answers the current question */
};

/* Nothing to do may mean that the agent can be let go, after a while. */
void fs_settle(struct fs *fs);

/* The current question is answered with error, from the loop. */
void fs_fail(struct fs *fs, int error);

/* Everything that only this agent knew is gone with it. */
void fs_lose_agent(struct fs *fs);

/* The current question is answered. */
void fs_deliver(struct fs *fs, struct fs_answer *answer);

/* The agent drops an upload that nobody wants. */
void fs_send_discard(struct fs *fs, uint32_t handle);

/* The handler of the agent's messages. */
NODISCARD int fs_receive(struct message *message, void *context);

#endif
