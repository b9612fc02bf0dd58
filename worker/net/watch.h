/*
 * watch - the sockets of a loop, with one system call for each.
 *
 * An epoll instance of our own.  Connections are watched edge-triggered: what
 * is known of a socket's readiness is kept by its owner, so that nothing has to
 * be armed and disarmed.  (libuv's own handle makes five to eight calls for a
 * connection that lives for one small file.)  It is made with the first user on
 * a loop and goes with the last one.
 *
 * A worker waits in watch_turn(), on this instance, with libuv's inside; libuv
 * runs when it has something to do: timers, threads that are done.  Under a
 * plain uv_run() it is the other way round, which costs a second epoll_wait()
 * for whatever happens.
 */
#ifndef WORKER_NET_WATCH_H
#define WORKER_NET_WATCH_H

#include <stdint.h>
#include <uv.h>

#include "shm/base/attr.h"

struct watch;

/* Embedded in what owns the socket. */
struct watch_entry {
	/* events: EPOLLIN and so on; what is there now, not only what is new.
	 */
	void (*happened)(void *owner, uint32_t events);
	void *owner;
	uint32_t events; /* told of; the watch's */
};

/* The watch of loop, counted once more; NULL with errno. */
NODISCARD struct watch *watch_get(uv_loop_t *loop);
/* Gives it back and sets *watch to NULL. */
void watch_put(struct watch **watch);

void watch_init(struct watch_entry *entry,
    void (*happened)(void *owner, uint32_t events), void *owner);

/*
 * Has the owner told of these events of fd, too, from now on: once of what is
 * so already, and then whenever it becomes so again.  0, or -1 with errno.
 */
NODISCARD int watch_add(struct watch *watch, struct watch_entry *entry, int fd,
    uint32_t events);

/*
 * The same for what is told of as long as it is so, in place of what was wanted
 * before; none: no more, as it must be before the descriptor is closed, of
 * which other processes may have a copy.  0, or -1 with errno.
 */
NODISCARD int watch_level(struct watch *watch, struct watch_entry *entry,
    int fd, uint32_t events);

/*
 * Waits until something happens, and tells; runs the loop when there is
 * something for it.  The loop is not run otherwise once this has been called.
 */
void watch_turn(struct watch *watch);

/*
 * Nothing more is told.  For the kernel, the caller closes the descriptor: it
 * is in no other process, and no duplicate of it is left.
 */
void watch_remove(struct watch *watch, struct watch_entry *entry);

#endif
