#include "shm/cache/peers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "shm/base/log.h"
#include "shm/cache/store.h"
#include "shm/ipc/link.h"

/*
 * New environments that one worker may ask for in its life: a broken one would
 * else cost the others their sessions every second.
 */
#define TROUBLES_MAX 8

struct peer {
	LIST_ENTRY(peer) link;
	struct peers *peers;
	struct link *channel;
	enum role role;
	uint32_t slot, generation;
	unsigned int troubles;
};

struct peers {
	struct loop *loop;
	struct peers_services services;
	LIST_HEAD(peer_list, peer) all;
};

struct peers *
peers_new(struct loop *loop, const struct peers_services *services)
{
	struct peers *peers;

	peers = calloc(1, sizeof(*peers));
	if (peers == NULL)
		return (NULL);
	peers->loop = loop;
	peers->services = *services;
	LIST_INIT(&peers->all);
	return (peers);
}

void
peers_free(struct peers **peers)
{
	struct peers *ended = *peers;
	struct peer *peer, *next;

	if (ended == NULL)
		return;
	*peers = NULL;
	for (peer = LIST_FIRST(&ended->all); peer != NULL; peer = next) {
		next = LIST_NEXT(peer, link);
		link_free(&peer->channel);
		free(peer);
	}
	free(ended);
}

/* Takes what belongs to the put off the bytes. */
static int
take_put(struct service *service, const struct msg_cache_put *put,
    struct message_part *bytes)
{
	const uint8_t *id = bytes->data;
	size_t len;

	if (put->id_len == 0 || put->id_len > STORE_ID_MAX ||
	    put->context_len > STORE_CONTEXT_MAX || put->sealed_len == 0 ||
	    put->sealed_len > CACHE_VALUE_MAX)
		return (-1);
	len = (size_t)put->id_len + put->context_len + put->sealed_len;
	if (len > bytes->len)
		return (-1);
	service_put(service, put, id, id + put->id_len,
	    id + put->id_len + put->context_len);
	bytes->data += len;
	bytes->len -= len;
	return (0);
}

static int
on_put(const struct peer *peer, const struct message *message)
{
	struct message_part bytes = { message->bytes, message->len };
	const struct peers_services *services = &peer->peers->services;
	struct service *service = services->sessions;

	if (message->type == MSG_OCSP_PUT)
		service = services->ocsp;
	else if (message->type == MSG_STAPLE_PUT)
		service = services->staples;
	return (take_put(service, message->body, &bytes) == 0 && bytes.len == 0
		? 0
		: -1);
}

static int
on_puts(const struct peer *peer, const struct message *message)
{
	const struct msg_cache_puts *body = message->body;
	struct message_part bytes = { message->bytes, message->len };
	struct msg_cache_put put;
	uint32_t i;

	for (i = 0; i < body->count; i++) {
		if (bytes.len < sizeof(put))
			return (-1);
		memcpy(&put, bytes.data, sizeof(put));
		bytes.data += sizeof(put);
		bytes.len -= sizeof(put);
		if (take_put(peer->peers->services.sessions, &put, &bytes) ==
		    -1)
			return (-1);
	}
	return (bytes.len == 0 ? 0 : -1);
}

static int
on_trouble(struct peer *peer, const struct msg_cache_trouble *trouble)
{
	if (peer->troubles >= TROUBLES_MAX)
		return (0);
	/* Their numbers have nothing in common. */
	if (!service_trouble(peer->peers->services.sessions, trouble) &&
	    !service_trouble(peer->peers->services.ocsp, trouble) &&
	    !service_trouble(peer->peers->services.staples, trouble))
		return (0);
	peer->troubles++;
	if (peer->troubles == TROUBLES_MAX)
		log_warn("session cache: worker %u has trouble too often: it "
			 "is not heard any more",
		    peer->slot);
	return (0);
}

static int
from_peer(struct message *message, void *context)
{
	struct peer *peer = context;
	const struct msg_cache_key *key = message->body;

	/* The table of messages lets each send only what it may. */
	if (message->type == MSG_CACHE_PUT || message->type == MSG_OCSP_PUT ||
	    message->type == MSG_STAPLE_PUT)
		return (on_put(peer, message));
	if (message->type == MSG_CACHE_PUTS)
		return (on_puts(peer, message));
	if (message->type == MSG_CACHE_TROUBLE)
		return (on_trouble(peer, message->body));
	if (message->type == MSG_CACHE_DELETE)
		service_delete(peer->peers->services.sessions, key->key);
	else if (message->type == MSG_STAPLE_DELETE)
		service_delete(peer->peers->services.staples, key->key);
	else if (message->type == MSG_STAPLE_COUNTS)
		service_counts(peer->peers->services.staples, message->body);
	else if (message->type == MSG_CACHE_COUNTS)
		service_counts(peer->peers->services.sessions, message->body);
	else
		return (-1);
	return (0);
}

