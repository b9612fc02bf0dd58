#include "shm/conf/index.h"

#include <stdlib.h>
#include <string.h>

#define NAME_MAX_LEN 253
#define HASH_PRIME   0x100000001b3ull
#define ANY_NAME     "ANY" /* where some host has a name; those are small */

/* A name of a host on a listener. */
struct slot {
	const char *name;       /* of the host; "" for none; NULL: free */
	struct address address; /* zero: the server's listeners */
	uint32_t host;
	bool listener; /* stands for the listener itself, not for a name */
};

struct conf_index {
	size_t mask; /* slots - 1; their number is a power of two */
	struct slot slots[];
};

/* --- hashing -------------------------------------------------------------- */

/* FNV-1a: names come from the administrator, or are only looked up. */
static uint64_t
hash_bytes(uint64_t hash, const void *data, size_t len)
{
	const unsigned char *bytes = data;
	size_t i;

	for (i = 0; i < len; i++)
		hash = (hash ^ bytes[i]) * HASH_PRIME;
	return (hash);
}

static bool
same_slot(const struct slot *a, const struct slot *b)
{
	return (a->listener == b->listener &&
	    address_same_ip(&a->address, &b->address) &&
	    a->address.port == b->address.port &&
	    strcmp(a->name, b->name) == 0);
}

/* The slot that holds what wanted says, or the free one where it belongs. */
static size_t
find_slot(const struct conf_index *index, const struct slot *wanted)
{
	uint64_t hash = 0xcbf29ce484222325ull;
	const char *name;
	size_t i;

	for (name = wanted->name; *name != '\0'; name++)
		hash = (hash ^ (unsigned char)*name) * HASH_PRIME;
	hash = hash_bytes(hash, wanted->address.ip, sizeof(wanted->address.ip));
	hash = (hash ^ wanted->address.port) * HASH_PRIME;
	for (i = (size_t)(hash ^ (hash >> 32)) & index->mask;
	     index->slots[i].name != NULL; i = (i + 1) & index->mask)
		if (same_slot(&index->slots[i], wanted))
			break;
	return (i);
}

/* --- building ------------------------------------------------------------- */

struct builder {
	struct conf *conf;
	index_clashes clashes;
	void *context;
};

/* How many slots are needed at most. */
static size_t
count_slots(const struct conf *conf)
{
	const struct conf_host *host;
	size_t i, count = 0;

	for (i = 0; i < conf->nhosts; i++) {
		host = &conf->hosts[i];
		count += (host->nlisten + 1) * (host->names.count + 3);
	}
	return (count);
}

static struct conf_index *
new_index(size_t count)
{
	struct conf_index *index;
	size_t size = 16;

	while (size < 2 * count)
		size *= 2;
	index = calloc(1, sizeof(*index) + size * sizeof(struct slot));
	if (index != NULL)
		index->mask = size - 1;
	return (index);
}

/* Puts a name in; -1 when it is new, else the host that has it already. */
static long
insert(struct conf_index *index, const char *name,
    const struct address *address, size_t host, bool listener)
{
	struct slot slot = { .name = name,
		.host = (uint32_t)host,
		.listener = listener };
	size_t at;

	if (address != NULL)
		slot.address = *address;
	at = find_slot(index, &slot);
	if (index->slots[at].name != NULL)
		return ((long)index->slots[at].host);
	index->slots[at] = slot;
	return (-1);
}

static const struct conf_listener *
find_listener(const struct conf_host *host, const struct address *address)
{
	size_t i;

	for (i = 0; i < host->nlisten; i++)
		if (address_same_ip(&host->listen[i].address, address) &&
		    host->listen[i].address.port == address->port)
			return (&host->listen[i]);
	return (NULL);
}

/* The host with that name there (NULL: on the server's listeners), or -1. */
static long
find_on(const struct conf *conf, const char *name,
    const struct address *address)
{
	struct slot slot = { .name = name };
	const struct slot *found;

	if (address != NULL)
		slot.address = *address;
	found = &conf->index->slots[find_slot(conf->index, &slot)];
	return (found->name == NULL ? -1 : (long)found->host);
}

static void
tell_clash(const struct builder *builder, size_t first, size_t second,
    const char *name, const struct conf_listener *listener)
{
	struct index_clash clash = { first, second, name, listener, false };

	builder->clashes(&clash, builder->context);
}

/*
 * Another host that has the name where it would be found as well: on one of the
 * server's listeners, or (listener) on all of them; else -1.
 */
static long
find_elsewhere(const struct conf *conf, const char *name,
    const struct conf_listener *listener)
{
	const struct conf_host *server = &conf->hosts[0];
	long found = -1;
	size_t i;

	if (listener != NULL)
		return (find_listener(server, &listener->address) == NULL
			? -1
			: find_on(conf, name, NULL));
	for (i = 0; i < server->nlisten && found == -1; i++)
		found = find_on(conf, name, &server->listen[i].address);
	return (found);
}

