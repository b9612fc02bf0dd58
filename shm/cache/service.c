#include "shm/cache/service.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "shm/base/log.h"
#include "shm/base/secret.h"
#include "shm/cache/place.h"
#include "shm/cache/writer.h"

#define COMMIT_MS       5    /* a change waits no longer for company */
#define RENEW_MS        1000 /* between two environments, at least */
#define RETRY_MAX_MS    60000
#define CHECK_MS        10000 /* between two looks for dead readers */
#define EXPIRE_MAX_SEC  3600  /* the clock may be set meanwhile */
#define CLOCK_SLACK_SEC 60    /* sessions may seem to outlive the limit by */

struct service {
	service_tell tell;
	void *context;
	struct service_settings settings;
	uint32_t removed; /* generation that saw the cache go */
	enum cache_state state;
	struct cache_totals totals;

	/* The environment; writer NULL: none */
	struct writer *writer;
	char name[CACHE_DIR_LEN];
	uint64_t number; /* of this or the last one */
	time_t created;

	struct loop_timer *commit, *expire, *renew;
	uint64_t renewed; /* loop_now() of the last attempt */
	uint64_t checked; /* for dead readers, likewise */
	uint64_t pause;   /* before the next attempt after a failed one */
};

static uint64_t
seconds_now(void)
{
	return ((uint64_t)time(NULL));
}

void
service_where(const struct service *service, struct msg_cache_directory *where)
{
	memset(where, 0, sizeof(*where));
	where->number = service->number;
	if (service->writer == NULL)
		return;
	memcpy(where->name, service->name, sizeof(where->name));
	where->map_size = writer_map_size(service->writer);
}

static void
tell_all(struct service *service)
{
	struct msg_cache_directory where;

	service_where(service, &where);
	service->tell(&where, service->context);
}

/* Ends the environment in use, if any; the workers must be told after. */
static void
retire(struct service *service)
{
	if (service->writer == NULL)
		return;
	writer_close(&service->writer);
	place_remove(service->name);
	memset(service->name, 0, sizeof(service->name));
	loop_timer_clear(service->commit);
	loop_timer_clear(service->expire);
}

static int
make_environment(struct service *service, char name[CACHE_DIR_LEN],
    struct writer **writer)
{
	int error;

	error = place_make(name);
	if (error != 0)
		return (error);
	error =
	    writer_open(name, service->settings.size, &service->totals, writer);
	if (error == 0)
		error = place_share(name);
	if (error == 0)
		return (0);
	writer_close(writer);
	place_remove(name);
	return (error);
}

/* The first failure is told; further ones only show in the state. */
static void
renewal_failed(struct service *service, int error)
{
	if (service->pause == 0)
		log_error("session cache: no environment can be made (%s): "
			  "sessions are not shared between workers",
		    mdb_strerror(error));
	service->state = CACHE_BROKEN;
	service->pause = service->pause == 0 ? RENEW_MS : service->pause * 2;
	if (service->pause > RETRY_MAX_MS)
		service->pause = RETRY_MAX_MS;
	loop_timer_set(service->renew, service->pause);
}

/*
 * Puts a fresh environment in the place of the one in use.  The workers leave
 * the old one when they read our message; until then it lives on unseen.
 */
static void
renew(struct service *service)
{
	char name[CACHE_DIR_LEN];
	struct writer *writer = NULL;
	int error;

	service->renewed = loop_now();
	loop_timer_clear(service->renew);
	error = make_environment(service, name, &writer);
	retire(service);
	if (error == 0) {
		service->writer = writer;
		memcpy(service->name, name, sizeof(service->name));
		service->number++;
		service->created = time(NULL);
		service->state = CACHE_ON;
		service->pause = 0;
	} else
		renewal_failed(service, error);
	tell_all(service);
}

