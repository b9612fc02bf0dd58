#include "master/login/limits.h"

#include <stdlib.h>
#include <string.h>

#include "shm/base/ensure.h"

/* kind, listener, name of the host, NUL, name of the user */
#define HOST_NAME_MAX_LEN 256
#define HOST_KEY_MAX      (1 + 18 + HOST_NAME_MAX_LEN + 1)
#define KEY_MAX           (HOST_KEY_MAX + 1 + LOGIN_NAME_MAX_LEN)

struct limits_counter {
	struct table_node node;
	uint32_t count;
	uint8_t key[];
};

struct key {
	uint8_t bytes[KEY_MAX];
	size_t len;
};

void
limits_init(struct limits *limits)
{
	memset(limits, 0, sizeof(*limits));
	table_init(&limits->counters);
}

void
limits_free(struct limits *limits)
{
	ensure(limits->counters.count == 0);
	table_free(&limits->counters);
}

static void
key_append(struct key *key, const void *data, size_t len)
{
	ensure(len <= sizeof(key->bytes) - key->len);
	memcpy(key->bytes + key->len, data, len);
	key->len += len;
}

static void
key_begin(struct key *key, enum limit kind)
{
	uint8_t byte = (uint8_t)kind;

	key->len = 0;
	key_append(key, &byte, 1);
}

static void
address_key(struct key *key, const struct address *address)
{
	key_begin(key, LIMIT_ADDRESS);
	key_append(key, address->ip, sizeof(address->ip));
}

/* The widths are part of the key: two generations may use different ones. */
static void
network_key(struct key *key, const struct conf *conf,
    const struct address *address)
{
	struct address network = *address;
	uint8_t bits;

	address_mask(&network, conf->network_bits_v4, conf->network_bits_v6);
	bits = (uint8_t)(address_is_v4(address) ? conf->network_bits_v4
						: conf->network_bits_v6);
	key_begin(key, LIMIT_NETWORK);
	key_append(key, &bits, 1);
	key_append(key, network.ip, sizeof(network.ip));
}

/*
 * A host is the same in all generations when its name and its first listener
 * are: its index is not.
 */
static void
host_key(struct key *key, enum limit kind, const struct conf_host *host)
{
	const struct address *listener;

	key_begin(key, kind);
	if (host->nlisten > 0) {
		listener = &host->listen[0].address;
		key_append(key, listener->ip, sizeof(listener->ip));
		key_append(key, &listener->port, sizeof(listener->port));
	}
	if (host->name != NULL)
		key_append(key, host->name,
		    strnlen(host->name, HOST_NAME_MAX_LEN));
	key_append(key, "", 1);
}

static void
user_key(struct key *key, const struct conf_host *host,
    const struct limits_user *user)
{
	host_key(key, LIMIT_USER, host);
	key_append(key, user->anonymous ? "a" : "u", 1);
	if (!user->anonymous)
		key_append(key, user->name,
		    strnlen(user->name, LOGIN_NAME_MAX_LEN));
}

static struct limits_counter *
find_counter(const struct limits *limits, const struct key *key)
{
	struct table_node *node;

	node = table_find(&limits->counters, key->bytes, key->len);
	return (node == NULL ? NULL : (struct limits_counter *)(void *)node);
}

static bool
is_full(const struct limits *limits, const struct key *key, uint32_t max)
{
	const struct limits_counter *counter;

	if (max == 0)
		return (false);
	counter = find_counter(limits, key);
	return (counter != NULL && counter->count >= max);
}

static struct limits_counter *
count_one(struct limits *limits, const struct key *key)
{
	struct limits_counter *counter;

	counter = find_counter(limits, key);
	if (counter != NULL) {
		counter->count++;
		return (counter);
	}
	counter = calloc(1, sizeof(*counter) + key->len);
	if (counter == NULL)
		return (NULL);
	memcpy(counter->key, key->bytes, key->len);
	counter->node.key = counter->key;
	counter->node.key_len = key->len;
	counter->count = 1;
	if (table_add(&limits->counters, &counter->node) == -1) {
		free(counter);
		return (NULL);
	}
	return (counter);
}

