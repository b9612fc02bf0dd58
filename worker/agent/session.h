/*
 * session - one FTP session as its agent sees it: a channel, and what its
 * requests have left open.
 *
 * The end of the channel ends all of it: uploads that were not committed are
 * discarded.  A channel on which a malformed request comes is cut; other
 * sessions do not notice.
 */
#ifndef WORKER_AGENT_SESSION_H
#define WORKER_AGENT_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "shm/base/attr.h"
#include "shm/base/loop.h"
#include "shm/ipc/link.h"
#include "worker/agent/jail.h"

#define SESSION_TASKS_MAX 64 /* further ones get EMFILE */

struct chore;
struct list;
struct relay;
struct upload;
struct session;

/* What the sessions of an agent share. */
struct agent {
	struct loop *loop;
	struct jail jail;
	LIST_HEAD(session_list, session) sessions;
	uint32_t attached, busy; /* sessions; those with tasks */
	/* One of the two numbers has changed. */
	void (*changed)(struct agent *agent);
	struct link *control;    /* NULL: login has closed it */
	struct loop_timer *tell; /* armed: the numbers may have changed */
	uint32_t told_attached, told_busy;
	bool joined;        /* login has counted one more since it was told */
	uint64_t worked_at; /* loop_now() of the last request, or its end */
};

/* Something that outlasts the request that began it. */
struct task {
	LIST_ENTRY(task) link;
	struct session *session;
	uint32_t request; /* that waits for its end; 0: none */
	uint32_t handle;  /* of an upload; 0: none */
	struct list *list;
	struct upload *upload;
	struct relay *relay;
	struct chore *chore;
	uint64_t commit_size; /* for a commit that waits for the relay */
	uint32_t commit_durability;
};

struct session {
	LIST_ENTRY(session) link;
	struct agent *agent;
	struct link *channel;
	LIST_HEAD(task_list, task) tasks;
	unsigned int ntasks;
	uint32_t last_handle;
};

/*
 * Serves the session at the other end of fd, which is taken over.  When memory
 * is short its worker sees the channel close.
 */
void session_new(struct agent *agent, int fd);
void session_free(struct session *session);

/* A new task, or NULL with errno (EMFILE: the session has too many). */
NODISCARD struct task *task_new(struct session *session);
void task_free(struct task *task);

/*
 * Answers.  0, or -1: the worker does not take it.  Within a handler of a
 * message that is returned; elsewhere the session is freed.
 */
NODISCARD int session_done(struct session *session, uint32_t request,
    int error);
/* The same with bytes, as many as the body says. */
NODISCARD int session_contents(struct session *session,
    const struct msg_fs_contents *body, const void *bytes);

/*
 * Copies a path of len bytes that came in a message and terminates it.
 * false: it is not what a worker may send.
 */
NODISCARD bool session_path(char *out, const struct message_part *path);

#endif
