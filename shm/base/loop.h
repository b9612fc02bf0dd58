/*
 * loop - a small event loop for the processes that are not workers.
 *
 * Descriptors, timers and signals, on one epoll instance.  Single threaded,
 * and made after the fork: a child never uses the loop that it inherited.
 * Handlers may add and remove anything, themselves included.
 */
#ifndef SHM_BASE_LOOP_H
#define SHM_BASE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/base/attr.h"

#define LOOP_READ  1u
#define LOOP_WRITE 2u

struct loop;
struct loop_watch;
struct loop_timer;

/* events: what is ready; an error or hang-up counts as both wanted ones. */
typedef void (*loop_fd_handler)(unsigned int events, void *context);
typedef void (*loop_timer_handler)(void *context);
typedef void (*loop_signal_handler)(int signal, void *context);

/* NULL with errno when the kernel refuses. */
NODISCARD struct loop *loop_new(void);
/* Frees the loop and all its watches and timers; NULL is allowed. */
void loop_free(struct loop **loop);

/*
 * Calls handler when fd is ready for events.  The descriptor stays the
 * caller's, who removes the watch before closing it.  NULL with errno.
 */
NODISCARD struct loop_watch *loop_watch(struct loop *loop, int fd,
    unsigned int events, loop_fd_handler handler, void *context);
void loop_watch_events(struct loop_watch *watch, unsigned int events);
/* Ends the watch and sets *watch to NULL; NULL is allowed. */
void loop_unwatch(struct loop_watch **watch);

/*
 * A timer, not armed.  It fires once each time it is armed.  NULL with errno
 * when memory is short.
 */
NODISCARD struct loop_timer *loop_timer(struct loop *loop,
    loop_timer_handler handler, void *context);
/* (Re)arms the timer to fire in ms milliseconds. */
void loop_timer_set(struct loop_timer *timer, uint64_t ms);
void loop_timer_clear(struct loop_timer *timer);
NODISCARD bool loop_timer_armed(const struct loop_timer *timer);
/* Ends the timer and sets *timer to NULL; NULL is allowed. */
void loop_timer_free(struct loop_timer **timer);

/*
 * Blocks the signal and calls handler for it from the loop (signalfd); one
 * handler a signal.  0, or -1 with errno.
 */
NODISCARD int loop_signal(struct loop *loop, int signal,
    loop_signal_handler handler, void *context);

/* Runs until loop_stop().  Returns 0, or -1 with errno when epoll fails. */
int loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* Milliseconds of the monotonic clock. */
NODISCARD uint64_t loop_now(void);

#endif
