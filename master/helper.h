/*
 * helper - a process that does one job for the master, without its rights.
 *
 * It is this binary under another name, with the identity to take among its
 * arguments and a socket to us as descriptor 3 (FD_MASTER).  Nothing here
 * waits, but for the end of a process that was killed.
 */
#ifndef MASTER_HELPER_H
#define MASTER_HELPER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "master/service_users.h"
#include "shm/base/attr.h"
#include "shm/base/loop.h"

#define HELPER_PARTS_MAX 4

struct helper {
	pid_t pid; /* -1: there is none */
	int fd;    /* non-blocking */
	struct loop_watch *watch;
	struct loop_timer *deadline; /* to be armed by the caller */
};

struct helper_setup {
	struct loop *loop;
	int self; /* descriptor of the binary */
	const struct service_user *user;
	const char *role; /* "@certificates", ... */
	int type;         /* of the socket: SOCK_STREAM or SOCK_SEQPACKET */
	int job;          /* becomes descriptor 4, stays ours; -1: none */
	bool environment; /* it keeps all of ours */
	loop_fd_handler ready;       /* first of all for LOOP_READ */
	loop_timer_handler too_slow; /* the deadline has passed */
	void *context;               /* of both */
};

/* What a job is made of. */
struct helper_part {
	const void *data;
	size_t len;
};

/* There is no process: helper_end() may be called from now on. */
void helper_init(struct helper *helper);

/*
 * Starts a process for a helper without one.  0, or -1 with errno: what was
 * begun is then undone by helper_end().
 */
NODISCARD int helper_start(struct helper *helper,
    const struct helper_setup *setup);

/*
 * Kills the process and forgets it, watch and deadline too; none is allowed.
 * Returns its wait status, or -1.
 */
int helper_end(struct helper *helper);

/*
 * Over SOCK_STREAM: reads what is there of len bytes, the first *got of which
 * came before.  1: they are complete, 0: not yet, -1: the process is gone.
 */
NODISCARD int helper_receive(const struct helper *helper, void *data,
    size_t len, size_t *got);

/*
 * Over SOCK_STREAM: sends what is left of at most HELPER_PARTS_MAX parts, the
 * first *sent bytes of which went before; while something is left the process
 * is watched for LOOP_WRITE, too.  0, or -1: it is gone.
 */
NODISCARD int helper_send(const struct helper *helper,
    const struct helper_part *parts, size_t count, size_t *sent);

#endif
