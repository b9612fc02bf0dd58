#include "master/ocsp/asks.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

#include "master/ocsp/child.h"
#include "shm/base/digest.h"
#include "shm/base/log.h"
#include "shm/base/trace.h"

/* Who gets the answer. */
struct waiter {
	LIST_ENTRY(waiter) link;
	void *asker;
	uint64_t request;
};

LIST_HEAD(waiter_list, waiter);

struct ask {
	TAILQ_ENTRY(ask) link;
	struct asks *asks;
	uint8_t key[DIGEST_LEN];  /* of all that is asked */
	uint8_t cert[DIGEST_LEN]; /* of the certificate */
	uint8_t place[DIGEST_LEN];
	uint64_t due;   /* loop_now() */
	uint64_t begun; /* time(); 0: it waits */
	struct waiter_list waiters;
	struct child *child; /* NULL: it waits */
	struct job job;      /* its bytes are ours */
	uint8_t bytes[];
};

TAILQ_HEAD(ask_list, ask);

struct asks {
	struct loop *loop;
	struct asks_handlers handlers;
	struct loop_timer *timer;
	struct ask_list all; /* in the order in which they came */
	size_t count, children;
	uint64_t timeout;
	char *proxy; /* URL; NULL: none */
};

static void serve(struct asks *asks);

/* Whom it is asked, for a trace: the first responder, or DNS. */
static const char *
whom(const struct job *job)
{
	return (job->kind == JOB_STATUS ? job->urls : "DNS");
}

static void
tell(const struct ask *ask, const struct job_result *result)
{
	trace_line(TLS_OCSP, 5, NULL, "%s: %u bytes%s%.*s", whom(&ask->job),
	    result->data_len, result->text_len > 0 ? ", " : "",
	    (int)result->text_len, result->text);
}

/* Ends a question: all who wait get the result. */
static void
end(struct ask *ask, const struct job_result *result)
{
	struct asks *asks = ask->asks;
	struct waiter *waiter;

	TAILQ_REMOVE(&asks->all, ask, link);
	asks->count--;
	if (ask->child != NULL)
		asks->children--;
	child_kill(&ask->child);
	while ((waiter = LIST_FIRST(&ask->waiters)) != NULL) {
		LIST_REMOVE(waiter, link);
		asks->handlers.answer(waiter->asker, waiter->request,
		    ask->job.kind, result);
		free(waiter);
	}
	free(ask);
}

static void
end_without(struct ask *ask, const char *why)
{
	static struct job_result result;

	memset(&result, 0, JOB_RESULT_HEAD);
	job_result_say(&result, "%s", why);
	tell(ask, &result);
	end(ask, &result);
}

static void
child_done(const struct job_result *result, void *context)
{
	struct ask *ask = context;
	struct asks *asks = ask->asks;

	/* It is gone already. */
	ask->child = NULL;
	asks->children--;
	if (result == NULL) {
		end_without(ask, "the process that asked has failed");
	} else {
		if (result->keep)
			asks->handlers.keep(asks->handlers.context, ask->cert,
			    result, ask->begun);
		tell(ask, result);
		end(ask, result);
	}
	serve(asks);
}

static bool
is_equal(const uint8_t a[DIGEST_LEN], const uint8_t b[DIGEST_LEN])
{
	return (memcmp(a, b, DIGEST_LEN) == 0);
}

/* Whether one place keeps as many children busy as it may. */
static bool
is_crowded(const struct asks *asks, const struct ask *wanted)
{
	const struct ask *ask;
	size_t n = 0;

	TAILQ_FOREACH (ask, &asks->all, link)
		n += ask->child != NULL && is_equal(ask->place, wanted->place);
	return (n >= ASKS_PLACE);
}

static bool
start(struct ask *ask)
{
	struct asks *asks = ask->asks;

	trace_line(TLS_OCSP, 10, NULL, "%s is asked", whom(&ask->job));
	ask->begun = (uint64_t)time(NULL);
	ask->job.proxy = asks->proxy;
	ask->child = child_start(asks->loop, &ask->job, child_done, ask);
	if (ask->child != NULL)
		asks->children++;
	else
		log_error("no process can be started to ask: %s",
		    strerror(errno));
	return (ask->child != NULL);
}

