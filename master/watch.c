#include "master/watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "master/key_changes.h"
#include "master/reload.h"
#include "master/renewal.h"
#include "shm/base/log.h"

#define PAUSE_MS 2000 /* between two looks */
#define REST_MS  1000 /* that a changed file has to rest */
#define REST_MAX 10   /* looks after which others wait no more for it */
#define A_LOOK   1000 /* pieces that are looked at: a few milliseconds */

struct watch {
	struct master *master;
	struct loop_timer *timer;
	struct renewal *renewal;
	size_t next;    /* piece to be looked at */
	uint32_t waits; /* looks, since one has changed that rests now */
};

/* What a look has found. */
struct look {
	bool restless; /* a file that is being changed */
	bool rests;    /* one that was, and no more */
};

static struct certificates *
certificates_of(const struct watch *watch)
{
	return (watch->master->current->configuration->certificates);
}

static void
look_at(struct certificates *certificates, size_t i, struct look *look)
{
	struct certificate *piece = certificates_piece(certificates, i);
	uint64_t stamp = certificates_stamp(certificates, i);

	if (stamp == piece->stamp) {
		piece->seen = 0;
	} else if (stamp == piece->seen) {
		look->rests = true;
	} else {
		piece->seen = stamp;
		look->restless = true;
	}
}

static void
renewed(struct certificates *fresh, void *context)
{
	struct watch *watch = context;

	watch->renewal = NULL;
	if (fresh != NULL)
		key_changes_apply(watch->master, fresh);
}

static void
renew(struct watch *watch)
{
	struct master *master = watch->master;
	const struct renewal_setup setup = {
		.loop = master->loop,
		.self = master->self,
		.path = master->path,
		.configuration = master->current->configuration,
		.done = renewed,
		.context = watch,
	};

	watch->waits = 0;
	watch->renewal = renewal_new(&setup);
	if (watch->renewal == NULL)
		log_error("changed files cannot be read: %s", strerror(errno));
}

/* Whether there is nothing that a look would get in the way of. */
static bool
is_free(const struct watch *watch)
{
	return (watch->renewal == NULL &&
	    watch->master->phase == MASTER_RUNNING &&
	    !reload_is_busy(watch->master->reload));
}

/* Those that were changed and have not come to rest are looked at again. */
static void
look_around(struct watch *watch)
{
	struct certificates *certificates = certificates_of(watch);
	size_t i, count = certificates_count(certificates);
	struct look look = { false, false };

	if (watch->next >= count)
		watch->next = 0;
	for (i = watch->next; i < count && i < watch->next + A_LOOK; i++)
		look_at(certificates, i, &look);
	if (look.rests && (!look.restless || ++watch->waits > REST_MAX))
		renew(watch);
	if (look.rests || look.restless) {
		loop_timer_set(watch->timer, REST_MS);
		return;
	}
	watch->next = i;
	loop_timer_set(watch->timer, PAUSE_MS);
}

static void
tick(void *context)
{
	struct watch *watch = context;
	struct process *process;

	if (!is_free(watch)) {
		loop_timer_set(watch->timer, REST_MS);
		return;
	}
	LIST_FOREACH (process, &watch->master->supervisor->processes, link)
		key_changes_catch_up(process);
	look_around(watch);
}

struct watch *
watch_new(struct master *master)
{
	struct watch *watch = calloc(1, sizeof(*watch));

	if (watch == NULL)
		return (NULL);
	watch->master = master;
	watch->timer = loop_timer(master->loop, tick, watch);
	if (watch->timer == NULL)
		watch_free(&watch);
	return (watch);
}

void
watch_free(struct watch **watch)
{
	if (*watch == NULL)
		return;
	renewal_free(&(*watch)->renewal);
	loop_timer_free(&(*watch)->timer);
	free(*watch);
	*watch = NULL;
}

void
watch_configure(struct watch *watch)
{
	watch->next = 0;
	if (master_conf(watch->master)->watch)
		loop_timer_set(watch->timer, PAUSE_MS);
	else
		loop_timer_clear(watch->timer);
}

void
watch_interrupt(struct watch *watch)
{
	renewal_free(&watch->renewal);
}
