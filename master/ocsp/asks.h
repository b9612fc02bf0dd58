/*
 * asks - the questions of all workers, and who works on them.
 *
 * Equal questions are asked once, and all who wait get the answer.  So many
 * children work at once, and so many of them for one responder, or for DNS:
 * one that hangs holds up nobody else.  What cannot be begun waits, for a
 * bounded time and in a bounded line; then it is answered without a result.
 */
#ifndef MASTER_OCSP_ASKS_H
#define MASTER_OCSP_ASKS_H

#include "master/ocsp/job.h"
#include "shm/base/attr.h"
#include "shm/base/loop.h"

#define ASKS_MAX      1024 /* questions at once */
#define ASKS_WAIT_MAX 512  /* waiters of one asker */
#define ASKS_CHILDREN 16
#define ASKS_PLACE    4 /* of the children, for one responder, or DNS */

struct asks;

struct asks_handlers {
	/* The answer to a request; without data the text says why. */
	void (*answer)(void *asker, uint64_t request, enum job_kind kind,
	    const struct job_result *result);
	/*
	 * A response that is worth keeping; digest is that of its cert.  Its
	 * responder may have made it at any moment since begun (time()).
	 */
	void (*keep)(void *context, const uint8_t *digest,
	    const struct job_result *result, uint64_t begun);
	void *context;
};

/* NULL with errno.  The handlers stay the caller's. */
NODISCARD struct asks *asks_new(struct loop *loop,
    const struct asks_handlers *handlers);
/* Kills the children; answers nobody; NULL is allowed. */
void asks_free(struct asks **asks);

/* How long a question may take, with all waiting; for later ones. */
void asks_set_timeout(struct asks *asks, uint64_t ms);

/* The proxy for all that begins from now on; NULL: none; it is copied. */
void asks_set_proxy(struct asks *asks, const char *url);

/*
 * Asks for asker, which is only ever handed to answer().  The job is copied.
 * What is too much is answered before this returns.
 */
void asks_add(struct asks *asks, void *asker, uint64_t request,
    const struct job *job);

/* The asker has gone: nothing is answered to it any more. */
void asks_forget(struct asks *asks, const void *asker);

#endif
