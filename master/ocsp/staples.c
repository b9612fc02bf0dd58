#include "master/ocsp/staples.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "master/ocsp/asks.h"
#include "master/ocsp/staple_entry.h"
#include "shm/base/log.h"
#include "shm/base/ocsp_response.h"

#define PACE_MS    50 /* between two questions: twenty in a second */
#define ASKING_MAX 64 /* at once */
#define TURN_MS    10 /* between two turns of a long work */
#define LOADS_TURN 32 /* files read and verified in one */
#define PUTS_TURN  32
#define IDLE_MS    60000 /* the clock may be set meanwhile */

struct staples {
	struct loop *loop;
	struct staples_handlers handlers;
	struct asks *asks;
	struct loop_timer *work; /* files, the keeper, what is over */
	struct loop_timer *pace; /* questions */
	struct staple_store store;
	char *directory;     /* that store has open; NULL: none */
	uint32_t generation; /* of hosts; 0: none yet */
	struct staple_hosts hosts;
	struct staple_entry *entries; /* sorted by key */
	size_t count, asking;
	uint64_t ids;
	bool wanted; /* by the keeper */
	bool told;   /* of those without a responder */
};

static uint64_t
seconds_now(void)
{
	return ((uint64_t)time(NULL));
}

/* --- questions ------------------------------------------------------------ */

static bool
is_due(const struct staple_entry *entry, uint64_t now)
{
	return (entry->subject.obstacle == NULL && entry->loaded &&
	    !entry->asking && entry->next_try <= now);
}

/* The one that waits longest; NULL: none is due. */
static struct staple_entry *
find_due(const struct staples *staples, uint64_t now)
{
	struct staple_entry *entry, *first = NULL;
	size_t i;

	for (i = 0; i < staples->count; i++) {
		entry = &staples->entries[i];
		if (is_due(entry, now) &&
		    (first == NULL || entry->next_try < first->next_try))
			first = entry;
	}
	return (first);
}

static void
ask(struct staples *staples, struct staple_entry *entry)
{
	const struct staple_subject *subject = &entry->subject;
	struct job job;

	memset(&job, 0, sizeof(job));
	job.kind = JOB_STATUS;
	job.flags = subject->flags;
	job.cert = subject->cert;
	job.cert_len = subject->cert_len;
	job.issuer = subject->issuer;
	job.issuer_len = subject->issuer_len;
	job.urls = subject->urls;
	job.urls_len = subject->urls_len;
	entry->asking = true;
	staples->asking++;
	asks_set_timeout(staples->asks, subject->timeout * UINT64_C(1000));
	asks_add(staples->asks, staples, entry->id, &job);
}

static void
set_pace(struct staples *staples, uint64_t ms)
{
	if (!loop_timer_armed(staples->pace))
		loop_timer_set(staples->pace, ms);
}

/* One question, and the next one a little later. */
static void
pace_due(void *context)
{
	struct staples *staples = context;
	struct staple_entry *entry;

	if (!staples->wanted || staples->asking >= ASKING_MAX)
		return; /* what ends this begins it again */
	entry = find_due(staples, seconds_now());
	if (entry == NULL)
		return;
	ask(staples, entry);
	set_pace(staples, PACE_MS);
}

/* --- files and the keeper ------------------------------------------------- */

static bool
put(const struct staples *staples, struct staple_entry *entry)
{
	const struct staple staple = {
		.key = entry->subject.key,
		.der = entry->der,
		.len = entry->der_len,
		.fetched = entry->fetched,
		.expires = entry->expires,
	};

	if (entry->to_remove) {
		if (!staples->handlers.remove(entry->subject.key))
			return (false);
		entry->to_remove = false;
	}
	if (entry->to_put && entry->der != NULL &&
	    !staples->handlers.put(&staple))
		return (false);
	entry->to_put = false;
	return (true);
}

/* true: there is more to be done. */
static bool
load_some(struct staples *staples, uint64_t now)
{
	struct staple_entry *entry;
	size_t i, n = 0;

	for (i = 0; i < staples->count; i++) {
		entry = &staples->entries[i];
		if (entry->loaded)
			continue;
		if (n++ == LOADS_TURN)
			return (true);
		staple_entry_load(entry, &staples->store, now);
	}
	return (false);
}

