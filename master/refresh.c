#include "master/refresh.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "master/master.h"
#include "master/names.h"
#include "master/supervise.h"
#include "shm/base/log.h"

struct refresh {
	struct master *master;
	struct loop_timer *timer;
	struct names *names; /* NULL: nothing is asked now */
};

static struct conf *
conf_of(const struct refresh *refresh)
{
	return (refresh->master->current->configuration->conf);
}

static void
wait_for_next(struct refresh *refresh)
{
	const struct conf *conf = conf_of(refresh);

	if (conf->nnames > 0 && conf->names_refresh > 0)
		loop_timer_set(refresh->timer,
		    (uint64_t)conf->names_refresh * 1000);
}

static void
tell_workers(const struct refresh *refresh, size_t number)
{
	const struct generation *current = refresh->master->current;
	struct process *process;
	struct msg_address body;

	memset(&body, 0, sizeof(body));
	body.generation = current->number;
	body.number = (uint32_t)number;
	body.address = conf_of(refresh)->names[number].address;
	LIST_FOREACH (process, &refresh->master->supervisor->processes, link)
		if (process->role == ROLE_WORKER &&
		    process->generation == current->number)
			process_tell(process, MSG_ADDRESS, &body);
}

/* What cannot be found any more stays as it was: better than nothing. */
static void
found(size_t number, const struct address *address, const char *why,
    void *context)
{
	const struct refresh *refresh = context;
	struct conf_name *name = &conf_of(refresh)->names[number];
	char text[ADDRESS_TEXT_MAX];

	if (address == NULL) {
		log_warn("the name %s cannot be resolved, %s stays its "
			 "address: %s",
		    name->first->name, address_text(&name->address, text), why);
		return;
	}
	if (address_same_ip(address, &name->address))
		return;
	name->address = *address;
	log_notice("the address of %s is %s now", name->first->name,
	    address_text(address, text));
	tell_workers(refresh, number);
}

static void
done(void *context)
{
	struct refresh *refresh = context;

	names_free(&refresh->names);
	wait_for_next(refresh);
}

static void
look_up(void *context)
{
	struct refresh *refresh = context;
	const struct configuration *configuration =
	    refresh->master->current->configuration;
	struct names_setup setup;

	setup.loop = refresh->master->loop;
	setup.self = refresh->master->self;
	setup.user = configuration->users.ocsp;
	setup.conf = configuration->conf;
	setup.found = found;
	setup.done = done;
	setup.context = refresh;
	refresh->names = names_new(&setup);
	if (refresh->names != NULL)
		return;
	log_warn("names cannot be looked up: %s", strerror(errno));
	wait_for_next(refresh);
}

struct refresh *
refresh_new(struct master *master)
{
	struct refresh *refresh;

	refresh = calloc(1, sizeof(*refresh));
	if (refresh == NULL)
		return (NULL);
	refresh->master = master;
	refresh->timer = loop_timer(master->loop, look_up, refresh);
	if (refresh->timer == NULL)
		refresh_free(&refresh);
	return (refresh);
}

void
refresh_free(struct refresh **refresh)
{
	if (*refresh == NULL)
		return;
	names_free(&(*refresh)->names);
	loop_timer_free(&(*refresh)->timer);
	free(*refresh);
	*refresh = NULL;
}

void
refresh_begin(struct refresh *refresh)
{
	names_free(&refresh->names);
	loop_timer_clear(refresh->timer);
	wait_for_next(refresh);
}
