#include "shm/base/loop.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "shm/base/ensure.h"
#include "shm/base/fd.h"

#define EVENTS_A_TURN 64

/*
 * Watches and timers that end while the loop runs handlers are kept on the
 * list of dead ones until the turn is over, since the kernel may have reported
 * them already.
 */
struct loop_watch {
	LIST_ENTRY(loop_watch) link;
	struct loop *loop;
	int fd;
	unsigned int events;
	loop_fd_handler handler;
	void *context;
	bool dead;
};

struct loop_timer {
	LIST_ENTRY(loop_timer) link;
	struct loop *loop;
	uint64_t due; /* 0: not armed */
	loop_timer_handler handler;
	void *context;
};

LIST_HEAD(watch_list, loop_watch);
LIST_HEAD(timer_list, loop_timer);

struct loop {
	int epoll_fd, signal_fd;
	struct watch_list watches, dead;
	struct timer_list armed, idle; /* armed: sorted by due */
	struct loop_watch *signal_watch;
	sigset_t signals;
	struct {
		loop_signal_handler handler;
		void *context;
	} on_signal[NSIG];
	bool stopped;
};

uint64_t
loop_now(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return ((uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000);
}

struct loop *
loop_new(void)
{
	struct loop *loop;

	loop = calloc(1, sizeof(*loop));
	if (loop == NULL)
		return (NULL);
	loop->signal_fd = -1;
	LIST_INIT(&loop->watches);
	LIST_INIT(&loop->dead);
	LIST_INIT(&loop->armed);
	LIST_INIT(&loop->idle);
	sigemptyset(&loop->signals);
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll_fd == -1) {
		free(loop);
		return (NULL);
	}
	return (loop);
}

static void
free_watches(struct watch_list *list)
{
	struct loop_watch *watch;

	while ((watch = LIST_FIRST(list)) != NULL) {
		LIST_REMOVE(watch, link);
		free(watch);
	}
}

static void
free_timers(struct timer_list *list)
{
	struct loop_timer *timer;

	while ((timer = LIST_FIRST(list)) != NULL) {
		LIST_REMOVE(timer, link);
		free(timer);
	}
}

void
loop_free(struct loop **loop)
{
	if (*loop == NULL)
		return;
	free_watches(&(*loop)->watches);
	free_watches(&(*loop)->dead);
	free_timers(&(*loop)->armed);
	free_timers(&(*loop)->idle);
	fd_close(&(*loop)->signal_fd);
	fd_close(&(*loop)->epoll_fd);
	free(*loop);
	*loop = NULL;
}

static uint32_t
to_epoll(unsigned int events)
{
	return (((events & LOOP_READ) != 0 ? (uint32_t)EPOLLIN : 0) |
	    ((events & LOOP_WRITE) != 0 ? (uint32_t)EPOLLOUT : 0));
}

struct loop_watch *
loop_watch(struct loop *loop, int fd, unsigned int events,
    loop_fd_handler handler, void *context)
{
	struct loop_watch *watch;
	struct epoll_event event;

	watch = calloc(1, sizeof(*watch));
	if (watch == NULL)
		return (NULL);
	watch->loop = loop;
	watch->fd = fd;
	watch->events = events;
	watch->handler = handler;
	watch->context = context;
	memset(&event, 0, sizeof(event));
	event.events = to_epoll(events);
	event.data.ptr = watch;
	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) == -1) {
		free(watch);
		return (NULL);
	}
	LIST_INSERT_HEAD(&loop->watches, watch, link);
	return (watch);
}

void
loop_watch_events(struct loop_watch *watch, unsigned int events)
{
	struct epoll_event event;

	if (watch->events == events)
		return;
	memset(&event, 0, sizeof(event));
	event.events = to_epoll(events);
	event.data.ptr = watch;
	ensure(epoll_ctl(watch->loop->epoll_fd, EPOLL_CTL_MOD, watch->fd,
		   &event) == 0);
	watch->events = events;
}

void
loop_unwatch(struct loop_watch **watch)
{
	struct loop_watch *ended = *watch;

	if (ended == NULL)
		return;
	*watch = NULL;
	(void)epoll_ctl(ended->loop->epoll_fd, EPOLL_CTL_DEL, ended->fd, NULL);
	ended->dead = true;
	LIST_REMOVE(ended, link);
	LIST_INSERT_HEAD(&ended->loop->dead, ended, link);
}

