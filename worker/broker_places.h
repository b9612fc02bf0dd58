/*
 * broker_places - places within the limits that ended sessions leave behind.
 *
 * Only for broker.c.  A session that ends is not given back to login at once:
 * it goes on being counted, for a few seconds, and the next connection of the
 * same address to the same host takes its place without asking.  Clients that
 * connect again and again, as most do, cost login nothing but their logins.
 * The limits stay exact: before login refuses anybody it calls the places
 * back, and none is kept for a while.
 */
#ifndef WORKER_BROKER_PLACES_H
#define WORKER_BROKER_PLACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/base/address.h"
#include "shm/base/attr.h"
#include "worker/broker.h"
#include "worker/broker_table.h"
#include "worker/broker_tell.h"
#include "worker/clock.h"

#define BROKER_PLACES_MAX 64

struct broker_place {
	uint64_t session; /* by which login knows it */
	uint64_t until;   /* worker_now() at which it is given back */
	struct address address;
	uint32_t host;
	bool user; /* login counts a user for it, too */
};

struct broker_places {
	struct worker *worker;
	struct broker_tell *tell;
	struct deadline expiry;                       /* of the oldest */
	struct broker_place items[BROKER_PLACES_MAX]; /* oldest first */
	size_t count;
	uint64_t closed_until; /* worker_now() before which none is kept */
	bool told;             /* login knows that we keep places */
};

/* worker and tell outlive it. */
void broker_places_init(struct broker_places *places, struct worker *worker,
    struct broker_tell *tell);

/* Login, if there is one, knows nothing of places. */
void broker_places_forget(struct broker_places *places);

/*
 * Keeps the place of a client that leaves; false: it has to be given back,
 * since something is still under way for it, or none is kept now.
 */
NODISCARD bool broker_places_keep(struct broker_places *places,
    const struct broker_client *client);

/* Gives the client a place that fits: whether there was one. */
NODISCARD bool broker_places_take(struct broker_places *places,
    struct broker_client *client);

/*
 * Whether something of ended sessions may be kept now; login has been told, and
 * calls before it refuses anybody.
 */
NODISCARD bool broker_places_open(struct broker_places *places);

/*
 * Login calls: afterwards it counts nothing but the clients that there are.
 * Returns 0, as a handler of messages.
 */
int broker_places_recall(struct broker_places *places,
    const struct broker_table *table);

#endif