static void
set_timer(struct asks *asks)
{
	const struct ask *first = TAILQ_FIRST(&asks->all);
	uint64_t now = loop_now();

	if (first == NULL)
		loop_timer_clear(asks->timer);
	else
		loop_timer_set(asks->timer,
		    first->due > now ? first->due - now : 0);
}

/* Lets begin who may, first come first served. */
static void
serve(struct asks *asks)
{
	struct ask *ask;

	TAILQ_FOREACH (ask, &asks->all, link) {
		if (asks->children >= ASKS_CHILDREN)
			break;
		if (ask->child != NULL || LIST_EMPTY(&ask->waiters) ||
		    is_crowded(asks, ask))
			continue;
		if (!start(ask))
			break;
	}
	set_timer(asks);
}

static void
time_over(void *context)
{
	struct asks *asks = context;
	struct ask *ask, *next;
	uint64_t now = loop_now();

	for (ask = TAILQ_FIRST(&asks->all); ask != NULL; ask = next) {
		next = TAILQ_NEXT(ask, link);
		if (ask->due <= now)
			end_without(ask,
			    ask->child != NULL
				? "no answer in time (ocsp.timeout)"
				: "too many questions wait (ocsp.timeout)");
	}
	serve(asks);
}

struct asks *
asks_new(struct loop *loop, const struct asks_handlers *handlers)
{
	struct asks *asks;

	asks = calloc(1, sizeof(*asks));
	if (asks == NULL)
		return (NULL);
	asks->loop = loop;
	asks->handlers = *handlers;
	TAILQ_INIT(&asks->all);
	asks->timer = loop_timer(loop, time_over, asks);
	if (asks->timer == NULL)
		asks_free(&asks);
	return (asks);
}

static void
drop_waiters(struct ask *ask, const void *asker)
{
	struct waiter *waiter, *next;

	for (waiter = LIST_FIRST(&ask->waiters); waiter != NULL;
	     waiter = next) {
		next = LIST_NEXT(waiter, link);
		if (asker != NULL && waiter->asker != asker)
			continue;
		LIST_REMOVE(waiter, link);
		free(waiter);
	}
}

void
asks_free(struct asks **asks)
{
	struct asks *ended = *asks;
	struct ask *ask, *next;

	if (ended == NULL)
		return;
	*asks = NULL;
	for (ask = TAILQ_FIRST(&ended->all); ask != NULL; ask = next) {
		next = TAILQ_NEXT(ask, link);
		drop_waiters(ask, NULL);
		end(ask, NULL);
	}
	loop_timer_free(&ended->timer);
	free(ended->proxy);
	free(ended);
}

void
asks_set_timeout(struct asks *asks, uint64_t ms)
{
	asks->timeout = ms;
}

void
asks_set_proxy(struct asks *asks, const char *url)
{
	free(asks->proxy);
	asks->proxy = url == NULL ? NULL : strdup(url);
	if (url != NULL && asks->proxy == NULL)
		log_error("no memory for the proxy: none is used");
}

/* The scheme, name and port of the first URL; all of DNS is one place. */
static size_t
place_len(const struct job *job)
{
	const char *slash;

	if (job->urls_len == 0)
		return (0);
	slash = strstr(job->urls, "://");
	slash = slash == NULL ? NULL : strchr(slash + 3, '/');
	return (
	    slash == NULL ? strlen(job->urls) : (size_t)(slash - job->urls));
}