struct loop_timer *
loop_timer(struct loop *loop, loop_timer_handler handler, void *context)
{
	struct loop_timer *timer;

	timer = calloc(1, sizeof(*timer));
	if (timer == NULL)
		return (NULL);
	timer->loop = loop;
	timer->handler = handler;
	timer->context = context;
	LIST_INSERT_HEAD(&loop->idle, timer, link);
	return (timer);
}

void
loop_timer_set(struct loop_timer *timer, uint64_t ms)
{
	struct loop_timer *at, *last = NULL;

	LIST_REMOVE(timer, link);
	timer->due = loop_now() + ms;
	for (at = LIST_FIRST(&timer->loop->armed);
	     at != NULL && at->due <= timer->due; at = LIST_NEXT(at, link))
		last = at;
	if (last == NULL)
		LIST_INSERT_HEAD(&timer->loop->armed, timer, link);
	else
		LIST_INSERT_AFTER(last, timer, link);
}

void
loop_timer_clear(struct loop_timer *timer)
{
	LIST_REMOVE(timer, link);
	timer->due = 0;
	LIST_INSERT_HEAD(&timer->loop->idle, timer, link);
}

bool
loop_timer_armed(const struct loop_timer *timer)
{
	return (timer->due != 0);
}

void
loop_timer_free(struct loop_timer **timer)
{
	if (*timer == NULL)
		return;
	LIST_REMOVE(*timer, link);
	free(*timer);
	*timer = NULL;
}

static void
read_signals(unsigned int events UNUSED, void *context)
{
	struct loop *loop = context;
	struct signalfd_siginfo info;
	unsigned int number;

	while (read(loop->signal_fd, &info, sizeof(info)) ==
	    (ssize_t)sizeof(info)) {
		number = info.ssi_signo;
		if (number < NSIG && loop->on_signal[number].handler != NULL)
			loop->on_signal[number].handler((int)number,
			    loop->on_signal[number].context);
	}
}

int
loop_signal(struct loop *loop, int signal_number, loop_signal_handler handler,
    void *context)
{
	int fd;

	ensure(signal_number > 0 && signal_number < NSIG);
	sigaddset(&loop->signals, signal_number);
	if (sigprocmask(SIG_BLOCK, &loop->signals, NULL) == -1)
		return (-1);
	fd = signalfd(loop->signal_fd, &loop->signals,
	    SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd == -1)
		return (-1);
	loop->signal_fd = fd;
	loop->on_signal[signal_number].handler = handler;
	loop->on_signal[signal_number].context = context;
	if (loop->signal_watch == NULL)
		loop->signal_watch =
		    loop_watch(loop, fd, LOOP_READ, read_signals, loop);
	return (loop->signal_watch == NULL ? -1 : 0);
}

/* Only timers that were due when the turn began: one may arm itself anew. */
static void
run_timers(struct loop *loop)
{
	uint64_t now = loop_now();
	struct loop_timer *timer;

	while (!loop->stopped && (timer = LIST_FIRST(&loop->armed)) != NULL &&
	    timer->due <= now) {
		loop_timer_clear(timer);
		timer->handler(timer->context);
	}
}

static int
wait_time(const struct loop *loop)
{
	const struct loop_timer *first = LIST_FIRST(&loop->armed);
	uint64_t now;

	if (first == NULL)
		return (-1);
	now = loop_now();
	if (first->due <= now)
		return (0);
	return (first->due - now > 3600000 ? 3600000 : (int)(first->due - now));
}

static void
dispatch(struct loop_watch *watch, uint32_t ready)
{
	unsigned int events = 0;

	if (watch->dead)
		return;
	if ((ready & (uint32_t)(EPOLLIN | EPOLLERR | EPOLLHUP)) != 0)
		events |= LOOP_READ;
	if ((ready & (uint32_t)(EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0)
		events |= LOOP_WRITE;
	watch->handler(events, watch->context);
}

int
loop_run(struct loop *loop)
{
	struct epoll_event ready[EVENTS_A_TURN];
	int i, n;

	loop->stopped = false;
	while (!loop->stopped) {
		n = epoll_wait(loop->epoll_fd, ready, EVENTS_A_TURN,
		    wait_time(loop));
		if (n == -1 && errno != EINTR)
			return (-1);
		for (i = 0; i < n && !loop->stopped; i++)
			dispatch(ready[i].data.ptr, ready[i].events);
		run_timers(loop);
		free_watches(&loop->dead);
	}
	return (0);
}

void
loop_stop(struct loop *loop)
{
	loop->stopped = true;
}
