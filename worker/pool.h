/*
 * pool - what may block, done in libuv's threads.
 *
 * A job is admitted before it is queued: at most POOL_JOBS_AN_ACCOUNT of an
 * account are in the threads at a time, further ones wait their turn here.  So
 * an account whose storage is slow holds up itself and cannot take all
 * threads.
 */
#ifndef WORKER_POOL_H
#define WORKER_POOL_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "shm/base/attr.h"

#define POOL_JOBS_AN_ACCOUNT 2

struct pool;
struct pool_account;

/*
 * Embedded by who wants the job done, and in use until done() is called; what
 * run() works on belongs to the thread until then.
 */
struct pool_job {
	void (*run)(struct pool_job *job);  /* in a thread */
	void (*done)(struct pool_job *job); /* on the loop; may reuse the job */
	/* The pool's: */
	uv_work_t request;
	struct pool *pool;
	struct pool_account *account;
	struct pool_job *next;
	bool waiting;
};

/* NULL when memory is short. */
NODISCARD struct pool *pool_new(uv_loop_t *loop);
/* No job may be left; sets *pool to NULL; NULL is allowed. */
void pool_free(struct pool **pool);

/*
 * Starts the threads (a sandbox that comes later may forbid it), as many as
 * the environment's UV_THREADPOOL_SIZE says.  0, or -1 with errno.
 */
NODISCARD int pool_start(struct pool *pool);

/*
 * Has the job done, now or when the account's turn comes; done() is called from
 * the loop, not from here.  0, or -1 with errno when memory is short.
 */
NODISCARD int pool_submit(struct pool *pool, struct pool_job *job,
    uint32_t account);

/* true: the job had not been queued and never will; false: it runs. */
NODISCARD bool pool_withdraw(struct pool_job *job);

/* Jobs that are in the threads now. */
NODISCARD uint32_t pool_running(const struct pool *pool);

#endif