static void
identify(struct ask *ask)
{
	const struct job *job = &ask->job;
	const struct seal_data pieces[] = {
		{ &job->kind, sizeof(job->kind) },
		{ &job->flags, sizeof(job->flags) },
		{ &job->address, sizeof(job->address) },
		{ &job->cert_len, sizeof(job->cert_len) },
		{ &job->issuer_len, sizeof(job->issuer_len) },
		{ job->cert, job->cert_len },
		{ job->issuer, job->issuer_len },
		{ job->urls, job->urls_len },
	};
	const struct seal_data cert = { job->cert, job->cert_len };
	const struct seal_data place = { job->urls, place_len(job) };

	digest_sha256(ask->key, pieces, NITEMS(pieces));
	digest_sha256(ask->cert, &cert, 1);
	digest_sha256(ask->place, &place, 1);
}

static struct ask *
new_ask(struct asks *asks, const struct job *job)
{
	struct ask *ask;
	uint8_t *at;

	ask = calloc(1,
	    sizeof(*ask) + job->cert_len + job->issuer_len + job->urls_len);
	if (ask == NULL)
		return (NULL);
	ask->asks = asks;
	ask->due = loop_now() + asks->timeout;
	LIST_INIT(&ask->waiters);
	ask->job = *job;
	ask->job.cert = at = ask->bytes;
	if (job->cert_len > 0)
		memcpy(at, job->cert, job->cert_len);
	ask->job.issuer = at += job->cert_len;
	if (job->issuer_len > 0)
		memcpy(at, job->issuer, job->issuer_len);
	ask->job.urls = (char *)(at += job->issuer_len);
	if (job->urls_len > 0)
		memcpy(at, job->urls, job->urls_len);
	identify(ask);
	return (ask);
}

/* How many answers asker waits for. */
static size_t
count_of(const struct asks *asks, const void *asker)
{
	const struct waiter *waiter;
	const struct ask *ask;
	size_t n = 0;

	TAILQ_FOREACH (ask, &asks->all, link)
		LIST_FOREACH (waiter, &ask->waiters, link)
			n += waiter->asker == asker;
	return (n);
}

static struct ask *
find_equal(const struct asks *asks, const struct ask *wanted)
{
	struct ask *ask;

	/* One that is for nobody, and was not begun, is only about to go. */
	TAILQ_FOREACH (ask, &asks->all, link)
		if (is_equal(ask->key, wanted->key) &&
		    (ask->child != NULL || !LIST_EMPTY(&ask->waiters)))
			break;
	return (ask);
}

static void
refuse(const struct asks *asks, void *asker, uint64_t request,
    enum job_kind kind)
{
	static struct job_result result;

	memset(&result, 0, JOB_RESULT_HEAD);
	job_result_say(&result, "too many questions at once");
	asks->handlers.answer(asker, request, kind, &result);
}

/* Gives the waiter to the question, or to an equal one that there is. */
static void
join(struct asks *asks, struct ask *ask, struct waiter *waiter)
{
	struct ask *equal = find_equal(asks, ask);

	if (equal != NULL) {
		free(ask);
		LIST_INSERT_HEAD(&equal->waiters, waiter, link);
	} else {
		LIST_INSERT_HEAD(&ask->waiters, waiter, link);
		TAILQ_INSERT_TAIL(&asks->all, ask, link);
		asks->count++;
	}
	serve(asks);
}

void
asks_add(struct asks *asks, void *asker, uint64_t request,
    const struct job *job)
{
	struct waiter *waiter = NULL;
	struct ask *ask = NULL;

	if (asks->count < ASKS_MAX && count_of(asks, asker) < ASKS_WAIT_MAX) {
		waiter = calloc(1, sizeof(*waiter));
		ask = new_ask(asks, job);
	}
	if (waiter == NULL || ask == NULL) {
		free(waiter);
		free(ask);
		refuse(asks, asker, request, job->kind);
		return;
	}
	waiter->asker = asker;
	waiter->request = request;
	join(asks, ask, waiter);
}

void
asks_forget(struct asks *asks, const void *asker)
{
	struct ask *ask;

	/*
	 * A question for nobody is not begun; one that was may have an answer
	 * worth keeping.  Either goes when it is due.
	 */
	TAILQ_FOREACH (ask, &asks->all, link)
		drop_waiters(ask, asker);
}