/* A new environment, but not more than one in a second. */
static void
renew_soon(struct service *service)
{
	uint64_t since = loop_now() - service->renewed;

	if (loop_timer_armed(service->renew))
		return;
	if (since >= RENEW_MS)
		renew(service);
	else
		loop_timer_set(service->renew, RENEW_MS - since);
}

static void
renew_due(void *context)
{
	renew(context);
}

/* Our own environment failed us: it is not touched again. */
static void
doubt(struct service *service, int error)
{
	log_error("session cache: environment %s is given up: %s",
	    service->name, mdb_strerror(error));
	retire(service);
	service->state = CACHE_BROKEN;
	tell_all(service);
	renew_soon(service);
}

static void
arm_expire(struct service *service)
{
	uint64_t end, now;

	if (service->writer == NULL)
		return;
	end = writer_next_end(service->writer);
	now = seconds_now();
	if (end == UINT64_MAX) {
		loop_timer_clear(service->expire);
		return;
	}
	end = end > now ? end - now : 0;
	if (end > EXPIRE_MAX_SEC)
		end = EXPIRE_MAX_SEC;
	/* A little later, so that a session's last second is over. */
	loop_timer_set(service->expire, end * 1000 + 500);
}

static void
check_readers(struct service *service, bool now)
{
	if (service->writer == NULL ||
	    (!now && loop_now() - service->checked < CHECK_MS))
		return;
	service->checked = loop_now();
	writer_check_readers(service->writer);
}

static void
commit(struct service *service)
{
	int error;

	if (service->writer == NULL)
		return;
	loop_timer_clear(service->commit);
	check_readers(service, false);
	error = writer_commit(service->writer, seconds_now());
	if (error != 0)
		doubt(service, error);
	else
		arm_expire(service);
}

static void
commit_due(void *context)
{
	commit(context);
}

static void
expire_due(void *context)
{
	struct service *service = context;
	bool more = false;
	int error;

	if (service->writer == NULL)
		return;
	error = writer_expire(service->writer, seconds_now(), &more);
	if (error != 0)
		doubt(service, error);
	else if (more)
		loop_timer_set(service->expire, 1); /* others have their turn */
	else
		arm_expire(service);
}

struct service *
service_new(struct loop *loop, service_tell tell, void *context)
{
	struct service *service;
	uint32_t random;

	service = calloc(1, sizeof(*service));
	if (service == NULL)
		return (NULL);
	service->tell = tell;
	service->context = context;
	service->state = CACHE_OFF;
	/* Another keeper's numbers mean nothing to us. */
	secret_random(&random, sizeof(random));
	service->number = (uint64_t)random << 32;
	service->commit = loop_timer(loop, commit_due, service);
	service->expire = loop_timer(loop, expire_due, service);
	service->renew = loop_timer(loop, renew_due, service);
	if (service->commit == NULL || service->expire == NULL ||
	    service->renew == NULL)
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
	retire(ended);
	loop_timer_free(&ended->commit);
	loop_timer_free(&ended->expire);
	loop_timer_free(&ended->renew);
	free(ended);
}

/* Ends service: off by configuration, or removed. */
static void
stop_serving(struct service *service, enum cache_state state)
{
	bool served = service->writer != NULL;

	loop_timer_clear(service->renew);
	retire(service);
	service->state = state;
	if (served)
		tell_all(service);
}

void
service_configure(struct service *service,
    const struct service_settings *settings)
{
	struct service_settings old = service->settings;

	service->settings = *settings;
	if (service->state == CACHE_REMOVED &&
	    settings->generation <= service->removed)
		return;
	if (!settings->enabled)
		stop_serving(service, CACHE_OFF);
	else if (service->state != CACHE_ON || old.size != settings->size ||
	    old.timeout != settings->timeout)
		renew(service);
}