static bool
put_some(struct staples *staples)
{
	struct staple_entry *entry;
	size_t i, n = 0;

	for (i = 0; i < staples->count; i++) {
		entry = &staples->entries[i];
		if (!entry->to_put && !entry->to_remove)
			continue;
		if (n++ == PUTS_TURN || !put(staples, entry))
			return (true);
	}
	return (false);
}

/* When the first of all has to be looked at, in milliseconds. */
static uint64_t
idle_time(const struct staples *staples, uint64_t now)
{
	const struct staple_entry *entry;
	uint64_t first = UINT64_MAX;
	size_t i;

	for (i = 0; i < staples->count; i++) {
		entry = &staples->entries[i];
		if (entry->der != NULL && entry->expires < first)
			first = entry->expires;
		if (entry->subject.obstacle == NULL && !entry->asking &&
		    entry->next_try > now && entry->next_try < first)
			first = entry->next_try;
	}
	if (first <= now)
		return (1000);
	first = first - now;
	return (first < IDLE_MS / 1000 ? first * 1000 : IDLE_MS);
}

/* A look at all: rarely, or in turns when there is much to do. */
static void
work_due(void *context)
{
	struct staples *staples = context;
	uint64_t now = seconds_now();
	bool more;
	size_t i;

	more = load_some(staples, now);
	for (i = 0; i < staples->count; i++)
		staple_entry_age(&staples->entries[i], now);
	if (staples->wanted)
		more = put_some(staples) || more;
	if (staples->count == 0)
		return;
	set_pace(staples, 0);
	loop_timer_set(staples->work, more ? TURN_MS : idle_time(staples, now));
}

static void
answer(void *asker, uint64_t request, enum job_kind kind UNUSED,
    const struct job_result *result)
{
	struct staples *staples = asker;
	struct staple_entry *entry;
	size_t i;

	staples->asking--;
	for (i = 0; i < staples->count; i++) {
		entry = &staples->entries[i];
		if (entry->id != request || !entry->asking)
			continue;
		staple_entry_answer(entry, result, &staples->store,
		    seconds_now());
		break;
	}
	loop_timer_set(staples->work, 0);
}

/* All come by answer(). */
static void
keep(void *context UNUSED, const uint8_t *digest UNUSED,
    const struct job_result *result UNUSED, uint64_t begun UNUSED)
{
}

/* --- what is wanted ------------------------------------------------------- */

static int
compare_key(const void *key, const void *entry)
{
	const struct staple_entry *other = entry;

	return (memcmp(key, other->subject.key, DIGEST_LEN));
}

static struct staple_entry *
find_entry(const struct staples *staples, const uint8_t *key)
{
	if (staples->count == 0)
		return (NULL);
	return (bsearch(key, staples->entries, staples->count,
	    sizeof(*staples->entries), compare_key));
}

static bool
is_wanted(const uint8_t key[DIGEST_LEN], const void *context)
{
	return (find_entry(context, key) != NULL);
}

static void
free_entries(struct staple_entry *entries, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		staple_entry_free(&entries[i]);
	free(entries);
}

/* What is known of a certificate stays known; the subject is taken over. */
static void
move(struct staple_entry *entry, struct staple_entry *old,
    struct staple_subject *subject)
{
	if (old != NULL) {
		*entry = *old;
		old->der = NULL;
		memset(&entry->subject, 0, sizeof(entry->subject));
	}
	entry->subject = *subject;
	memset(subject, 0, sizeof(*subject));
}

/* Said once, since it is nothing bad; but see must_be_stapled(). */
static void
tell_obstacles(struct staples *staples)
{
	const struct staple_subject *subject, *first = NULL;
	size_t i, n = 0;

	for (i = 0; i < staples->count; i++) {
		subject = &staples->entries[i].subject;
		if (subject->no_responder && n++ == 0)
			first = subject;
		if (subject->obstacle != NULL && !subject->no_responder)
			log_warn("the certificate of host %s (serial %s) is "
				 "not stapled: %s",
			    subject->host, subject->serial, subject->obstacle);
	}
	if (first == NULL || staples->told)
		return;
	staples->told = true;
	log_info("%zu certificate%s no OCSP responder, so there is nothing to "
		 "staple (host %s%s)",
	    n, n == 1 ? " names" : "s name", first->host,
	    n == 1 ? "" : " and others");
}

