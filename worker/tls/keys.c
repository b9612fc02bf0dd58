/* The pairs and files of hosts, and others that take their place. */
#include "worker/tls/keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "shm/board/key_swap.h"
#include "worker/tls/contexts.h"
#include "worker/tls/server_info.h"
#include "worker/tls/state.h"
#include "worker/tls/trust.h"

/* Memory that came from the master later on. */
struct key_map {
	LIST_ENTRY(key_map) link;
	struct key_swap swap;
	size_t uses; /* pointers into it, and one while it is put in place */
};

/*
 * What a worker inherits is the same for all, and not ours to change: the first
 * exchange makes a copy of the pointers.  The bytes stay where they are.
 */
struct tls_keys {
	LIST_HEAD(key_maps, key_map) maps;
	struct host_keys *hosts;
	struct key_pair *pairs; /* of all hosts, one after another */
};

const struct host_keys *
tls_keys(const struct tls *tls, uint32_t host)
{
	return (tls->keys == NULL ? &tls->start->keys[host]
				  : &tls->keys->hosts[host]);
}

static void
free_map(struct key_map *map)
{
	LIST_REMOVE(map, link);
	key_swap_close(&map->swap);
	free(map);
}

void
keys_free(struct tls *tls)
{
	struct tls_keys *keys = tls->keys;
	struct key_map *map, *next;

	if (keys == NULL)
		return;
	tls->keys = NULL;
	for (map = LIST_FIRST(&keys->maps); map != NULL; map = next) {
		next = LIST_NEXT(map, link);
		free_map(map);
	}
	free(keys->hosts);
	free(keys->pairs);
	free(keys);
}

static size_t
count_pairs(const struct tls *tls)
{
	size_t i, n = 0;

	for (i = 0; i < tls->conf->nhosts; i++)
		n += tls->start->keys[i].count;
	return (n);
}

static void
copy_pointers(struct tls_keys *keys, const struct tls *tls)
{
	const struct host_keys *from;
	struct key_pair *next = keys->pairs;
	size_t i;

	for (i = 0; i < tls->conf->nhosts; i++) {
		from = &tls->start->keys[i];
		keys->hosts[i] = *from;
		keys->hosts[i].pairs = next;
		if (from->count > 0)
			memcpy(next, from->pairs,
			    from->count * sizeof(*from->pairs));
		next += from->count;
	}
}

/* 0, or -1: memory is short. */
static int
own(struct tls *tls)
{
	struct tls_keys *keys;

	if (tls->keys != NULL)
		return (0);
	keys = calloc(1, sizeof(*keys));
	if (keys == NULL)
		return (-1);
	LIST_INIT(&keys->maps);
	keys->hosts = calloc(tls->conf->nhosts, sizeof(*keys->hosts));
	keys->pairs = calloc(count_pairs(tls) + 1, sizeof(*keys->pairs));
	if (keys->hosts == NULL || keys->pairs == NULL) {
		free(keys->hosts);
		free(keys->pairs);
		free(keys);
		return (-1);
	}
	copy_pointers(keys, tls);
	tls->keys = keys;
	return (0);
}

static void
let_go(struct key_map *map)
{
	if (--map->uses == 0)
		free_map(map);
}

/* The bytes at data are not used there any more. */
static void
release(struct tls_keys *keys, const char *data)
{
	const uint8_t *at = (const uint8_t *)data;
	struct key_map *map;

	if (data == NULL)
		return;
	LIST_FOREACH (map, &keys->maps, link)
		if (at >= map->swap.base &&
		    at < map->swap.base + map->swap.size)
			break;
	if (map != NULL)
		let_go(map);
}

static void
exchange(struct tls_keys *keys, struct key_map *map, uint32_t blob,
    struct file_bytes *bytes)
{
	if (blob == KEY_SWAP_KEEP)
		return;
	release(keys, bytes->data);
	*bytes = key_swap_blob(&map->swap, blob);
	map->uses++;
}

static void
exchange_pair(struct tls_keys *keys, struct key_map *map,
    const struct key_swap_part *part)
{
	const struct host_keys *host = &keys->hosts[part->host];
	struct key_pair *pair;
	struct file_bytes cert, key;

	pair = keys->pairs + (host->pairs - keys->pairs) +
	    (part->which - KEY_SWAP_PAIR);
	cert.data = pair->cert;
	cert.len = pair->cert_len;
	key.data = pair->key;
	key.len = pair->key_len;
	exchange(keys, map, part->blob, &cert);
	exchange(keys, map, part->key_blob, &key);
	pair->cert = cert.data;
	pair->cert_len = cert.len;
	pair->key = key.data;
	pair->key_len = key.len;
}

/* Whether there is such a host, and such a thing of it. */
static bool
is_part(const struct tls *tls, const struct key_swap_part *part)
{
	if (part->host >= tls->conf->nhosts)
		return (false);
	if (part->which < HOST_FILE_COUNT)
		return (part->blob != KEY_SWAP_KEEP);
	return (part->which >= KEY_SWAP_PAIR &&
	    part->which - KEY_SWAP_PAIR < tls_keys(tls, part->host)->count);
}

static bool
are_parts(const struct tls *tls, const struct key_swap *swap)
{
	struct key_swap_part part;
	size_t i;

	for (i = 0; i < swap->nparts; i++) {
		part = key_swap_part(swap, i);
		if (!is_part(tls, &part))
			return (false);
	}
	return (true);
}

static void
put_in_place(struct tls *tls, struct key_map *map)
{
	struct tls_keys *keys = tls->keys;
	struct key_swap_part part;
	size_t i;

	for (i = 0; i < map->swap.nparts; i++) {
		part = key_swap_part(&map->swap, i);
		if (part.which < HOST_FILE_COUNT)
			exchange(keys, map, part.blob,
			    &keys->hosts[part.host].files[part.which]);
		else
			exchange_pair(keys, map, &part);
		contexts_forget(tls, part.host);
	}
}

int
tls_replace_keys(struct tls *tls, int fd)
{
	struct key_map *map;

	map = calloc(1, sizeof(*map));
	if (map == NULL)
		return (-1);
	if (key_swap_open(&map->swap, fd) == -1) {
		free(map);
		return (-1);
	}
	if (!are_parts(tls, &map->swap) || own(tls) == -1) {
		key_swap_close(&map->swap);
		free(map);
		errno = EINVAL;
		return (-1);
	}
	map->uses = 1;
	LIST_INSERT_HEAD(&tls->keys->maps, map, link);
	trust_renew(tls);
	put_in_place(tls, map);
	server_info_announce(tls);
	let_go(map);
	return (0);
}
