/*
 * clock - deadlines of the sessions of one worker.
 *
 * A struct deadline is embedded in what waits.  All deadlines of a worker are
 * in one heap that is made of the deadlines themselves, driven by one libuv
 * timer that is armed for the earliest: a worker without deadlines does not
 * wake up, and setting one takes no memory and cannot fail.
 *
 * A deadline fires once, from the loop, never from within deadline_set(), and
 * never early.  It is cleared before its handler is called: the handler may
 * set it anew, clear others and free what the deadline is embedded in.
 */
#ifndef WORKER_CLOCK_H
#define WORKER_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/base/attr.h"

struct clock;
struct worker;

typedef void (*deadline_handler)(void *context);

/* Embedded; the fields are the clock's. */
struct deadline {
	struct clock *clock; /* not NULL while it is set */
	deadline_handler handler;
	void *context;
	uint64_t at; /* milliseconds of the loop's clock */
	struct deadline *child, *next;
	struct deadline *previous; /* sibling, or the parent of a first child */
};

/* NULL when memory is short.  On worker->loop; the caller owns it. */
NODISCARD struct clock *clock_new(struct worker *worker);
/* No deadline is set any more; sets *clock to NULL; NULL is allowed. */
void clock_free(struct clock **clock);

/* Makes a deadline that is not set; needs no counterpart but the clearing. */
void deadline_init(struct deadline *deadline, deadline_handler handler,
    void *context);

/*
 * Sets the deadline to milliseconds from this loop turn (worker_now()), 0 being
 * the next turn; one that is set already is moved.
 */
void deadline_set(struct worker *worker, struct deadline *deadline,
    uint64_t milliseconds);

/* Does nothing when the deadline is not set; also after it has fired. */
void deadline_clear(struct deadline *deadline);

NODISCARD bool deadline_is_set(const struct deadline *deadline);

/* Milliseconds until it fires; 0 when it is due or not set. */
NODISCARD uint64_t deadline_left(const struct worker *worker,
    const struct deadline *deadline);

#endif