static void
replace(struct staples *staples, struct staple_list *list)
{
	struct staple_entry *entries, *old;
	size_t i;

	entries = calloc(list->count + 1, sizeof(*entries));
	if (entries == NULL) {
		log_error("no memory for the certificates to be stapled");
		return;
	}
	for (i = 0; i < list->count; i++) {
		old = find_entry(staples, list->items[i].key);
		if (old == NULL)
			entries[i].id = ++staples->ids;
		else
			staple_subject_free(&old->subject);
		move(&entries[i], old, &list->items[i]);
	}
	for (i = 0; i < staples->count; i++)
		if (staples->entries[i].subject.cert != NULL)
			staple_store_remove(&staples->store,
			    staples->entries[i].subject.key);
	free_entries(staples->entries, staples->count);
	staples->entries = entries;
	staples->count = list->count;
}

void
staples_take(struct staples *staples, uint32_t generation, int fd)
{
	struct staple_list list;

	if (generation != staples->generation)
		return; /* of one that is over already */
	if (staple_list_read(&list, fd, &staples->hosts) == -1) {
		log_error("the certificates to be stapled cannot be read: %s",
		    strerror(errno));
		return;
	}
	staple_store_open(&staples->store, staples->directory);
	replace(staples, &list);
	staple_list_free(&list);
	staple_store_sweep(&staples->store, is_wanted, staples);
	tell_obstacles(staples);
	log_debug("%zu certificates are to be stapled", staples->count);
	loop_timer_set(staples->work, 0);
}

/* Where no host is stapled, nothing is kept. */
void
staples_configure(struct staples *staples, uint32_t generation,
    const struct conf *conf)
{
	bool any = conf_staples(conf);
	const char *directory = any ? conf->stapling_cache_directory : NULL;

	staples->generation = generation;
	asks_set_proxy(staples->asks, conf->ocsp_proxy);
	if (staple_hosts_read(&staples->hosts, conf) == -1)
		log_error("no memory for the hosts to be stapled");
	free(staples->directory);
	staples->directory = directory == NULL ? NULL : strdup(directory);
	if (any)
		return;
	staple_store_open(&staples->store, NULL);
	free_entries(staples->entries, staples->count);
	staples->entries = NULL;
	staples->count = 0;
}

static void
forget_all(struct staples *staples)
{
	size_t i;

	for (i = 0; i < staples->count; i++)
		staple_entry_forget(&staples->entries[i], &staples->store);
}

int
staples_want(struct staples *staples, uint32_t wish)
{
	size_t i;

	if (wish > STAPLES_NONE)
		return (-1);
	staples->wanted = wish != STAPLES_NONE;
	if (wish != STAPLES_AGAIN)
		forget_all(staples);
	for (i = 0; wish == STAPLES_AGAIN && i < staples->count; i++)
		staples->entries[i].to_put = staples->entries[i].der != NULL;
	loop_timer_set(staples->work, 0);
	return (0);
}

void
staples_list(const struct staples *staples, uint32_t first,
    struct msg_staple_page *page,
    struct msg_staple_entry entries[STAPLE_PAGE_ENTRIES])
{
	size_t i;

	page->count = 0;
	for (i = first; i < staples->count && page->count < STAPLE_PAGE_ENTRIES;
	     i++)
		staple_entry_describe(&staples->entries[i],
		    &entries[page->count++]);
	page->last = i >= staples->count;
}

/* --- life ----------------------------------------------------------------- */

struct staples *
staples_new(struct loop *loop, const struct staples_handlers *handlers)
{
	static const struct asks_handlers asking = { answer, keep, NULL };
	struct staples *staples;

	staples = calloc(1, sizeof(*staples));
	if (staples == NULL)
		return (NULL);
	staples->loop = loop;
	staples->handlers = *handlers;
	staples->store.fd = -1;
	staples->asks = asks_new(loop, &asking);
	staples->work = loop_timer(loop, work_due, staples);
	staples->pace = loop_timer(loop, pace_due, staples);
	if (staples->asks == NULL || staples->work == NULL ||
	    staples->pace == NULL)
		staples_free(&staples);
	return (staples);
}

void
staples_free(struct staples **staples)
{
	struct staples *ended = *staples;

	if (ended == NULL)
		return;
	*staples = NULL;
	asks_free(&ended->asks);
	loop_timer_free(&ended->work);
	loop_timer_free(&ended->pace);
	staple_store_close(&ended->store);
	staple_hosts_free(&ended->hosts);
	free_entries(ended->entries, ended->count);
	free(ended->directory);
	free(ended);
}