void
service_put(struct service *service, const struct msg_cache_put *put,
    const uint8_t *id, const uint8_t *context, const uint8_t *sealed)
{
	struct store_session session;
	uint64_t now = seconds_now();

	/*
	 * Sessions with a far end would never leave a full cache; such a put is
	 * of an old generation with other settings, or of a broken worker.
	 */
	if (service->writer == NULL || put->expires <= now ||
	    put->expires > now + service->settings.timeout + CLOCK_SLACK_SEC) {
		service->totals.dropped++;
		return;
	}
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
	if (writer_put(service->writer, put->key, &session))
		commit(service);
	else if (!loop_timer_armed(service->commit))
		loop_timer_set(service->commit, COMMIT_MS);
}

void
service_delete(struct service *service, const uint8_t key[CACHE_KEY_LEN])
{
	if (service->writer == NULL)
		return;
	if (writer_delete(service->writer, key))
		commit(service);
	else if (!loop_timer_armed(service->commit))
		loop_timer_set(service->commit, COMMIT_MS);
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
	if (counts->largest > service->totals.largest)
		service->totals.largest = counts->largest;
}

bool
service_trouble(struct service *service,
    const struct msg_cache_trouble *trouble)
{
	if (service->writer == NULL || trouble->number != service->number)
		return (false);
	log_warn("session cache: environment %s is replaced, a worker could "
		 "not read it: %s",
	    service->name, mdb_strerror(trouble->error));
	renew_soon(service);
	return (true);
}

void
service_worker_gone(struct service *service)
{
	check_readers(service, true);
}

int
service_clear(struct service *service, uint64_t *sessions)
{
	int error;

	*sessions = 0;
	if (service->state == CACHE_OFF || service->state == CACHE_REMOVED)
		return (ENOSYS);
	commit(service);
	if (service->writer == NULL)
		return (EIO);
	error = writer_clear(service->writer, sessions);
	if (error == 0)
		return (0);
	/* Gone they are, with the environment. */
	doubt(service, error);
	return (0);
}

int
service_remove(struct service *service, uint64_t *sessions)
{
	int error = 0;

	*sessions = 0;
	if (service->state == CACHE_OFF)
		return (ENOSYS);
	/*
	 * The sessions go first: a worker that has yet to read our message
	 * finds none of them.
	 */
	if (service->writer != NULL)
		error = service_clear(service, sessions);
	if (error != 0)
		log_warn("session cache: removed without a count");
	service->removed = service->settings.generation;
	stop_serving(service, CACHE_REMOVED);
	return (0);
}

void
service_facts(struct service *service, struct msg_cache_facts *facts)
{
	const struct cache_totals *totals = &service->totals;
	struct writer_facts now;
	int error;

	commit(service);
	memset(&now, 0, sizeof(now));
	memset(facts, 0, sizeof(*facts));
	if (service->writer != NULL) {
		error = writer_facts(service->writer, &now);
		if (error != 0)
			doubt(service, error);
	}
	facts->state = service->state;
	facts->hits = totals->hits;
	facts->misses = totals->misses;
	facts->stored = totals->stored;
	facts->deleted = totals->deleted;
	facts->expired = totals->expired;
	facts->errors = totals->errors;
	facts->too_large = totals->too_large;
	facts->largest = totals->largest;
	facts->dropped = totals->dropped;
	if (service->writer == NULL)
		return;
	facts->map_size = now.map_size;
	facts->map_used = now.map_used;
	facts->created = (uint64_t)service->created;
	facts->maximum = now.maximum;
	facts->current = now.sessions;
	facts->readers = now.readers;
	facts->readers_max = now.readers_max;
}

void
service_list(struct service *service, const uint8_t after[CACHE_KEY_LEN],
    struct msg_cache_page *page, struct msg_cache_entry *entries)
{
	int error;

	commit(service);
	page->count = 0;
	page->last = 1;
	if (service->writer == NULL)
		return;
	error =
	    writer_list(service->writer, after, seconds_now(), page, entries);
	if (error == 0)
		return;
	page->count = 0;
	page->last = 1;
	doubt(service, error);
}

const char *
service_name(const struct service *service)
{
	return (service->name);
}
