#include "worker/broker_places.h"

#include <string.h>

#include "worker/worker.h"

/*
 * How long a place is kept, and for how long none is after login has called
 * them back.  It is in nobody's way, so it may be kept for long.
 */
#define KEPT_MS   5000
#define CLOSED_MS 2000

static void
take_out(struct broker_places *places, size_t i)
{
	places->count--;
	memmove(&places->items[i], &places->items[i + 1],
	    (places->count - i) * sizeof(places->items[0]));
}

static void
give_back_oldest(struct broker_places *places)
{
	broker_tell_closed(places->tell, places->items[0].session);
	take_out(places, 0);
}

static void
expire(void *context)
{
	struct broker_places *places = context;
	uint64_t now = worker_now(places->worker);

	while (places->count > 0 && places->items[0].until <= now)
		give_back_oldest(places);
	if (places->count > 0)
		deadline_set(places->worker, &places->expiry,
		    places->items[0].until - now);
}

void
broker_places_init(struct broker_places *places, struct worker *worker,
    struct broker_tell *tell)
{
	memset(places, 0, sizeof(*places));
	places->worker = worker;
	places->tell = tell;
	deadline_init(&places->expiry, expire, places);
}

void
broker_places_forget(struct broker_places *places)
{
	deadline_clear(&places->expiry);
	places->count = 0;
	places->closed_until = 0;
	places->told = false;
}

/* Tells login once. */
bool
broker_places_open(struct broker_places *places)
{
	static const struct msg_empty empty;

	if (places->tell->link == NULL ||
	    worker_now(places->worker) < places->closed_until)
		return (false);
	if (!places->told)
		places->told = link_uv_post(places->tell->link,
				   MSG_SESSIONS_KEPT, &empty) == 0;
	return (places->told);
}

/*
 * Where clients are told how many sessions there are, one that has ended may
 * not be among them, and each that comes has to ask.
 */
static bool
has_places(const struct broker_places *places, uint32_t host)
{
	return (!places->worker->conf->hosts[host].banner_counts);
}

bool
broker_places_keep(struct broker_places *places,
    const struct broker_client *client)
{
	uint64_t now = worker_now(places->worker);
	struct broker_place *place;

	if (!client->known || !client->settled || client->joining ||
	    client->question != NULL || client->unsent != 0 ||
	    !has_places(places, client->settled_host) ||
	    !broker_places_open(places))
		return (false);
	if (places->count == BROKER_PLACES_MAX)
		give_back_oldest(places);
	place = &places->items[places->count++];
	place->session = client->place != 0 ? client->place : client->session;
	place->until = now + KEPT_MS;
	place->address = client->address;
	place->host = client->settled_host;
	place->user = client->user;
	if (!deadline_is_set(&places->expiry))
		deadline_set(places->worker, &places->expiry, KEPT_MS);
	return (true);
}

/* The newest, so that those which nobody needs become old. */
bool
broker_places_take(struct broker_places *places, struct broker_client *client)
{
	const struct broker_place *place;
	size_t i;

	for (i = places->count; i-- > 0;) {
		place = &places->items[i];
		if (place->host == client->host &&
		    address_same_ip(&place->address, &client->address)) {
			client->place = place->session;
			client->user = place->user;
			client->settled_host = place->host;
			client->settled = true;
			client->known = true;
			take_out(places, i);
			return (true);
		}
	}
	return (false);
}

int
broker_places_recall(struct broker_places *places,
    const struct broker_table *table)
{
	static const struct msg_empty empty;
	struct broker_client *client = NULL;

	while (places->count > 0)
		give_back_oldest(places);
	while ((client = broker_table_next(table, client)) != NULL)
		if (client->place != 0 && client->user)
			broker_tell(places->tell, client, BROKER_TELL_RENEW);
	places->told = false;
	places->closed_until = worker_now(places->worker) + CLOSED_MS;
	/* If it does not get there, login goes on after a moment. */
	if (places->tell->link != NULL)
		(void)!link_uv_post(places->tell->link, MSG_SESSIONS_RECALLED,
		    &empty);
	return (0);
}
