/*
 * recall - questions about limits that wait until workers gave back places.
 *
 * A worker may keep the places of ended sessions, and their channels to agents,
 * for their clients' next ones, having said so.  Before a limit refuses
 * anybody, all such workers are asked to give back what nobody uses; then the
 * question is put once more.  As long as none keeps anything again, refusals
 * are immediate.
 */
#ifndef MASTER_LOGIN_RECALL_H
#define MASTER_LOGIN_RECALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "master/login/workers.h"
#include "shm/base/attr.h"
#include "shm/ipc/channel.h"

struct login_worker;
struct recall;

/*
 * What a waiting question is put with once more.  It is final, unless it
 * returns false: what was given back has not shown yet, since agents tell of
 * their sessions a moment later.  Then it is put again soon, some times; last:
 * this is the last time.
 */
typedef bool (*recall_again)(struct login_worker *worker, const void *question,
    bool last);

/* NULL: memory is short. */
NODISCARD struct recall *recall_new(struct loop *loop, struct workers *workers);
void recall_free(struct recall **recall); /* NULL is allowed */

/*
 * Keeps a copy of the question, which is about that session, and calls again()
 * later, from the loop.  -1: there is nothing to wait for; the refusal stands.
 */
NODISCARD int recall_wait(struct login_worker *worker, uint64_t session,
    recall_again again, const void *question, size_t len);

/* The session is over: what waits about it is forgotten. */
void recall_forget(struct login_worker *worker, uint64_t session);
/* The worker is. */
void recall_forget_worker(struct login_worker *worker);

/* Messages of a worker: 0, or -1 when they break the rules. */
NODISCARD int recall_on_kept(struct login_worker *worker,
    const struct message *message);
NODISCARD int recall_on_recalled(struct login_worker *worker,
    const struct message *message);

#endif