static void
insert_name(const struct builder *builder, size_t host, const char *name,
    const struct conf_listener *listener)
{
	const struct conf_listener *where = listener;
	long other;

	other = insert(builder->conf->index, name,
	    listener == NULL ? NULL : &listener->address, host, false);
	if (other == -1) {
		where = NULL;
		other = find_elsewhere(builder->conf, name, listener);
	}
	if (other != -1)
		tell_clash(builder, (size_t)other, host,
		    name[0] == '\0' ? NULL : name, where);
}

/* All names of the host, on the listener (NULL: the server's). */
static void
insert_names(const struct builder *builder, size_t host,
    const struct conf_listener *listener)
{
	const struct conf_host *h = &builder->conf->hosts[host];
	size_t i;

	insert_name(builder, host, h->name == NULL ? "" : h->name, listener);
	if (h->name != NULL || h->names.count > 0)
		(void)insert(builder->conf->index, ANY_NAME,
		    listener == NULL ? NULL : &listener->address, host, false);
	for (i = 0; i < h->names.count; i++)
		insert_name(builder, host, h->names.items[i], listener);
}

/*
 * A listener that several hosts name is implicit for all of them or none.
 * false: the host itself has named it before.
 */
static bool
insert_listener(const struct builder *builder, size_t host,
    const struct conf_listener *listener)
{
	struct index_clash clash = { 0, host, NULL, listener, true };
	const struct conf_listener *other;
	long first;

	first =
	    insert(builder->conf->index, "", &listener->address, host, true);
	if (first == -1)
		return (true);
	if ((size_t)first == host) {
		tell_clash(builder, host, host, NULL, listener);
		return (false);
	}
	clash.first = (size_t)first;
	other = find_listener(&builder->conf->hosts[first], &listener->address);
	if (other != NULL && other->implicit != listener->implicit)
		builder->clashes(&clash, builder->context);
	return (true);
}

static void
insert_host(const struct builder *builder, size_t host)
{
	const struct conf *conf = builder->conf;
	const struct conf_host *h = &conf->hosts[host];
	size_t i;

	for (i = 0; i < h->nlisten; i++)
		if (insert_listener(builder, host, &h->listen[i]) && host != 0)
			insert_names(builder, host, &h->listen[i]);
	/* Without a name it could not be found: check_host() says so. */
	if (host == 0 || (h->nlisten == 0 && h->name != NULL))
		insert_names(builder, host, NULL);
}

int
index_build(struct conf *conf, index_clashes clashes, void *context)
{
	struct builder builder = { conf, clashes, context };
	size_t i;

	conf->index = new_index(count_slots(conf));
	if (conf->index == NULL)
		return (-1);
	for (i = 0; i < conf->nhosts; i++)
		insert_host(&builder, i);
	return (0);
}

void
index_free(struct conf *conf)
{
	free(conf->index);
	conf->index = NULL;
}

/* --- looking up ----------------------------------------------------------- */

/* name in small letters; false when no host can have it. */
static bool
lower_name(char out[NAME_MAX_LEN + 1], const char *name, size_t len)
{
	size_t i;

	if (len == 0 || len > NAME_MAX_LEN || memchr(name, '\0', len) != NULL)
		return (false);
	for (i = 0; i < len; i++)
		out[i] = (char)(name[i] >= 'A' && name[i] <= 'Z'
			? name[i] + ('a' - 'A')
			: name[i]);
	out[len] = '\0';
	return (true);
}

/* On that listener, of the server or another host. */
static long
find_on_listener(const struct conf *conf, const char *name,
    const struct conf_listener *listener)
{
	long found = find_on(conf, name, &listener->address);

	if (found == -1 &&
	    find_listener(&conf->hosts[0], &listener->address) != NULL)
		found = find_on(conf, name, NULL);
	return (found);
}

/* On the listener, or (NULL) on any that the host base has or shares. */
static long
find_at(const struct conf *conf, size_t base,
    const struct conf_listener *listener, const char *name)
{
	const struct conf_host *host = &conf->hosts[base];
	long found = -1;
	size_t i;

	if (listener != NULL)
		return (find_on_listener(conf, name, listener));
	if (base == 0 || host->nlisten == 0) {
		host = &conf->hosts[0];
		found = find_on(conf, name, NULL);
	}
	for (i = 0; i < host->nlisten && found == -1; i++)
		found = find_on_listener(conf, name, &host->listen[i]);
	return (found);
}

const struct conf_listener *
conf_listener(const struct conf *conf, size_t base,
    const struct address *address)
{
	return (find_listener(&conf->hosts[base], address));
}

long
conf_find_host(const struct conf *conf, const char *name, size_t len)
{
	return (conf_find_host_at(conf, 0, NULL, name, len));
}

long
conf_find_host_at(const struct conf *conf, size_t base,
    const struct conf_listener *listener, const char *name, size_t len)
{
	char lower[NAME_MAX_LEN + 1];

	if (!lower_name(lower, name, len))
		return (-1);
	return (find_at(conf, base, listener, lower));
}

bool
conf_has_names_at(const struct conf *conf, size_t base,
    const struct conf_listener *listener)
{
	return (find_at(conf, base, listener, ANY_NAME) != -1);
}
