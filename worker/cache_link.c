#include "worker/cache_link.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "shm/base/log.h"
#include "shm/cache/reader.h"
#include "worker/cache_open.h"
#include "worker/clock.h"
#include "worker/link_uv.h"
#include "worker/master_link.h"
#include "worker/worker.h"

#define PUTS_WAITING    256
#define COUNTS_EVERY_MS 1000
#define PUTS_EVERY_MS   40 /* the other workers see them at once */
#define PUTS_LEN        (16 * 1024)

struct cache_link {
	struct worker *worker;
	struct link_uv *link; /* NULL: the keeper is not there */
	struct deadline report;
	struct msg_cache_counts counts; /* not told yet */
	struct msg_cache_counts staple_counts;
	struct msg_cache_trouble trouble;
	bool troubled; /* trouble is not told yet */
	struct cache_opener sessions, responses, staples;

	struct deadline puts_due; /* when those that wait are sent */
	uint64_t puts_sent;       /* worker_now() */
	uint32_t nputs;
	size_t puts_len;
	uint8_t puts[PUTS_LEN];
};

/* What belongs together to be put. */
struct put {
	const struct msg_cache_put *body;
	const uint8_t *id, *context, *sealed;
};

static void
add_counts(struct msg_cache_counts *sum, const struct msg_cache_counts *more)
{
	sum->hits += more->hits;
	sum->misses += more->misses;
	sum->errors += more->errors;
	sum->too_large += more->too_large;
	sum->dropped += more->dropped;
	sum->stored += more->stored;
	sum->deleted += more->deleted;
	sum->expired += more->expired;
	if (more->largest > sum->largest)
		sum->largest = more->largest;
}

static bool
collect_from(struct cache_reader *reader, struct msg_cache_counts *sum)
{
	struct msg_cache_counts more;

	memset(&more, 0, sizeof(more));
	if (reader == NULL || !cache_reader_counts(reader, &more))
		return (false);
	add_counts(sum, &more);
	return (true);
}

/* Whether there is anything to tell now. */
static bool
collect(struct cache_link *link)
{
	bool any = collect_from(link->worker->cache, &link->counts);

	return (
	    collect_from(link->worker->staples, &link->staple_counts) || any);
}

/* What cannot be told is told with the next. */
static void
report(void *context)
{
	struct cache_link *link = context;

	(void)collect(link);
	if (link->link == NULL)
		return;
	if (link_uv_post(link->link, MSG_CACHE_COUNTS, &link->counts) == 0)
		memset(&link->counts, 0, sizeof(link->counts));
	if (link->worker->staples != NULL &&
	    link_uv_post(link->link, MSG_STAPLE_COUNTS, &link->staple_counts) ==
		0)
		memset(&link->staple_counts, 0, sizeof(link->staple_counts));
}

static void
tell_trouble(struct cache_link *link)
{
	if (cache_reader_trouble(link->worker->cache, &link->trouble)) {
		log_warn("the session cache cannot be used (error %d)",
		    link->trouble.error);
		link->troubled = true;
	}
	if (link->troubled && link->link != NULL &&
	    link_uv_post(link->link, MSG_CACHE_TROUBLE, &link->trouble) == 0)
		link->troubled = false;
}

/* If it is not heard, the responses there are not found for longer. */
static void
tell_trouble_of(const struct cache_link *link, struct cache_reader *reader)
{
	struct msg_cache_trouble trouble;

	if (reader != NULL && link->link != NULL &&
	    cache_reader_trouble(reader, &trouble))
		(void)!link_uv_post(link->link, MSG_CACHE_TROUBLE, &trouble);
}

void
cache_link_turn(struct cache_link *link)
{
	if (!deadline_is_set(&link->report) && collect(link))
		deadline_set(link->worker, &link->report, COUNTS_EVERY_MS);
	tell_trouble(link);
	tell_trouble_of(link, link->worker->responses);
	tell_trouble_of(link, link->worker->staples);
}

static void
forget_puts(struct cache_link *link)
{
	for (; link->nputs > 0; link->nputs--)
		cache_reader_count_dropped(link->worker->cache);
	link->puts_len = 0;
}

static void
send_puts(struct cache_link *link)
{
	struct msg_cache_puts body = { .count = link->nputs };
	struct channel_message message = {
		.type = MSG_CACHE_PUTS,
		.body = &body,
		.pieces = { { link->puts, link->puts_len } },
		.fd = -1,
	};

	if (link->nputs == 0)
		return;
	if (link->link == NULL || link_uv_send(link->link, &message) == -1) {
		forget_puts(link);
		return;
	}
	link->puts_sent = worker_now(link->worker);
	link->nputs = 0;
	link->puts_len = 0;
}