static void
give_back(struct limits *limits, struct limits_hold *hold, enum limit kind)
{
	struct limits_counter *counter = hold->held[kind];

	if (counter == NULL)
		return;
	hold->held[kind] = NULL;
	ensure(counter->count > 0);
	if (--counter->count > 0)
		return;
	table_remove(&limits->counters, &counter->node);
	free(counter);
}

/*
 * Asks and counts for one kind.  What is held of that kind already goes back
 * first, so that a session is never in its own way; a refusal restores it.
 */
static bool
take(struct limits *limits, struct limits_hold *hold, const struct key *key,
    uint32_t max, enum limits_how how)
{
	enum limit kind = (enum limit)key->bytes[0];
	struct limits_counter *before = hold->held[kind], *counter;

	if (before != NULL && before == find_counter(limits, key))
		return (true);
	if (how == LIMITS_ASK && is_full(limits, key, max))
		return (false);
	counter = count_one(limits, key);
	if (counter == NULL && how == LIMITS_ASK)
		return (false);
	give_back(limits, hold, kind);
	hold->held[kind] = counter;
	return (true);
}

enum limit
limits_enter(struct limits *limits, struct limits_hold *hold,
    const struct conf *conf, const struct conf_host *host,
    const struct address *address, enum limits_how how)
{
	enum limit refused = LIMIT_NONE;
	struct key key;

	ensure(!hold->entered);
	if (how == LIMITS_ASK && conf->max_sessions != 0 &&
	    limits->sessions >= conf->max_sessions)
		return (LIMIT_SESSIONS);
	limits->sessions++;
	hold->entered = true;
	address_key(&key, address);
	if (!take(limits, hold, &key, conf->max_sessions_per_address, how))
		refused = LIMIT_ADDRESS;
	network_key(&key, conf, address);
	if (refused == LIMIT_NONE &&
	    !take(limits, hold, &key, conf->max_sessions_per_network, how))
		refused = LIMIT_NETWORK;
	if (refused == LIMIT_NONE)
		refused = limits_move(limits, hold, host, how);
	if (refused != LIMIT_NONE)
		limits_leave(limits, hold);
	return (refused);
}

enum limit
limits_move(struct limits *limits, struct limits_hold *hold,
    const struct conf_host *host, enum limits_how how)
{
	struct key key;

	host_key(&key, LIMIT_HOST, host);
	if (!take(limits, hold, &key, host->max_sessions, how))
		return (LIMIT_HOST);
	return (LIMIT_NONE);
}

enum limit
limits_login(struct limits *limits, struct limits_hold *hold,
    const struct conf_host *host, const struct limits_user *user,
    enum limits_how how)
{
	struct key key;
	uint32_t max;

	max = user->anonymous ? host->anonymous.max_sessions
			      : host->max_sessions_per_user;
	user_key(&key, host, user);
	if (!take(limits, hold, &key, max, how))
		return (LIMIT_USER);
	hold->anonymous = user->anonymous;
	return (LIMIT_NONE);
}

uint32_t
limits_of_host(const struct limits_hold *hold)
{
	const struct limits_counter *counter = hold->held[LIMIT_HOST];

	return (counter == NULL ? 0 : counter->count);
}

bool
limits_same_user(const struct limits_hold *a, const struct limits_hold *b)
{
	return (a->held[LIMIT_USER] != NULL && !a->anonymous &&
	    a->held[LIMIT_USER] == b->held[LIMIT_USER]);
}

void
limits_logout(struct limits *limits, struct limits_hold *hold)
{
	give_back(limits, hold, LIMIT_USER);
}

void
limits_leave(struct limits *limits, struct limits_hold *hold)
{
	int kind;

	for (kind = LIMIT_NONE; kind < LIMIT_COUNT; kind++)
		give_back(limits, hold, (enum limit)kind);
	if (hold->entered) {
		ensure(limits->sessions > 0);
		limits->sessions--;
	}
	hold->entered = false;
}
