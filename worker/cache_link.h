/*
 * cache_link - the worker's side of the keeper.
 *
 * Hands sessions to store to the keeper, and what it says about the
 * environment to the reader; tells it what the reader counted, at most once a
 * second and only when there is something.  Nothing waits for the keeper: a
 * full queue, or no keeper, drops a put and counts it.
 */
#ifndef WORKER_CACHE_LINK_H
#define WORKER_CACHE_LINK_H

#include <stdint.h>

#include "shm/base/attr.h"
#include "shm/ipc/body.h"

struct cache_link;
struct worker;

/* For worker->cache.  NULL when memory is short. */
NODISCARD struct cache_link *cache_link_new(struct worker *worker);
/* Sets *link to NULL; NULL is allowed. */
void cache_link_free(struct cache_link **link);

/* A channel to (a new) keeper; takes fd over. */
void cache_link_connect(struct cache_link *link, int fd);

/*
 * After each turn of the loop: the reader counts in the midst of handshakes and
 * knows no loop, and a timer that looks at it would wake an idle worker.
 */
void cache_link_turn(struct cache_link *link);

/* For struct tls_store; caller is the struct cache_link. */
void cache_link_put(const struct msg_cache_put *body, const uint8_t *id,
    const uint8_t *context, const uint8_t *sealed, void *caller);

#endif