static void
puts_due(void *context)
{
	send_puts(context);
}

static int
receive(struct message *message, void *context)
{
	struct cache_link *link = context;
	const struct msg_cache_directory *where = message->body;

	if (message->len != 0 ||
	    memchr(where->name, '\0', sizeof(where->name)) == NULL)
		return (-1);
	if (message->type == MSG_OCSP_DIRECTORY ||
	    message->type == MSG_STAPLE_DIRECTORY) {
		cache_open(message->type == MSG_OCSP_DIRECTORY
			? &link->responses
			: &link->staples,
		    where);
		return (0);
	}
	if (message->type != MSG_CACHE_DIRECTORY)
		return (-1);
	link->troubled = false; /* it was about another environment */
	/* What waits is from before, when all was still to be forgotten. */
	forget_puts(link);
	cache_open(&link->sessions, where);
	return (0);
}

/* What was stored can still be read until a new keeper says otherwise. */
static void
ended(void *context)
{
	struct cache_link *link = context;

	link_uv_free(&link->link);
	master_link_lost(link->worker->master, ROLE_KEEPER);
}

static const struct link_uv_handlers link_handlers = { receive, ended, NULL };

struct cache_link *
cache_link_new(struct worker *worker)
{
	struct cache_link *link = calloc(1, sizeof(*link));

	if (link == NULL)
		return (NULL);
	link->worker = worker;
	cache_opener_init(&link->sessions, &worker->loop, worker->cache);
	cache_opener_init(&link->responses, &worker->loop, worker->responses);
	cache_opener_init(&link->staples, &worker->loop, worker->staples);
	deadline_init(&link->report, report, link);
	deadline_init(&link->puts_due, puts_due, link);
	return (link);
}

void
cache_link_free(struct cache_link **link)
{
	struct cache_link *ending = *link;

	if (ending == NULL)
		return;
	*link = NULL;
	send_puts(ending);
	report(ending);
	deadline_clear(&ending->puts_due);
	deadline_clear(&ending->report);
	link_uv_free(&ending->link);
	free(ending);
}

void
cache_link_connect(struct cache_link *link, int fd)
{
	link_uv_free(&link->link);
	link->link = link_uv_new(&link->worker->loop, fd, ROLE_KEEPER,
	    &link_handlers, link);
	if (link->link == NULL) {
		log_error("no channel to the keeper: %s", strerror(errno));
		master_link_lost(link->worker->master, ROLE_KEEPER);
		return;
	}
	channel_set_queue(link_uv_channel(link->link), PUTS_WAITING);
	channel_running(link_uv_channel(link->link));
}

static int
send_one(struct cache_link *link, const struct put *put)
{
	const struct msg_cache_put *body = put->body;
	struct channel_message message = {
		.type = MSG_CACHE_PUT,
		.body = body,
		.pieces = { { put->id, body->id_len },
		    { put->context, body->context_len },
		    { put->sealed, body->sealed_len } },
		.fd = -1,
	};

	return (link->link == NULL ? -1 : link_uv_send(link->link, &message));
}

static void
append(struct cache_link *link, const void *data, size_t len)
{
	memcpy(link->puts + link->puts_len, data, len);
	link->puts_len += len;
}

/* The other workers have it: the keeper gets it with the next ones. */
static void
gather(struct cache_link *link, const struct put *put)
{
	const struct msg_cache_put *body = put->body;
	uint64_t now = worker_now(link->worker);
	size_t len =
	    sizeof(*body) + body->id_len + body->context_len + body->sealed_len;

	if (len > sizeof(link->puts) - link->puts_len)
		send_puts(link);
	append(link, body, sizeof(*body));
	append(link, put->id, body->id_len);
	append(link, put->context, body->context_len);
	append(link, put->sealed, body->sealed_len);
	if (link->nputs++ == 0 && !deadline_is_set(&link->puts_due))
		deadline_set(link->worker, &link->puts_due,
		    now - link->puts_sent < PUTS_EVERY_MS ? PUTS_EVERY_MS : 0);
}

void
cache_link_put(const struct msg_cache_put *body, const uint8_t *id,
    const uint8_t *context, const uint8_t *sealed, void *caller)
{
	const struct put put = { body, id, context, sealed };
	struct cache_link *link = caller;

	if (cache_reader_put(link->worker->cache, body, sealed))
		return;
	if (cache_reader_show(link->worker->cache, body, sealed))
		gather(link, &put);
	else if (send_one(link, &put) == -1)
		cache_reader_count_dropped(link->worker->cache);
}
