#include "shm/cache/service.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "shm/base/log.h"
#include "shm/cache/environment.h"

#define CLOCK_SLACK_SEC 60 /* that a session may seem to outlive the limit */

struct service {
	const char *what;
	service_tell tell;
	void *context;
	struct environment *environment;
	struct service_settings settings;
	bool removed;
	uint32_t removed_in; /* generation that saw the cache go */
	struct cache_totals totals;
};

void
service_where(const struct service *service, struct msg_cache_directory *where)
{
	environment_where(service->environment, where);
}

static void
changed(void *context)
{
	struct service *service = context;
	struct msg_cache_directory where;

	service_where(service, &where);
	service->tell(&where, service->context);
}

struct service *
service_new(struct loop *loop, const char *what, service_tell tell,
    void *context)
{
	struct service *service;

	service = calloc(1, sizeof(*service));
	if (service == NULL)
		return (NULL);
	service->what = what;
	service->tell = tell;
	service->context = context;
	service->environment =
	    environment_new(loop, what, &service->totals, changed, service);
	if (service->environment == NULL)
		service_free(&service);
	return (service);
}

void
service_free(struct service **service)
{
	struct service *ended = *service;

	if (ended == NULL)
		return;
	*service = NULL;
	environment_free(&ended->environment);
	free(ended);
}

void
service_configure(struct service *service,
    const struct service_settings *settings)
{
	struct service_settings old = service->settings;

	service->settings = *settings;
	if (service->removed && settings->generation <= service->removed_in)
		return;
	/* What is made anew has not counted anything. */
	if (service->removed)
		memset(&service->totals, 0, sizeof(service->totals));
	/* Sessions keep the time they were given: if it shrinks, they go. */
	if (!settings->enabled)
		environment_end(service->environment);
	else if (!old.enabled || service->removed ||
	    old.size != settings->size || old.timeout > settings->timeout)
		environment_renew(service->environment, settings->size);
	service->removed = false;
}

/*
 * Sessions with a far end would never leave a full cache: such a put is of an
 * old generation with other settings, or of a broken worker.
 */
static bool
lives_too_long(const struct service *service, uint64_t expires, uint64_t now)
{
	return (expires > now + service->settings.timeout + CLOCK_SLACK_SEC);
}

void
service_put(struct service *service, const struct msg_cache_put *put,
    const uint8_t *id, const uint8_t *context, const uint8_t *sealed)
{
	uint64_t now = (uint64_t)time(NULL);
	struct store_session session;

	memset(&session, 0, sizeof(session));
	session.started = put->started;
	session.expires = put->expires;
	session.protocol = put->protocol;
	session.id_len = put->id_len;
	session.context_len = put->context_len;
	session.sealed_len = (uint16_t)put->sealed_len;
	session.id = id;
	session.context = context;
	session.sealed = sealed;
	if (put->expires <= now || lives_too_long(service, put->expires, now) ||
	    !environment_put(service->environment, put->key, &session))
		service->totals.dropped++;
}

void
service_delete(struct service *service, const uint8_t key[CACHE_KEY_LEN])
{
	if (!environment_delete(service->environment, key))
		service->totals.dropped++;
}

static void
add(uint64_t *sum, uint64_t value)
{
	/* A worker's word: it may lie, but not make the sum wrap. */
	*sum = value > UINT64_MAX - *sum ? UINT64_MAX : *sum + value;
}

void
service_counts(struct service *service, const struct msg_cache_counts *counts)
{
	add(&service->totals.hits, counts->hits);
	add(&service->totals.misses, counts->misses);
	add(&service->totals.errors, counts->errors);
	add(&service->totals.too_large, counts->too_large);
	add(&service->totals.dropped, counts->dropped);
	add(&service->totals.stored, counts->stored);
	add(&service->totals.deleted, counts->deleted);
	add(&service->totals.expired, counts->expired);
	if (counts->largest > service->totals.largest)
		service->totals.largest = counts->largest;
}

bool
service_trouble(struct service *service,
    const struct msg_cache_trouble *trouble)
{
	struct msg_cache_directory where;

	service_where(service, &where);
	if (where.name[0] == '\0' || trouble->number != where.number)
		return (false);
	log_warn("%s: environment %s is replaced: a worker could not read "
		 "it: %s",
	    service->what, where.name, mdb_strerror(trouble->error));
	service->totals.renewed++;
	environment_renew_soon(service->environment);
	return (true);
}

void
service_worker_gone(struct service *service)
{
	environment_check_readers(service->environment);
}

static enum cache_state
state(struct service *service)
{
	if (service->removed)
		return (CACHE_REMOVED);
	if (service->settings.internal)
		return (CACHE_INTERNAL);
	if (!service->settings.enabled)
		return (CACHE_OFF);
	return (environment_writer(service->environment) != NULL
		? CACHE_ON
		: CACHE_BROKEN);
}

/* Takes all sessions out; when that fails they go with the environment. */
static void
clear(struct service *service, uint64_t *sessions)
{
	struct writer *writer = environment_writer(service->environment);
	int error;

	*sessions = 0;
	if (writer == NULL)
		return;
	error = writer_clear(writer, sessions);
	if (error != 0)
		environment_doubt(service->environment, error);
}

int
service_clear(struct service *service, uint64_t *sessions)
{
	*sessions = 0;
	if (service->removed || !service->settings.enabled)
		return (ENOSYS);
	clear(service, sessions);
	return (0);
}

int
service_remove(struct service *service, uint64_t *sessions)
{
	*sessions = 0;
	if (service->removed)
		return (0);
	if (!service->settings.enabled)
		return (ENOSYS);
	/*
	 * The sessions go first: a worker that has not read our message yet
	 * finds none of them any more.
	 */
	clear(service, sessions);
	service->removed = true;
	service->removed_in = service->settings.generation;
	environment_end(service->environment);
	return (0);
}

static void
totals_to_facts(const struct cache_totals *totals,
    struct msg_cache_facts *facts)
{
	memset(facts, 0, sizeof(*facts));
	facts->hits = totals->hits;
	facts->misses = totals->misses;
	facts->stored = totals->stored;
	facts->deleted = totals->deleted;
	facts->expired = totals->expired;
	facts->errors = totals->errors;
	facts->too_large = totals->too_large;
	facts->largest = totals->largest;
	facts->dropped = totals->dropped;
	facts->renewed = totals->renewed;
}

void
service_facts(struct service *service, struct msg_cache_facts *facts)
{
	struct writer_facts now;
	struct writer *writer;
	int error = 0;

	memset(&now, 0, sizeof(now));
	writer = environment_writer(service->environment);
	if (writer != NULL)
		error = writer_facts(writer, &now);
	if (error != 0)
		environment_doubt(service->environment, error);
	totals_to_facts(&service->totals, facts);
	facts->state = state(service);
	if (facts->state != CACHE_ON)
		return;
	facts->created = (uint64_t)environment_created(service->environment);
	facts->map_size = now.map_size;
	facts->map_used = now.map_used;
	facts->maximum = now.maximum;
	facts->current = now.sessions;
	facts->readers = now.readers;
	facts->readers_max = now.readers_max;
}

void
service_list(struct service *service, const uint8_t after[CACHE_KEY_LEN],
    struct msg_cache_page *page, struct msg_cache_entry *entries)
{
	struct writer *writer = environment_writer(service->environment);
	int error = 0;

	if (writer != NULL)
		error = writer_list(writer, after, (uint64_t)time(NULL), page,
		    entries);
	if (writer != NULL && error == 0)
		return;
	page->count = 0;
	page->last = 1;
	if (error != 0)
		environment_doubt(service->environment, error);
}