static void
peer_ended(void *context)
{
	struct peer *peer = context;
	struct peers *peers = peer->peers;

	LIST_REMOVE(peer, link);
	link_free(&peer->channel);
	free(peer);
	service_worker_gone(peers->services.sessions);
	service_worker_gone(peers->services.ocsp);
	service_worker_gone(peers->services.staples);
}

/*
 * A worker that has not read for so long that its queue is full is cut off.
 * Its channel is freed when the loop sees the end of it: a handler of it may
 * be running now.
 */
static void
tell(struct peer *peer, enum msg_type type,
    const struct msg_cache_directory *where)
{
	if (link_post(peer->channel, type, where) == 0 || errno == EPIPE)
		return;
	log_warn("session cache: worker %u does not read: it goes on without "
		 "a cache",
	    peer->slot);
	(void)shutdown(channel_fd(link_channel(peer->channel)), SHUT_RDWR);
}

static void
tell_all(struct peer *peer)
{
	const struct peers_services *services = &peer->peers->services;
	struct msg_cache_directory where;

	service_where(services->sessions, &where);
	tell(peer, MSG_CACHE_DIRECTORY, &where);
	/* Most never have one: they need not hear of it. */
	service_where(services->ocsp, &where);
	if (where.name[0] != '\0')
		tell(peer, MSG_OCSP_DIRECTORY, &where);
	service_where(services->staples, &where);
	if (where.name[0] != '\0')
		tell(peer, MSG_STAPLE_DIRECTORY, &where);
}

/* One that does not take it has ended, or soon gets it anew. */
static void
want(struct peer *peer, enum staples_wish wish)
{
	const struct msg_staples_wanted body = { .wish = wish };

	if (link_post(peer->channel, MSG_STAPLES_WANTED, &body) == -1 &&
	    errno != EPIPE)
		(void)shutdown(channel_fd(link_channel(peer->channel)),
		    SHUT_RDWR);
}

/* What a process that has just come is to know. */
static void
want_now(struct peer *peer)
{
	struct msg_cache_directory where;

	service_where(peer->peers->services.staples, &where);
	if (where.name[0] != '\0')
		want(peer, STAPLES_AGAIN);
}

void
peers_want(struct peers *peers, enum staples_wish wish)
{
	struct peer *peer;

	for (peer = peers == NULL ? NULL : LIST_FIRST(&peers->all);
	     peer != NULL; peer = LIST_NEXT(peer, link))
		if (peer->role == ROLE_OCSP)
			want(peer, wish);
}

int
peers_add(struct peers *peers, struct message *message)
{
	static const struct link_handlers handlers = { from_peer, peer_ended };
	const struct msg_peer *body = message->body;
	enum role role = (enum role)body->role;
	struct peer *peer;

	if (role != ROLE_WORKER && role != ROLE_OCSP)
		return (-1);
	peer = calloc(1, sizeof(*peer));
	if (peer != NULL)
		peer->channel = link_new(peers->loop, message_take_fd(message),
		    ROLE_KEEPER, role, &handlers, peer);
	if (peer == NULL || peer->channel == NULL) {
		log_error("session cache: no channel to %s %u: %s",
		    role_name(role), body->slot, strerror(errno));
		free(peer);
		return (0);
	}
	peer->peers = peers;
	peer->role = role;
	peer->slot = body->slot;
	peer->generation = body->generation;
	LIST_INSERT_HEAD(&peers->all, peer, link);
	channel_running(link_channel(peer->channel));
	if (role == ROLE_WORKER)
		tell_all(peer);
	else
		want_now(peer);
	return (0);
}

void
peers_tell(struct peers *peers, enum msg_type type,
    const struct msg_cache_directory *where)
{
	struct peer *peer;

	/* Called before the first worker is known, too. */
	if (peers == NULL)
		return;
	for (peer = LIST_FIRST(&peers->all); peer != NULL;
	     peer = LIST_NEXT(peer, link))
		if (peer->role == ROLE_WORKER)
			tell(peer, type, where);
}
