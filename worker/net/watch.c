#include "worker/net/watch.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "shm/base/ensure.h"
#include "shm/base/fd.h"

#define EVENTS_A_TURN 256

struct watch {
	uv_poll_t poll; /* first: the close callback frees the whole */
	uv_loop_t *loop;
	struct watch *next;
	unsigned int users;
	bool outside; /* libuv's instance is watched, and not the reverse */
	bool inside_ready;
	int epoll_fd;
	int at, count; /* in events: what is being told */
	struct watch_entry loop_entry;
	uv_prepare_t active;
	struct epoll_event events[EVENTS_A_TURN];
};

/* One a loop, and in a worker there is one loop. */
static struct watch *watches;

/* Owners may go, and others come, while they are told. */
static void
wait_and_tell(struct watch *watch, int timeout)
{
	struct watch_entry *entry;

	watch->count =
	    epoll_wait(watch->epoll_fd, watch->events, EVENTS_A_TURN, timeout);
	uv_update_time(watch->loop);
	watch->users++;
	for (watch->at = 0; watch->at < watch->count; watch->at++) {
		entry = watch->events[watch->at].data.ptr;
		if (entry != NULL)
			entry->happened(entry->owner,
			    watch->events[watch->at].events);
	}
	watch->count = 0;
	watch_put(&watch);
}

static void
tell(uv_poll_t *poll, int status UNUSED, int events UNUSED)
{
	wait_and_tell((struct watch *)poll, 0);
}

static void
inside(void *owner, uint32_t events UNUSED)
{
	struct watch *watch = owner;

	watch->inside_ready = true;
}

static void
do_nothing(uv_prepare_t *prepare UNUSED)
{
}

/*
 * The loop's own instance goes inside of ours.  Without an active handle libuv
 * has no time to wait for, and would be run again and again.
 */
static void
turn_round(struct watch *watch)
{
	watch_init(&watch->loop_entry, inside, watch);
	(void)uv_prepare_init(watch->loop, &watch->active);
	(void)uv_prepare_start(&watch->active, do_nothing);
	(void)uv_poll_stop(&watch->poll);
	(void)uv_run(watch->loop, UV_RUN_NOWAIT);
	ensure(watch_level(watch, &watch->loop_entry,
		   uv_backend_fd(watch->loop), EPOLLIN) == 0);
	watch->outside = true;
}

void
watch_turn(struct watch *watch)
{
	if (!watch->outside)
		turn_round(watch);
	wait_and_tell(watch, uv_backend_timeout(watch->loop));
	/* 0: a timer is due, or a handle was begun or ended. */
	if (!watch->inside_ready && uv_backend_timeout(watch->loop) != 0)
		return;
	watch->inside_ready = false;
	(void)uv_run(watch->loop, UV_RUN_NOWAIT);
}

static struct watch *
make(uv_loop_t *loop)
{
	struct watch *watch = calloc(1, sizeof(*watch));
	int error;

	if (watch == NULL)
		return (NULL);
	watch->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (watch->epoll_fd == -1) {
		free(watch);
		return (NULL);
	}
	error = uv_poll_init(loop, &watch->poll, watch->epoll_fd);
	if (error != 0) {
		fd_close(&watch->epoll_fd);
		free(watch);
		errno = -error;
		return (NULL);
	}
	ensure(uv_poll_start(&watch->poll, UV_READABLE, tell) == 0);
	watch->loop = loop;
	return (watch);
}

struct watch *
watch_get(uv_loop_t *loop)
{
	struct watch *watch;

	for (watch = watches; watch != NULL; watch = watch->next)
		if (watch->loop == loop)
			break;
	if (watch == NULL) {
		watch = make(loop);
		if (watch == NULL)
			return (NULL);
		watch->next = watches;
		watches = watch;
	}
	watch->users++;
	return (watch);
}

static void
closed(uv_handle_t *handle)
{
	free(handle->data);
}

void
watch_put(struct watch **watch)
{
	struct watch *ended = *watch, **at;

	*watch = NULL;
	if (--ended->users > 0)
		return;
	for (at = &watches; *at != ended; at = &(*at)->next)
		;
	*at = ended->next;
	ended->poll.data = ended;
	uv_close((uv_handle_t *)&ended->poll, closed);
	fd_close(&ended->epoll_fd);
}

void
watch_init(struct watch_entry *entry,
    void (*happened)(void *owner, uint32_t events), void *owner)
{
	entry->happened = happened;
	entry->owner = owner;
	entry->events = 0;
}

int
watch_add(struct watch *watch, struct watch_entry *entry, int fd,
    uint32_t events)
{
	struct epoll_event event = {
		.events = entry->events | events |
		    (uint32_t)(EPOLLRDHUP | EPOLLPRI | EPOLLET),
		.data.ptr = entry,
	};
	int how = entry->events == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;

	if (epoll_ctl(watch->epoll_fd, how, fd, &event) == -1)
		return (-1);
	entry->events |= events;
	return (0);
}

int
watch_level(struct watch *watch, struct watch_entry *entry, int fd,
    uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = entry };
	int how = EPOLL_CTL_MOD;

	if (entry->events == events)
		return (0);
	if (entry->events == 0)
		how = EPOLL_CTL_ADD;
	else if (events == 0)
		how = EPOLL_CTL_DEL;
	if (epoll_ctl(watch->epoll_fd, how, fd, &event) == -1)
		return (-1);
	if (events == 0)
		watch_remove(watch, entry);
	entry->events = events;
	return (0);
}

void
watch_remove(struct watch *watch, struct watch_entry *entry)
{
	int i;

	for (i = watch->at + 1; i < watch->count; i++)
		if (watch->events[i].data.ptr == entry)
			watch->events[i].data.ptr = NULL;
	entry->events = 0;
}
