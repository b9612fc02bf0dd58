/*
 * watch - the sockets of a loop, with one system call for each.
 *
 * An epoll instance inside the loop's, edge-triggered: what is known of a
 * socket's readiness is kept by its owner, so that nothing has to be armed and
 * disarmed.  (libuv's own handle makes five to eight calls for a connection
 * that lives for one small file.)  It is made with the first user on a loop and
 * goes with the last one.
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
 * Nothing more is told.  For the kernel, the caller closes the descriptor: it
 * is in no other process, and no duplicate of it is left.
 */
void watch_remove(struct watch *watch, struct watch_entry *entry);

#endif
